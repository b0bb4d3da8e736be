//! Looking without being able to touch: what a command is given that may only read.

use std::fmt;
use std::sync::Arc;

use bbws_model::CloudError;

use crate::{AnyCarrier, AnyCensus, Boxed, Drivers, Found, Place, Reading};

/// Whoever can look at objects. Nothing that changes one can be reached through it.
pub trait Observe: Send + Sync {
    /// Looks at places of one kind at once; one answer per place, in their order.
    fn observe<'a>(&'a self, kind: &'a str, at: &'a [Place], reading: &'a Reading) -> Boxed<'a, Vec<Found>>;
    /// How it is found out what hangs on objects of a kind.
    ///
    /// # Errors
    /// When that is not known.
    fn carrier(&self, kind: &str) -> Result<&dyn AnyCarrier, CloudError>;
    /// All kinds whose marked objects can be listed, and how.
    fn censuses(&self) -> Vec<(&'static str, &dyn AnyCensus)>;
}

impl Observe for Drivers {
    fn observe<'a>(&'a self, kind: &'a str, at: &'a [Place], reading: &'a Reading) -> Boxed<'a, Vec<Found>> {
        Box::pin(async move {
            match self.get(kind) {
                Ok(driver) => driver.observe(at, reading).await,
                Err(error) => vec![Err(error); at.len()],
            }
        })
    }

    fn carrier(&self, kind: &str) -> Result<&dyn AnyCarrier, CloudError> {
        self.carrier(kind)
    }

    fn censuses(&self) -> Vec<(&'static str, &dyn AnyCensus)> {
        self.censuses().collect()
    }
}

impl<O: Observe + ?Sized> Observe for Arc<O> {
    fn observe<'a>(&'a self, kind: &'a str, at: &'a [Place], reading: &'a Reading) -> Boxed<'a, Vec<Found>> {
        self.as_ref().observe(kind, at, reading)
    }

    fn carrier(&self, kind: &str) -> Result<&dyn AnyCarrier, CloudError> {
        self.as_ref().carrier(kind)
    }

    fn censuses(&self) -> Vec<(&'static str, &dyn AnyCensus)> {
        self.as_ref().censuses()
    }
}

/// Drivers of which only the eyes are left. There is no way from here to what creates, updates or deletes:
///
/// ```
/// # use bbws_engine::{Drivers, Observe, Observers};
/// # use std::sync::Arc;
/// let observers = Observers::of(Arc::new(Drivers::new()));
/// assert!(observers.carrier("vpc").is_err(), "nobody was added");
/// ```
///
/// Its inside is not to be had,
///
/// ```compile_fail,E0616
/// # use bbws_engine::{Drivers, Observers};
/// # use std::sync::Arc;
/// let observers = Observers::of(Arc::new(Drivers::new()));
/// let drivers = observers.0;
/// ```
///
/// nor is a driver,
///
/// ```compile_fail,E0599
/// # use bbws_engine::{Drivers, Observers};
/// # use std::sync::Arc;
/// let observers = Observers::of(Arc::new(Drivers::new()));
/// let driver = observers.get("vpc");
/// ```
///
/// nor does it pass for drivers where something is applied.
///
/// ```compile_fail,E0308
/// # use bbws_engine::{Drivers, Observers};
/// # use std::sync::Arc;
/// fn apply(drivers: &Arc<Drivers>) {}
/// apply(&Observers::of(Arc::new(Drivers::new())));
/// ```
#[derive(Clone)]
pub struct Observers(Arc<Drivers>);

impl Observers {
    /// The eyes of these drivers.
    #[must_use]
    pub fn of(drivers: Arc<Drivers>) -> Self {
        Self(drivers)
    }
}

impl Observe for Observers {
    fn observe<'a>(&'a self, kind: &'a str, at: &'a [Place], reading: &'a Reading) -> Boxed<'a, Vec<Found>> {
        self.0.as_ref().observe(kind, at, reading)
    }

    fn carrier(&self, kind: &str) -> Result<&dyn AnyCarrier, CloudError> {
        self.0.carrier(kind)
    }

    fn censuses(&self) -> Vec<(&'static str, &dyn AnyCensus)> {
        self.0.censuses()
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observers")
    }
}
