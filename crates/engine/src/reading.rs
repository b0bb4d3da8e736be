//! One consistent look at the cloud: identical reads of a round are made once.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use bbws_model::CloudError;
use tokio::sync::OnceCell;

use crate::lock::locked;

type Answer = Result<Arc<dyn Any + Send + Sync>, CloudError>;

/// The memory of one round of reads. Drivers ask through it, so that route tables serve routes and associations, and
/// VPCs, groups and rules are read once.
#[derive(Default)]
pub struct Reading {
    answers: Mutex<HashMap<String, Arc<OnceCell<Answer>>>>,
    calls: Mutex<usize>,
}

impl Reading {
    /// A new round: nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The answer to the read that `key` names: asked once, then remembered, failures included.
    ///
    /// `key` holds the operation and everything that shapes its answer. `read` says with how many calls (pages) it got it.
    ///
    /// # Errors
    /// As `read` fails.
    pub async fn once<T: Send + Sync + 'static>(
        &self,
        key: String,
        read: impl Future<Output = Result<(T, usize), CloudError>> + Send,
    ) -> Result<Arc<T>, CloudError> {
        let cell = locked(&self.answers).entry(key.clone()).or_default().clone();
        let answer = cell
            .get_or_init(|| async {
                let (value, calls) = read.await?;
                *locked(&self.calls) += calls;
                Ok(Arc::new(value) as Arc<dyn Any + Send + Sync>)
            })
            .await
            .clone()?;
        answer
            .downcast::<T>()
            .map_err(|_| CloudError::own(&key, bbws_model::Class::Invalid, "two drivers read this with different types: a bug in bbws"))
    }

    /// How many calls the round has made so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        *locked(&self.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn identical_reads_are_made_once() {
        let asked = AtomicUsize::new(0);
        let reading = Reading::new();
        let read = || async {
            asked.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok((vec![1, 2, 3], 2))
        };
        let (a, b) = tokio::join!(reading.once("ec2:DescribeVpcs".into(), read()), reading.once("ec2:DescribeVpcs".into(), read()));
        assert_eq!((a.unwrap(), b.unwrap()), (Arc::new(vec![1, 2, 3]), Arc::new(vec![1, 2, 3])));
        assert_eq!((asked.into_inner(), reading.calls()), (1, 2));
    }

    #[tokio::test]
    async fn a_failed_read_fails_for_all_who_ask() {
        let reading = Reading::new();
        let failing = || async { Err::<(u8, usize), _>(CloudError::own("ec2:DescribeVpcs", bbws_model::Class::Transient, "reset")) };
        assert!(reading.once("k".into(), failing()).await.is_err());
        assert!(reading.once::<u8>("k".into(), async { Ok((1, 1)) }).await.is_err(), "the round does not change its mind");
    }
}
