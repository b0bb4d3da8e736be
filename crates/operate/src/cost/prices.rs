//! What AWS takes: a dated file, and what a user's own says before it.

use std::collections::BTreeMap;
use std::fmt;

use bbws_model::Unit;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The format of price files.
pub const FORMAT: u32 = 1;

/// After how many months a price file is called old.
pub const STALE_MONTHS: i32 = 6;

/// The prices that bbws comes with.
const BUILT_IN: &str = include_str!("../../prices/af-south-1.toml");

/// Prices that are the same wherever the cluster stands.
const GLOBAL: &str = "global";

/// Where a price is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The day it tells of.
    pub date: Date,
    /// What it is.
    pub about: String,
}

/// One price of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    usd: f64,
    unit: Unit,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    per: Option<String>,
    source: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    estimate: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A file of prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceFile {
    format: u32,
    /// The region of the clusters that it is for.
    pub region: String,
    /// The day it was made.
    pub date: Date,
    sources: BTreeMap<String, Source>,
    prices: BTreeMap<String, Entry>,
}

/// Why a file is no price file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceFileError {
    /// It is no TOML, or has other fields.
    #[error("{0}")]
    Syntax(String),
    /// A newer bbws wrote it.
    #[error("it has format {0}, this bbws knows format {FORMAT}: use the newer bbws that wrote it, or write it anew")]
    Newer(u32),
    /// What it says of one item cannot be.
    #[error("`{item}`: {why}")]
    Price {
        /// The item.
        item: String,
        /// What is wrong.
        why: String,
    },
}

impl PriceFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is none, or what it says cannot be.
    pub fn read(text: &str) -> Result<Self, PriceFileError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let syntax = |error: toml::de::Error| PriceFileError::Syntax(error.to_string().trim_end().to_owned());
        let Head { format } = toml::from_str(text).map_err(syntax)?;
        if format > FORMAT {
            return Err(PriceFileError::Newer(format));
        }
        let file: Self = toml::from_str(text).map_err(syntax)?;
        for (item, entry) in &file.prices {
            let wrong = |why: String| Err(PriceFileError::Price { item: item.clone(), why });
            if !entry.usd.is_finite() || entry.usd < 0.0 {
                return wrong(format!("{} is no price", entry.usd));
            }
            if !file.sources.contains_key(&entry.source) {
                return wrong(format!("its source `{}` is not among [sources]", entry.source));
            }
            if entry.unit == Unit::Usage && entry.per.is_none() {
                return wrong("it is billed by use, and does not say `per` what".into());
            }
        }
        Ok(file)
    }

    /// A file without prices yet, all of one source.
    #[must_use]
    pub fn of(region: &str, date: Date, source: &str, about: &str) -> Self {
        let sources = BTreeMap::from([(source.to_owned(), Source { date, about: about.to_owned() })]);
        Self { format: FORMAT, region: region.to_owned(), date, sources, prices: BTreeMap::new() }
    }

    /// Adds what a source says of an item, in the words of another price of it.
    #[must_use]
    pub fn with(mut self, like: &Price, usd: f64, source: &str) -> Self {
        let per = (like.per != word(like.unit)).then(|| like.per.clone());
        let region = (like.region != self.region).then(|| like.region.clone());
        let entry = Entry { usd, unit: like.unit, per, source: source.to_owned(), estimate: false, region, note: None };
        self.prices.insert(like.item.clone(), entry);
        self
    }

    /// How many prices it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.prices.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.prices.is_empty()
    }

    /// The file as text.
    ///
    /// # Errors
    /// When it cannot be written as TOML.
    pub fn write(&self) -> Result<String, PriceFileError> {
        let text = toml::to_string(self).map_err(|error| PriceFileError::Syntax(error.to_string()))?;
        Ok(format!(
            "# What AWS takes, US dollars, on demand, without tax. `bbws cost ENV --refresh` writes it anew; what is not in it\n\
             # is taken from the prices that bbws comes with.\n\n{text}"
        ))
    }

    fn price(&self, item: &str) -> Option<Price> {
        let entry = self.prices.get(item)?;
        let source = self.sources.get(&entry.source)?;
        Some(Price {
            item: item.to_owned(),
            usd: entry.usd,
            unit: entry.unit,
            per: entry.per.clone().unwrap_or_else(|| word(entry.unit).to_owned()),
            region: entry.region.clone().unwrap_or_else(|| self.region.clone()),
            source: entry.source.clone(),
            date: source.date,
            about: source.about.clone(),
            estimate: entry.estimate,
            note: entry.note.clone(),
        })
    }
}

/// What a price is for, where its file does not say.
fn word(unit: Unit) -> &'static str {
    match unit {
        Unit::Hours => "hour",
        Unit::GbMonth => "GB a month",
        Unit::Month => "month",
        Unit::Usage => "use",
    }
}

/// What AWS takes for one unit of an item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Price {
    /// The item, as meters name it.
    pub item: String,
    /// The price of a unit.
    pub usd: f64,
    /// What a meter of it counts in.
    pub unit: Unit,
    /// What the price is for, in words: `hour`, `GB processed`.
    pub per: String,
    /// Where it holds; `global` where no region makes a difference.
    pub region: String,
    /// The name of its source.
    pub source: String,
    /// The day of its source.
    pub date: Date,
    /// What its source is.
    pub about: String,
    /// Whether no source names it, and it was reckoned from others.
    pub estimate: bool,
    /// How it was reckoned, or what is free of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `$0.057 per hour`.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two digits behind the point at least, and as many more as it has.
        let cents = format!("{:.2}", self.usd);
        let exact = self.usd.to_string();
        let number = if exact.len() > cents.len() { exact } else { cents };
        write!(f, "${number} per {}", self.per)
    }
}

/// All prices that hold for a region, the newest file first.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    region: String,
    files: Vec<PriceFile>,
}

impl Prices {
    /// Those that bbws comes with. For a region that they are not for, only what is the same everywhere.
    ///
    /// # Errors
    /// Never in a bbws whose tests pass.
    pub fn built_in(region: &str) -> Result<Self, PriceFileError> {
        let mut file = PriceFile::read(BUILT_IN)?;
        if file.region != region {
            file.prices.retain(|_, entry| entry.region.as_deref() == Some(GLOBAL));
        }
        Ok(Self { region: region.to_owned(), files: vec![file] })
    }

    /// The same, and what another file says before them. One that is for another region says nothing.
    #[must_use]
    pub fn with(mut self, file: PriceFile) -> Self {
        if file.region == self.region {
            self.files.insert(0, file);
        }
        self
    }

    /// The region that they are for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The price of an item.
    #[must_use]
    pub fn of(&self, item: &str) -> Option<Price> {
        self.files.iter().find_map(|file| file.price(item))
    }

    /// All items that have a price, by name.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Price> {
        let items = self.files.iter().flat_map(|file| file.prices.keys());
        items.filter_map(|item| Some((item.clone(), self.of(item)?))).collect()
    }

    /// The day that the newest of their files was made.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        self.files.iter().map(|file| file.date).max()
    }

    /// For how many whole months they have been old, where that is more than [`STALE_MONTHS`].
    #[must_use]
    pub fn stale(&self, today: Date) -> Option<i32> {
        let made = self.date()?;
        let months = (i32::from(today.year()) - i32::from(made.year())) * 12 + i32::from(today.month()) - i32::from(made.month());
        let months = months - i32::from(today.day() < made.day());
        (months > STALE_MONTHS).then_some(months)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn built_in() -> Prices {
        Prices::built_in("af-south-1").unwrap()
    }

    #[test]
    fn every_price_says_for_what_from_where_and_when() {
        let all = built_in().all();
        assert!(all.len() > 60, "{}", all.len());
        for (item, price) in &all {
            assert!(price.usd > 0.0 && !price.per.is_empty() && !price.about.is_empty(), "{item}");
            assert!(price.date <= date(2026, 11, 26), "{item}");
            let quoted = price.source == "QUOTED";
            assert!(!quoted || price.estimate, "{item}: nobody looked it up, so it is an estimate");
            assert!(!price.estimate || price.note.is_some(), "{item}: it does not say how it was reckoned");
        }
    }

    #[test]
    fn a_file_of_ones_own_comes_first() {
        let like = built_in().of("nat-gateway.hour").unwrap();
        let own = PriceFile::of("af-south-1", date(2027, 1, 2), "list", "the Price List").with(&like, 0.06, "list");
        let prices = built_in().with(PriceFile::read(&own.write().unwrap()).unwrap());
        let price = prices.of("nat-gateway.hour").unwrap();
        assert_eq!((price.usd, price.source.as_str(), price.estimate, price.date), (0.06, "list", false, date(2027, 1, 2)));
        assert_eq!(price.to_string(), "$0.06 per hour");
        assert_eq!(prices.of("nat-gateway.gb"), built_in().of("nat-gateway.gb"), "the rest stays");
        let elsewhere = PriceFile::of("eu-west-1", date(2027, 1, 2), "list", "the Price List").with(&like, 0.06, "list");
        assert_eq!(built_in().with(elsewhere), built_in());
    }

    #[test]
    fn in_another_region_only_what_is_the_same_everywhere_has_a_price() {
        let prices = Prices::built_in("eu-west-1").unwrap();
        assert!(prices.of("route53.zone").is_some() && prices.of("nat-gateway.hour").is_none());
    }

    #[test]
    fn an_old_file_is_told_and_a_young_one_is_not() {
        let ages = [(date(2026, 11, 26), None), (date(2027, 6, 25), None), (date(2027, 6, 26), Some(7)), (date(2028, 11, 27), Some(24))];
        for (today, months) in ages {
            assert_eq!(built_in().stale(today), months, "{today}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let head = "format = 1\nregion = \"r\"\ndate = \"2026-01-01\"\n[sources]\na = { date = \"2026-01-01\", about = \"b\" }\n[prices]\n";
        let table = [
            ("x = { usd = -1, unit = \"hours\", source = \"a\" }", "`x`: -1 is no price"),
            ("x = { usd = 1, unit = \"hours\", source = \"b\" }", "`x`: its source `b` is not among [sources]"),
            ("x = { usd = 1, unit = \"usage\", source = \"a\" }", "`x`: it is billed by use, and does not say `per` what"),
            ("x = { usd = 1, unit = \"weeks\", source = \"a\" }", "unknown variant `weeks`"),
            ("x = { usd = 1, unit = \"hours\", source = \"a\" }\nx = { usd = 2, unit = \"hours\", source = \"a\" }", "duplicate key"),
        ];
        for (line, why) in table {
            let told = PriceFile::read(&format!("{head}{line}\n")).unwrap_err().to_string();
            assert!(told.contains(why), "{told}");
        }
        assert_eq!(PriceFile::read("format = 2\nnews = true"), Err(PriceFileError::Newer(2)));
    }
}
