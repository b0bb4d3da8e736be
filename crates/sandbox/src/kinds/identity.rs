//! STS: who the caller is.

use aws_sdk_sts::operation::get_caller_identity::{GetCallerIdentityInput, GetCallerIdentityOutput};

use crate::cloud::{At, Principal};
use crate::fate::Answer;
use crate::handlers::Handlers;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(get_caller_identity)
}

fn get_caller_identity(at: &mut At<'_>, _: &GetCallerIdentityInput) -> Answer<GetCallerIdentityOutput> {
    let Principal { role, session } = at.principal;
    let arn = format!("arn:aws:sts::{}:assumed-role/{role}/{session}", at.account);
    Ok(GetCallerIdentityOutput::builder().account(at.account).arn(arn).user_id(format!("AROASANDBOX:{session}")).build())
}
