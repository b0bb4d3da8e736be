//! What stands around the commands that change a cluster: `set`, `docs`, `doctor --assumptions`, `--version`.

use std::fs;

use serde_json::Value;

use crate::support::{Place, steps};

#[test]
fn a_value_is_set_judged_and_planned_before_it_is_written() {
    let place = Place::new();
    place.applied("dev").expect("a cluster");
    let before = place.file("dev");
    let shown = place.bbws("set dev rds.class=db.t3.small --dry-run --sandbox").exits(0);
    for part in
        ["- class               = \"db.t3.micro\"", "+ class               = \"db.t3.small\"", "db-instance.main", "Nothing was written"]
    {
        assert!(shown.out.contains(part), "{part} in {}", shown.out);
    }
    assert_eq!(place.file("dev"), before);

    let json = place.bbws("set dev rds.class=db.t3.small --sandbox --json").exits(0);
    let mut lines = json.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let set = lines.next().expect("a line");
    assert_eq!((&set["event"], &set["set"][0]["to"], &set["written"]), (&"set".into(), &"\"db.t3.small\"".into(), &true.into()));
    assert_eq!(steps(&lines.next().expect("a plan")["plan"]).len(), 2, "a copy, and the change");
    let after = place.file("dev");
    assert_eq!(after, before.replace("db.t3.micro", "db.t3.small"), "nothing else is touched");
    place.bbws("set dev rds.class=db.t3.small --sandbox").exits(0);
    assert_eq!(place.file("dev"), after);
}

#[test]
fn what_would_be_wrong_is_never_written() {
    let place = Place::new();
    let before = place.file("dev");
    for (line, exit, told) in [
        ("set dev rds.storage=5 --no-plan", 1, "storage"),
        ("set dev network.public.a.cidr=10.9.0.0/24 --no-plan", 1, "10.9.0.0/24"),
        ("set dev rds.clas=db.t3.small --no-plan", 64, "did you mean `rds.class`"),
        ("set dev rds --no-plan", 64, "KEY=VALUE"),
        ("set dev --no-plan", 64, "set what?"),
        ("set dev rds=1 --no-plan", 64, "a table"),
    ] {
        let refused = place.bbws(line).exits(exit);
        assert!(refused.err.contains(told), "{line}: {}", refused.err);
        assert_eq!(place.file("dev"), before, "{line}");
    }
    assert_eq!(
        fs::read_dir(place.path("environments"))
            .expect("files")
            .filter(|e| e.as_ref().is_ok_and(|e| e.file_name().to_string_lossy().ends_with(".tmp")))
            .count(),
        0
    );
    // Several at once, one of them new to the file; without an account.
    let set = place.bbws("set dev rds.storage=40 cdn.ipv6=false --no-plan").exits(0);
    assert!(set.out.contains("+ ipv6 = false"), "{}", set.out);
    place.bbws("validate dev").exits(0);
}

#[test]
fn a_page_tells_of_the_cluster() {
    let place = Place::new();
    let before = place.bbws("docs dev --sandbox").exits(0).out;
    assert!(before.contains("Nothing is recorded yet") && before.contains("after the first apply"), "{before}");
    place.applied("dev").expect("a cluster");
    place.bbws(&format!("docs dev --sandbox -o {}", place.path("dev.md").display())).exits(0);
    let page = fs::read_to_string(place.path("dev.md")).expect("a page");
    let vpc = place.bbws("output dev vpc_id --sandbox").exits(0).out;
    for part in [
        "# wp-dev-cluster",
        "```mermaid",
        "| `vpc.main` |",
        vpc.trim(),
        "bbws state verify dev --account --sandbox",
        "Tenant Manager",
        "`rds_endpoint`",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(page.lines().filter(|line| line.starts_with('|')).all(|line| line.ends_with('|')), "tables are whole:\n{page}");
}

#[test]
fn assumptions_are_listed_and_those_that_only_read_are_tried() {
    let place = Place::new();
    let listed = place.bbws("doctor dev --assumptions").exits(0).out;
    assert!(listed.contains("elb-none-is-an-error") && listed.contains("otherwise:"), "{listed}");
    place.bbws("doctor dev --assumptions --test nonsense").exits(64);
    place.applied("dev").expect("a cluster");
    let calls = || place.bbws("sandbox calls").exits(0).out;
    let before = calls().lines().count();
    let tried = place.bbws("doctor dev --assumptions --test all --sandbox --json").exits(0).json();
    let all = tried["assumptions"].as_array().expect("a list");
    let shown = |id: &str| all.iter().find(|one| one["id"] == id).map(|one| one["result"]["shown"].clone()).expect("it is listed");
    for id in ["index-knows-marked", "buckets-by-region", "elb-none-is-an-error", "family-prefix", "http-version-case", "region-opt-in"] {
        assert_eq!(shown(id), "confirmed", "{id}: {tried:#}");
    }
    assert!(all.iter().filter(|one| one["test"] == "read").all(|one| one["result"].is_object()), "each test that reads was run");
    let new: Vec<String> = calls().lines().skip(before - 1).map(str::to_owned).collect();
    assert!(new.len() > 5 && new.iter().all(|line| !line.contains("Create") && !line.contains("Put")), "nothing but reads: {new:#?}");
}

#[test]
fn the_first_contact_names_what_there_is() {
    let place = Place::new();
    let guide = include_str!("../docs/first_contact.md");
    let plan: Value = place.bbws("plan dev --sandbox --json").exits(0).json();
    let known: Vec<&str> = plan["steps"].as_array().expect("steps").iter().filter_map(|step| step["address"].as_str()).collect();
    let mut named = 0;
    for part in guide.split("--target ").skip(1) {
        let address = part.split([' ', '`', '|']).next().expect("an address");
        assert!(known.contains(&address), "{address} is no resource of dev");
        named += 1;
    }
    assert!(named >= 5);
    let help = place.bbws("--help").exits(0).out;
    let is_command = |word: &str| help.lines().any(|line| line.trim_start().starts_with(&format!("{word} ")));
    for guide in [guide, include_str!("../docs/setup_guide.md"), include_str!("../docs/database_management_guide.md")] {
        let told = guide.split("`bbws ").skip(1).chain(guide.lines().filter_map(|line| line.strip_prefix("bbws ")));
        for word in told.filter_map(|line| line.split(|c: char| !c.is_ascii_lowercase()).next()) {
            // `bbws db` is named as what is not here yet; options of bbws itself are no commands.
            assert!(word.is_empty() || word == "db" || is_command(word), "`bbws {word}` is no command");
        }
    }
}

#[test]
fn the_version_tells_the_formats() {
    let place = Place::new();
    let told = place.bbws("--version").exits(0).out;
    assert!(told.starts_with("bbws ") && told.contains("formats: state 1, log 1, plan "), "{told}");
}
