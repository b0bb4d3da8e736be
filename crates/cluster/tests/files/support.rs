//! What the tests of this crate share: the shipped files, and the context to judge them in.

use std::collections::BTreeSet;

use bbws_cluster::{Context, Environment, Loaded, Look, Problems, Sibling, load, show};
use bbws_kinds::{LogGroup, MetricAlarm, Secret, Subnet, Vpc};
use bbws_model::{Address, Kinds};

/// The shipped files by name.
pub(crate) const SHIPPED: &[(&str, &str)] = &[
    ("dev", include_str!("../../../../environments/dev.toml")),
    ("sit", include_str!("../../../../environments/sit.toml")),
    ("prod", include_str!("../../../../environments/prod.toml")),
];

/// One of the shipped files.
pub(crate) fn shipped(name: &str) -> &'static str {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).expect("a shipped file")
}

/// Judges a text among the shipped environments, on a fixed day, beside a small blueprint.
pub(crate) fn load_with(name: &str, text: &str) -> Result<Loaded, Problems> {
    let kinds = Kinds::new().with::<Vpc>().with::<Subnet>().with::<LogGroup>().with::<Secret>().with::<MetricAlarm>();
    let siblings: Vec<Sibling> = SHIPPED.iter().map(|(name, text)| Sibling::read(name, text)).collect();
    load(name, text, &Context { kinds: &kinds, blueprint: &blueprint, today: "2026-11-24".parse().expect("a day"), siblings: &siblings })
}

fn blueprint(environment: &Environment) -> BTreeSet<Address> {
    let address = |kind, name: &str| Address::new(kind, name).ok();
    let subnets = environment.network.public.keys().filter_map(|name| address("subnet", &format!("public-{name}")));
    subnets.chain(address("vpc", "main")).chain(address("log-group", "ecs")).collect()
}

/// The problems as the user reads them, without colour.
pub(crate) fn render(problems: &Problems) -> String {
    show(problems, Look { unicode: true, color: false, width: 120 })
}

/// The text after some edits: `("rds", "class = \"x\"")` sets a line of `[rds]`, `("rds", "-class")` takes it out, `("", …)` is
/// about the top of the file, and `("+", …)` adds lines at its end.
pub(crate) fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (section, line) in edits {
        if *section == "+" {
            lines.push((*line).to_owned());
            continue;
        }
        let head = if section.is_empty() {
            Some(0)
        } else {
            lines.iter().position(|l| l.split_whitespace().next() == Some(&format!("[{section}]")))
        };
        let Some(head) = head else {
            lines.extend([format!("[{section}]"), (*line).to_owned()]);
            continue;
        };
        let end = (head + 1..lines.len()).find(|at| lines[*at].starts_with('[')).unwrap_or(lines.len());
        let key = line.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
        let found = (head + 1..end).find(|at| lines[*at].split([' ', '=']).next() == Some(key));
        match (found, line.starts_with('-')) {
            (Some(at), true) => drop(lines.remove(at)),
            (Some(at), false) => (*line).clone_into(&mut lines[at]),
            (None, true) => panic!("[{section}] has no `{key}`"),
            (None, false) => lines.insert(head + 1, (*line).to_owned()),
        }
    }
    lines.join("\n") + "\n"
}
