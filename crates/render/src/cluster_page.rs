//! One page about a cluster, as Markdown: for people who did not make it.

use std::collections::BTreeMap;
use std::fmt::Write;

use bbws_cluster::{Environment, Tier};
use bbws_model::{Desired, Kinds, State, net};
use serde_json::Value;

use crate::diagram::Diagram;
use crate::page::{cell, clean};

/// What a page tells of.
#[derive(Debug)]
pub struct ClusterPage<'a> {
    /// The environment, as its file has it.
    pub environment: &'a Environment,
    /// Its file.
    pub file: &'a str,
    /// What is wanted.
    pub desired: &'a Desired,
    /// What is recorded; none before the first apply.
    pub state: Option<&'a State>,
    /// Where that is kept.
    pub home: &'a str,
    /// The kinds.
    pub kinds: &'a Kinds,
    /// What every command needs to lead to the same world: ` --sandbox`, or nothing.
    pub flag: &'a str,
}

/// The page.
#[must_use]
pub fn cluster_page(page: &ClusterPage<'_>) -> String {
    let mut text = String::new();
    head(&mut text, page);
    sizes(&mut text, page.environment);
    let diagram = Diagram::of_desired(page.desired).mermaid(page.kinds);
    section(&mut text, "The cluster", &format!("```mermaid\n{}\n```\n", diagram.trim_end()));
    resources(&mut text, page);
    outputs(&mut text, page);
    runbooks(&mut text, page);
    tenants(&mut text, page);
    net::catch(&text).into_owned()
}

fn section(text: &mut String, title: &str, body: &str) {
    text.push_str(&format!("\n## {title}\n\n{body}"));
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text).replace('`', "'"))
}

fn table(head: [&str; 2], rows: impl IntoIterator<Item = (String, String)>) -> String {
    let mut text = format!("| {} | {} |\n|---|---|\n", head[0], head[1]);
    for (left, right) in rows {
        // A String takes all that is written to it.
        let _ = writeln!(text, "| {left} | {right} |");
    }
    text
}

fn head(text: &mut String, page: &ClusterPage<'_>) {
    let Environment { name, tier, account, region, names, dns, .. } = page.environment;
    text.push_str(&format!("# {}\n\nMade by `bbws docs {name}{}` from `{}`", cell(&names.cluster), page.flag, cell(page.file)));
    match page.state {
        Some(state) => text.push_str(&format!(" and the state (serial {}, slot {}).\n\n", state.serial, state.seq)),
        None => text.push_str(". Nothing is recorded yet: addresses and outputs follow with the first apply.\n\n"),
    }
    let delegated = if dns.delegated { "delegated" } else { "**not delegated yet**: no certificate, CloudFront has its own name" };
    let rows = [
        ("environment", format!("{} (tier {})", code(name), tier_name(*tier))),
        ("account", code(&account.to_string())),
        ("region", code(region)),
        ("domain", format!("{} ({delegated})", code(&dns.domain.to_string()))),
        ("state", code(page.home)),
    ];
    text.push_str(&table(["what", "value"], rows.map(|(what, value)| (what.to_owned(), value))));
}

fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Dev => "dev",
        Tier::Sit => "sit",
        Tier::Prod => "prod",
    }
}

fn sizes(text: &mut String, environment: &Environment) {
    let Environment { network, rds, ecs, efs, alb, monitoring, .. } = environment;
    let yes = |it: bool| if it { "yes" } else { "no" };
    let zones: Vec<&str> = network.zones().into_iter().collect();
    let rows = [
        ("network", format!("{} over {}", network.vpc_cidr, zones.join(", "))),
        ("database", format!("MySQL {}, {}, {} GiB", rds.engine_version, rds.class, rds.storage)),
        ("database in two zones", yes(rds.multi_az).to_owned()),
        ("database backups kept", format!("{} days", rds.backup_days)),
        ("a task, by default", format!("{} CPU units, {} MiB", ecs.task_cpu, ecs.task_memory)),
        ("file system backups", yes(efs.backup).to_owned()),
        (
            "load balancer open to",
            if alb.from_cloudfront_only {
                "CloudFront only".to_owned()
            } else {
                alb.allow.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            },
        ),
        ("alarms", yes(monitoring.alarms).to_owned()),
    ];
    section(text, "Sizes", &table(["what", "value"], rows.map(|(what, value)| (what.to_owned(), cell(&value)))));
}

fn resources(text: &mut String, page: &ClusterPage<'_>) {
    let Some(state) = page.state else { return };
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    state.entries.keys().for_each(|address| *kinds.entry(address.kind()).or_default() += 1);
    let rows = state.entries.iter().map(|(address, entry)| (code(&address.to_string()), code(entry.id.as_str())));
    let all = table(["address", "what AWS calls it"], rows);
    let about = format!(
        "{} resources of {} kinds.\n\n<details><summary>All of them</summary>\n\n{all}\n</details>\n",
        state.entries.len(),
        kinds.len()
    );
    section(text, "Addresses", &about);
    if !state.backups.is_empty() {
        let rows = state.backups.iter().map(|copy| (code(copy.id.as_str()), code(&copy.address.to_string())));
        section(text, "Copies of data", &table(["copy", "of"], rows));
    }
}

fn outputs(text: &mut String, page: &ClusterPage<'_>) {
    let value = |value: &Value| match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => code(text),
        other => code(&other.to_string()),
    };
    let of_state = |name: &String| page.state.and_then(|state| state.outputs.get(name));
    let rows =
        page.desired.outputs.keys().map(|name| (code(name), of_state(name).map_or_else(|| "after the first apply".to_owned(), value)));
    section(text, "Outputs", &table(["name", "value"], rows));
}

fn runbooks(text: &mut String, page: &ClusterPage<'_>) {
    let (name, flag, cluster) = (&page.environment.name, page.flag, &page.environment.names.cluster);
    let rows = [
        ("What would change?", format!("bbws plan {name}{flag}")),
        ("Bring it to what the file says; also to go on after an interruption", format!("bbws apply {name}{flag}")),
        ("What does it cost a month?", format!("bbws cost {name}{flag}")),
        ("Change a value of the file", format!("bbws set {name} rds.class=db.t3.small --dry-run{flag}")),
        ("Is everything that bbws stands on in order?", format!("bbws doctor {name}{flag}")),
        ("Is the state whole, does the account agree?", format!("bbws state verify {name} --account{flag}")),
        ("What did a run change?", format!("bbws state history {name}{flag}")),
        ("A run hangs and holds the environment", format!("bbws state unlock {name}{flag}")),
        ("What is ours in the account and not recorded?", format!("bbws state orphans {name}{flag}")),
        ("The state is lost", format!("bbws state rebuild {name}{flag}")),
        ("Remove the whole cluster", format!("bbws destroy {name} --confirm {cluster}{flag}")),
    ];
    let mut body = table(["when", "command"], rows.map(|(when, command)| (when.to_owned(), code(&command))));
    body.push_str("\nThe database: `docs/database_management_guide.md`.\n");
    section(text, "Runbooks", &body);
}

fn tenants(text: &mut String, page: &ClusterPage<'_>) {
    let (name, flag) = (&page.environment.name, page.flag);
    let domain = &page.environment.dns.domain;
    let mut steps = vec![
        format!("Read the outputs: `bbws output {name} --json{flag}`; a published copy is `outputs.json` beside the state."),
        "For each tenant the Tenant Manager makes its own: a database and user on the instance (credentials in a secret of its own), an access point on the file system, a task definition and service, a target group, and a rule on the listener.".to_owned(),
        format!("A tenant is a name right below `{domain}`."),
        "bbws leaves all of these alone, and refuses what would take them along, by name.".to_owned(),
    ];
    if !page.environment.dns.delegated {
        steps.insert(0, format!("First have `{domain}` delegated: put the name servers (output `route53_nameservers`) into the parent zone, then `bbws set {name} dns.delegated=true{flag}` and apply again."));
    }
    let body: String = steps.iter().enumerate().map(|(n, step)| format!("{}. {}\n", n + 1, clean(step))).collect();
    section(text, "Next steps for the Tenant Manager", &body);
}
