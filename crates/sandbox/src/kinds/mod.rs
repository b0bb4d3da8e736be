//! How AWS answers, one file per kind, and the list of them.

mod identity;
pub(crate) mod log_group;
pub(crate) mod security_group;
pub(crate) mod subnet;
mod tagging;
pub(crate) mod vpc;

use std::collections::BTreeMap;

use crate::cloud::Region;
use crate::handlers::Handlers;

/// The handlers of all operations.
pub(crate) fn handlers() -> Handlers {
    let add = [
        identity::handlers, //
        log_group::handlers,
        security_group::handlers,
        subnet::handlers,
        tagging::handlers,
        vpc::handlers,
    ];
    add.into_iter().fold(Handlers::default(), |handlers, add| add(handlers))
}

/// What exists in a region: sort, id, and what tells it from others.
pub(crate) fn things(here: &Region) -> Vec<(&'static str, String, String)> {
    let mut things = vec![];
    let mut list = |kind: &'static str, ids: Vec<(String, String)>| things.extend(ids.into_iter().map(|(id, about)| (kind, id, about)));
    list("log group", here.log_groups.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list(
        "security group",
        here.security_groups.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.name, about(&row.tags)))).collect(),
    );
    list("subnet", here.subnets.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.cidr, about(&row.tags)))).collect());
    list("vpc", here.vpcs.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.cidr, about(&row.tags)))).collect());
    things
}

fn about(tags: &BTreeMap<String, String>) -> String {
    tags.get("bbws:address").or_else(|| tags.get("Name")).cloned().unwrap_or_default()
}
