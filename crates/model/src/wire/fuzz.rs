//! Every reader of bytes from outside, before bytes that nobody wrote and before documents that were changed and sealed
//! anew: none panics, and what is taken for sound is written and read again as the same.
//!
//! What ever failed is kept in `proptest-regressions/` and tried first. `PROPTEST_CASES` says how many are tried.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::{approval, event, log, plan, run, spool, state};

/// One reader, with documents that it takes.
pub(super) struct Format {
    pub(super) samples: fn() -> Vec<Value>,
    /// A document as its writer would end it.
    pub(super) seal: fn(Value) -> Vec<u8>,
    /// Whether what was read is the same when written and read again; none where the bytes are refused.
    pub(super) again: fn(&[u8]) -> Option<bool>,
}

/// The golden files, which hold one of everything.
fn golden(text: &str) -> &str {
    text.splitn(3, "---\n").nth(2).unwrap_or_default()
}

fn whole(text: &str) -> Vec<Value> {
    vec![serde_json::from_str(golden(text)).unwrap()]
}

fn summed(mut document: Value, field: &str) -> Vec<u8> {
    if let Some(fields) = document.as_object_mut() {
        fields.remove(field);
    }
    let sum = crate::digest(&document).0;
    if let Some(fields) = document.as_object_mut() {
        fields.insert(field.to_owned(), sum.into());
    }
    document.to_string().into_bytes()
}

pub(super) const FORMATS: [Format; 7] = [
    Format {
        samples: || whole(include_str!("snapshots/bbws_model__wire__approval__tests__format_1_stays_as_it_is.snap")),
        seal: |document| document.to_string().into_bytes(),
        again: |bytes| {
            let found = approval::read(bytes).ok()?;
            Some(approval::read(&approval::write(&found).unwrap()).unwrap() == found)
        },
    },
    Format {
        samples: || whole(include_str!("snapshots/bbws_model__wire__run__tests__format_1_stays_as_it_is.snap")),
        seal: |document| document.to_string().into_bytes(),
        again: |bytes| run::read(bytes).ok().map(|found| run::read(&run::write(&found).unwrap()).unwrap() == found),
    },
    Format {
        samples: || whole(include_str!("snapshots/bbws_model__wire__log__tests__format_1_stays_as_it_is.snap")),
        seal: |document| log::sealed(document.to_string().into_bytes()),
        again: |bytes| log::read(bytes).ok().map(|slot| log::read(&log::write(&slot).unwrap()).unwrap() == slot),
    },
    Format {
        samples: || whole(include_str!("snapshots/bbws_model__wire__state__tests__format_1_stays_as_it_is.snap")),
        seal: |document| summed(document, "sum"),
        again: |bytes| state::read(bytes).ok().map(|found| state::read(&state::write(&found).unwrap()).unwrap() == found),
    },
    Format {
        samples: || whole(include_str!("snapshots/bbws_model__wire__plan__tests__format_1_stays_as_it_is.snap")),
        seal: |document| summed(document, "digest"),
        again: |bytes| plan::read(bytes).ok().map(|found| plan::read(&plan::write(&found).unwrap()).unwrap() == found),
    },
    Format {
        samples: || vec![serde_json::from_slice(&spool::write(&spool::tests::whole()).unwrap()).unwrap()],
        seal: |mut document| {
            if let Some(fields) = document.as_object_mut() {
                fields.remove("sum");
            }
            log::sealed(document.to_string().into_bytes())
        },
        again: |bytes| spool::read(bytes).ok().map(|found| spool::read(&spool::write(&found).unwrap()).unwrap() == found),
    },
    Format {
        samples: || {
            let lines = golden(include_str!("snapshots/bbws_model__wire__event__tests__format_1_stays_as_it_is.snap")).lines();
            lines.map(|line| serde_json::from_str(line).unwrap()).collect()
        },
        seal: |document| document.to_string().into_bytes(),
        again: |bytes| {
            let found = event::read(std::str::from_utf8(bytes).ok()?).ok()?;
            Some(event::read(&event::write(&found).unwrap()).unwrap() == found)
        },
    },
];

/// How many values a document holds, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// The value of this number, the document itself being the first.
fn nth<'a>(value: &'a mut Value, at: &mut usize) -> Option<&'a mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, at)),
        Value::Object(fields) => fields.values_mut().find_map(|field| nth(field, at)),
        _ => None,
    }
}

/// Puts a piece in the place of a value, takes a field or an item away, doubles one, or copies a value elsewhere.
fn change(document: &mut Value, place: Index, what: u8, piece: &Value) {
    let all = count(document);
    let other = nth(document, &mut ((place.index(all) * 7 + 3) % all)).cloned();
    let Some(value) = nth(document, &mut place.index(all)) else { return };
    match (what % 4, &mut *value) {
        (0, Value::Object(fields)) if !fields.is_empty() => {
            let name = fields.keys().nth(place.index(fields.len())).cloned().unwrap_or_default();
            fields.remove(&name);
        }
        (0, Value::Array(items)) if !items.is_empty() => drop(items.remove(place.index(items.len()))),
        (1, Value::Array(items)) => items.push(items.first().unwrap_or(piece).clone()),
        (1, Value::Object(fields)) => drop(fields.insert("more".into(), piece.clone())),
        (2, value) => value.clone_from(&other.unwrap_or_default()),
        (_, value) => value.clone_from(piece),
    }
}

fn piece() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!(u64::MAX)),
        Just(json!(0.5)),
        proptest::num::f64::ANY.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z.-]{0,12}|01[A-Z0-9]{4}|[0-9]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}T00:00:00Z".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{"a": [1]}])),
    ]
}

fn sound(format: &Format, bytes: &[u8]) {
    assert_ne!((format.again)(bytes), Some(false), "it reads back as another: {}", String::from_utf8_lossy(bytes));
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        FORMATS.iter().for_each(|format| sound(format, &bytes));
    }

    #[test]
    fn any_text_like_json(text in "[\\[\\]{}:,\"a-z0-9. \\\\-]{0,60}") {
        FORMATS.iter().for_each(|format| sound(format, text.as_bytes()));
    }

    /// Bytes changed, put in, taken out and doubled.
    #[test]
    fn spoilt_documents(
        of in 0usize..FORMATS.len(),
        which in any::<Index>(),
        harms in proptest::collection::vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..5),
    ) {
        let format = &FORMATS[of];
        let samples = (format.samples)();
        let mut bytes = (format.seal)(samples[which.index(samples.len())].clone());
        for (place, what, byte) in harms {
            let at = place.index(bytes.len().max(1));
            match what % 5 {
                _ if bytes.is_empty() => bytes.push(byte),
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.drain(at..(at + usize::from(byte)).min(bytes.len()))),
                3 => bytes.truncate(at),
                _ => {
                    let part = bytes[at..(at + usize::from(byte)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        sound(format, &bytes);
    }

    /// Documents that say something else and are sealed as if bbws had written them.
    #[test]
    fn changed_documents(
        of in 0usize..FORMATS.len(),
        which in any::<Index>(),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>(), piece()), 1..4),
    ) {
        let format = &FORMATS[of];
        let samples = (format.samples)();
        let mut document = samples[which.index(samples.len())].clone();
        for (place, what, piece) in &changes {
            change(&mut document, *place, *what, piece);
        }
        sound(format, &(format.seal)(document));
    }
}

#[test]
fn the_samples_themselves_are_taken() {
    for format in &FORMATS {
        for sample in (format.samples)() {
            assert_eq!((format.again)(&(format.seal)(sample.clone())), Some(true), "{sample:#}");
        }
    }
}

#[test]
fn what_is_deep_or_long_is_refused_and_not_fallen_over() {
    for open in ["[", "{\"a\":", "{\"format\":1,\"spec\":["] {
        let text = open.repeat(100_000);
        FORMATS.iter().for_each(|format| assert_eq!((format.again)(text.as_bytes()), None));
    }
}
