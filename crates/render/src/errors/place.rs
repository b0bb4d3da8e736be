//! Where an error happened, as far as its advice needs to know: names that stand in commands.

use bbws_model::{Address, Finding};

/// How much of a quota is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many there are.
    pub used: u64,
    /// How many there may be, where AWS tells.
    pub of: Option<u64>,
}

/// Where an error happened. What is not known is left as a word in capitals, for people to fill in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct At {
    /// The environment.
    pub environment: Option<String>,
    /// What each command needs to lead to the same world: options, with a blank before each.
    pub flag: String,
    /// The region.
    pub region: Option<String>,
    /// The resource.
    pub address: Option<Address>,
    /// The name that the file gives it, where it has one that others may have.
    pub name: Option<String>,
    /// How much of the quota that is meant is used.
    pub quota: Option<Quota>,
}

impl At {
    /// The text with `ENV`, `REGION` and `ADDRESS` replaced by what is known of them. `ENV` stands in commands: the options
    /// that lead to the same world follow it.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(environment) = &self.environment {
            text = filled(&text, "ENV", &format!("{environment}{}", self.flag));
        }
        if let Some(region) = &self.region {
            text = filled(&text, "REGION", region);
        }
        if let Some(address) = &self.address {
            text = filled(&text, "ADDRESS", &address.to_string());
        }
        text
    }

    /// The findings with their advice filled in.
    #[must_use]
    pub fn advised<'f>(&self, findings: impl IntoIterator<Item = &'f Finding>) -> Vec<Finding> {
        let one = |finding: &Finding| {
            let at = Self { address: finding.address.clone(), ..self.clone() };
            Finding { advice: at.fill(&finding.advice), ..finding.clone() }
        };
        findings.into_iter().map(one).collect()
    }
}

/// The text with a whole word replaced wherever it stands.
#[must_use]
fn filled(text: &str, word: &str, by: &str) -> String {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let whole = !before.ends_with(part) && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        out.push_str(before);
        out.push_str(if whole { by } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_filled_in_and_no_others() {
        let at = At { environment: Some("dev".into()), flag: " --sandbox".into(), ..At::default() };
        assert_eq!(
            at.fill("bbws plan ENV; BBWS_ENV and ENVIRONMENT stay, ENV."),
            "bbws plan dev --sandbox; BBWS_ENV and ENVIRONMENT stay, dev --sandbox."
        );
        assert_eq!(At::default().fill("bbws import ENV ADDRESS ID"), "bbws import ENV ADDRESS ID");
    }
}
