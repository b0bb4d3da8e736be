//! The parts of AWS that have nothing in common but their software, and the region of what has none.

/// Where services that belong to no region (IAM, Route 53, CloudFront) are asked, and where their events, metrics, tags and
/// certificates are.
pub const GLOBAL: &str = "us-east-1";

/// The partition that a region belongs to, as it stands in ARNs.
#[must_use]
pub fn partition(region: &str) -> &'static str {
    match region.split('-').next().unwrap_or_default() {
        "cn" => "aws-cn",
        "eusc" => "aws-eusc",
        "us" if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_says_which_part_of_aws_it_is_in() {
        let told = ["af-south-1", "us-east-1", "us-gov-east-1", "cn-north-1", "eusc-de-east-1"].map(partition);
        assert_eq!(told, ["aws", "aws", "aws-us-gov", "aws-cn", "aws-eusc"]);
    }
}
