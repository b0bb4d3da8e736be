//! What the IAM kinds share: roles read once, documents as IAM writes them, and whose a thing without tags is.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_iam::types::{Role as RawRole, Tag};
use bbws_engine::{Reading, read_tags};
use bbws_model::{Class, CloudError, Kind, Locate, Ownership, PolicyDocument, Tags};
use percent_encoding::percent_decode_str;

use crate::{Aws, Told};

/// None where AWS says that the thing does not exist.
pub(crate) fn unless_absent<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.class == Class::Absent => Ok(None),
        Err(error) => Err(error),
    }
}

/// A document as IAM answers it: percent-encoded, with `+` for itself and not for a space.
pub(crate) fn document(operation: &str, encoded: &str) -> Result<PolicyDocument, CloudError> {
    let told = |error: String| CloudError::own(operation, Class::Transient, format!("the policy document cannot be read: {error}"));
    let text = percent_decode_str(encoded).decode_utf8().map_err(|error| told(error.to_string()))?;
    PolicyDocument::parse(&text).map_err(|error| told(error.to_string()))
}

/// Tags as IAM takes them.
pub(crate) fn as_tags(operation: &str, tags: BTreeMap<String, String>) -> Result<Vec<Tag>, CloudError> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(tag).collect::<Result<_, _>>().map_err(|error| CloudError::own(operation, Class::Invalid, error.to_string()))
}

/// The user's tags and our mark on a role.
pub(crate) fn tags_of(role: &RawRole) -> (Tags, Option<Ownership>) {
    read_tags(role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())))
}

/// Whose a policy on this role is. It cannot carry a mark, so the role's counts: on a role of ours it is the resource
/// that was looked for; on somebody else's role, or nobody's, it is theirs.
pub(crate) fn owner_on<K: Kind>(role: &RawRole, place: &Locate<K>) -> Option<Ownership> {
    let owner = tags_of(role).1?;
    if owner.lineage != place.lineage {
        return Some(owner);
    }
    Some(Ownership { address: place.address.clone(), ..owner })
}

impl Aws {
    /// A role, read once for itself and for all policies on it.
    pub(crate) async fn iam_role(&self, name: &str, reading: &Reading) -> Result<Arc<Option<RawRole>>, CloudError> {
        const OPERATION: &str = "iam:GetRole";
        let ask = || async {
            let answer = unless_absent(self.read.iam.get_role().role_name(name).send().await.told(OPERATION))?;
            Ok((answer.and_then(|answer| answer.role), 1))
        };
        reading.once(format!("{OPERATION} {name}"), ask()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_decoded_as_iam_encodes_it() {
        let document = document("iam:GetRole", "%7B%22Statement%22%3A%5B%7B%22Resource%22%3A%22a+b%20c%22%7D%5D%7D").unwrap();
        assert_eq!(document, PolicyDocument::new(json!({"Statement": [{"Resource": "a+b c"}]})));
        assert!(super::document("iam:GetRole", "%7B").is_err());
    }
}
