//! DNS names, alike however they are written.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A DNS name in the form that is compared: lower case, without the trailing dot, `*` for Route 53's `\052`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

impl DomainName {
    /// Takes a name in any of the forms that people and AWS write.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(decode(text).to_lowercase().trim_end_matches('.').to_owned())
    }

    /// The name as people write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as Route 53 answers it: with a trailing dot, and `\ooo` for all but `a-z 0-9 - _ .`.
    #[must_use]
    pub fn escaped(&self) -> String {
        let mut text = String::with_capacity(self.0.len() + 4);
        let mut bytes = self.0.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(char::from(byte)),
                // An escape that `decode` left standing.
                b'\\' => text.extend(std::iter::once('\\').chain(bytes.by_ref().take(3).map(char::from))),
                other => text.push_str(&format!("\\{other:03o}")),
            }
        }
        text.push('.');
        text
    }

    /// Whether it is `of` or a name below it.
    #[must_use]
    pub fn is_within(&self, of: &Self) -> bool {
        self.0 == of.0 || self.is_below(of)
    }

    /// Whether it is a name below `of`.
    #[must_use]
    pub fn is_below(&self, of: &Self) -> bool {
        self.0.strip_suffix(&of.0).is_some_and(|rest| rest.ends_with('.'))
    }

    /// Whether it stands for all names of one level: `*.example.com`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// What is wrong with it as a DNS name, and what would be right.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let name = &self.0;
        if !name.is_ascii() {
            return Some(format!("`{name}` has letters beyond ASCII: write it in Punycode (`xn--…`)"));
        }
        if name.len() > 253 || !name.contains('.') || name.split('.').any(|label| label.is_empty() || label.len() > 63) {
            return Some(format!(
                "`{name}` is no domain name: at most 253 characters in two or more labels of 1 to 63 characters, parted by dots"
            ));
        }
        if name.rfind('*').is_some_and(|at| at > 0 || !self.is_wildcard()) {
            return Some(format!("`{name}`: an asterisk may only be the whole first label, as in `*.example.com`"));
        }
        None
    }
}

/// Undoes Route 53's escapes, except of a dot or backslash inside a label and of what is not printable.
fn decode(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) if (b' '..=b'~').contains(&code) && code != b'.' && code != b'\\' => {
                plain.push(char::from(code));
                plain.push_str(&part[3..]);
            }
            _ => {
                plain.push('\\');
                plain.push_str(part);
            }
        }
    }
    plain
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for DomainName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DomainName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&String::deserialize(deserializer)?))
    }
}

impl JsonSchema for DomainName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DomainName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "a DNS name, such as `wp.example.com`" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Route 53's name normalisation.
    const VECTORS: [(&str, &str); 8] = [
        ("WWW.Example.com", "www.example.com."),
        ("*.example.com", "\\052.example.com."),
        ("\\052.example.com.", "\\052.example.com."),
        ("a b.example.com", "a\\040b.example.com."),
        ("user@example.com", "user\\100example.com."),
        ("_acme.example.com", "_acme.example.com."),
        ("#.example.com", "\\043.example.com."),
        ("a\\056b.example.com", "a\\056b.example.com."),
    ];

    #[test]
    fn names_are_alike_however_they_are_written() {
        for (written, answered) in VECTORS {
            assert_eq!(DomainName::new(written).escaped(), answered, "{written}");
            assert_eq!(DomainName::new(written), DomainName::new(answered), "{written}");
        }
        assert_eq!(DomainName::new("\\052.example.com.").as_str(), "*.example.com");
    }

    #[test]
    fn what_lies_below_a_name_is_told_from_what_only_ends_alike() {
        let of = DomainName::new("example.com");
        let below = |name: &str| (DomainName::new(name).is_within(&of), DomainName::new(name).is_below(&of));
        assert_eq!(below("example.com"), (true, false));
        assert_eq!(below("a.example.com"), (true, true));
        assert_eq!(below("anexample.com"), (false, false));
    }

    #[test]
    fn what_is_no_name_is_told() {
        for wrong in ["", "localhost", "a..b", "bücher.example", "a.*.example.com", "*a.example.com", &"x".repeat(64)] {
            assert!(DomainName::new(wrong).problem().is_some(), "{wrong}");
        }
        for right in ["example.com.", "*.example.com", "_x.example.com"] {
            assert_eq!(DomainName::new(right).problem(), None, "{right}");
        }
    }
}
