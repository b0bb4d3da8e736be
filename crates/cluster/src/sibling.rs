//! The other environments, as far as one environment has to know of them.

use bbws_model::Account;
use toml::de::{DeTable, DeValue};

use crate::decode::Scalar;
use crate::{Domain, Tier};

/// Another environment: what its file says of itself, whether or not the file is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    /// Its name: that of its file.
    pub name: String,
    /// Its tier, where it can be read.
    pub tier: Option<Tier>,
    /// Its account, where it can be read.
    pub account: Option<Account>,
    /// Its profile, where it has one.
    pub profile: Option<String>,
    /// The zone that its records stand in, where it can be read.
    pub zone: Option<Domain>,
}

impl Sibling {
    /// Reads what can be read of another environment's file.
    #[must_use]
    pub fn read(name: &str, text: &str) -> Self {
        let (document, _) = DeTable::parse_recoverable(text);
        let top = document.get_ref();
        let dns = top.get("dns").and_then(|dns| dns.get_ref().as_table());
        let zone = dns.and_then(|dns| dns.get("zone")).and_then(|zone| zone.get_ref().as_table()).and_then(|zone| zone.get("name"));
        let zone = zone.or_else(|| dns.and_then(|dns| dns.get("domain")));
        Self {
            name: name.to_owned(),
            tier: scalar(top.get("tier").map(toml::Spanned::get_ref)),
            account: scalar(top.get("account").map(toml::Spanned::get_ref)),
            profile: scalar(top.get("profile").map(toml::Spanned::get_ref)),
            zone: scalar(zone.map(toml::Spanned::get_ref)),
        }
    }
}

fn scalar<T: Scalar>(value: Option<&DeValue<'_>>) -> Option<T> {
    value.and_then(|value| T::read(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_is_read() {
        let sibling = Sibling::read(
            "prod",
            "tier = \"prod\"\naccount = \"93646564004\"\n[dns]\ndomain = \"wp.kimmyai.io\"\nzone = { name = \"kimmyai.io\" }\n=",
        );
        assert_eq!(sibling.tier, Some(Tier::Prod));
        assert_eq!(sibling.account, None);
        assert_eq!(sibling.zone.unwrap().as_str(), "kimmyai.io");
        assert_eq!(Sibling::read("dev", "dns.domain = \"a.b.io\"").zone.unwrap().as_str(), "a.b.io");
    }
}
