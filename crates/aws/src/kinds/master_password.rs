//! The master password of a database, on its way from Secrets Manager to RDS. It never leaves the function that sends it.

use bbws_kinds::DbInstanceSpec;
use bbws_model::{Class, CloudError, Ready, Secret as Hidden};
use serde::Deserialize;

use crate::{Aws, Told};

/// The tag that tells which version of its secret a database was given.
pub(crate) const PASSWORD_TAG: &str = "bbws:password-version";

const READ: &str = "secretsmanager:GetSecretValue";

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

impl Aws {
    /// The password of the version that is wanted, for the user that is wanted.
    pub(crate) async fn master_password(&self, want: &DbInstanceSpec<Ready>) -> Result<Hidden, CloudError> {
        let (arn, version) = (want.password.secret.as_str(), &want.password.version);
        let answer = self.read.secrets.get_secret_value().secret_id(arn).version_id(version).send().await.told(READ);
        let mut answer = match answer {
            Err(error) if error.class == Class::Absent => {
                let message = format!("{arn} has no version {version} to be seen yet");
                return Err(CloudError { class: Class::NotVisibleYet, message, ..error });
            }
            other => other?,
        };
        let wrong = |message: String| CloudError::own(READ, Class::Invalid, message);
        let value = answer.secret_string.take().map(Hidden::new);
        // The reader's own message could quote the value, so it is not passed on.
        let unfit = || wrong(format!("the value of {arn} is not a JSON object with a `username` and a `password`"));
        let Credentials { username, password } = value.and_then(|value| serde_json::from_str(value.reveal()).ok()).ok_or_else(unfit)?;
        let password = Hidden::new(password);
        if username != want.username {
            return Err(wrong(format!("the value of {arn} is for another user than `{}`: let both say the same", want.username)));
        }
        // What RDS would refuse with a message that might quote it.
        let fits = (8..=41).contains(&password.reveal().len())
            && password.reveal().bytes().all(|b| (b'!'..=b'~').contains(&b) && !b"/\"@".contains(&b));
        if fits {
            Ok(password)
        } else {
            Err(wrong(format!("RDS does not take the password in {arn}: 8 to 41 printable characters without `/`, `\"`, `@` and space")))
        }
    }
}
