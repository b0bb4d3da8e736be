//! The driver: how a kind is done. Implemented in `aws`, one file each; the engine speaks to its erased twin.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use bbws_model::{
    Address, Class, CloudError, IntentId, Kind, Locate, Observed, Ownership, PhysicalId, Ready, Seen, SpecProblem, Tags, typed,
};
use serde::Serialize;
use serde_json::Value;

use crate::{AnyCarrier, AnyCensus, AnyListing, Carrier, Census, Listing, Reading};

/// One mutating request about to be sent: whose it is, and what makes a repeat the same request.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The mark that the object gets: it goes into the create call itself where the API takes tags.
    pub owner: Ownership,
    /// The idempotency token, 32 hex digits, fixed with the intent: it fits every API that takes one.
    pub token: String,
}

impl Attempt {
    /// The user's tags and our mark: what a create call is to be tagged with.
    #[must_use]
    pub fn tagged(&self, tags: &Tags) -> BTreeMap<String, String> {
        let mut all = tags.0.clone();
        all.extend(self.marks());
        all
    }

    /// Our mark alone, as tags.
    #[must_use]
    pub fn marks(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (LINEAGE_TAG.to_owned(), self.owner.lineage.clone()),
            (ADDRESS_TAG.to_owned(), self.owner.address.to_string()),
            (INTENT_TAG.to_owned(), self.owner.intent.to_string()),
        ])
    }

    /// The tags that an object still lacks or has otherwise, our mark included where it is not ours yet.
    #[must_use]
    pub fn missing(&self, have: &Tags, owner: Option<&Ownership>, want: &Tags) -> BTreeMap<String, String> {
        let mut missing: BTreeMap<String, String> =
            want.0.iter().filter(|(key, value)| have.get(key) != Some(value.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
        if !owner.is_some_and(|o| o.lineage == self.owner.lineage && o.address == self.owner.address) {
            missing.extend(self.marks());
        }
        missing
    }

    /// The keys of the user's tags that are too much.
    #[must_use]
    pub fn extra(have: &Tags, want: &Tags) -> Vec<String> {
        have.0.keys().filter(|key| !want.0.contains_key(*key)).cloned().collect()
    }
}

/// The tag that says whose state an object belongs to.
pub const LINEAGE_TAG: &str = "bbws:lineage";
/// The tag that says which resource an object is.
pub const ADDRESS_TAG: &str = "bbws:address";
/// The tag that says which intent made an object.
pub const INTENT_TAG: &str = "bbws:intent";

/// Splits the tags of an object into the user's and our mark. AWS's own (`aws:…`) are neither.
#[must_use]
pub fn read_tags(all: impl IntoIterator<Item = (String, String)>) -> (Tags, Option<Ownership>) {
    let (mut user, mut marks) = (BTreeMap::new(), BTreeMap::new());
    for (key, value) in all {
        if key.starts_with("bbws:") {
            marks.insert(key, value);
        } else if !key.starts_with("aws:") {
            user.insert(key, value);
        }
    }
    let owner = (|| {
        Some(Ownership {
            lineage: marks.get(LINEAGE_TAG)?.clone(),
            address: marks.get(ADDRESS_TAG)?.parse().ok()?,
            intent: IntentId(marks.get(INTENT_TAG)?.clone()),
        })
    })();
    (Tags(user), owner)
}

/// What a create call answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// What AWS calls the new object.
    pub id: PhysicalId,
}

/// What an update or delete call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// One request was sent and accepted. Observe, and call again if something still differs. Of a kind that is known by its key a
    /// delete is `Sent` only when the object itself was asked to go: that stays open until a look shows it.
    Sent,
    /// The same, but what it did shows on nothing that is observed: part of what an object holds went before the object
    /// itself can go. Nothing is waited for; call again.
    Part,
    /// Nothing had to be sent: as far as this driver can tell, it is as wanted, or gone.
    Nothing,
}

/// What an observation found at one place: an object, or that there is none. A failed read is an error, never `None`.
pub type Sight<K> = Result<Option<Observed<K>>, CloudError>;

/// How a kind is done. Each of `create`, `update` and `delete` sends **at most one** mutating request, chosen from the
/// observation it is given; the engine writes that request's intent before, observes after, and calls again. No driver
/// waits, loops, retries, or calls another service's mutating API.
pub trait Driver<K: Kind>: Send + Sync + 'static {
    /// Looks at many places at once; one answer per place, in their order.
    fn observe(&self, at: &[Locate<K>], reading: &Reading) -> impl Future<Output = Vec<Sight<K>>> + Send;
    /// Makes the bare, tagged object. `update` completes it.
    fn create(&self, want: &K::Spec<Ready>, attempt: &Attempt) -> impl Future<Output = Result<Created, CloudError>> + Send;
    /// Sends the next request that brings the object nearer to `want`, its tags and our mark included.
    fn update(
        &self,
        seen: &Observed<K>,
        want: &K::Spec<Ready>,
        attempt: &Attempt,
    ) -> impl Future<Output = Result<Progress, CloudError>> + Send;
    /// Sends the next request on the way to the object's end.
    fn delete(&self, seen: &Observed<K>, attempt: &Attempt) -> impl Future<Output = Result<Progress, CloudError>> + Send;
}

/// [`Locate`] with the kind forgotten.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The resource.
    pub address: Address,
    /// What AWS calls it, if that is known.
    pub id: Option<PhysicalId>,
    /// The spec it is wanted with or was last seen with, every reference resolved.
    pub spec: Value,
    /// Our lineage.
    pub lineage: String,
    /// The intent to look for, where one object of the address is to be told from another.
    pub intent: Option<IntentId>,
}

/// A future in a box.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A driver of any kind, over documents.
pub trait AnyDriver: Send + Sync {
    /// The kind's name.
    fn kind(&self) -> &'static str;
    /// See [`Driver::observe`].
    fn observe<'a>(&'a self, at: &'a [Place], reading: &'a Reading) -> Boxed<'a, Vec<Result<Option<Seen>, CloudError>>>;
    /// See [`Driver::create`].
    fn create<'a>(&'a self, want: &'a Value, attempt: &'a Attempt) -> Boxed<'a, Result<Created, CloudError>>;
    /// See [`Driver::update`].
    fn update<'a>(&'a self, seen: &'a Seen, want: &'a Value, attempt: &'a Attempt) -> Boxed<'a, Result<Progress, CloudError>>;
    /// See [`Driver::delete`].
    fn delete<'a>(&'a self, seen: &'a Seen, attempt: &'a Attempt) -> Boxed<'a, Result<Progress, CloudError>>;
}

/// Forgets the kind. The wrapper pins `K`, which a blanket impl over `D: Driver<K>` alone may not leave open.
struct Erased<K, D>(D, PhantomData<fn() -> K>);

/// A driver of kind `K`, with the kind forgotten.
pub fn erase<K: Kind>(driver: impl Driver<K>) -> Box<dyn AnyDriver> {
    Box::new(Erased(driver, PhantomData))
}

fn wrong<K: Kind>(problem: &SpecProblem) -> CloudError {
    let at = if problem.field.is_empty() { String::new() } else { format!(" at {}", problem.field) };
    CloudError::own(K::NAME, Class::Invalid, format!("a {} spec does not fit{at}: {}", K::NAME, problem.message))
}

/// What was seen, with its kind.
pub(crate) fn seen_as<K: Kind>(seen: &Seen) -> Result<Observed<K>, CloudError> {
    Ok(Observed {
        id: seen.id.clone(),
        spec: typed(&seen.spec).map_err(|p| wrong::<K>(&p))?,
        outputs: typed(&seen.outputs).map_err(|p| wrong::<K>(&p))?,
        phase: seen.phase.clone(),
        owner: seen.owner.clone(),
    })
}

impl<K: Kind, D> Erased<K, D> {
    fn wrong(problem: &SpecProblem) -> CloudError {
        wrong::<K>(problem)
    }

    fn json<T: Serialize>(value: &T) -> Result<Value, CloudError> {
        serde_json::to_value(value)
            .map_err(|e| CloudError::own(K::NAME, Class::Invalid, format!("a {} cannot be written as JSON: {e}", K::NAME)))
    }

    fn locate(place: &Place) -> Result<Locate<K>, CloudError> {
        Ok(Locate {
            address: place.address.clone(),
            id: place.id.clone(),
            spec: typed(&place.spec).map_err(|p| Self::wrong(&p))?,
            lineage: place.lineage.clone(),
            intent: place.intent.clone(),
        })
    }

    fn seen(observed: &Observed<K>) -> Result<Seen, CloudError> {
        Ok(Seen {
            id: observed.id.clone(),
            spec: Self::json(&observed.spec)?,
            outputs: Self::json(&observed.outputs)?,
            phase: observed.phase.clone(),
            owner: observed.owner.clone(),
        })
    }
}

impl<K: Kind, D: Driver<K>> AnyDriver for Erased<K, D> {
    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn observe<'a>(&'a self, at: &'a [Place], reading: &'a Reading) -> Boxed<'a, Vec<Result<Option<Seen>, CloudError>>> {
        Box::pin(async move {
            let mut sound = vec![];
            let located: Vec<Result<(), CloudError>> = at.iter().map(|place| Self::locate(place).map(|l| sound.push(l))).collect();
            let mut sights = self.0.observe(&sound, reading).await.into_iter();
            let short =
                || CloudError::own(K::NAME, Class::Invalid, "the driver answered for fewer places than it was asked about: a bug in bbws");
            located
                .into_iter()
                .map(|place| {
                    place?;
                    sights.next().unwrap_or_else(|| Err(short()))?.as_ref().map(Self::seen).transpose()
                })
                .collect()
        })
    }

    fn create<'a>(&'a self, want: &'a Value, attempt: &'a Attempt) -> Boxed<'a, Result<Created, CloudError>> {
        Box::pin(async move { self.0.create(&typed(want).map_err(|p| Self::wrong(&p))?, attempt).await })
    }

    fn update<'a>(&'a self, seen: &'a Seen, want: &'a Value, attempt: &'a Attempt) -> Boxed<'a, Result<Progress, CloudError>> {
        Box::pin(async move { self.0.update(&seen_as::<K>(seen)?, &typed(want).map_err(|p| Self::wrong(&p))?, attempt).await })
    }

    fn delete<'a>(&'a self, seen: &'a Seen, attempt: &'a Attempt) -> Boxed<'a, Result<Progress, CloudError>> {
        Box::pin(async move { self.0.delete(&seen_as::<K>(seen)?, attempt).await })
    }
}

/// All drivers there are, by the name of their kind, and how it is found out what hangs on those that carry others.
#[derive(Default)]
pub struct Drivers {
    drivers: BTreeMap<&'static str, Box<dyn AnyDriver>>,
    carriers: BTreeMap<&'static str, Box<dyn AnyCarrier>>,
    censuses: BTreeMap<&'static str, Box<dyn AnyCensus>>,
    listings: BTreeMap<&'static str, Box<dyn AnyListing>>,
}

impl Drivers {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the driver of kind `K`.
    #[must_use]
    pub fn with<K: Kind>(mut self, driver: impl Driver<K>) -> Self {
        self.drivers.insert(K::NAME, erase::<K>(driver));
        self
    }

    /// Adds a driver whose kind is forgotten already.
    #[must_use]
    pub fn with_any(mut self, driver: Box<dyn AnyDriver>) -> Self {
        self.drivers.insert(driver.kind(), driver);
        self
    }

    /// The driver of the kind of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&self, kind: &str) -> Result<&dyn AnyDriver, CloudError> {
        self.drivers
            .get(kind)
            .map(Box::as_ref)
            .ok_or_else(|| CloudError::own(kind, Class::Invalid, format!("bbws has no driver for `{kind}`")))
    }

    /// The names of all kinds that have a driver.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.drivers.keys().copied()
    }

    /// Says how it is found out what hangs on objects of kind `K`.
    #[must_use]
    pub fn carrying<K: Kind>(mut self, carrier: impl Carrier<K>) -> Self {
        self.carriers.insert(K::NAME, crate::carrier::erase::<K>(carrier));
        self
    }

    /// How it is found out what hangs on objects of the kind of this name.
    ///
    /// # Errors
    /// When that is not known: nothing of the kind is deleted then.
    pub fn carrier(&self, kind: &str) -> Result<&dyn AnyCarrier, CloudError> {
        let unknown = || CloudError::own(kind, Class::Invalid, format!("bbws does not know how to list what hangs on a `{kind}`"));
        self.carriers.get(kind).map(Box::as_ref).ok_or_else(unknown)
    }

    /// Says how all marked objects of kind `K` are listed.
    #[must_use]
    pub fn counting<K: Kind>(mut self, census: impl Census<K>) -> Self {
        self.censuses.insert(K::NAME, crate::census::erase::<K>(census));
        self
    }

    /// All kinds whose marked objects can be listed, and how.
    pub fn censuses(&self) -> impl Iterator<Item = (&'static str, &dyn AnyCensus)> {
        self.censuses.iter().map(|(kind, census)| (*kind, census.as_ref()))
    }

    /// Says how all objects of kind `K` are listed, whoever made them.
    #[must_use]
    pub fn listing<K: Kind>(mut self, listing: impl Listing<K>) -> Self {
        self.listings.insert(K::NAME, crate::listing::erase::<K>(listing));
        self
    }

    /// All kinds whose objects can be listed, whoever made them, and how.
    pub fn listings(&self) -> impl Iterator<Item = (&'static str, &dyn AnyListing)> {
        self.listings.iter().map(|(kind, listing)| (*kind, listing.as_ref()))
    }

    /// The names of all kinds of which it is known how to list what hangs on them.
    pub fn carriers(&self) -> impl Iterator<Item = &'static str> {
        self.carriers.keys().copied()
    }
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.drivers.keys()).finish()
    }
}
