//! Values without parts.

use bbws_model::{Account, Cidr};
use jiff::civil::Date;
use serde::Serialize;
use toml::de::DeValue;

use crate::RuleId;

/// Why a value is not what was wanted.
pub(crate) struct Wrong {
    pub(crate) rule: RuleId,
    pub(crate) why: String,
    pub(crate) fix: String,
}

impl Wrong {
    /// A value of the wrong type: `wants` is like "a whole number, such as `7`".
    pub(crate) fn typed(wants: &str, value: &DeValue<'_>) -> Self {
        Self { rule: RuleId::WrongType, why: format!("{wants} is wanted here, not {}", describe(value)), fix: String::new() }
    }

    pub(crate) fn new(rule: RuleId, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { rule, why: why.into(), fix: fix.into() }
    }
}

/// What a value is, in words.
pub(crate) fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a decimal point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A type that one TOML value without parts can be read as.
pub(crate) trait Scalar: Sized {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong>;
}

fn text<'v>(value: &'v DeValue<'_>, wants: &str) -> Result<&'v str, Wrong> {
    value.as_str().ok_or_else(|| Wrong::typed(wants, value))
}

impl Scalar for String {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        match text(value, "a text in quotes") {
            Ok("") => Err(Wrong::new(RuleId::Empty, "the text is empty", "give a value, or leave the key out")),
            Ok(text) => Ok(text.to_owned()),
            Err(mut wrong) => {
                if let DeValue::Integer(number) = value {
                    wrong.fix = format!("put it in quotes: `\"{number}\"`");
                }
                Err(wrong)
            }
        }
    }
}

impl Scalar for bool {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        value.as_bool().ok_or_else(|| {
            let mut wrong = Wrong::typed("`true` or `false`", value);
            match value.as_str() {
                Some(text @ ("true" | "false")) => wrong.fix = format!("remove the quotes: `{text}`"),
                Some(text @ ("yes" | "on" | "no" | "off")) => wrong.fix = format!("write `{}`", matches!(text, "yes" | "on")),
                _ => {}
            }
            wrong
        })
    }
}

/// A whole number that fits the type.
fn whole<N: TryFrom<i64> + std::str::FromStr>(value: &DeValue<'_>) -> Result<N, Wrong> {
    if let DeValue::Integer(number) = value {
        let parsed = i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok().and_then(|n| N::try_from(n).ok());
        return parsed
            .ok_or_else(|| Wrong::new(RuleId::OutOfRange, format!("`{number}` is out of range"), "give a whole number from 0 up"));
    }
    let mut wrong = Wrong::typed("a whole number", value);
    if let Some(text) = value.as_str().filter(|text| text.parse::<N>().is_ok()) {
        wrong.fix = format!("remove the quotes: `{text}`");
    }
    Err(wrong)
}

impl Scalar for u32 {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        whole(value)
    }
}

impl Scalar for u16 {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        whole(value)
    }
}

impl Scalar for Cidr {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = text(value, "an IPv4 network in quotes, such as `\"10.0.1.0/24\"`,")?;
        let cidr: Self = text.parse().map_err(|_| {
            Wrong::new(
                RuleId::Cidr,
                format!("`{text}` is not an IPv4 network"),
                "write four numbers up to 255, a slash and the length of the prefix: `10.0.1.0/24`",
            )
        })?;
        if cidr.to_string() != text {
            return Err(Wrong::new(
                RuleId::Cidr,
                format!("`{text}` has bits set beyond its prefix: AWS would take it for `{cidr}`"),
                format!("write `{cidr}`, or a longer prefix"),
            ));
        }
        Ok(cidr)
    }
}

impl Scalar for Account {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let fix = "write the twelve digits in quotes, leading zeros too: `\"093646564004\"`";
        let text =
            text(value, "an AWS account id in quotes").map_err(|wrong| Wrong { rule: RuleId::Account, fix: fix.to_owned(), ..wrong })?;
        text.parse().map_err(|_| {
            let digits = text.chars().filter(char::is_ascii_digit).count();
            let why = if digits == text.len() {
                format!("`{text}` has {digits} digits: an AWS account id has twelve")
            } else {
                format!("`{text}` is not an AWS account id: that has twelve digits and nothing else")
            };
            Wrong::new(RuleId::Account, why, fix)
        })
    }
}

impl Scalar for Date {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = match value {
            DeValue::Datetime(date) => date.to_string(),
            other => text(other, "a date")?.to_owned(),
        };
        text.parse().map_err(|_| Wrong::new(RuleId::WrongType, format!("`{text}` is not a day"), "write year, month and day: `2027-03-31`"))
    }
}

/// One of a few words.
pub(crate) trait Choice: Serialize + Clone + 'static {
    const ALL: &'static [Self];
}

/// The word that stands for a choice.
pub(crate) fn name_of<T: Serialize>(choice: &T) -> String {
    serde_json::to_value(choice).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

impl<T: Choice> Scalar for T {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let names: Vec<String> = T::ALL.iter().map(name_of).collect();
        let allowed = format!("one of `{}`", names.join("`, `"));
        let text = text(value, "a word in quotes").map_err(|wrong| Wrong { fix: allowed.clone(), ..wrong })?;
        T::ALL.iter().zip(&names).find(|(_, name)| *name == text).map(|(choice, _)| choice.clone()).ok_or_else(|| {
            let hint = super::table::closest(text, names.iter().map(String::as_str))
                .map(|name| format!("did you mean `{name}`? "))
                .unwrap_or_default();
            Wrong::new(RuleId::NotAChoice, format!("`{text}` is not known here"), format!("{hint}{allowed}"))
        })
    }
}
