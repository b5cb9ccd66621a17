//! `docs/seeds.md` says of five walkthroughs where each thing that they have their reader make, run or look at is in our trees, and what
//! they say that is not so. Each cell that names a place is held against `fixtures/` here; the grammar stands at the top of the page.
//!
//! The walkthroughs themselves are not read: what has to be corrected of them is listed below, and how much a section has, by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;

/// The walkthroughs by the case that they are, and how many things each has its reader make, run or look at, at the least.
const WALKTHROUGHS: [(&str, usize); 5] =
    [("nyrvama", 50), ("maelstrom", 95), ("homelab", 70), ("vsan-lab", 36), ("office", 40)];

const KINDS: [&str; 8] = ["object", "file", "setting", "command", "tool", "prerequisite", "check", "clean-up"];

/// What a walkthrough says, in words that the row of its correction has, and is known to be wrong or stale.
const FAULTS: [(&str, &str); 34] = [
    ("nyrvama", "v1beta2"),
    ("nyrvama", "3.3.2"),
    ("nyrvama", "without a `cluster-id`"),
    ("nyrvama", "Commit statuses"),
    ("nyrvama", "SCSI controller"),
    ("maelstrom", "v1beta1"),
    ("maelstrom", "ClusterRoleBinding"),
    ("maelstrom", "ListSecrets"),
    ("maelstrom", "`cluster-id` under `[VirtualCenter"),
    ("maelstrom", "k8s.gcr.io"),
    ("maelstrom", "snapshot-enabler"),
    ("maelstrom", "insecureFlag: true"),
    ("maelstrom", "`aud`"),
    ("maelstrom", "backslash"),
    ("maelstrom", "interval of 1m"),
    ("maelstrom", "before the CRDs"),
    ("maelstrom", "centos"),
    ("maelstrom", "commonLabels"),
    ("homelab", "configInline"),
    ("homelab", "Gloo"),
    ("homelab", "brings the vSphere CSI driver"),
    ("homelab", "GitOpsConfig"),
    ("homelab", "strictARP"),
    ("vsan-lab", "kubelet takes"),
    ("vsan-lab", "is-default-class"),
    ("vsan-lab", "file volumes"),
    ("vsan-lab", "password in the ConfigMap"),
    ("vsan-lab", "two names"),
    ("office", "is-default-class"),
    ("office", "password in the ConfigMap"),
    ("office", "`master`"),
    ("office", "`insecure-flag = false`"),
    ("office", "`taints: []`"),
    ("office", "`vc01`"),
];

/// How many files the repository has that one of them has Flux read.
const FILES: (&str, &str, usize) = ("maelstrom", "vmware-csi-driver-gitops/", 23);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

// ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A walkthrough's part of the page.
struct Section {
    case: String,
    /// What it says of itself: how many rows and corrections it has.
    counted: (usize, usize),
    rows: Vec<Row>,
    corrections: Vec<Row>,
}

struct Row {
    /// The line of the page, counted from 1.
    line: usize,
    cells: Vec<String>,
}

impl Section {
    fn all(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().chain(&self.corrections)
    }
}

impl Row {
    /// The places that the row names; none where it says that there is no such thing.
    fn places(&self) -> Vec<&str> {
        let cell = &self.cells[2];
        if cell == "—" { Vec::new() } else { cell.split("<br>").map(str::trim).collect() }
    }
}

/// The cells of a line of a table.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().strip_prefix('|').unwrap().strip_suffix('|').unwrap();
    let inner = inner.replace("\\|", "\u{0}");
    inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// The two numbers of a line such as `Counted: 40 rows, 9 corrections.`.
fn counted(line: &str) -> (usize, usize) {
    let mut numbers = line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

fn sections() -> Vec<Section> {
    let page = fs::read_to_string(root().join("docs/seeds.md")).unwrap();
    let mut sections: Vec<Section> = Vec::new();
    let mut is_of_corrections = false;
    let (mut in_table, mut in_block) = (false, false);
    for (line, text) in (1..).zip(page.lines()) {
        in_block ^= text.starts_with("```");
        if in_block {
            continue;
        }
        if let Some(title) = text.strip_prefix("## ") {
            let (case, _) = title.split_once(": ").expect("a heading has the case, and what it is");
            let case = case.to_owned();
            sections.push(Section { case, counted: (0, 0), rows: Vec::new(), corrections: Vec::new() });
        }
        let Some(section) = sections.last_mut() else { continue };
        if text.starts_with("Counted: ") {
            section.counted = counted(text);
        }
        if !text.starts_with('|') {
            in_table = false;
        } else if !in_table {
            in_table = true;
            is_of_corrections = match text {
                "| what it has | kind | ours | how, or why not |" => false,
                "| what it says | what is so | ours |" => true,
                other => panic!("line {line}: no such table: {other}"),
            };
        } else if !text.starts_with("|---") {
            let rows = if is_of_corrections { &mut section.corrections } else { &mut section.rows };
            rows.push(Row { line, cells: cells(text) });
        }
    }
    sections
}

fn section(case: &str) -> Section {
    sections().into_iter().find(|section| section.case == case).unwrap()
}

// ── the places ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// Whether what a code span names is there; why not, if not.
fn look(place: &str) -> Result<(), String> {
    // With a backtick in it, a code span has two at each end.
    let mark = if place.starts_with("``") { "``" } else { "`" };
    let inner = place.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)).ok_or("it is no code span")?;
    if inner.contains('`') && mark == "`" {
        return Err("a code span with a backtick in it has two at each end".to_owned());
    }
    let (what, rest) = inner.split_once(": ").ok_or("it has no `: `")?;
    if what == "repo" {
        let (file, text) = with_text(rest);
        return look_for(&root().join(file), text);
    }
    if let Some(case) = what.strip_prefix("invalid ") {
        return look_for(&root().join("fixtures/invalid").join(case).join("expected.txt"), with_text(rest).1);
    }
    if let Some(case) = what.strip_prefix("profile ") {
        let profile = documents(&root().join("fixtures/clusters").join(case).join("profile.yaml"))?;
        return look_at(&profile[0], rest);
    }
    let case = root().join("fixtures/clusters").join(what);
    match with_text(rest) {
        ("calls", text) => look_for(&case.join("calls.txt"), text),
        ("findings", text) => look_for(&case.join("findings.txt"), text),
        _ if rest.contains('#') => look_into(&cluster(&case)?, rest),
        (file, text) => look_for(&cluster(&case)?.join(file), text),
    }
}

/// `FILE "TEXT"`, in its parts.
fn with_text(rest: &str) -> (&str, Option<&str>) {
    let text = |rest: &'_ str| rest.len().checked_sub(1);
    match rest.split_once('"') {
        Some((head, tail)) if tail.ends_with('"') => (head.trim(), text(tail).map(|end| &tail[..end])),
        _ => (rest, None),
    }
}

/// The folder of the cluster in a case's tree: the one with the lock.
fn cluster(case: &Path) -> Result<PathBuf, String> {
    let files = walkdir::WalkDir::new(case.join("expected")).into_iter().filter_map(Result::ok);
    let lock = files.map(walkdir::DirEntry::into_path).find(|file| file.ends_with(".fluxwright.lock"));
    lock.and_then(|lock| lock.parent().map(Path::to_owned)).ok_or_else(|| format!("{} has no tree", case.display()))
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Whether a file has a text, however the lines are broken.
fn look_for(file: &Path, text: Option<&str>) -> Result<(), String> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let has = words(&read(file)?);
    match text {
        Some(text) if text.trim().is_empty() => Err("its text is empty".to_owned()),
        Some(text) if !has.contains(&words(text)) => Err(format!("{} does not have {text:?}", file.display())),
        _ => Ok(()),
    }
}

fn documents(file: &Path) -> Result<Vec<Value>, String> {
    let text = read(file)?;
    let documents = serde_yaml::Deserializer::from_str(&text).map(Value::deserialize);
    documents.collect::<Result<_, _>>().map_err(|error| format!("{}: {error}", file.display()))
}

/// `FILE#KIND/[NAMESPACE/]NAME`, with `PATH = VALUE` or `PATH has "TEXT"` behind it.
fn look_into(folder: &Path, rest: &str) -> Result<(), String> {
    let (target, path) = rest.split_once(' ').unwrap_or((rest, ""));
    let (file, id) = target.split_once('#').ok_or("it names no object")?;
    let objects = documents(&folder.join(file))?;
    let object = objects.iter().find(|object| named(object) == id);
    let object = object.ok_or_else(|| format!("{file} has {:?}", objects.iter().map(named).collect::<Vec<_>>()))?;
    if path.is_empty() { Ok(()) } else { look_at(object, path) }
}

/// An object as a place names it.
fn named(object: &Value) -> String {
    let names = [&object["kind"], &object["metadata"]["namespace"], &object["metadata"]["name"]];
    names.iter().filter_map(|name| name.as_str()).collect::<Vec<_>>().join("/")
}

/// `PATH`, `PATH = VALUE` or `PATH has "TEXT"`.
fn look_at(value: &Value, rest: &str) -> Result<(), String> {
    if let Some((path, text)) = rest.split_once(" has ") {
        let found = at(value, path)?.as_str().ok_or_else(|| format!("{path} is no text"))?;
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or("the text has no quotes")?;
        return if found.contains(text) { Ok(()) } else { Err(format!("{path} is {found:?}")) };
    }
    let Some((path, wanted)) = rest.split_once(" = ") else { return at(value, rest).map(|_| ()) };
    let wanted: Value = serde_yaml::from_str(wanted).map_err(|error| error.to_string())?;
    let found = at(value, path)?;
    if *found == wanted { Ok(()) } else { Err(format!("{path} is {found}")) }
}

/// The value at a path such as `spec.images[0].name` or `metadata.annotations["example.com/a.b"]`.
fn at<'a>(mut value: &'a Value, path: &str) -> Result<&'a Value, String> {
    let mut rest = path;
    while !rest.is_empty() {
        let found = if let Some(inner) = rest.strip_prefix("[\"") {
            let (key, after) = inner.split_once("\"]").ok_or("a key is not closed")?;
            rest = after;
            value.get(key)
        } else if let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']').ok_or("an index is not closed")?;
            rest = after;
            value.get(index.parse::<usize>().map_err(|error| error.to_string())?)
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            rest = after;
            value.get(key)
        };
        value = found.ok_or_else(|| format!("there is no {path}"))?;
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    Ok(value)
}

// ── what is held against them ───────────────────────────────────────────────────────────────────────────────────────

#[test]
fn every_walkthrough_has_its_section() {
    let found: Vec<String> = sections().into_iter().map(|section| section.case).collect();
    assert_eq!(found, WALKTHROUGHS.map(|(case, _)| case));
}

#[test]
fn a_section_has_as_much_as_it_counts_and_not_less_than_there_is() {
    for (case, least) in WALKTHROUGHS {
        let section = section(case);
        let found = (section.rows.len(), section.corrections.len());
        assert_eq!(section.counted, found, "{case}: it counts other rows, or corrections, than it has");
        assert!(found.0 >= least, "{case} has {} rows, and the walkthrough has at least {least} things", found.0);
    }
}

#[test]
fn no_cell_is_empty() {
    for section in sections() {
        let tables = [(&section.rows, 4), (&section.corrections, 3)];
        for (row, columns) in tables.into_iter().flat_map(|(rows, columns)| rows.iter().map(move |row| (row, columns)))
        {
            let Row { line, cells } = row;
            assert_eq!(cells.len(), columns, "line {line}: {cells:?}");
            assert!(cells.iter().all(|cell| !cell.is_empty()), "line {line}: {cells:?}");
        }
        for Row { line, cells } in &section.rows {
            assert!(KINDS.contains(&cells[1].as_str()), "line {line}: no kind is called {:?}", cells[1]);
        }
    }
}

#[test]
fn every_place_is_there() {
    let mut wrong = Vec::new();
    for section in sections() {
        for row in section.all() {
            let missing = row.places().into_iter().filter_map(|place| Some((place, look(place).err()?)));
            wrong.extend(missing.map(|(place, why)| format!("line {}: {place}\n    {why}", row.line)));
        }
    }
    assert!(wrong.is_empty(), "{} places are not there:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_not_ours_says_why_and_a_correction_shows_what_is_so() {
    for section in sections() {
        for Row { line, cells } in section.rows.iter().filter(|row| row.places().is_empty()) {
            assert!(cells[3].chars().count() >= 20, "line {line}: why is it not ours?");
        }
        for row in &section.corrections {
            assert!(!row.places().is_empty(), "line {}: where is it right?", row.line);
        }
    }
}

/// Otherwise the walkthrough's cluster would not be the walkthrough's.
#[test]
fn most_of_what_is_ours_is_in_the_cluster_of_the_walkthrough() {
    for section in sections() {
        let own = |row: &&Row| row.places().iter().any(|place| place.contains(&section.case));
        let (all, own) = (section.rows.len(), section.rows.iter().filter(own).count());
        assert!(own * 3 >= all * 2, "{}: {own} of {all}", section.case);
    }
}

#[test]
fn what_is_known_to_be_wrong_is_corrected() {
    for (case, words) in FAULTS {
        let section = section(case);
        assert!(section.corrections.iter().any(|row| row.cells[0].contains(words)), "{case}: {words}");
    }
}

#[test]
fn every_file_of_the_repository_that_flux_reads_is_there() {
    let (case, folder, count) = FILES;
    let mut files: Vec<String> = section(case).rows.into_iter().map(|row| row.cells[0].clone()).collect();
    files.retain(|cell| cell.starts_with(&format!("`{folder}")));
    files.sort();
    files.dedup();
    assert_eq!(files.len(), count, "{files:#?}");
}

#[test]
fn a_place_that_is_not_there_is_noticed() {
    let class = "storage/storageclasses.yaml#StorageClass/vsphere-sc";
    for right in [
        format!("`office: {class} parameters.storagepolicyname = k8s-nvme-datastore`"),
        format!("`vsan-lab: {class} metadata.annotations[\"storageclass.kubernetes.io/is-default-class\"] = \"true\"`"),
        "`office: README.md \"run by Flux 2.9.4 from\"`".to_owned(),
        "``office: README.md \"`git push` before the step\"``".to_owned(),
    ] {
        assert_eq!(look(&right), Ok(()), "{right}");
    }
    for wrong in [
        format!("`office: {class} parameters.storagepolicyname = another`"),
        format!("`office: {class} parameters.policy`"),
        format!("`office: {class} metadata.annotations[\"storageclass.kubernetes.io/is-default-class\"] = \"true\"`"),
        format!("`vsan-lab: {class} metadata.annotations[\"storageclass.kubernetes.io/is-default-class\"] = true`"),
        format!("`office: {class}-2`"),
        format!("`office: {class} provisioner has \"nfs\"`"),
        "`office: storage/classes.yaml`".to_owned(),
        "`office: README.md \"run by hand\"`".to_owned(),
        "`office: README.md \" \"`".to_owned(),
        "`office: calls \"rm -rf\"`".to_owned(),
        "`office: README.md \"`git push` before\"`".to_owned(),
        "`nowhere: README.md`".to_owned(),
        "`profile office: vsphere.server = 10.23.30.19`".to_owned(),
        "`invalid nothing: \"because\"`".to_owned(),
        "office: README.md".to_owned(),
        "—".to_owned(),
    ] {
        assert!(look(&wrong).is_err(), "{wrong} is there");
    }
}
