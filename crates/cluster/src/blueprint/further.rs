//! What the file declares itself, of any kind.

use bbws_model::{Kinds, Wanted};
use serde_json::{Map, Value};

use super::parts::Parts;

/// Adds the resources of `[resource.…]`, with defaults filled in and the tags that every resource has. A spec that its kind
/// cannot read stays as it is: validation has told what is wrong with it.
pub(super) fn add(parts: &mut Parts<'_>, kinds: &Kinds) {
    for (address, resource) in &parts.env.resources.0 {
        let spec = kinds.get(address.kind()).and_then(|kind| kind.normal(&resource.spec).ok());
        let mut spec = spec.unwrap_or_else(|| resource.spec.clone());
        if let Some(Value::Object(own)) = spec.get_mut("tags") {
            let common = parts.tags_of(address.name());
            let tags: Map<String, Value> = common.0.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
            *own = tags.into_iter().chain(std::mem::take(own)).collect();
        }
        parts.put(address.clone(), Wanted::new(spec));
    }
}
