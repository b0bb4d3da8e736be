//! CloudFront's own policies. Their ids are the same in every account, and listed in CloudFront's guide, "Use managed
//! cache policies" and the pages beside it.

/// The policies of one sort: names, without `Managed-`, and ids.
#[derive(Debug, Clone, Copy)]
pub struct ManagedPolicies(&'static [(&'static str, &'static str)]);

impl ManagedPolicies {
    /// Whether one has this name.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        self.id(name).is_some()
    }

    /// The id of the one of this name.
    #[must_use]
    pub fn id(self, name: &str) -> Option<&'static str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, id)| *id)
    }

    /// The name of the one with this id.
    #[must_use]
    pub fn name(self, id: &str) -> Option<&'static str> {
        self.0.iter().find(|(_, known)| *known == id).map(|(name, _)| *name)
    }
}

/// The policies of what is kept.
pub const CACHE_POLICIES: ManagedPolicies = ManagedPolicies(&[
    ("Amplify", "2e54312d-136d-493c-8eb9-b001f22f67d2"),
    ("CachingDisabled", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
    ("CachingOptimized", "658327ea-f89d-4fab-a63d-7e88639e58f6"),
    ("CachingOptimizedForUncompressedObjects", "b2884449-e4de-46a7-ac36-70bc7f1ddd6d"),
    ("Elemental-MediaPackage", "08627262-05a9-4f76-9ded-b50ca2e3a84f"),
    ("UseOriginCacheControlHeaders", "83da9c7e-98b4-4e11-a168-04f0df8e2c65"),
    ("UseOriginCacheControlHeaders-QueryStrings", "4cc15a8a-d715-48a4-82b8-cc0b614638fe"),
]);

/// The policies of what the origin sees.
pub const REQUEST_POLICIES: ManagedPolicies = ManagedPolicies(&[
    ("AllViewer", "216adef6-5c7f-47e4-b989-5492eafa07d3"),
    ("AllViewerAndCloudFrontHeaders-2022-06", "33f36d7e-f396-46d9-90e0-52428a34d9dc"),
    ("AllViewerExceptHostHeader", "b689b0a8-53d0-40ab-baf2-68738e2966ac"),
    ("CORS-CustomOrigin", "59781a5b-3903-41f3-afcb-af62929ccde1"),
    ("CORS-S3Origin", "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"),
    ("Elemental-MediaTailor-PersonalizedManifests", "775133bc-15f2-49f9-abea-afb2e0bf67d2"),
    ("UserAgentRefererHeaders", "acba4595-bd28-49b8-b9fe-13317c0390fa"),
]);

/// The policies of the headers that are added to answers.
pub const RESPONSE_POLICIES: ManagedPolicies = ManagedPolicies(&[
    ("CORS-With-Preflight", "5cc3b908-e619-4b99-88e5-2cf7f45965bd"),
    ("CORS-and-SecurityHeadersPolicy", "e61eb60c-9c35-4d20-a928-2b84e02af89c"),
    ("CORS-with-preflight-and-SecurityHeadersPolicy", "eaab4381-ed33-4a86-88ca-d9558dc6cd63"),
    ("SecurityHeadersPolicy", "67f7725c-6f97-4210-82d7-5512b31e9d03"),
    ("SimpleCORS", "60669652-455b-4ae9-85a4-c4c02393f86c"),
]);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_has_one_name_and_one_id() {
        for ManagedPolicies(all) in [CACHE_POLICIES, REQUEST_POLICIES, RESPONSE_POLICIES] {
            let names: BTreeSet<&str> = all.iter().map(|(name, _)| *name).collect();
            let ids: BTreeSet<&str> = all.iter().map(|(_, id)| *id).collect();
            assert_eq!((names.len(), ids.len()), (all.len(), all.len()));
            assert!(ids.iter().all(|id| id.len() == 36 && id.split('-').map(str::len).eq([8, 4, 4, 4, 12])), "{ids:?}");
        }
        assert_eq!(CACHE_POLICIES.id("CachingDisabled").and_then(|id| CACHE_POLICIES.name(id)), Some("CachingDisabled"));
        assert!(!REQUEST_POLICIES.has("CachingDisabled"));
    }
}
