//! Who the environment is, and what AWS takes for names.

use super::{Fault, Judge};
use crate::decode::name_of;
use crate::{Environment, RuleId};

pub(super) fn check(env: &Environment, judge: &mut Judge<'_>) {
    if ["dev", "sit", "prod"].contains(&env.name.as_str()) && name_of(&env.tier) != env.name {
        let tier = name_of(&env.tier);
        judge.raise(Fault::new(
            RuleId::TierAndName,
            "tier",
            format!("the environment is called `{}` and has the tier `{tier}`: its name would promise another care than it gets", env.name),
            format!("write `tier = \"{}\"`, or call the file something else", env.name),
        ));
    }
    if !is_region(&env.region) {
        judge.raise(Fault::new(
            RuleId::Region,
            "region",
            format!("`{}` is not an AWS region", env.region),
            "write a region such as `af-south-1`, without a zone's letter",
        ));
    }
    if !is_word(&env.project) || env.project.len() > 20 {
        judge.raise(Fault::new(
            RuleId::Project,
            "project",
            format!("`{}` cannot begin the names of AWS resources", env.project),
            "use up to 20 lower-case letters, digits and single hyphens, a letter first",
        ));
    }
    let names = &env.names;
    let prefix_ok = is_word(&names.prefix) && names.prefix.len() <= 24;
    let project_ok = is_word(&env.project) && env.project.len() <= 20;
    if !prefix_ok && (judge.given("names.prefix") || project_ok) {
        judge.raise(Fault::new(
            RuleId::NamePrefix,
            origin(judge, "prefix"),
            format!("`{}` cannot begin the names of AWS resources", names.prefix),
            "give `prefix` in `[names]`: up to 24 lower-case letters, digits and single hyphens, a letter first",
        ));
        return;
    }
    alb(env, judge);
    rds(env, judge);
    others(env, judge);
}

/// Where a name comes from: its own key, the prefix, or the project.
fn origin(judge: &Judge<'_>, key: &str) -> String {
    let candidates = [format!("names.{key}"), "names.prefix".to_owned(), "project".to_owned()];
    candidates.into_iter().find(|path| judge.given(path)).unwrap_or_else(|| "project".to_owned())
}

fn alb(env: &Environment, judge: &mut Judge<'_>) {
    let name = &env.names.alb;
    let why = if name.chars().count() > 32 {
        format!("the load balancer's name `{name}` has {} characters: AWS takes 32", name.chars().count())
    } else if name.starts_with("internal-") {
        format!("the load balancer's name `{name}` begins with `internal-`: AWS keeps that for its own")
    } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') || name.starts_with('-') || name.ends_with('-') {
        format!("the load balancer's name `{name}` has a character that AWS does not take there")
    } else {
        return;
    };
    let path = origin(judge, "alb");
    judge.raise(Fault::new(
        RuleId::NameAlb,
        path,
        why,
        "give `alb` in `[names]`: up to 32 letters, digits and hyphens, no hyphen first or last, not beginning with `internal-`",
    ));
}

fn rds(env: &Environment, judge: &mut Judge<'_>) {
    let name = &env.names.database;
    let why = if name.chars().count() > 63 {
        format!("the database's name `{name}` has {} characters: AWS takes 63", name.chars().count())
    } else if !is_word(name) {
        format!("the database's name `{name}` is not one that RDS takes")
    } else {
        return;
    };
    let path = origin(judge, "database");
    judge.raise(Fault::new(
        RuleId::NameRds,
        path,
        why,
        "give `database` in `[names]`: up to 63 lower-case letters, digits and single hyphens, a letter first, no hyphen last",
    ));
}

fn others(env: &Environment, judge: &mut Judge<'_>) {
    let names = &env.names;
    for (key, name) in [("execution_role", &names.execution_role), ("task_role", &names.task_role)] {
        if name.chars().count() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c)) {
            let path = origin(judge, key);
            judge.raise(Fault::new(
                RuleId::NameRole,
                path,
                format!("IAM does not take the role name `{name}`"),
                format!("give `{key}` in `[names]`: up to 64 letters, digits and + = , . @ _ -"),
            ));
        }
    }
    if names.execution_role == names.task_role {
        judge.raise(
            Fault::new(
                RuleId::NameTwice,
                "names.task_role",
                format!("both roles are called `{}`", names.task_role),
                "give each its own: what starts a task may read secrets that the task itself may not",
            )
            .beside("names.execution_role", "the other role"),
        );
    }
    let table: [(&str, &String, usize, &str); 4] = [
        ("cluster", &names.cluster, 255, "_-"),
        ("file_system", &names.file_system, 64, "_-."),
        ("secret", &names.secret, 512, "/_+=.@-"),
        ("log_group", &names.log_group, 512, "_-/.#"),
    ];
    for (key, name, longest, signs) in table {
        let fits = name.chars().count() <= longest
            && name.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
            && !name.starts_with("aws/");
        if !fits {
            let path = origin(judge, key);
            let signs = signs.chars().map(String::from).collect::<Vec<_>>().join(" ");
            judge.raise(Fault::new(
                RuleId::NameOther,
                path,
                format!("AWS does not take `{name}` for `{key}`"),
                format!("give `{key}` in `[names]`: up to {longest} letters, digits and {signs}"),
            ));
        }
    }
}

/// Whether it is a letter, then letters, digits and single hyphens, all in lower case.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !text.ends_with('-')
        && !text.contains("--")
}

/// Whether it has the shape of a region: `af-south-1`, `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| part.len() > 1 && part.chars().all(|c| c.is_ascii_lowercase());
    matches!(parts.as_slice(), [words @ .., number] if (2..=3).contains(&words.len()) && words[0].len() == 2 && words.iter().all(word) && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_a_shape() {
        for good in ["af-south-1", "us-gov-west-1", "eu-central-2", "ap-southeast-1"] {
            assert!(is_region(good), "{good}");
        }
        for bad in ["af-south-1a", "af-south", "africa-south-1", "", "af--1", "AF-south-1"] {
            assert!(!is_region(bad), "{bad}");
        }
    }
}
