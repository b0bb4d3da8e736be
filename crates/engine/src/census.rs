//! Everything in the account that bears a mark of bbws, whatever a state knows of it.

use std::future::Future;
use std::marker::PhantomData;

use bbws_model::{CloudError, Kind, Ownership, PhysicalId, Tags};
use futures::future::join_all;

use crate::{Boxed, Observe, Reading};

/// An object that bears the mark of some state of bbws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// What AWS calls it.
    pub id: PhysicalId,
    /// Its mark.
    pub owner: Ownership,
    /// Its other tags.
    pub tags: Tags,
}

/// A thing that bears tags that were asked for, of whatever sort, and whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// Its ARN.
    pub arn: String,
    /// Its mark, where it bears one of bbws.
    pub owner: Option<Ownership>,
    /// Its other tags.
    pub tags: Tags,
}

/// How all objects of a kind that bear a mark are listed: of every lineage, but for those that are on their way out.
pub trait Census<K: Kind>: Send + Sync + 'static {
    /// All of them in the account and region.
    fn marked(&self, reading: &Reading) -> impl Future<Output = Result<Vec<Marked>, CloudError>> + Send;
}

/// A census of any kind.
pub trait AnyCensus: Send + Sync {
    /// See [`Census::marked`].
    fn marked<'a>(&'a self, reading: &'a Reading) -> Boxed<'a, Result<Vec<Marked>, CloudError>>;
}

struct Erased<K, C>(C, PhantomData<fn() -> K>);

/// A census of kind `K`, with the kind forgotten.
pub(crate) fn erase<K: Kind>(census: impl Census<K>) -> Box<dyn AnyCensus> {
    Box::new(Erased(census, PhantomData))
}

impl<K: Kind, C: Census<K>> AnyCensus for Erased<K, C> {
    fn marked<'a>(&'a self, reading: &'a Reading) -> Boxed<'a, Result<Vec<Marked>, CloudError>> {
        Box::pin(self.0.marked(reading))
    }
}

/// Lists the marked objects of all kinds, side by side; of each kind those found, or why they could not be listed.
pub async fn census(eyes: &impl Observe) -> Vec<(&'static str, Result<Vec<Marked>, CloudError>)> {
    let reading = Reading::new();
    let reading = &reading;
    join_all(eyes.censuses().into_iter().map(|(kind, census)| async move { (kind, census.marked(reading).await) })).await
}
