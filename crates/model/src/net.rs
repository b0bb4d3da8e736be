//! The net under all that leaves the process: secrets that were resolved are taken out of it.
//!
//! The types keep secrets out of what is written. The net is for what types cannot see: a text that was put together
//! before, or one that somebody else quotes. It is one for the whole process, so that nothing can be written beside it
//! because somebody forgot to hand it on. It keeps the values for as long as the process lives.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use serde_json::Value;
use zeroize::Zeroizing;

/// What stands in the place of a secret.
const CAUGHT: &str = "<secret>";
/// Shorter texts are looked for as whole words, and only in what people read: they stand in much that is no secret, and a state
/// or a policy in which they were replaced would be another one. RDS takes no password below this.
const SHORTEST: usize = 8;
/// Still shorter ones hide nothing: they can be guessed.
const SHORTEST_WORD: usize = 3;

/// All forms of all secrets known, the longest first.
static FORMS: RwLock<Vec<Zeroizing<String>>> = RwLock::new(Vec::new());
/// The same of short secrets.
static WORDS: RwLock<Vec<Zeroizing<String>>> = RwLock::new(Vec::new());

/// Takes a secret in. From now on it is caught: as it is, and in the forms that JSON, XML, URLs, base64 and Rust give it.
pub fn remember(secret: &str) {
    let short = secret.len() < SHORTEST;
    let (forms_known, shortest) = if short { (&WORDS, SHORTEST_WORD) } else { (&FORMS, SHORTEST) };
    if secret.len() < shortest {
        return;
    }
    let mut known = forms_known.write().unwrap_or_else(PoisonError::into_inner);
    for form in forms(secret) {
        if form.len() >= shortest && !known.contains(&form) {
            let place = known.partition_point(|other| other.len() >= form.len());
            known.insert(place, form);
        }
    }
}

/// The text without the secrets in it, short ones included: for what people read, and for what others say.
#[must_use]
pub fn catch_words(text: &str) -> Cow<'_, str> {
    let mut text = catch(text);
    for word in WORDS.read().unwrap_or_else(PoisonError::into_inner).iter() {
        if let Some(without) = without_word(&text, word, CAUGHT) {
            text = Cow::Owned(without);
        }
    }
    text
}

/// The text with something else in the place of a word; none where the word is not in it. A letter or digit beside it makes it
/// part of another word.
#[must_use]
pub fn without_word(text: &str, word: &str, by: &str) -> Option<String> {
    let joins = |c: Option<char>, edge: Option<char>| edge.is_some_and(char::is_alphanumeric) && c.is_some_and(char::is_alphanumeric);
    let (mut out, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(word) {
        let end = at + word.len();
        let left = joins(text[..at].chars().next_back(), word.chars().next());
        let right = joins(text[end..].chars().next(), word.chars().next_back());
        if !left && !right {
            out.push_str(&text[from..at]);
            out.push_str(by);
            from = end;
        }
    }
    if from == 0 {
        return None;
    }
    out.push_str(&text[from..]);
    Some(out)
}

/// The text without the secrets in it.
#[must_use]
pub fn catch(text: &str) -> Cow<'_, str> {
    caught(&FORMS.read().unwrap_or_else(PoisonError::into_inner), text)
}

/// Takes the secrets out of a document's texts and names; it stays a document.
pub fn catch_in(document: &mut Value) {
    let known = FORMS.read().unwrap_or_else(PoisonError::into_inner);
    if !known.is_empty() {
        clean(&known, document);
    }
}

fn caught<'a>(known: &[Zeroizing<String>], text: &'a str) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for form in known {
        if text.contains(form.as_str()) {
            text = Cow::Owned(text.replace(form.as_str(), CAUGHT));
        }
    }
    text
}

fn clean(known: &[Zeroizing<String>], document: &mut Value) {
    match document {
        Value::String(text) => {
            if let Cow::Owned(caught) = caught(known, text) {
                *text = caught;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| clean(known, item)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| clean(known, field));
            let named: Vec<String> = fields.keys().filter(|name| matches!(caught(known, name), Cow::Owned(_))).cloned().collect();
            for name in named {
                if let Some(value) = fields.remove(&name) {
                    fields.insert(caught(known, &name).into_owned(), value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn forms(secret: &str) -> impl Iterator<Item = Zeroizing<String>> {
    let json = in_json(secret);
    let url = in_url(secret);
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let debug = format!("{secret:?}");
    let mut forms = vec![
        secret.to_owned(),
        in_json(&json),
        json,
        url.replace("%20", "+"),
        url.to_lowercase(),
        url,
        xml.replace('"', "&quot;").replace('\'', "&apos;"),
        xml,
        debug[1..debug.len() - 1].to_owned(),
    ];
    // In base64 it looks otherwise at each of three places in the text around it.
    for skip in 0..3.min(secret.len()) {
        let text = in_base64(&secret.as_bytes()[skip..]);
        forms.push(text.replace('+', "-").replace('/', "_"));
        forms.push(text);
    }
    forms.into_iter().map(Zeroizing::new)
}

/// A text as it stands between the quotes.
fn in_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn in_url(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Of what does not fill a group of three bytes the form depends on what follows: it is left out.
fn in_base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks_exact(3).flat_map(|three| {
        let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[(bits >> shift & 63) as usize]))
    });
    groups.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SECRET: &str = "n3t/\"canary\" & <it's> +%\\é";

    #[test]
    fn what_is_known_is_caught_in_every_form() {
        assert_eq!(catch(SECRET), SECRET, "nobody has told it yet");
        remember(SECRET);
        let json = serde_json::to_string(SECRET).unwrap();
        let twice = serde_json::to_string(&json).unwrap();
        let forms = [
            (SECRET.to_owned(), "<secret>"),
            (json.clone(), "\"<secret>\""),
            (format!("{SECRET:?}"), "\"<secret>\""),
            ("n3t%2F%22canary%22%20%26%20%3Cit%27s%3E%20%2B%25%5C%C3%A9".to_owned(), "<secret>"),
            ("n3t%2F%22canary%22+%26+%3Cit%27s%3E+%2B%25%5C%C3%A9".to_owned(), "<secret>"),
            ("n3t/&quot;canary&quot; &amp; &lt;it&apos;s&gt; +%\\é".to_owned(), "<secret>"),
            ("n3t/\"canary\" &amp; &lt;it's&gt; +%\\é".to_owned(), "<secret>"),
        ];
        for (form, caught) in forms {
            assert_eq!(catch(&format!("a {form} b {form}")), format!("a {caught} b {caught}"), "{form}");
        }
        assert!(!catch(&twice).contains("canary"), "{twice}");
        // All three places in a text that is encoded as a whole.
        for before in ["", "a", "ab"] {
            let all = in_base64(format!("{before}{SECRET}...").as_bytes());
            assert!(all.len() > 30 && catch(&all).contains(CAUGHT) && catch(&all).len() < all.len() - 20, "{all}");
        }
    }

    #[test]
    fn a_document_stays_one() {
        remember("\"},{\"n3t-document");
        let mut document = json!({ "a\"},{\"n3t-document": ["x\"},{\"n3t-document", 1, null], "b": true });
        catch_in(&mut document);
        assert_eq!(document, json!({ "a<secret>": ["x<secret>", 1, null], "b": true }));
    }

    #[test]
    fn short_texts_are_caught_as_words_where_people_read() {
        for short in ["q7z", "a+b", "x1"] {
            remember(short);
        }
        let told = catch_words("q7z \"q7z\" q7zz 0q7z key=q7z, (a+b) a%2Bb x1");
        assert_eq!(told, "<secret> \"<secret>\" q7zz 0q7z key=<secret>, (<secret>) <secret> x1", "of two characters nothing is one");
        assert_eq!(catch("q7z"), "q7z", "a name in a state stays what it is");
        let mut state = json!({ "name": "q7z" });
        catch_in(&mut state);
        assert_eq!(state, json!({ "name": "q7z" }));
        assert_eq!(without_word("pi, pipe, a.pi", "pi", "<host>").as_deref(), Some("<host>, pipe, a.<host>"));
        assert_eq!(without_word("pipe", "pi", "<host>"), None);
        assert_eq!(without_word("", "pi", "<host>"), None);
    }

    #[test]
    fn encodings_are_right() {
        assert_eq!((in_base64(b"Man"), in_base64(b"light work").as_str()), ("TWFu".into(), "bGlnaHQgd29y"));
        assert_eq!((in_url("a b/+é"), in_json("a\"\n")), ("a%20b%2F%2B%C3%A9".into(), "a\\\"\\n".into()));
    }
}
