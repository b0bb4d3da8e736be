//! The database with what it needs: subnets, settings, logs, credentials.

use bbws_kinds::{Secret, SecretSpec};

use super::parts::Parts;

pub(super) fn add(parts: &mut Parts<'_>) {
    let env = parts.env;
    parts.add::<Secret>(
        "rds",
        &SecretSpec {
            name: env.names.secret.clone(),
            description: format!("{}: the master user of the database, and where it is", env.names.prefix),
            kms_key: None,
            generate: true,
            username: env.rds.username.clone(),
            recovery_window_days: 30,
            tags: parts.tags(&env.names.secret),
        },
    );
}
