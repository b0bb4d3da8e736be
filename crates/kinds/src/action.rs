//! What IAM calls an operation, where it does not call it by its name.

/// The IAM action that allows an operation: `s3:ListBucket` for `s3:HeadBucket`.
#[must_use]
pub fn iam_action(operation: &str) -> &str {
    match operation {
        "cloudfront:CreateDistributionWithTags" => "cloudfront:CreateDistribution",
        "s3:DeleteBucketLifecycle" | "s3:PutBucketLifecycleConfiguration" => "s3:PutLifecycleConfiguration",
        "s3:DeleteBucketEncryption" | "s3:PutBucketEncryption" => "s3:PutEncryptionConfiguration",
        "s3:DeleteBucketTagging" => "s3:PutBucketTagging",
        "s3:DeletePublicAccessBlock" | "s3:PutPublicAccessBlock" => "s3:PutBucketPublicAccessBlock",
        "s3:GetBucketEncryption" => "s3:GetEncryptionConfiguration",
        "s3:GetBucketLifecycleConfiguration" => "s3:GetLifecycleConfiguration",
        "s3:GetPublicAccessBlock" => "s3:GetBucketPublicAccessBlock",
        // Each object is named with its version.
        "s3:DeleteObjects" => "s3:DeleteObjectVersion",
        "s3:HeadBucket" | "s3:ListObjectsV2" => "s3:ListBucket",
        "s3:ListBuckets" => "s3:ListAllMyBuckets",
        "s3:ListObjectVersions" => "s3:ListBucketVersions",
        "s3:HeadObject" => "s3:GetObject",
        same => same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_operations_are_actions() {
        assert_eq!(iam_action("s3:PutBucketPolicy"), "s3:PutBucketPolicy");
        assert_eq!(iam_action("s3:HeadBucket"), "s3:ListBucket");
    }
}
