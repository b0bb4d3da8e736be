//! What DNS records say, alike however it is written.

use std::fmt;
use std::net::Ipv6Addr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DomainName;

/// The types of records that can be declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// IPv4 addresses, or an alias.
    A,
    /// IPv6 addresses, or an alias.
    Aaaa,
    /// Another name.
    Cname,
    /// The name servers of a zone below this one.
    Ns,
    /// Texts.
    Txt,
}

impl RecordType {
    /// As DNS writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Ns => "NS",
            Self::Txt => "TXT",
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value in the form that is compared: Route 53 answers values as they were sent.
pub(crate) fn canonical(of: RecordType, value: &str) -> String {
    match of {
        RecordType::A => value.to_owned(),
        RecordType::Aaaa => value.parse::<Ipv6Addr>().map_or_else(|_| value.to_lowercase(), |address| address.to_string()),
        RecordType::Cname | RecordType::Ns => DomainName::new(value).as_str().to_owned(),
        RecordType::Txt => unquoted(value),
    }
}

/// The target of an alias in the form that is compared: the console puts `dualstack.` before a load balancer's name.
pub(crate) fn alias_name(name: &str) -> String {
    let name = DomainName::new(name);
    name.as_str().strip_prefix("dualstack.").unwrap_or(name.as_str()).to_owned()
}

/// A TXT value as AWS takes it: in strings of at most 255 characters, each in double quotes.
#[must_use]
pub fn quoted_txt(value: &str) -> String {
    if value.starts_with('"') {
        return value.to_owned();
    }
    let letters: Vec<char> = value.chars().collect();
    let parts: Vec<String> =
        letters.chunks(255).map(|part| part.iter().collect::<String>().replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", parts.join("\" \""))
}

/// The text of a TXT value: its strings joined, without their quotes.
fn unquoted(value: &str) -> String {
    if !value.starts_with('"') {
        return value.to_owned();
    }
    let (mut text, mut inside, mut letters) = (String::new(), false, value.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => inside = !inside,
            '\\' if inside => text.extend(letters.next()),
            other if inside => text.push(other),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_as_aws_wants_it() {
        assert_eq!(quoted_txt("v=spf1 -all"), r#""v=spf1 -all""#);
        assert_eq!(quoted_txt(r#"a"b"#), r#""a\"b""#);
        assert_eq!(quoted_txt(r#""as is" "in parts""#), r#""as is" "in parts""#);
        let long = "x".repeat(300);
        assert_eq!(quoted_txt(&long), format!("\"{}\" \"{}\"", "x".repeat(255), "x".repeat(45)));
        for text in ["v=spf1 -all", r#"a"b\c"#, &long] {
            assert_eq!(unquoted(&quoted_txt(text)), text);
        }
    }
}
