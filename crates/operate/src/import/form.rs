//! What an id looks like, kind by kind.

use bbws_model::{AnyKind, Kinds};

/// What an id of a kind looks like: in words, and an example. None for a kind that bbws does not know.
#[must_use]
pub fn form(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "bucket" => ("the bucket's name", "wp-dev-cdn-logs-536580886816"),
        "cdn-function" => ("the function's name", "wp-dev-redirect"),
        "certificate" => ("the certificate's ARN", "arn:aws:acm:us-east-1:536580886816:certificate/0a1b2c3d-…"),
        "dashboard" => ("the dashboard's name", "wp-dev"),
        "db-instance" => ("the database's identifier, not its resource id", "wp-dev-mysql"),
        "db-parameter-group" => ("the group's name", "wp-dev-mysql8-0"),
        "db-snapshot" => ("the snapshot's identifier", "wp-dev-mysql-before-upgrade"),
        "db-subnet-group" => ("the group's name", "wp-dev-rds"),
        "distribution" => ("the distribution's id", "E2QWRUHAPOMQZL"),
        "dns-record" => ("ZONE_NAME_TYPE", "Z0123456789ABCDEFGHIJ_www.example.com_CNAME"),
        "ecs-cluster" => ("the cluster's ARN", "arn:aws:ecs:af-south-1:536580886816:cluster/wp-dev-cluster"),
        "elastic-ip" => ("the address's allocation id", "eipalloc-0a1b2c3d4e5f60718"),
        "file-system" => ("the file system's id", "fs-0a1b2c3d4e5f60718"),
        "flow-log" => ("the flow log's id", "fl-0a1b2c3d4e5f60718"),
        "health-check" => ("the health check's id", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"),
        "hosted-zone" => ("the zone's id", "Z0123456789ABCDEFGHIJ"),
        "internet-gateway" => ("the gateway's id", "igw-0a1b2c3d4e5f60718"),
        "listener" => (
            "the listener's ARN",
            "arn:aws:elasticloadbalancing:af-south-1:536580886816:listener/app/wp-dev-alb/0a1b2c3d4e5f6071/1a2b3c4d5e6f7081",
        ),
        "load-balancer" => {
            ("the load balancer's ARN", "arn:aws:elasticloadbalancing:af-south-1:536580886816:loadbalancer/app/wp-dev-alb/0a1b2c3d4e5f6071")
        }
        "log-delivery" => ("the delivery's id", "0a1b2c3d4e5f6071"),
        "log-delivery-destination" | "log-delivery-source" => ("its name", "wp-dev-cdn"),
        "log-group" => ("the log group's name", "/ecs/dev"),
        "metric-alarm" => ("the alarm's name", "wp-dev-rds-cpu"),
        "mount-target" => ("the mount target's id", "fsmt-0a1b2c3d4e5f60718"),
        "nat-gateway" => ("the gateway's id", "nat-0a1b2c3d4e5f60718"),
        "role" => ("the role's name", "wp-dev-ecs-task"),
        "role-policy" => ("ROLE/POLICY", "wp-dev-ecs-task/ecs-task"),
        "role-policy-attachment" => {
            ("ROLE/POLICY-ARN", "wp-dev-ecs-execution/arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
        }
        "route" => ("TABLE_DESTINATION", "rtb-0a1b2c3d4e5f60718_0.0.0.0/0"),
        "route-table" => ("the table's id", "rtb-0a1b2c3d4e5f60718"),
        "route-table-association" => ("the id of the subnet: it has one table", "subnet-0a1b2c3d4e5f60718"),
        "secret" | "secret-value" => {
            ("the secret's ARN", "arn:aws:secretsmanager:af-south-1:536580886816:secret:wp-dev-rds-master-credentials-AbCdEf")
        }
        "security-group" => ("the group's id", "sg-0a1b2c3d4e5f60718"),
        "security-group-rule" => ("the rule's id", "sgr-0a1b2c3d4e5f60718"),
        "subnet" => ("the subnet's id", "subnet-0a1b2c3d4e5f60718"),
        "task-definition" => ("the ARN of a revision", "arn:aws:ecs:af-south-1:536580886816:task-definition/wp-dev-db-init:1"),
        "topic" => ("the topic's ARN", "arn:aws:sns:af-south-1:536580886816:wp-dev-alarms"),
        "vpc" => ("the VPC's id", "vpc-0a1b2c3d4e5f60718"),
        "vpc-endpoint" => ("the endpoint's id", "vpce-0a1b2c3d4e5f60718"),
        _ => return None,
    })
}

/// Why an id is not one of a kind, or not of the place that is managed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It is the id of something else.
    #[error("`{id}` is the id of a {other}, not of a {kind}")]
    Kind {
        /// The id.
        id: String,
        /// What it is an id of.
        other: &'static str,
        /// What it should be one of.
        kind: String,
    },
    /// It has another form.
    #[error("`{id}` does not look like the id of a {kind}")]
    Form {
        /// The id.
        id: String,
        /// What it should be one of.
        kind: String,
    },
    /// Its ARN names another account.
    #[error("`{id}` is of the account {found}, and the environment's is {expected}")]
    Account {
        /// The id.
        id: String,
        /// The account in it.
        found: String,
        /// The environment's.
        expected: String,
    },
    /// Its ARN names another region.
    #[error("`{id}` is in {found}, and it is to be in {expected}")]
    Region {
        /// The id.
        id: String,
        /// The region in it.
        found: String,
        /// Where it is to be.
        expected: String,
    },
}

/// Looks whether an id can be one of this kind, in this account and region.
///
/// # Errors
/// When it cannot.
pub fn fits(kinds: &Kinds, kind: &str, id: &str, account: &str, region: &str) -> Result<(), Misfit> {
    let misfit = || Misfit::Form { id: id.to_owned(), kind: kind.to_owned() };
    let prefix = kinds.get(kind).map_or("", |known| known.facts().id_prefix);
    let (example, by_arn) = form(kind).map_or(("", false), |(_, example)| (example, example.starts_with("arn:")));
    if id.is_empty() || id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(misfit());
    }
    if let Some(arn) = id.strip_prefix("arn:").filter(|_| by_arn) {
        let parts: Vec<&str> = arn.splitn(5, ':').collect();
        let wanted: Vec<&str> = example.trim_start_matches("arn:").splitn(5, ':').collect();
        let ([_, service, in_region, of_account, rest], [_, expected, _, _, like]) = (parts.as_slice(), wanted.as_slice()) else {
            return Err(misfit());
        };
        // What stands before the name: `cluster/`, `listener/app/`, `secret:`.
        let sort = |text: &str| text.split(['/', ':']).next().unwrap_or_default().to_owned();
        if service != expected || (like.contains(['/', ':']) && sort(rest) != sort(like)) {
            return Err(misfit());
        }
        if *of_account != account {
            return Err(Misfit::Account { id: id.to_owned(), found: (*of_account).to_owned(), expected: account.to_owned() });
        }
        if *in_region != region {
            return Err(Misfit::Region { id: id.to_owned(), found: (*in_region).to_owned(), expected: region.to_owned() });
        }
        return Ok(());
    }
    let starts = |prefix: &str| id.starts_with(prefix) && id.len() > prefix.len();
    if !prefix.is_empty() && !starts(prefix) || by_arn {
        // An id that tells what it is of says so better than a form.
        // An association has the id of its subnet.
        let own = |known: &&dyn AnyKind| known.facts().id_prefix.ends_with('-') && known.name() != "route-table-association";
        let other = kinds.iter().filter(own).find(|known| starts(known.facts().id_prefix));
        return Err(other.filter(|other| other.name() != kind).map_or_else(misfit, |other| Misfit::Kind {
            id: id.to_owned(),
            other: other.name(),
            kind: kind.to_owned(),
        }));
    }
    let separator = match kind {
        "dns-record" | "route" => Some('_'),
        "role-policy" | "role-policy-attachment" => Some('/'),
        _ => None,
    };
    match separator.map(|separator| id.split_once(separator)) {
        Some(None | Some(("", _) | (_, ""))) => Err(misfit()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_kinds::all;

    const ACCOUNT: &str = "536580886816";

    #[test]
    fn every_kind_says_what_its_ids_look_like_and_takes_its_own_example() {
        for kind in all().iter() {
            let (_, example) = form(kind.name()).unwrap_or_else(|| panic!("{}", kind.name()));
            let region = if kind.name() == "certificate" { "us-east-1" } else { "af-south-1" };
            assert_eq!(fits(&all(), kind.name(), example, ACCOUNT, region), Ok(()), "{}", kind.name());
        }
    }

    #[test]
    fn what_is_no_id_of_the_kind_says_why() {
        for (kind, id, why) in [
            ("vpc", "subnet-1", "is the id of a subnet, not of a vpc"),
            ("vpc", "main", "does not look like the id of a vpc"),
            ("vpc", "", "does not look like"),
            ("vpc", "vpc-", "does not look like"),
            ("load-balancer", "poc-alb", "does not look like"),
            ("load-balancer", "vpc-1", "is the id of a vpc"),
            ("ecs-cluster", "arn:aws:ecs:af-south-1:536580886816:service/x/y", "does not look like"),
            ("topic", "arn:aws:sns:af-south-1:093646564004:x", "is of the account 093646564004"),
            ("topic", "arn:aws:sns:eu-west-1:536580886816:x", "is in eu-west-1, and it is to be in af-south-1"),
            ("role-policy", "role", "does not look like"),
            ("dns-record", "Z1_", "does not look like"),
            ("route", "rtb-1", "does not look like"),
        ] {
            let told = fits(&all(), kind, id, ACCOUNT, "af-south-1").unwrap_err().to_string();
            assert!(told.contains(why), "{kind} {id}: {told}");
        }
    }
}
