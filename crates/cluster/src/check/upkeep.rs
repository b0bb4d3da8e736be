//! Monitoring, the state store, the audit log, approvals.

use super::{Fault, Judge};
use crate::{Backend, Environment, RuleId};

pub(super) fn check(env: &Environment, judge: &mut Judge<'_>) {
    for (at, email) in env.monitoring.emails.iter().enumerate() {
        let fits = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && crate::Domain::new(&host.to_lowercase()).is_ok())
            && !email.contains(char::is_whitespace);
        if !fits {
            judge.raise(Fault::new(
                RuleId::Email,
                format!("monitoring.emails[{at}]"),
                format!("`{email}` is not an e-mail address"),
                "write it like `ops@kimmyai.io`",
            ));
        }
    }
    if env.tier.is_prod() && env.monitoring.alarms && env.monitoring.emails.is_empty() {
        judge.raise(
            Fault::new(
                RuleId::NobodyTold,
                "monitoring.emails",
                "alarms go off, and nobody is told",
                "give an address in `emails`, or subscribe to the topic by hand",
            )
            .warning(),
        );
    }
    match (&env.state.bucket, env.state.backend) {
        (None, Backend::S3) => judge.raise(
            Fault::new(
                RuleId::Bucket,
                "state.backend",
                "the S3 store does not say its bucket",
                "add `bucket = \"…\"`, of the environment's own account",
            )
            .rests_on("state.bucket"),
        ),
        (Some(bucket), _) if !is_bucket(bucket) => judge.raise(Fault::new(
            RuleId::Bucket,
            "state.bucket",
            format!("`{bucket}` is not a bucket's name"),
            "use 3 to 63 lower-case letters, digits and hyphens, a letter or digit first and last",
        )),
        _ => {}
    }
    if let Some(group) = &env.audit.log_group {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
        if group.len() > 512 || !group.chars().all(allowed) || group.starts_with("aws/") || group == &env.names.log_group {
            judge.raise(Fault::new(
                RuleId::AuditGroup,
                "audit.log_group",
                format!("`{group}` cannot be the audit's log group"),
                "use up to 512 of a-z A-Z 0-9 _ - / . #, not the containers' group, not beginning with `aws/`",
            ));
        }
    }
    approvals(env, judge);
    for (rule, path, key) in
        [(RuleId::StateKey, "state.kms_key", &env.state.kms_key), (RuleId::ApprovalKey, "approval.kms_key", &env.approval.kms_key)]
    {
        if let Some(key) = key.as_ref().filter(|key| !is_key(key)) {
            judge.raise(Fault::new(
                rule,
                path,
                format!("`{key}` is not the ARN of a KMS key"),
                "write it like `arn:aws:kms:af-south-1:093646564004:key/1234abcd-…`",
            ));
        }
    }
}

fn approvals(env: &Environment, judge: &mut Judge<'_>) {
    let hours = env.approval.valid_hours;
    if !(1..=168).contains(&hours) {
        judge.raise(Fault::new(
            RuleId::ApprovalHours,
            "approval.valid_hours",
            format!("an approval cannot hold for {hours} hours: whoever gave it knows what is so now, not what will be then"),
            "write 1 to 168, which is a week",
        ));
    }
    for (at, arn) in env.approval.roles.iter().enumerate() {
        if !is_principal(arn) {
            judge.raise(Fault::new(
                RuleId::ApprovalRole,
                format!("approval.roles[{at}]"),
                format!("`{arn}` is not the ARN of a role or user"),
                "write it like `arn:aws:iam::093646564004:role/approver`, with its path, without a session and without `*`",
            ));
        }
    }
}

fn is_principal(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "iam", "", account, id]
        if partition.starts_with("aws") && account.len() == 12 && !id.contains(['*', '?']) && !id.ends_with('/')
            && (id.starts_with("role/") || id.starts_with("user/")))
}

fn is_key(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "kms", region, account, id]
        if partition.starts_with("aws") && !region.is_empty() && account.len() == 12 && (id.starts_with("key/") || id.starts_with("alias/")))
}

fn is_bucket(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (3..=63).contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.starts_with("xn--")
        && !name.ends_with("-s3alias")
}
