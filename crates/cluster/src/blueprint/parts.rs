//! Puts the blueprint together: addresses, references, tags.

use bbws_model::{Address, Desired, Kind, Pointer, Ref, Tags, Target, Text, Wanted, Written};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Environment;

/// The parts of a cluster, as they come together.
pub(super) struct Parts<'a> {
    /// What the file says.
    pub(super) env: &'a Environment,
    desired: Desired,
}

impl<'a> Parts<'a> {
    pub(super) fn new(env: &'a Environment) -> Self {
        Self { env, desired: Desired::default() }
    }

    /// Adds a resource that bbws makes.
    pub(super) fn add<K: Kind>(&mut self, name: &str, spec: &K::Spec<Written>) {
        self.put(address(K::NAME, name), Wanted::new(document(spec)));
    }

    /// Adds a resource that is there already.
    pub(super) fn find<K: Kind>(&mut self, name: &str, spec: &K::Spec<Written>) {
        self.put(address(K::NAME, name), Wanted { spec: document(spec), existing: true });
    }

    pub(super) fn put(&mut self, address: Address, wanted: Wanted) {
        self.desired.resources.insert(address, wanted);
    }

    /// Publishes an output; one that does not apply is null.
    pub(super) fn publish(&mut self, name: impl Into<String>, value: impl Serialize) {
        self.desired.outputs.insert(name.into(), document(&value));
    }

    /// The tags of a resource whose tag `Name` this is.
    pub(super) fn tags(&self, name: &str) -> Tags {
        self.env.common_tags().with("Name", name)
    }

    /// The tags of a resource called `{prefix}-{what}`.
    pub(super) fn tags_of(&self, what: &str) -> Tags {
        self.tags(&self.env.names.of(what))
    }

    /// The ARN of something in the environment's own region and account.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let Environment { region, account, .. } = self.env;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition())
    }

    /// The part of AWS that the region belongs to.
    pub(super) fn partition(&self) -> &'static str {
        bbws_kinds::partition(&self.env.region)
    }

    pub(super) fn into_desired(self) -> Desired {
        self.desired
    }
}

/// The address of a part. Validation has refused names that no address may have; to be asked for the addresses of a file
/// that is still wrong must not end in a panic, so their letters are replaced.
pub(super) fn address(kind: &str, name: &str) -> Address {
    let clean = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' { c } else { '-' };
    Address::new(kind, name).unwrap_or_else(|_| {
        let name: String = name.chars().map(clean).collect();
        // A kind's name is right by itself, and `-` before the cleaned letters makes them one at least.
        Address::new(kind, &format!("-{name}")).expect("a kind and clean letters")
    })
}

/// A reference to the output of another part, as its type says.
pub(super) fn to<T: Target>(name: &str) -> Ref<T> {
    Ref::To(Pointer::new(address(T::KIND, name), T::OUTPUT))
}

/// A reference to any output, where a text is wanted.
pub(super) fn text<K: Kind>(name: &str, output: &str) -> Text {
    Text::of(address(K::NAME, name), output)
}

/// A reference to any output, inside a document.
pub(super) fn value<K: Kind>(name: &str, output: &str) -> Value {
    Pointer::new(address(K::NAME, name), output).to_value()
}

/// A reference to any output with something behind it, where a text is wanted.
pub(super) fn text_and<K: Kind>(name: &str, output: &str, after: &str) -> Text {
    Text::Parts(vec![Ref::To(Pointer::new(address(K::NAME, name), output)), Ref::Known(after.to_owned())])
}

/// A reference to any output with something behind it, inside a document.
pub(super) fn value_and<K: Kind>(name: &str, output: &str, after: &str) -> Value {
    document(&text_and::<K>(name, output, after))
}

/// Who may take a role: this service, for this account only.
pub(super) fn trust(service: &str, account: &str, source: &str) -> bbws_model::PolicyDocument {
    bbws_model::PolicyDocument::new(json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": { "aws:SourceAccount": account },
                "ArnLike": { "aws:SourceArn": source }
            }
        }]
    }))
}

/// The document of a spec or an output.
fn document(value: &impl Serialize) -> Value {
    // Specs are plain data with texts for keys, so JSON can hold them.
    serde_json::to_value(value).expect("plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_made_of_any_name() {
        for (name, want) in [("public-a", "subnet.public-a"), ("Bad name", "subnet.--ad-name"), ("", "subnet.-")] {
            assert_eq!(address("subnet", name).to_string(), want);
        }
    }

    #[test]
    fn a_text_and_what_follows_it_stay_apart_until_the_output_is_known() {
        let written = value_and::<bbws_kinds::LogGroup>("ecs", "arn", ":*");
        assert_eq!(written, json!({ "$text": [{ "$ref": "log-group.ecs", "output": "arn" }, ":*"] }));
    }
}
