//! Two applied sets of one cluster: what would drop out, and what would be applied twice.
//!
//! An object that leaves its Kustomization is deleted from the cluster, volumes and all, unless it was guarded before: by
//! the annotation on itself, or by `prune` and `deletionPolicy` of its Kustomization, in the tree that is applied today. A guard that
//! comes with the very commit that removes the object comes too late. What applies something that cannot be seen here (a
//! folder of another place, a Helm chart) must also stay what it is: another source, folder or target namespace deletes
//! what it made before.
//!
//! In: two sets (`flux::applied`). Out: values. Not here: what is refused because of them (`cluster`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::flux::applied::{Applied, Object, Opaque, Owner, deletes, is_kustomization, is_remote, prunes};
use crate::flux::folder::path_from;
use crate::tree::{self, ObjectId, text_at};

/// Something that would not be applied as it is today.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dropped {
    /// The object as `--prune-ok` takes it, or the file of an entry that was not resolved.
    pub what: String,
    /// The Kustomization that applies it, and those above that one.
    pub by: Vec<Owner>,
    /// What becomes of it.
    pub fate: Fate,
    /// The object, where it was resolved.
    pub id: Option<ObjectId>,
    /// The file that it stands in.
    pub file: String,
}

/// What becomes of an object that is not applied as it is today.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nothing applies it any more.
    Goes,
    /// Another Kustomization applies it.
    MovesTo(Owner),
    /// It stays, and what it has made is deleted and made anew.
    StartsAnew,
}

impl Dropped {
    /// Whether naming `ok` allows it: it is the object, or a Kustomization that applies it, itself or through others.
    pub fn is_allowed_by(&self, ok: &str) -> bool {
        ok == self.what || self.by.iter().any(|owner| ok == owner.as_object())
    }

    /// Whether it is a file of the repo that is listed today and not there.
    pub fn is_missing_file(&self) -> bool {
        self.id.is_none() && self.what != self.file && !is_remote(&self.what)
    }
}

/// What `after` does not apply by the same Kustomization or not as `today`, but for what is guarded today.
pub fn drops(today: &Applied, after: &Applied) -> Vec<Dropped> {
    let still: BTreeSet<(&Owner, &ObjectId)> = after.objects.iter().map(|object| (&object.by, &object.id)).collect();
    let gone: Vec<&Object> = today
        .objects
        .iter()
        .filter(|object| {
            !still.contains(&(&object.by, &object.id)) && !is_guarded(object, today, after.applies(&object.by))
        })
        .collect();
    // What is listed and not there today is no loss if it comes.
    let comes =
        |entry: &&Opaque| entry.content.is_empty() && after.reached.contains(&(entry.by.clone(), entry.entry.clone()));
    let hidden = today.opaque.difference(&after.opaque).filter(|entry| !comes(entry));
    let hidden: Vec<&Opaque> = hidden.filter(|entry| today.takes_away(&entry.by, after.applies(&entry.by))).collect();
    let gone = gone.into_iter().filter(|object| !is_harmless(object, today));
    let objects = gone.map(|object| {
        let elsewhere = after.objects.iter().find(|other| other.id == object.id).map(|other| other.by.clone());
        dropped(today, object, elsewhere.map_or(Fate::Goes, Fate::MovesTo))
    });
    let entries = hidden.iter().map(|entry| {
        let elsewhere = after.opaque.iter().find(|other| other.entry == entry.entry && other.by != entry.by);
        Dropped {
            what: entry.entry.clone(),
            by: chain(today, &entry.by),
            fate: elsewhere.map_or(Fate::Goes, |other| Fate::MovesTo(other.by.clone())),
            id: None,
            file: entry.listed_in.clone(),
        }
    });
    let mut drops: Vec<Dropped> = objects.chain(entries).chain(anew(today, after)).collect();
    drops.sort();
    drops.dedup();
    drops
}

/// The objects of `today` that nothing applies in `after`, and that stay in the cluster because they are guarded.
pub fn left_behind(today: &Applied, after: &Applied) -> BTreeSet<ObjectId> {
    let still: BTreeSet<&ObjectId> = after.objects.iter().map(|object| &object.id).collect();
    // A Kustomization that only leaves what it applied goes itself.
    let stays = |object: &&Object| {
        is_guarded(object, today, after.applies(&object.by)) && (object.is_kept() || !is_kustomization(&object.id))
    };
    let gone = today.objects.iter().filter(|object| object.certain && !still.contains(&object.id));
    gone.filter(stays).map(|object| object.id.clone()).collect()
}

/// An object that is applied twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Double {
    /// The object.
    pub id: ObjectId,
    /// A file with it, and who applies it.
    pub one: (String, Owner),
    /// The same file or another, and who applies it. This one is ours.
    pub ours: (String, Owner),
}

/// The objects that are applied twice, at least once from a file or by a Kustomization of ours; `is_ours` says whose a file is.
pub fn doubles(applied: &Applied, is_ours: impl Fn(&str) -> bool) -> Vec<Double> {
    let by_us = |owner: &Owner| applied.file_of(owner).is_some_and(&is_ours);
    let mut known: BTreeMap<&ObjectId, Vec<&Object>> = BTreeMap::new();
    for object in applied.objects.iter().filter(|object| object.certain) {
        known.entry(&object.id).or_default().push(object);
    }
    let place = |object: &Object| (object.file.clone(), object.by.clone());
    let mut doubles = Vec::new();
    for (id, several) in known {
        // Ours comes last: a file of ours, else one that a Kustomization of ours applies.
        let rank = |object: &&&Object| (is_ours(&object.file), by_us(&object.by), place(object));
        let Some(ours) = several.iter().max_by_key(rank).filter(|it| is_ours(&it.file) || by_us(&it.by)) else {
            continue;
        };
        let others = several.iter().filter(|other| place(other) != place(ours));
        doubles.extend(others.map(|other| Double { id: id.clone(), one: place(other), ours: place(ours) }));
    }
    doubles.sort();
    doubles.dedup();
    doubles
}

/// What stays, and would delete and make anew what it has made. A guard on the object itself is of no help: it is its own
/// controller that deletes, and not the Kustomization that applies it.
fn anew(today: &Applied, after: &Applied) -> Vec<Dropped> {
    let changed = |object: &&Object| {
        let other = after.objects.iter().find(|other| other.by == object.by && other.id == object.id);
        // What a Kustomization of this repo applies is seen object by object.
        let seen = is_seen(object, today) && is_seen(object, after);
        !seen && other.is_some_and(|other| fixed(object, today) != fixed(other, after))
    };
    let deletes = |object: &&Object| {
        if is_kustomization(&object.id) { prunes(&object.document) } else { object.id.kind == "HelmRelease" }
    };
    today
        .objects
        .iter()
        .filter(deletes)
        .filter(changed)
        .map(|object| dropped(today, object, Fate::StartsAnew))
        .collect()
}

fn dropped(today: &Applied, object: &Object, fate: Fate) -> Dropped {
    Dropped {
        what: object.id.to_string(),
        by: chain(today, &object.by),
        fate,
        id: Some(object.id.clone()),
        file: object.file.clone(),
    }
}

fn chain(applied: &Applied, owner: &Owner) -> Vec<Owner> {
    applied.chain(owner).into_iter().cloned().collect()
}

/// Whether an object stays in the cluster though its Kustomization, which goes on or goes itself, applies it no more. Of a
/// Kustomization that leaves what it applied nothing goes.
fn is_guarded(object: &Object, today: &Applied, goes_on: bool) -> bool {
    let leaves_all = is_kustomization(&object.id) && !deletes(&object.document);
    object.is_kept() || leaves_all || !today.takes_away(&object.by, goes_on)
}

/// Whether an object is a Kustomization of which every object is guarded: it deletes nothing by its own going.
fn is_harmless(object: &Object, today: &Applied) -> bool {
    let itself = Owner::of(&object.id);
    let mut of_it = today.objects.iter().filter(|other| other.by == itself);
    is_seen(object, today)
        && of_it.all(|other| is_guarded(other, today, false))
        && !today.opaque.iter().any(|entry| entry.by == itself)
}

/// Whether an object is a Kustomization whose objects are all in the set.
fn is_seen(object: &Object, applied: &Applied) -> bool {
    is_kustomization(&object.id) && applied.appliers.get(&Owner::of(&object.id)).is_some_and(|applier| applier.seen)
}

/// What of a Kustomization changes the names of what it applies, or takes some of it away.
fn transforms(object: &Object) -> String {
    let part = |key: &str| object.document.pointer(&format!("/spec/{key}")).map(Value::to_string).unwrap_or_default();
    let patches = object.document.pointer("/spec/patches").and_then(Value::as_array).into_iter().flatten();
    let patches: String = patches.filter(|patch| may_take_away(patch)).map(Value::to_string).collect();
    let parts = ["targetNamespace", "namePrefix", "nameSuffix", "components", "postBuild"].map(part);
    parts.join("\n") + &patches
}

/// What of an object that makes others, not seen here, must stay as it is, or what it made is deleted.
fn fixed(object: &Object, applied: &Applied) -> String {
    let at = |keys: &[&str]| text_at(&object.document, keys).unwrap_or_default().to_owned();
    if is_kustomization(&object.id) {
        let source = at(&["spec", "sourceRef", "name"]);
        let from = source_of(applied, &at(&["spec", "sourceRef", "kind"]), &source);
        let folder = path_from("", &at(&["spec", "path"])).unwrap_or_default();
        return [source, from, folder, transforms(object)].join("\n");
    }
    // Helm uninstalls and installs again when one of these changes (helm-controller docs/spec/v2/helmreleases.md@v1.6.3).
    let parts: [&[&str]; 5] = [
        &["spec", "releaseName"],
        &["spec", "targetNamespace"],
        &["spec", "storageNamespace"],
        &["spec", "chart", "spec", "chart"],
        &["spec", "chartRef", "name"],
    ];
    parts.map(at).join("\n")
}

/// Whether a patch could rename an object or take it away. Operations that only set fields of a `spec` cannot, and a merge
/// cannot without a directive such as `$patch: delete`: kustomize puts name, kind and namespace back after it
/// (kubernetes-sigs/kustomize api/resource/resource.go, ApplySmPatch).
fn may_take_away(patch: &Value) -> bool {
    let sets = |op: &Value| {
        matches!(text_at(op, &["op"]), Some("add" | "replace" | "test"))
            && text_at(op, &["path"]).is_some_and(|path| path.starts_with("/spec/"))
    };
    let only_sets = |change: &Value| match change {
        Value::Array(ops) => ops.iter().all(sets),
        merge => merge.is_object() && !has_directive(merge),
    };
    let documents = tree::documents("patch", text_at(patch, &["patch"]).unwrap_or_default().as_bytes());
    documents.is_none_or(|documents| documents.is_empty() || !documents.iter().all(only_sets))
}

fn has_directive(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| key.starts_with('$') || has_directive(value)),
        Value::Array(items) => items.iter().any(has_directive),
        _ => false,
    }
}

/// What of a source decides what is in it, but for its version.
fn source_of(applied: &Applied, kind: &str, name: &str) -> String {
    let source = applied.objects.iter().find(|object| object.id.kind == kind && object.id.name == name);
    let part = |object: &Object, key: &str| {
        object.document.pointer(&format!("/spec/{key}")).map(Value::to_string).unwrap_or_default()
    };
    source.map(|source| ["url", "ignore", "sparseCheckout"].map(|key| part(source, key)).join("\n")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flux::files::InMemory;
    use crate::flux::kustomize::Parsed;
    use crate::flux::start::Start;

    const UNIT: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: flux-system}\n";
    const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a, namespace: flux-system}\nspec: {targetNamespace: one}\n";

    /// A Kustomization with a spec.
    fn unit(spec: &str) -> String {
        format!("{UNIT}spec: {{prune: true, {spec}}}\n")
    }

    fn fates(before: &str, after: &str) -> Vec<Fate> {
        fates_of(&[("x/a.yaml", before)], &[("x/a.yaml", after)]).into_iter().map(|(_, fate)| fate).collect()
    }

    fn fates_of(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<(String, Fate)> {
        let set = |files: &[(&str, &str)]| {
            let files = InMemory::of(files);
            let start = Start::of_tree(&files, "x").unwrap();
            Applied::of(&files, &start, None, &Parsed::default()).unwrap()
        };
        drops(&set(before), &set(after)).into_iter().map(|drop| (drop.id.unwrap().name, drop.fate)).collect()
    }

    #[test]
    fn what_a_kustomization_of_another_place_applies_is_not_seen_so_it_must_stay_as_it_is() {
        let of = |rest: &str| unit(&format!("sourceRef: {{kind: GitRepository, name: other}}, {rest}"));
        assert!(fates(&of("path: a"), &of("path: ./a, interval: 1h")).is_empty());
        for other in ["path: b", "path: a, targetNamespace: x", "path: a, namePrefix: x-"] {
            assert_eq!(fates(&of("path: a"), &of(other)), [Fate::StartsAnew], "{other}");
        }
        let elsewhere = unit("sourceRef: {kind: GitRepository, name: another}, path: a");
        assert_eq!(fates(&of("path: a"), &elsewhere), [Fate::StartsAnew]);
    }

    #[test]
    fn a_patch_counts_where_it_could_take_an_object_away() {
        let of = |patch: &str| {
            let patches = format!("patches: [{{target: {{kind: Deployment}}, patch: '{patch}'}}]");
            unit(&format!("sourceRef: {{kind: GitRepository, name: other}}, path: a, {patches}"))
        };
        let replicas = |count: u32| of(&format!("[{{op: replace, path: /spec/replicas, value: {count}}}]"));
        assert!(fates(&replicas(1), &replicas(3)).is_empty());
        let merge =
            "apiVersion: apps/v1\n\nkind: Deployment\n\nmetadata: {name: any, labels: {a: b}}\n\nspec: {replicas: 2}";
        assert!(fates(&replicas(1), &of(merge)).is_empty());
        for takes_away in
            ["$patch: delete", "[{op: replace, path: /metadata/name, value: x}]", "[{op: remove, path: /spec/a}]", ""]
        {
            assert_eq!(fates(&replicas(1), &of(takes_away)), [Fate::StartsAnew], "{takes_away}");
        }
    }

    #[test]
    fn a_release_that_moves_is_installed_anew() {
        assert_eq!(fates(RELEASE, &RELEASE.replace("one", "two")), [Fate::StartsAnew]);
        assert!(fates(RELEASE, &RELEASE.replace("spec: {", "spec: {interval: 1h, ")).is_empty());
    }

    /// The one that applied it deletes it, and with it goes what it applied, though it would all come back.
    #[test]
    fn a_kustomization_that_moves_is_named_if_something_would_go_with_it() {
        let own = |name: &str, path: &str| {
            unit(&format!("sourceRef: {{kind: GitRepository, name: flux-system}}, path: {path}"))
                .replace("name: app,", &format!("name: {name},"))
        };
        let (one, two, inner) = (own("one", "one"), own("two", "two"), own("inner", "inner"));
        let both = format!("{one}---\n{two}");
        let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n";
        let guarded = object.replace("name: a,", "name: a, labels: {kustomize.toolkit.fluxcd.io/prune: Disabled},");
        let moves = |object: &str| {
            let rest = [("x/a.yaml", both.as_str()), ("inner/a.yaml", object)];
            let with = |place| [&rest[..], &[(place, inner.as_str())]].concat();
            fates_of(&with("one/a.yaml"), &with("two/a.yaml"))
        };
        let to = || Fate::MovesTo(Owner { namespace: "flux-system".to_owned(), name: "two".to_owned() });
        assert_eq!(moves(object), [("inner".to_owned(), to())]);
        assert_eq!(moves(&guarded), []);
    }

    /// Every object of a folder of this repo is seen, but not what a patch of the Kustomization makes of it.
    #[test]
    fn a_patch_that_takes_away_counts_in_a_folder_of_this_repo_too() {
        let own = |rest: &str| unit(&format!("sourceRef: {{kind: GitRepository, name: flux-system}}, path: own{rest}"));
        let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n";
        let fates = |patches: &str| {
            let (before, after) = (own(""), own(patches));
            let files = |root| [("x/a.yaml", root), ("own/a.yaml", object)];
            fates_of(&files(before.as_str()), &files(after.as_str()))
        };
        assert_eq!(fates(", patches: [{patch: '[{op: add, path: /spec/a, value: 1}]'}]"), []);
        let deletes = ", patches: [{target: {kind: ConfigMap}, patch: '{$patch: delete, apiVersion: v1, kind: ConfigMap, metadata: {name: a}}'}]";
        assert_eq!(fates(deletes), [("a".to_owned(), Fate::Goes)]);
        assert_eq!(fates(", namePrefix: x-"), [("a".to_owned(), Fate::Goes)]);
    }
}
