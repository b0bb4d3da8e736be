//! Who the credentials belong to.

use bbws_model::{Account, Class, CloudError};

use crate::{Clients, Told};

/// The caller, as STS sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: Account,
    /// The user or role session.
    pub arn: String,
}

/// Asks STS who the caller is. The call needs no permission at all.
///
/// # Errors
/// When STS does not answer, or not with an account.
pub async fn whoami(read: &Clients) -> Result<Identity, CloudError> {
    const OPERATION: &str = "sts:GetCallerIdentity";
    let answer = read.sts.get_caller_identity().send().await.told(OPERATION)?;
    let account = answer.account.unwrap_or_default().parse().map_err(|e: String| CloudError::own(OPERATION, Class::Invalid, e))?;
    Ok(Identity { account, arn: answer.arn.unwrap_or_default() })
}
