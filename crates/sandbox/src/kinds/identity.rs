//! STS: who the caller is.

use aws_sdk_sts::operation::get_caller_identity::{GetCallerIdentityInput, GetCallerIdentityOutput};

use crate::cloud::At;
use crate::fate::Answer;
use crate::handlers::Handlers;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(get_caller_identity)
}

fn get_caller_identity(at: &mut At<'_>, _: &GetCallerIdentityInput) -> Answer<GetCallerIdentityOutput> {
    let user = format!("AROASANDBOX:{}", at.principal.session);
    Ok(GetCallerIdentityOutput::builder().account(at.account).arn(principal(at)).user_id(user).build())
}

/// Whoever calls.
pub(crate) fn principal(at: &At<'_>) -> String {
    at.principal.arn(at.account)
}
