//! Reading many objects with few calls: one scan by our lineage tag serves all that is known, and a second look by id
//! finds what lost its tags.

use std::collections::BTreeMap;

use bbws_model::{CloudError, IntentId, Kind, Locate, Ownership};

/// Objects by what AWS calls them.
pub(crate) type ById<T> = BTreeMap<String, T>;

/// At most this many filter values go into one EC2 call (AWS takes 200 over all filters together).
pub(crate) const FILTER_VALUES: usize = 190;

/// The lineage that all places share. Places of two lineages are never looked for together.
pub(crate) fn lineage<K: Kind>(at: &[Locate<K>]) -> &str {
    at.first().map_or("", |place| place.lineage.as_str())
}

/// The known ids that a scan did not show.
pub(crate) fn unseen<'a, K: Kind, T>(at: &'a [Locate<K>], seen: &ById<T>) -> Vec<&'a str> {
    let mut ids: Vec<&str> =
        at.iter().filter_map(|place| place.id.as_ref()).map(|id| id.as_str()).filter(|id| !seen.contains_key(*id)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The same error for every place: a failed read is never an absence.
pub(crate) fn all_failed<K: Kind, T>(at: &[Locate<K>], error: &CloudError) -> Vec<Result<T, CloudError>> {
    at.iter().map(|_| Err(error.clone())).collect()
}

/// The mark of an object that can bear none, such as a DNS record: the state, or what it says, shows whose it is. That shows of no
/// intent: what says what a create that was given up had asked for may be somebody else's, and nothing comes late of it.
pub(crate) fn kept<K: Kind>(place: &Locate<K>) -> Ownership {
    Ownership { lineage: place.lineage.clone(), address: place.address.clone(), intent: IntentId(String::new()) }
}
