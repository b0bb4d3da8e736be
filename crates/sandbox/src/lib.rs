//! AWS inside the binary: a strict, stateful simulation of the operations that bbws calls, behind the real SDK.
//!
//! An interceptor hands the typed input of each call to an HTTP connector of ours; there the handler of the operation
//! runs on the simulated cloud, with the delay and the fate chosen for that call. A good answer carries the typed
//! output; a refusal goes back as the protocol's own error bytes, which the SDK reads as it reads AWS's. Nothing can
//! reach a network. Where AWS's behaviour is in doubt, the sandbox refuses.

#[cfg(test)]
mod approval;
mod authority;
mod clock;
mod cloud;
mod connection;
#[cfg(test)]
mod contract;
mod fate;
mod file;
mod handlers;
mod kinds;
mod paging;
mod sim;
#[cfg(test)]
mod state_bucket;
#[cfg(test)]
mod state_rivals;
#[cfg(test)]
mod state_store;
mod wire;

pub use clock::SandboxClock;
pub use cloud::{AccountCloud, Cloud, Principal, Region, Thing};
pub use connection::Sandbox;
pub use fate::{Effect, Fate, Refusal, Seen, refuse};
pub use file::{CallRecord, CloudFile};
pub use kinds::Tenant;
pub use sim::{Call, Sim};
