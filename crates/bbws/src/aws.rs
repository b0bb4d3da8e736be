//! The way to AWS, or to a server that speaks its protocols.

use std::sync::Arc;

use bbws_aws::{Aws, Plain};
use bbws_cli::SystemClock;
use bbws_cluster::Environment;
use bbws_model::World;

use crate::Wire;

/// Connects with the credentials of the environment's profile. That they are the right ones is seen when they are used.
pub(crate) async fn connect(environment: &Environment) -> Wire {
    let plain = Plain::load(environment.profile.as_deref(), &environment.region).await;
    let world = plain.endpoint().map_or(World::Aws, |url| World::Endpoint(url.trim_end_matches('/').to_owned()));
    Wire::new(world, Aws::new(Arc::new(plain), &environment.region), Arc::new(SystemClock::default()), None)
}
