//! The values of secrets, and generated passwords.

use aws_sdk_secretsmanager::operation::get_random_password::{GetRandomPasswordInput, GetRandomPasswordOutput};
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueInput, GetSecretValueOutput};
use aws_sdk_secretsmanager::operation::put_secret_value::{PutSecretValueInput, PutSecretValueOutput};
use sha2::{Digest as _, Sha256};

use super::secret::{Guarded, Row, Version, absent, invalid, the_living, token};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(get_random_password).on(get_secret_value).on(put_secret_value)
}

/// Adds a version under a token. The same token with the same value is the same version; with another it is refused.
pub(crate) fn put(row: &mut Row, token: &str, value: &str, labels: &[String]) -> Answer<()> {
    if value.is_empty() || value.len() > 65_536 {
        return Err(invalid("You must provide either SecretString or SecretBinary, of 1 to 65536 bytes."));
    }
    match row.versions.get(token) {
        Some(have) if have.value.0 == value => return Ok(()),
        Some(_) => {
            let text = format!("A resource with the ID you requested already exists: the version {token}.");
            return Err(refuse(400, "ResourceExistsException", text));
        }
        None => {}
    }
    let current = row.labelled("AWSCURRENT").map(|(id, _)| id.clone());
    for version in row.versions.values_mut() {
        version.labels.retain(|label| !labels.contains(label));
    }
    if let Some(previous) = current.filter(|_| labels.iter().any(|label| label == "AWSCURRENT")) {
        for (id, version) in &mut row.versions {
            if *id == previous {
                version.labels.insert("AWSPREVIOUS".into())
            } else {
                version.labels.remove("AWSPREVIOUS")
            };
        }
    }
    row.versions.insert(token.to_owned(), Version { value: Guarded(value.to_owned()), labels: labels.iter().cloned().collect() });
    // AWS clears versions without a label away when there are about a hundred.
    if row.versions.len() > 100 {
        return Err(refuse(
            400,
            "LimitExceededException",
            "The request failed because it would exceed the number of versions of a secret.",
        ));
    }
    Ok(())
}

fn put_secret_value(at: &mut At<'_>, input: &PutSecretValueInput) -> Answer<PutSecretValueOutput> {
    if input.secret_binary().is_some() || input.rotation_token().is_some() {
        return Err(refuse(400, "InvalidRequestException", "sandbox: binary values and rotation are not simulated"));
    }
    let token = token(input.client_request_token())?;
    let labels = if input.version_stages().is_empty() { vec!["AWSCURRENT".to_owned()] } else { input.version_stages().to_vec() };
    let (name, row) = the_living(at, input.secret_id())?;
    // The first version is in force whatever it is called.
    if row.versions.is_empty() && !labels.iter().any(|label| label == "AWSCURRENT") {
        return Err(invalid("sandbox: a first version without AWSCURRENT is not simulated"));
    }
    put(row, &token, input.secret_string().unwrap_or_default(), &labels)?;
    Ok(PutSecretValueOutput::builder().arn(&row.arn).name(name).version_id(token).set_version_stages(Some(labels)).build())
}

fn get_secret_value(at: &mut At<'_>, input: &GetSecretValueInput) -> Answer<GetSecretValueOutput> {
    let (name, row) = the_living(at, input.secret_id())?;
    let (id, version) = match (input.version_id(), input.version_stage().unwrap_or("AWSCURRENT")) {
        (Some(id), _) => row.versions.get_key_value(id).ok_or_else(absent)?,
        (None, label) => row.labelled(label).ok_or_else(|| {
            let text = format!("Secrets Manager can't find the specified secret value for staging label: {label}");
            refuse(400, "ResourceNotFoundException", text)
        })?,
    };
    Ok(GetSecretValueOutput::builder()
        .arn(&row.arn)
        .name(name)
        .version_id(id)
        .secret_string(&version.value.0)
        .set_version_stages(Some(version.labels.iter().cloned().collect()))
        .build())
}

fn get_random_password(at: &mut At<'_>, input: &GetRandomPasswordInput) -> Answer<GetRandomPasswordOutput> {
    let length = usize::try_from(input.password_length().unwrap_or(32)).ok().filter(|n| (1..=4096).contains(n));
    let length = length.ok_or_else(|| invalid("Invalid PasswordLength. Must be a value from 1 to 4096."))?;
    let excluded = input.exclude_characters().unwrap_or_default();
    let classes = [
        (input.exclude_lowercase(), "abcdefghijklmnopqrstuvwxyz"),
        (input.exclude_uppercase(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        (input.exclude_numbers(), "0123456789"),
        (input.exclude_punctuation(), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
        (input.include_space().map(|with| !with).or(Some(true)), " "),
    ];
    let left = |class: &str| class.chars().filter(|c| !excluded.contains(*c)).collect::<Vec<char>>();
    let classes: Vec<Vec<char>> =
        classes.into_iter().filter(|(out, _)| *out != Some(true)).map(|(_, class)| left(class)).filter(|class| !class.is_empty()).collect();
    let all: Vec<char> = classes.concat();
    if all.is_empty() || classes.len() > length {
        return Err(invalid("The password length is too small, or all characters are excluded."));
    }
    let seed = at.hex(64);
    let draw = |n: usize, from: &[char]| {
        let digest = Sha256::digest(format!("password {seed} {n}"));
        let number = digest.iter().take(8).fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        from[number % from.len()]
    };
    // One of each sort comes first, unless the caller says that it need not.
    let must = if input.require_each_included_type().unwrap_or(true) { classes } else { vec![] };
    let password: String = (0..length).map(|n| draw(n, must.get(n).unwrap_or(&all))).collect();
    Ok(GetRandomPasswordOutput::builder().random_password(password).build())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cloud::Table;

    #[test]
    fn labels_move_as_secrets_manager_moves_them() {
        let mut row = Row {
            arn: "arn".into(),
            description: None,
            kms_key: None,
            tags: BTreeMap::new(),
            versions: Table::new(),
            created_ms: 0,
            gone_ms: None,
        };
        let current = ["AWSCURRENT".to_owned()];
        for (token, value) in [("a", "1"), ("b", "2"), ("c", "3")] {
            put(&mut row, token, value, &current).unwrap();
        }
        let labels: Vec<String> =
            row.versions.iter().map(|(id, v)| format!("{id}:{}", v.labels.iter().cloned().collect::<Vec<_>>().join("+"))).collect();
        assert_eq!(labels, ["a:", "b:AWSPREVIOUS", "c:AWSCURRENT"]);
        put(&mut row, "c", "3", &current).expect("the same request again changes nothing");
        assert_eq!(put(&mut row, "a", "other", &current).unwrap_err().code, "ResourceExistsException");
        assert!(!format!("{row:?}").contains('3'), "a value shows itself nowhere");
    }
}
