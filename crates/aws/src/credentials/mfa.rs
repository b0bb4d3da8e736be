//! Profiles that want a code: the SDK does not know `mfa_serial`, and would ask for the role without one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::profile::{Profile, ProfileSet};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::region::Region;
use tokio::sync::Mutex;

use super::Found;
use crate::Told;
use crate::clients::sts;

/// What a profile says of the code it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mfa {
    /// The profile.
    pub profile: String,
    /// The device, as AWS names it.
    pub serial: String,
    /// The role that the profile stands for; none where it is a user's own.
    role: Option<Role>,
    seconds: Option<i32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Role {
    arn: String,
    /// The profile whose credentials ask for it.
    source: String,
    external_id: Option<String>,
    session: String,
}

/// How a person is asked for a code; otherwise why nobody can be.
pub type AskCode = Arc<dyn Fn(&Mfa) -> Result<String, String> + Send + Sync>;

/// The code that a profile wants; none where it wants none, or where credentials in variables come before it.
///
/// # Errors
/// When the profile wants a code and does not say all that is needed for it.
pub(crate) async fn needed(profile: Option<&str>) -> Result<Option<Mfa>, String> {
    let env = Env::real();
    if env.get("AWS_ACCESS_KEY_ID").is_ok_and(|key| !key.is_empty()) {
        return Ok(None);
    }
    let selected = profile.map(|name| Cow::Owned(name.to_owned()));
    // Files that cannot be read are told by whoever needs what is in them.
    match aws_config::profile::load(&Fs::real(), &env, &Default::default(), selected).await {
        Ok(profiles) => wanted(&profiles),
        Err(_) => Ok(None),
    }
}

fn wanted(profiles: &ProfileSet) -> Result<Option<Mfa>, String> {
    let name = profiles.selected_profile();
    let Some(profile) = profiles.get_profile(name) else { return Ok(None) };
    let Some(serial) = profile.get("mfa_serial") else { return Ok(None) };
    let seconds = profile
        .get("duration_seconds")
        .map(|text| text.parse::<i32>().map_err(|_| format!("duration_seconds = {text} of the profile {name} is no number")));
    let seconds = seconds.transpose()?;
    let role = profile.get("role_arn").map(|arn| role(name, profile, arn)).transpose()?;
    Ok(Some(Mfa { profile: name.to_owned(), serial: serial.to_owned(), role, seconds }))
}

fn role(name: &str, profile: &Profile, arn: &str) -> Result<Role, String> {
    let source = profile.get("source_profile").ok_or_else(|| {
        format!("the profile {name} wants a code (mfa_serial) for a role, and has no source_profile whose credentials ask for it")
    })?;
    Ok(Role {
        arn: arn.to_owned(),
        source: source.to_owned(),
        external_id: profile.get("external_id").map(str::to_owned),
        session: profile.get("role_session_name").unwrap_or("bbws").to_owned(),
    })
}

/// Sessions that were given for a code, by profile. A code is good for one session: the cloud and the state's store, each with a
/// chain of its own, share it.
static GIVEN: Mutex<BTreeMap<String, Credentials>> = Mutex::const_new(BTreeMap::new());

/// The session that a chain has from here: where that was refused, it wants another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Used(Arc<Mutex<Option<String>>>);

/// A session that somebody has signed in to already, or one for the code that is asked for now.
///
/// # Errors
/// As [`asked`].
pub(crate) async fn sign_in(mfa: &Mfa, region: &str, ask: &AskCode, used: &Used) -> Result<Found, CredentialsError> {
    let mut used = used.0.lock().await;
    // Held while a person types: whoever comes meanwhile gets that session.
    let mut given = GIVEN.lock().await;
    let lasts = |held: &&Credentials| held.expiry().is_none_or(|end| end > SystemTime::now());
    let other = |held: &&Credentials| used.as_deref() != Some(held.access_key_id());
    let found = match given.get(&mfa.profile).filter(lasts).filter(other) {
        Some(held) => Found { credentials: held.clone(), renewable: false },
        None => asked(mfa, region, ask).await?,
    };
    *used = Some(found.credentials.access_key_id().to_owned());
    given.insert(mfa.profile.clone(), found.credentials.clone());
    Ok(found)
}

/// Asks for the code, and STS for the session.
///
/// # Errors
/// When nobody can be asked, or the code is wrong.
async fn asked(mfa: &Mfa, region: &str, ask: &AskCode) -> Result<Found, CredentialsError> {
    let own = |why: String| CredentialsError::invalid_configuration(why);
    let base = mfa.role.as_ref().map_or(mfa.profile.as_str(), |role| role.source.as_str());
    let config: SdkConfig =
        aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region.to_owned())).profile_name(base).load().await;
    let code = ask(mfa).map_err(own)?;
    let sts = sts(&config);
    let given = match &mfa.role {
        Some(role) => {
            let assume = sts.assume_role().role_arn(&role.arn).role_session_name(&role.session).serial_number(&mfa.serial);
            let assume = assume.token_code(code).set_external_id(role.external_id.clone()).set_duration_seconds(mfa.seconds);
            assume.send().await.told("sts:AssumeRole").map(|answer| answer.credentials)
        }
        None => {
            let get = sts.get_session_token().serial_number(&mfa.serial).token_code(code).set_duration_seconds(mfa.seconds);
            get.send().await.told("sts:GetSessionToken").map(|answer| answer.credentials)
        }
    };
    let given = given.map_err(|error| own(error.to_string()))?.ok_or_else(|| own("STS answered without credentials".into()))?;
    let end = u64::try_from(given.expiration.secs()).ok().map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let credentials = Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), end, "mfa");
    // The next session wants another code.
    Ok(Found { credentials, renewable: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(text: &str) -> Result<Option<Mfa>, String> {
        let (fs, env) = (Fs::from_slice(&[("config", text)]), Env::from_slice(&[("AWS_CONFIG_FILE", "config")]));
        wanted(&aws_config::profile::load(&fs, &env, &Default::default(), Some("dev".into())).await.unwrap())
    }

    #[tokio::test]
    async fn a_profile_that_wants_a_code_is_known_by_its_device() {
        let serial = "arn:aws:iam::536580886816:mfa/jo";
        assert_eq!(of("[profile dev]\nregion = af-south-1\n").await, Ok(None));
        assert_eq!(of("[profile other]\nmfa_serial = x\n").await, Ok(None));
        let own = of(&format!("[profile dev]\nmfa_serial = {serial}\n")).await.unwrap().unwrap();
        assert_eq!((own.profile.as_str(), own.serial.as_str(), own.role), ("dev", serial, None));
        let text = format!(
            "[profile dev]\nmfa_serial = {serial}\nrole_arn = arn:aws:iam::536580886816:role/ops\nsource_profile = jo\nexternal_id = x\nduration_seconds = 7200\n"
        );
        let role = of(&text).await.unwrap().unwrap();
        assert_eq!((role.seconds, role.role.as_ref().unwrap().source.as_str()), (Some(7200), "jo"));
        assert!(of(&text.replace("source_profile = jo\n", "")).await.unwrap_err().contains("source_profile"));
        assert!(of(&text.replace("7200", "an hour")).await.unwrap_err().contains("an hour"));
    }
}
