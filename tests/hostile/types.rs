//! Objects with the wrong type at each of their places: a text where a mapping is wanted, a list where a number is.

use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::Expects::Nothing;
use crate::Table;
use crate::repo::{DEPLOYMENT, Repo, SYNC, documents, unit};

/// Rows for each kind; each wrong object stands in a folder, with a Kustomization, of its own.
pub fn rows(table: &mut Table) {
    for (name, text) in KINDS {
        let text = if text.is_empty() { DEPLOYMENT } else { text };
        parts(table, name, &wrong_in(text), wrong_objects);
    }
    parts(table, "a-kustomization-of-flux", &wrong_in(&unit("x", "./none", UNIT)), wrong_objects);
    let syncs = values(SYNC).into_iter().enumerate().flat_map(|(which, document)| {
        let with = move |wrong: Value| {
            let mut all = values(SYNC);
            all[which] = wrong;
            documents(all.iter().map(|document| document.to_string() + "\n"))
        };
        wrong(&document).into_iter().map(with).collect::<Vec<_>>()
    });
    parts(table, "a-sync-file", &syncs.collect::<Vec<_>>(), |repo, texts| {
        for (at, text) in texts.iter().enumerate() {
            repo.write(format!("clusters/{at}/flux-system/gotk-sync.yaml"), text);
        }
    });
    for (name, text) in [("a-flux-instance", FLUX_INSTANCE), ("a-flux-config", FLUX_CONFIG)] {
        parts(table, name, &wrong_in(text), |repo, texts| {
            for (at, text) in texts.iter().enumerate() {
                repo.write(format!("clusters/{at}/eksa-system/x.yaml"), text);
            }
        });
    }
    parts(table, "a-kustomization-of-kustomize", &wrong_in(KUSTOMIZATION), |repo, texts| {
        let mut units = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            repo.write(format!("apps/{at}/kustomization.yaml"), text);
            repo.write(format!("apps/{at}/web.yaml"), DEPLOYMENT);
            units.push(unit(&format!("u{at}"), &format!("./apps/{at}"), ""));
        }
        repo.cluster(&[("units.yaml", &documents(units))]);
    });
    table.row("every-kind-with-a-spec-of-every-type", Nothing, |repo| {
        let evil = evil();
        for (at, (group, kind)) in GROUPS.iter().enumerate() {
            for (which, value) in evil.iter().enumerate() {
                let object = json!({
                    "apiVersion": group, "kind": kind, "metadata": {"name": format!("x{which}"), "namespace": "apps"},
                    "spec": value, "data": value, "stringData": value, "rules": value, "subjects": value, "roleRef": value,
                    "webhooks": value, "parameters": value, "status": value,
                });
                repo.write(format!("apps/{at}-{which}.yaml"), object.to_string());
            }
        }
        repo.apps("");
    });
}

/// What fits nowhere.
fn evil() -> Vec<Value> {
    vec![
        Value::Null,
        json!(-1),
        json!("x"),
        json!("../../../.."),
        json!("a\nb: ${c\u{1b}"),
        json!({}),
        json!([[], {}, 1]),
        json!([{"name": [], "kind": {}, "key": 1, "path": [], "target": "x"}]),
        json!({"": {}, "name": [], "kind": {}, "spec": 1, "template": "x"}),
    ]
}

/// A value with each of its places put to everything that is wrong there.
fn wrong(value: &Value) -> Vec<Value> {
    let mut places = Vec::new();
    pointers(value, "", &mut places);
    let evil = evil();
    let one = |place: &String, new: &Value| {
        let mut value = value.clone();
        *value.pointer_mut(place).unwrap() = new.clone();
        value
    };
    places.iter().flat_map(|place| evil.iter().map(move |new| one(place, new))).collect()
}

fn pointers(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    match value {
        Value::Object(map) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            map.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{}", escaped(key)), places));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), places));
        }
        _ => {}
    }
}

fn values(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text).map(|one| Value::deserialize(one).unwrap()).collect()
}

fn wrong_in(text: &str) -> Vec<String> {
    values(text).iter().flat_map(wrong).map(|wrong| wrong.to_string()).collect()
}

/// Rows of so many texts that none of them is slow for their number.
fn parts(table: &mut Table, name: &str, texts: &[String], make: fn(&Repo, &[String])) {
    for (at, part) in texts.chunks(SOME).enumerate() {
        let part = part.to_vec();
        table.row(&format!("{name}-with-wrong-types-{}", at + 1), Nothing, move |repo| make(repo, &part));
    }
}

fn wrong_objects(repo: &Repo, texts: &[String]) {
    let mut units = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        repo.write(format!("apps/{at}/x.yaml"), text);
        units.push(unit(&format!("u{at}"), &format!("./apps/{at}"), "  postBuild: {substitute: {a: b}}\n"));
    }
    repo.cluster(&[("units.yaml", &documents(units))]);
}

/// How many wrong objects are in a row.
const SOME: usize = 200;

/// All that the `spec` of a Flux Kustomization may say.
const UNIT: &str = "  timeout: 1m\n  wait: true\n  suspend: false\n  targetNamespace: x\n  namePrefix: a-\n  dependsOn: [{name: b, namespace: c}]\n  postBuild: {substitute: {a: b}, substituteFrom: [{kind: ConfigMap, name: c, optional: true}]}\n  patches: [{patch: '{}', target: {kind: A}}]\n  images: [{name: a, newTag: b}]\n  components: [../c]\n  healthChecks: [{apiVersion: v1, kind: A, name: b, namespace: c}]\n  healthCheckExprs: [{apiVersion: v1, kind: A, current: 'true'}]\n  commonMetadata: {labels: {a: b}, annotations: {c: d}}\n  decryption: {provider: sops, secretRef: {name: a}}\n  kubeConfig: {secretRef: {name: a}}\n  serviceAccountName: a\n  deletionPolicy: Orphan\n  force: true\n  retryInterval: 1m\n";

const KINDS: &[(&str, &str)] = &[
    ("a-deployment", ""),
    (
        "a-config-map",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b, labels: {c: d}, annotations: {e: f}, ownerReferences: [{name: a}], finalizers: [a]}, data: {g: h}, binaryData: {i: aGk=}, immutable: true}",
    ),
    (
        "a-secret",
        "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: b}, type: Opaque, data: {g: aGk=}, stringData: {i: j}, sops: {mac: x, lastmodified: y, age: [{recipient: a}]}}",
    ),
    (
        "a-helm-release",
        "{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: a, namespace: b}, spec: {interval: 1h, timeout: 5m, releaseName: r, targetNamespace: t, storageNamespace: s, dependsOn: [{name: x, namespace: y}], chart: {spec: {chart: c, version: 1.0.0, sourceRef: {kind: HelmRepository, name: h, namespace: n}, valuesFiles: [v.yaml]}}, valuesFrom: [{kind: Secret, name: v, valuesKey: k, targetPath: a.b, optional: true}], values: {image: {tag: x}, existingSecret: z}, install: {crds: Create, remediation: {retries: 3}, createNamespace: true}, driftDetection: {mode: enabled, ignore: [{paths: [/a]}]}, postRenderers: [{kustomize: {patches: [{patch: p, target: {kind: A}}], images: [{name: a}]}}]}}",
    ),
    (
        "a-helm-release-of-a-chart-ref",
        "{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: a, namespace: b}, spec: {interval: 1h, chartRef: {kind: OCIRepository, name: o, namespace: n}, serviceAccountName: s, kubeConfig: {secretRef: {name: k}}}}",
    ),
    (
        "a-git-repository",
        "{apiVersion: source.toolkit.fluxcd.io/v1, kind: GitRepository, metadata: {name: a, namespace: b}, spec: {interval: 1m, url: https://x.example/y.git, ref: {branch: m, tag: t, semver: s, commit: c}, secretRef: {name: s}, ignore: a, include: [{repository: {name: r}, fromPath: f}], verify: {mode: HEAD, secretRef: {name: v}}}}",
    ),
    (
        "a-helm-repository",
        "{apiVersion: source.toolkit.fluxcd.io/v1, kind: HelmRepository, metadata: {name: a, namespace: b}, spec: {interval: 1m, type: oci, url: oci://x.example/y, secretRef: {name: s}, certSecretRef: {name: t}}}",
    ),
    (
        "an-oci-repository",
        "{apiVersion: source.toolkit.fluxcd.io/v1, kind: OCIRepository, metadata: {name: a, namespace: b}, spec: {interval: 1m, url: oci://x.example/y, ref: {tag: t, digest: d}, layerSelector: {mediaType: m}, verify: {provider: cosign, secretRef: {name: s}}}}",
    ),
    (
        "an-external-secret",
        "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: a, namespace: b}, spec: {refreshInterval: 1h, secretStoreRef: {kind: ClusterSecretStore, name: s}, target: {name: t, template: {type: Opaque, data: {a: '{{ .b }}'}}}, data: [{secretKey: k, remoteRef: {key: r, property: p}, sourceRef: {storeRef: {name: s}}}], dataFrom: [{extract: {key: e}, find: {name: {regexp: f}}}]}}",
    ),
    (
        "a-secret-store",
        "{apiVersion: external-secrets.io/v1, kind: ClusterSecretStore, metadata: {name: a}, spec: {provider: {vault: {server: https://v.example, path: p, version: v2, auth: {kubernetes: {mountPath: m, role: r, serviceAccountRef: {name: s, namespace: n}}, tokenSecretRef: {name: t, namespace: n, key: k}}}}, conditions: [{namespaces: [a], namespaceSelector: {matchLabels: {a: b}}}]}}",
    ),
    (
        "an-ingress",
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: b, annotations: {kubernetes.io/ingress.class: c}}, spec: {ingressClassName: i, tls: [{hosts: [h], secretName: s}], rules: [{host: h, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}}",
    ),
    (
        "a-service",
        "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: b}, spec: {type: LoadBalancer, ports: [{port: 80, targetPort: http, nodePort: 30000, name: n}], selector: {a: b}, clusterIP: None, externalIPs: [10.0.0.1]}}",
    ),
    (
        "a-stateful-set",
        "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a, namespace: b}, spec: {serviceName: s, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {serviceAccountName: s, imagePullSecrets: [{name: i}], nodeSelector: {a: b}, tolerations: [{key: k, operator: Exists}], volumes: [{name: v, secret: {secretName: s}}, {name: w, configMap: {name: c}}, {name: x, persistentVolumeClaim: {claimName: p}}, {name: y, projected: {sources: [{secret: {name: z}}]}}, {name: y, csi: {driver: d, nodePublishSecretRef: {name: n}}}], initContainers: [{name: i, image: j, args: [a], command: [b]}], containers: [{name: c, image: d, envFrom: [{secretRef: {name: s}}, {configMapRef: {name: c}}], env: [{name: e, valueFrom: {secretKeyRef: {name: s, key: k}}}]}]}}, volumeClaimTemplates: [{metadata: {name: v}, spec: {storageClassName: s, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: {kind: VolumeSnapshot, name: s}}}]}}",
    ),
    (
        "a-cron-job",
        "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a, namespace: b}, spec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: d, args: ['--password=x']}]}}}}}}",
    ),
    (
        "a-custom-resource-definition",
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: things.x.example}, spec: {group: x.example, names: {kind: Thing, plural: things, listKind: ThingList}, scope: Namespaced, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}}",
    ),
    (
        "a-role-binding",
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a, namespace: b}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: s, namespace: n}]}",
    ),
    (
        "a-storage-class",
        "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a, annotations: {storageclass.kubernetes.io/is-default-class: 'true'}}, provisioner: p, parameters: {csi.storage.k8s.io/provisioner-secret-name: s, a: b}, allowVolumeExpansion: true, reclaimPolicy: Retain, allowedTopologies: [{matchLabelExpressions: [{key: k, values: [v]}]}]}",
    ),
    (
        "a-gateway-and-its-route",
        "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a, namespace: b}, spec: {gatewayClassName: c, listeners: [{name: l, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: s, namespace: n}]}}]}}\n---\n{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: a, namespace: b}, spec: {parentRefs: [{name: g, namespace: n, sectionName: s}], hostnames: [h], rules: [{backendRefs: [{name: s, port: 80}]}]}}",
    ),
    (
        "a-cluster-of-eks-anywhere",
        "{apiVersion: anywhere.eks.amazonaws.com/v1alpha1, kind: Cluster, metadata: {name: a, namespace: b}, spec: {kubernetesVersion: '1.34', gitOpsRef: {kind: FluxConfig, name: f}, datacenterRef: {kind: VSphereDatacenterConfig, name: d}, controlPlaneConfiguration: {count: 3, endpoint: {host: 10.0.0.1}, machineGroupRef: {name: m}}, workerNodeGroupConfigurations: [{name: w, count: 2, machineGroupRef: {name: n}}]}}",
    ),
    (
        "an-image-automation",
        "{apiVersion: image.toolkit.fluxcd.io/v1, kind: ImagePolicy, metadata: {name: a, namespace: b}, spec: {imageRepositoryRef: {name: r}, filterTags: {pattern: '(a+)+$', extract: '$x'}, policy: {semver: {range: '>=1'}}}}\n---\n{apiVersion: notification.toolkit.fluxcd.io/v1beta3, kind: Alert, metadata: {name: a, namespace: b}, spec: {providerRef: {name: p}, eventSources: [{kind: Kustomization, name: '*', matchLabels: {a: b}}], exclusionList: ['(']}}",
    ),
];

const FLUX_INSTANCE: &str = "{apiVersion: fluxcd.controlplane.io/v1, kind: FluxInstance, metadata: {name: flux, namespace: flux-system}, spec: {distribution: {version: 2.x, registry: r, artifact: a}, components: [c], cluster: {type: kubernetes, networkPolicy: true}, sync: {kind: GitRepository, name: n, url: u, ref: refs/heads/main, path: clusters/a, pullSecret: p, interval: 1m}, kustomize: {patches: [{target: {kind: Deployment}, patch: p}]}}}";

const FLUX_CONFIG: &str = "{apiVersion: anywhere.eks.amazonaws.com/v1alpha1, kind: FluxConfig, metadata: {name: f, namespace: default}, spec: {systemNamespace: flux-system, clusterConfigPath: clusters/a, branch: main, git: {repositoryUrl: 'ssh://git@x.example/y.git', sshKeyAlgorithm: ecdsa}}}";

const KUSTOMIZATION: &str = "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, metadata: {name: a}, resources: [web.yaml], bases: [], components: [], namespace: n, namePrefix: a-, nameSuffix: -b, labels: [{pairs: {a: b}, includeSelectors: true, fields: [{path: a/b, kind: c, create: true}]}], commonLabels: {c: d}, commonAnnotations: {e: f}, images: [{name: nginx, newName: n, newTag: t, digest: d}], replicas: [{name: web, count: 2}], configMapGenerator: [{name: m, namespace: n, behavior: create, literals: [a=b], files: [], envs: [], options: {labels: {a: b}, immutable: true}}], secretGenerator: [{name: s, type: Opaque, literals: [a=b]}], generatorOptions: {disableNameSuffixHash: true, labels: {a: b}}, patches: [{patch: '[{op: add, path: /a, value: b}]', target: {kind: Deployment, labelSelector: a=b}, options: {allowNameChange: true}}], patchesStrategicMerge: [], patchesJson6902: [], replacements: [{source: {kind: Deployment, name: web, fieldPath: metadata.name, options: {delimiter: '-', index: 0}}, targets: [{select: {kind: Deployment}, reject: [{name: x}], fieldPaths: [metadata.annotations.x], options: {create: true, delimiter: '-', index: 1}}]}], sortOptions: {order: legacy, legacySortOptions: {orderFirst: [A]}}, helmCharts: [], vars: [], crds: [], openapi: {}, configurations: [], buildMetadata: []}";

const GROUPS: &[(&str, &str)] = &[
    ("v1", "Namespace"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("v1", "Pod"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "PersistentVolume"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass"),
    ("snapshot.storage.k8s.io/v1", "VolumeSnapshot"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("policy/v1", "PodDisruptionBudget"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    ("source.toolkit.fluxcd.io/v1", "HelmRepository"),
    ("source.toolkit.fluxcd.io/v1", "OCIRepository"),
    ("source.toolkit.fluxcd.io/v1", "Bucket"),
    ("external-secrets.io/v1", "ExternalSecret"),
    ("external-secrets.io/v1", "ClusterSecretStore"),
    ("external-secrets.io/v1", "SecretStore"),
    ("external-secrets.io/v1", "ClusterExternalSecret"),
    ("external-secrets.io/v1alpha1", "PushSecret"),
    ("bitnami.com/v1alpha1", "SealedSecret"),
    ("cert-manager.io/v1", "Certificate"),
    ("cert-manager.io/v1", "ClusterIssuer"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("fluxcd.controlplane.io/v1", "FluxInstance"),
    ("anywhere.eks.amazonaws.com/v1alpha1", "FluxConfig"),
    ("anywhere.eks.amazonaws.com/v1alpha1", "Cluster"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
];
