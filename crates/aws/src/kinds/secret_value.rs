//! The driver of `secret-value`. It reads the secret's value only to write it back with the fields that are no secrets;
//! the password never leaves the function that holds it.

use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{SecretValue, SecretValueOutputs, SecretValueSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Observed, Ownership, Phase, Ready, Secret as Hidden, net};
use futures::future::join_all;
use serde_json::{Map, Value};

use super::ec2::told;
use super::secret::{CURRENT, marks, version_labelled};
use crate::{Aws, Told};

const READ: &str = "secretsmanager:GetSecretValue";
/// The fields that are no secrets. All others are taken for some.
const OPEN: [&str; 5] = ["username", "host", "port", "engine", "dbname"];

/// A secret's value. Its texts are wiped from memory when it goes; it can be neither cloned nor shown.
struct Fields(Map<String, Value>);

impl Drop for Fields {
    fn drop(&mut self) {
        for value in self.0.values_mut() {
            if let Value::String(text) = value {
                Hidden::wipe(std::mem::take(text));
            }
        }
    }
}

/// What of a secret's value may be seen.
struct Open {
    version_id: String,
    host: Option<String>,
    port: Option<u16>,
    engine: Option<String>,
    dbname: Option<String>,
}

impl Driver<SecretValue> for Aws {
    async fn observe(&self, at: &[Locate<SecretValue>], reading: &Reading) -> Vec<Sight<SecretValue>> {
        join_all(at.iter().map(|place| self.secret_value(place, reading))).await
    }

    async fn create(&self, want: &SecretValueSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        let arn = want.secret.as_str();
        // It bears the secret's mark, so the secret has to bear ours.
        let described = self.described_secret(arn, &Reading::new()).await?;
        let owner = described.as_ref().as_ref().and_then(|raw| marks(raw.tags()).1);
        if owner.is_none_or(|o| o.lineage != attempt.owner.lineage) {
            let message = format!("{arn} is not managed by this environment: refer to a `secret` of it, or import that one first");
            return Err(CloudError::own("secretsmanager:PutSecretValue", Class::Invalid, message));
        }
        self.put_fields(arn, Some(want), attempt).await?;
        Ok(Created { id: arn.into() })
    }

    async fn update(&self, seen: &Observed<SecretValue>, want: &SecretValueSpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        // It has no mark of its own: the secret's counts.
        if seen.spec == *want {
            return Ok(Progress::Nothing);
        }
        self.put_fields(seen.id.as_str(), Some(want), attempt).await
    }

    async fn delete(&self, seen: &Observed<SecretValue>, attempt: &Attempt) -> Result<Progress, CloudError> {
        self.put_fields(seen.id.as_str(), None, attempt).await
    }
}

impl Aws {
    async fn secret_value(&self, place: &Locate<SecretValue>, reading: &Reading) -> Sight<SecretValue> {
        let arn = place.id.as_ref().map_or(place.spec.secret.as_str(), |id| id.as_str());
        let described = self.described_secret(arn, reading).await?;
        let Some(raw) = described.as_ref() else { return Ok(None) };
        if raw.deleted_date().is_some() || version_labelled(raw, CURRENT).is_none() {
            return Ok(None);
        }
        let ask = || async {
            let (fields, version_id) = self.secret_fields(arn).await?;
            let text = |key: &str| fields.0.get(key).and_then(Value::as_str).map(str::to_owned);
            // Some tools write the port as a text.
            let port = fields.0.get("port").and_then(|p| p.as_u64().map_or_else(|| p.as_str()?.parse().ok(), |n| u16::try_from(n).ok()));
            Ok((Open { version_id, host: text("host"), port, engine: text("engine"), dbname: text("dbname") }, 1))
        };
        let open = match reading.once(format!("{READ} {arn}"), ask()).await {
            Ok(open) => open,
            // It went between the two looks.
            Err(error) if error.class == Class::Absent => return Ok(None),
            Err(error) => return Err(error),
        };
        let Open { version_id, host, port, engine, dbname } = open.as_ref();
        if host.is_none() && port.is_none() && engine.is_none() && dbname.is_none() {
            return Ok(None);
        }
        Ok(Some(Observed {
            id: arn.into(),
            spec: SecretValueSpec {
                secret: Arn::new(arn),
                host: host.clone().unwrap_or_default(),
                port: port.unwrap_or_default(),
                engine: engine.clone().unwrap_or_default(),
                dbname: dbname.clone(),
            },
            outputs: SecretValueOutputs { version_id: version_id.clone() },
            phase: Phase::Ready,
            owner: marks(raw.tags()).1.map(|of_secret| Ownership { address: place.address.clone(), ..of_secret }),
        }))
    }

    /// The current value of a secret, and its version.
    async fn secret_fields(&self, arn: &str) -> Result<(Fields, String), CloudError> {
        let mut answer = self.read.secrets.get_secret_value().secret_id(arn).send().await.told(READ)?;
        let value = answer.secret_string.take().map(Hidden::new);
        // The reader's own message could quote the value, so it is not passed on.
        let unfit = || {
            CloudError::own(
                READ,
                Class::Invalid,
                format!("the value of {arn} is not a JSON object: put one into it with a username and a password"),
            )
        };
        let fields = Fields(value.and_then(|value| serde_json::from_str(value.reveal()).ok()).ok_or_else(unfit)?);
        let hidden = fields.0.iter().filter(|(name, _)| !OPEN.contains(&name.as_str()));
        hidden.filter_map(|(_, value)| value.as_str()).for_each(net::remember);
        Ok((fields, told(READ, "VersionId", answer.version_id.take())?))
    }

    /// Writes the current value back with these fields, or without them.
    async fn put_fields(&self, arn: &str, want: Option<&SecretValueSpec<Ready>>, attempt: &Attempt) -> Result<Progress, CloudError> {
        const OPERATION: &str = "secretsmanager:PutSecretValue";
        let (mut fields, _) = match self.secret_fields(arn).await {
            Err(error) if error.class == Class::Absent && want.is_some() => {
                let message = format!("{arn} has no value yet: the credentials come first");
                return Err(CloudError { class: Class::NotVisibleYet, message, ..error });
            }
            other => other?,
        };
        let texts = want.map(|w| [("host", Some(&w.host)), ("engine", Some(&w.engine)), ("dbname", w.dbname.as_ref())]);
        for (key, text) in texts.unwrap_or([("host", None), ("engine", None), ("dbname", None)]) {
            match text {
                Some(text) => fields.0.insert(key.to_owned(), text.as_str().into()),
                None => fields.0.remove(key),
            };
        }
        match want {
            Some(want) => fields.0.insert("port".to_owned(), want.port.into()),
            None => fields.0.remove("port"),
        };
        let unwritten = |_| CloudError::own(OPERATION, Class::Invalid, "the value cannot be written as JSON");
        let value = Hidden::new(serde_json::to_string(&fields.0).map_err(unwritten)?);
        let put = self.write.secrets.put_secret_value().secret_id(arn).client_request_token(&attempt.token);
        put.secret_string(value.reveal()).send().await.told(OPERATION)?;
        Ok(Progress::Sent)
    }
}
