//! Drift of the whole cluster: what somebody changes or deletes behind bbws's back is named by a plan and by `drift`, and
//! brought back by an apply. The two lists in `drift/` say what is done; a field that no list has fails here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::{Place, Ran, edited};

const ACCOUNT: &str = "536580886816";
const FIELDS: &str = include_str!("drift/fields.txt");
const DELETED: &str = include_str!("drift/deleted.txt");
const FURTHER: &str = include_str!("drift/further.toml");
const NOT_READ: &str = include_str!("../docs/not_read.md");

/// So many fields of one object are changed at once: each is asked for by name, so none can hide behind another.
const AT_ONCE: usize = 5;

/// Dev with every option and kind.
const OPTIONS: [(&str, &str); 8] = [
    ("network", "endpoints = [\"s3\", \"ecr.api\"]"),
    ("network", "flow_logs = true"),
    ("network.public", "x = { cidr = \"10.0.9.0/24\", zone = \"af-south-1a\", spare = true }"),
    ("alb", "https = true"),
    ("alb", "access_logs = true"),
    ("dns.health_check", "enabled = true"),
    ("monitoring", "dashboard = true"),
    ("monitoring", "emails = [\"ops@kimmyai.io\"]"),
];

/// One line of `fields.txt`.
struct Field {
    address: &'static str,
    field: &'static str,
    outcome: &'static str,
    does: &'static str,
}

impl Field {
    fn kind(&self) -> &'static str {
        self.address.split('.').next().expect("an address")
    }
}

fn lines(of: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    of.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| line.split(" | ").map(str::trim).collect())
}

fn fields() -> Vec<Field> {
    let field = |cells: Vec<&'static str>| match cells.as_slice() {
        [address, field, outcome @ "not read"] => Field { address, field, outcome, does: "" },
        [address, field, outcome @ ("mended" | "seen" | "refused" | "held" | "gone"), does] => Field { address, field, outcome, does },
        other => panic!("{other:?}"),
    };
    lines(FIELDS).map(field).collect()
}

/// The cluster, and what is known of it while nobody has touched it.
struct Cluster {
    place: Place,
    state: Value,
    cloud: Value,
}

impl Cluster {
    fn new() -> Self {
        let place = Place::new();
        place.write("dev", &(edited(&place.file("dev"), &OPTIONS) + FURTHER));
        place.applied("dev").expect("applied");
        let (state, cloud) = (place.state("dev"), place.cloud());
        Self { place, state, cloud }
    }

    /// The place of an id, or of another thing that is known of an object, in a path.
    fn filled(&self, address: &str, text: &str) -> String {
        let (mut done, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').expect("a brace");
            let (of, output) = name.split_once('/').map_or((name, None), |(of, output)| (of, Some(output)));
            let entry = &self.state["entries"][if of == "id" { address } else { of }];
            let known = output.map_or(&entry["id"], |output| &entry["outputs"][output]);
            // Braces of JSON and of AWS's own templates stand for themselves.
            let Some(known) = known.as_str() else {
                done += &format!("{before}{{");
                rest = after;
                continue;
            };
            done += &format!("{before}{known}");
            rest = behind;
        }
        done + rest
    }

    /// Does to a cloud what a line says.
    fn tamper(&self, cloud: &mut Value, address: &str, does: &str) {
        for what in does.split(" ; ") {
            let what = self.filled(address, what);
            let regions = &mut cloud["accounts"][ACCOUNT]["regions"];
            if let Some(path) = what.strip_suffix(" gone") {
                assert!(taken(regions, path).is_some(), "{address}: nothing at {path}");
                while taken(regions, path).is_some() {}
            } else if let Some(path) = what.strip_suffix(" moved") {
                let row = taken(regions, path).unwrap_or_else(|| panic!("{address}: nothing at {path}"));
                put(regions, &format!("{path}-moved"), row);
            } else if let Some((from, to)) = what.split_once(" => ") {
                let row = taken(regions, from).unwrap_or_else(|| panic!("{address}: nothing at {from}"));
                put(regions, to, row);
            } else if let Some((path, value)) = what.split_once(" = ") {
                let value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{address}: {error}: {value}"));
                put(regions, path, value);
            } else {
                assert_eq!(what, "with the above", "{address}");
            }
        }
    }

    /// What a plan says of the cloud after some lines.
    fn planned(&self, done: &[(&str, &str)]) -> Ran {
        self.place.change_cloud(|cloud| done.iter().for_each(|(address, does)| self.tamper(cloud, address, does)));
        self.place.bbws("plan dev --sandbox --json --detailed-exitcode")
    }

    /// What `drift` says of the cloud as it is: of each resource that has drifted, its standing and the fields.
    fn drifted(&self) -> BTreeMap<String, (String, BTreeSet<String>)> {
        let told = self.place.bbws("drift dev --sandbox --json").exits(2).json();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let fields = |one: &Value| one["fields"].as_array().expect("fields").iter().map(|field| text(&field["field"])).collect();
        let all = told["resources"].as_array().expect("resources").iter();
        all.map(|one| (text(&one["address"]), (text(&one["standing"]), fields(one)))).collect()
    }

    /// Puts the cloud back as it was.
    fn restored(&self) {
        self.place.change_cloud(|cloud| *cloud = self.cloud.clone());
    }

    /// Lets bbws bring all back, and takes note of what is there now.
    fn mended(&mut self) {
        if let Err(why) = self.place.applied("dev") {
            let told = ["exit ", "\"step-failed\"", "\"unverified\""];
            let lines =
                why.lines().filter(|line| !line.contains("\"event\":\"plan\"")).filter(|line| told.iter().any(|word| line.contains(word)));
            panic!("{}", lines.collect::<Vec<_>>().join("\n"));
        }
        self.place.bbws("drift dev --sandbox").exits(0);
        (self.state, self.cloud) = (self.place.state("dev"), self.place.cloud());
    }
}

/// Walks to what holds the end of a path, and tells the end's key: of a table's row by name, of a list's by number, of either
/// by `FIELD:VALUE`.
fn walk<'a>(regions: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let mut steps = path.split(" > ");
    let region = match steps.next()? {
        "here" => "af-south-1",
        "global" => "us-east-1",
        other => panic!("{other}: here or global"),
    };
    let mut at = &mut regions[region];
    let steps: Vec<&str> = steps.collect();
    let (last, before) = steps.split_last()?;
    for step in before {
        let key = key(at, step)?;
        at = child(at, &key)?;
    }
    let end = key(at, last).unwrap_or_else(|| (*last).to_owned());
    Some((at, end))
}

fn key(at: &Value, step: &str) -> Option<String> {
    let is = |row: &Value, field: &str, value: &str| match &row[field] {
        Value::Array(values) => values.iter().any(|one| one == value),
        one => one == value,
    };
    let by_field = step.split_once(':');
    match at {
        Value::Object(rows) if rows.contains_key(step) => Some(step.to_owned()),
        Value::Object(rows) => {
            let (field, value) = by_field?;
            rows.iter().find(|(_, row)| row.is_object() && is(row, field, value)).map(|(key, _)| key.clone())
        }
        Value::Array(rows) => match step.parse::<usize>() {
            Ok(number) => (number < rows.len()).then(|| step.to_owned()),
            Err(_) => {
                let (field, value) = by_field?;
                rows.iter().position(|row| row.is_object() && is(row, field, value)).map(|at| at.to_string())
            }
        },
        _ => None,
    }
}

fn child<'a>(at: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    match at {
        Value::Object(rows) => rows.get_mut(key),
        Value::Array(rows) => rows.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    }
}

fn taken(regions: &mut Value, path: &str) -> Option<Value> {
    let (at, end) = walk(regions, path)?;
    match at {
        Value::Object(rows) => rows.remove(&end),
        Value::Array(rows) => end.parse::<usize>().ok().filter(|number| *number < rows.len()).map(|number| rows.remove(number)),
        _ => None,
    }
}

fn put(regions: &mut Value, path: &str, value: Value) {
    let (at, end) = walk(regions, path).unwrap_or_else(|| panic!("no way to {path}"));
    match at {
        Value::Array(rows) => rows[end.parse::<usize>().expect("a number")] = value,
        rows => {
            assert_ne!(rows.get(&end), Some(&value), "{path} is so already");
            rows[&end] = value;
        }
    }
}

/// What each step of a plan does to an address, and for which fields.
fn steps_of(plan: &Value, address: &str) -> Vec<(String, BTreeSet<String>)> {
    let steps = plan["steps"].as_array().expect("steps").iter().filter(|step| step["address"] == address);
    let fields = |step: &Value| {
        let fields = step["reason"]["fields"].as_array().cloned().unwrap_or_default();
        fields.iter().filter_map(|field| field["field"].as_str()).map(str::to_owned).collect()
    };
    steps.map(|step| (step["action"]["do"].as_str().expect("a verb").to_owned(), fields(step))).collect()
}

/// Lists in rounds, with no more than `most` fields of one object in each.
fn rounds(of: Vec<&Field>, most: usize) -> Vec<Vec<&Field>> {
    let (mut rounds, mut counts): (Vec<Vec<&Field>>, BTreeMap<&str, usize>) = (vec![], BTreeMap::new());
    for field in of {
        let count = counts.entry(field.address).or_default();
        let round = *count / most;
        *count += 1;
        rounds.resize_with(rounds.len().max(round + 1), Vec::new);
        rounds[round].push(field);
    }
    rounds
}

/// The fields of a kind's spec, those included that are seen only.
fn spec_fields(kind: &dyn bbws_model::AnyKind) -> BTreeSet<String> {
    let mut generator = schemars::SchemaGenerator::default();
    let schema = serde_json::to_value(kind.schema(&mut generator)).expect("a schema");
    let name = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()).expect("a name");
    let properties = generator.definitions()[name]["properties"].as_object().expect("properties");
    properties.keys().cloned().collect()
}

/// Every field of every kind's spec is in the list, and what is not read of it is told in `docs/not_read.md`.
#[test]
fn every_field_of_every_kind_is_listed() {
    let (fields, mut wrong) = (fields(), String::new());
    for kind in bbws_kinds::all().iter() {
        let listed: BTreeSet<String> =
            fields.iter().filter(|field| field.kind() == kind.name()).map(|field| field.field.to_owned()).collect();
        let there = spec_fields(kind);
        for field in there.symmetric_difference(&listed) {
            writeln!(wrong, "{}: `{field}` is {}", kind.name(), if listed.contains(field) { "no field" } else { "in neither list" })
                .unwrap();
        }
    }
    for field in fields.iter().filter(|field| field.outcome == "not read") {
        if why_not(field).is_none() {
            writeln!(wrong, "{}: docs/not_read.md has no word of `{}`", field.kind(), field.field).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_readable_field_that_somebody_changes_is_seen_and_brought_back() {
    let (mut cluster, fields, mut wrong) = (Cluster::new(), fields(), String::new());
    let of = |outcomes: &[&str]| fields.iter().filter(|field| outcomes.contains(&field.outcome)).collect::<Vec<_>>();

    // What a plan alone shows: the cloud is put back after each.
    for round in rounds(of(&["seen", "gone"]), 1) {
        let ran = cluster.planned(&round.iter().map(|field| (field.address, field.does)).collect::<Vec<_>>());
        cluster.restored();
        if ran.code != 2 {
            writeln!(wrong, "{:?}: exit {}\n{}", round.iter().map(|f| (f.address, f.field)).collect::<Vec<_>>(), ran.code, ran.err)
                .unwrap();
            continue;
        }
        let plan = ran.json();
        for field in round {
            let steps = steps_of(&plan, field.address);
            let right = match field.outcome {
                "gone" => steps.iter().any(|(verb, _)| verb == "create"),
                _ => steps.iter().any(|(_, fields)| fields.contains(field.field)),
            };
            if !right {
                writeln!(wrong, "{} {}: {steps:?}", field.address, field.field).unwrap();
            }
        }
    }
    // What stands in the way of one hides the others: each alone.
    let alone = of(&["held"]).into_iter().map(|field| vec![field]);
    for round in rounds(of(&["refused"]), 1).into_iter().chain(alone) {
        let ran = cluster.planned(&round.iter().map(|field| (field.address, field.does)).collect::<Vec<_>>());
        cluster.restored();
        for field in round {
            if ![1, 3].contains(&ran.code) || !ran.err.contains(&format!("\"address\":\"{}\"", field.address)) {
                writeln!(wrong, "{} {}: exit {}\n{}", field.address, field.field, ran.code, ran.err).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");

    for round in rounds(of(&["mended"]), AT_ONCE) {
        let ran = cluster.planned(&round.iter().map(|field| (field.address, field.does)).collect::<Vec<_>>()).exits(2);
        let (plan, drifted) = (ran.json(), cluster.drifted());
        for field in &round {
            let told = drifted.get(field.address).is_some_and(|(_, fields)| fields.contains(field.field));
            assert!(told, "{} {}: drift has no word of it: {:?}", field.address, field.field, drifted.get(field.address));
            let steps = steps_of(&plan, field.address);
            assert!(steps.iter().any(|(_, fields)| fields.contains(field.field)), "{} {}: {steps:?}", field.address, field.field);
        }
        cluster.mended();
    }
    println!("{}", coverage(&fields));
}

/// Why a field is not read, as `docs/not_read.md` has it.
fn why_not(field: &Field) -> Option<&'static str> {
    let (kind, name) = (format!("| `{}` |", field.kind()), format!("`{}`", field.field));
    let row = NOT_READ.lines().find(|line| line.starts_with(&kind) && line.contains(&name))?;
    row.split(" | ").nth(2).map(|why| why.trim_end_matches('|').trim())
}

/// The table of what was drifted of each kind, and why the rest was not.
fn coverage(fields: &[Field]) -> String {
    let mut table = format!("{:<26}{:>7}{:>8}{:>6}  not read\n", "kind", "fields", "mended", "seen");
    let (mut all, kinds) = ([0; 3], fields.iter().map(Field::kind).collect::<BTreeSet<_>>());
    for kind in &kinds {
        let of = |outcomes: &[&str]| -> Vec<&str> {
            let of_kind = fields.iter().filter(|field| field.kind() == *kind && outcomes.contains(&field.outcome));
            of_kind.map(|field| field.field).collect()
        };
        let (mended, seen, unread) = (of(&["mended"]).len(), of(&["seen", "refused", "held", "gone"]).len(), of(&["not read"]));
        let total = mended + seen + unread.len();
        all = [all[0] + total, all[1] + mended, all[2] + seen];
        writeln!(table, "{kind:<26}{total:>7}{mended:>8}{seen:>6}  {}", unread.join(", ")).expect("text");
    }
    let unread = all[0] - all[1] - all[2];
    writeln!(table, "{:<26}{:>7}{:>8}{:>6}  {unread}", format!("{} kinds", kinds.len()), all[0], all[1], all[2]).expect("text");
    table += "mended: named by plan and drift, and brought back; seen: AWS lets nobody change it on an object that lives, and the plan names it\n";
    for field in fields.iter().filter(|field| field.outcome == "not read") {
        writeln!(table, "not read: {}.{}: {}", field.kind(), field.field, why_not(field).unwrap_or("no reason is told")).expect("text");
    }
    table
}

#[test]
fn what_somebody_deletes_is_made_again() {
    let mut cluster = Cluster::new();
    let mut of_round: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut order: Vec<&str> = vec![];
    for cells in lines(DELETED) {
        let [round, address, does] = cells.as_slice() else { panic!("{cells:?}") };
        if !order.contains(round) {
            order.push(round);
        }
        of_round.entry(round).or_default().push((address, does));
    }
    for round in order {
        let done = &of_round[round];
        let (plan, drifted) = (cluster.planned(done).exits(2).json(), cluster.drifted());
        for (address, _) in done {
            let standing = drifted.get(*address).map(|(standing, _)| standing.as_str());
            assert!(matches!(standing, Some("missing" | "replaced")), "{round}: {address}: drift says {standing:?}");
            let steps = steps_of(&plan, address);
            assert!(steps.iter().any(|(verb, _)| verb == "create"), "{round}: {address}: {steps:?}");
        }
        cluster.mended();
    }

    // The whole account was emptied.
    cluster.place.change_cloud(|cloud| cloud["accounts"][ACCOUNT]["regions"] = serde_json::json!({}));
    let plan = cluster.place.bbws("plan dev --sandbox --json --detailed-exitcode").exits(2).json();
    let entries = cluster.state["entries"].as_object().expect("entries");
    for address in entries.keys() {
        assert!(steps_of(&plan, address).iter().any(|(verb, _)| verb == "create"), "{address} in\n{plan}");
    }
    let kinds: BTreeSet<&str> = entries.keys().filter_map(|address| address.split('.').next()).collect();
    let all: Vec<String> = bbws_kinds::all().iter().map(|kind| kind.name().to_owned()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all, "every kind was there");
    let rounds: BTreeSet<&str> = of_round.values().flatten().filter_map(|(address, _)| address.split('.').next()).collect();
    println!("deleted and made again: {} kinds one by one, {} with the whole account", rounds.len(), all.len());
    cluster.mended();
    fs::read(cluster.place.path("state/sandbox/dev/outputs.json")).expect("the outputs are published");
}
