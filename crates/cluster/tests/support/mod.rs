//! What the tests of this crate share: the shipped files, and the context to judge them in.

use std::collections::BTreeSet;

use bbws_cluster::{Context, Environment, Loaded, Look, Problems, Sibling, load, show};
use bbws_kinds::{LogGroup, Subnet, Vpc};
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
    let kinds = Kinds::new().with::<Vpc>().with::<Subnet>().with::<LogGroup>();
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
