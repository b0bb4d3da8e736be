//! What a request says, read from how its typed input shows itself: the same for every service and protocol, and secrets in it
//! show as redacted.

/// The texts in a request, each with the field that it stands in.
#[derive(Debug, Default)]
pub(crate) struct Said(Vec<(String, String)>);

impl Said {
    /// Reads `CreateVpcInput { cidr_block: Some("10.0.0.0/16"), … }`.
    pub(crate) fn read(shown: &str) -> Self {
        let (mut all, mut field, mut word) = (vec![], String::new(), String::new());
        let mut letters = shown.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => {
                    word.clear();
                    all.push((field.clone(), quoted(&mut letters)));
                }
                ':' if !word.is_empty() => field = std::mem::take(&mut word),
                letter if letter.is_alphanumeric() || letter == '_' => word.push(letter),
                _ => word.clear(),
            }
        }
        Self(all)
    }

    /// The first text of a field.
    pub(crate) fn get(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    /// All texts of a field.
    pub(crate) fn all<'a, 'f>(&'a self, field: &'f str) -> impl DoubleEndedIterator<Item = &'a str> + use<'a, 'f> {
        self.0.iter().filter(move |(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    /// All texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.fields().map(|(_, text)| text)
    }

    /// All texts, each with its field.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, text)| (field.as_str(), text.as_str()))
    }

    /// The value of a tag that is given with the request.
    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        let at = self.0.iter().position(|(_, text)| text == key)?;
        self.0.get(at + 1).map(|(_, value)| value.as_str())
    }
}

/// The rest of a quoted text.
fn quoted(letters: &mut std::str::Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => text.extend(letters.next()),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lists_maps_and_tags_are_read() {
        let said = Said::read(
            r#"X[!Clone]:CreateInput { vpc_id: Some("vpc-1"), ids: Some(["a", "b"]), none: None, text: Some("say \"vpc\": x"),
            tags: Some([Tag { key: Some("bbws:lineage"), value: Some("01L") }]), map: Some({"Name": "n"}), arn: "arn:aws:x:::y" }"#,
        );
        assert_eq!(said.get("vpc_id"), Some("vpc-1"));
        assert_eq!(said.all("ids").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((said.get("none"), said.get("text")), (None, Some("say \"vpc\": x")));
        assert_eq!((said.tag("bbws:lineage"), said.tag("Name"), said.tag("Owner")), (Some("01L"), Some("n"), None));
        assert_eq!(said.get("arn"), Some("arn:aws:x:::y"));
    }
}
