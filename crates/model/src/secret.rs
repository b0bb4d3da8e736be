//! Values that must not be seen.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::net;

/// A secret text. It cannot be cloned, compared, serialised or shown, and is wiped from memory when dropped. From the moment
/// there is one, the [net](crate::net) catches it in all that is written.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: String) -> Self {
        net::remember(&text);
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that sends it to AWS.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Wipes a text that came along with a secret.
    pub fn wipe(mut text: String) {
        text.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does not compile where a type has one of these traits: which of the two `here` is meant could not be told.
    macro_rules! has_none_of {
        ($type:ty: $($bound:path),+ $(,)?) => {$(
            const _: fn() = || {
                trait Here<A> {
                    fn here() {}
                }
                impl<T: ?Sized> Here<()> for T {}
                struct With;
                impl<T: ?Sized + $bound> Here<With> for T {}
                let _ = <$type as Here<_>>::here;
            };
        )+};
    }

    has_none_of!(Secret: Clone, Copy, fmt::Display, ToString, serde::Serialize, serde::de::DeserializeOwned);
    has_none_of!(Secret: AsRef<str>, std::ops::Deref, std::borrow::Borrow<str>, PartialEq, std::hash::Hash, Default);

    #[test]
    fn it_is_hidden_wiped_and_known_to_the_net() {
        fn wiped(_: &impl zeroize::ZeroizeOnDrop) {}
        let secret = Secret::new("hunter2-of-the-net".into());
        wiped(&secret.0);
        assert_eq!((format!("{secret:?}").as_str(), secret.reveal()), ("<secret>", "hunter2-of-the-net"));
        assert_eq!(net::catch("it was hunter2-of-the-net"), "it was <secret>");
    }

    #[test]
    fn what_only_came_along_is_not_known_to_the_net() {
        Secret::wipe("came-along".into());
        assert_eq!(net::catch("came-along"), "came-along");
    }
}
