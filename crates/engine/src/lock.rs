//! Locks that are never held across a wait.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes such a lock. It cannot be poisoned by anything but a bug already told.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
