//! What to do about a failed call: by what AWS said where that is known, else by its class.

use bbws_model::{Class, CloudError};

use super::denial::Denial;
use super::quota;

/// What to do, one piece of advice each.
#[must_use]
pub fn advice(error: &CloudError) -> Vec<String> {
    if let Some(how) = protected(error) {
        return vec![how];
    }
    if let Some(known) = by_code(error) {
        return known;
    }
    let one = |text: &str| vec![text.to_owned()];
    match error.class {
        Class::Throttled => one(
            "AWS refused because too many requests came from this account and region, for longer than bbws waits. See which other tools are \
             at work there, then run again; nothing is wrong with the plan.",
        ),
        Class::Transient => one("AWS could not be read for a passing reason. Run again; see https://health.aws.amazon.com if it stays."),
        Class::Ambiguous => {
            one("It is not known whether AWS did it: no answer came. Run again: bbws first finds out what became of the request.")
        }
        Class::Withheld => one("bbws held it back, because it could not be sure that it may still send. Nothing was sent. Run again."),
        Class::NotVisibleYet => {
            one("Something just made is not yet seen everywhere in AWS, for longer than usual. Run again in a few minutes.")
        }
        Class::Absent => one("Something that it refers to does not exist (any more). Run `bbws plan` to see what is missing."),
        Class::Exists => one(
            "Something of that name exists and bears no mark of ours, so it is not touched. Import it with `bbws import`, or choose another name.",
        ),
        Class::Conflict => one("Something else is changing the same object. Wait until that is over, then run again."),
        Class::Dependency => one(
            "Something that bbws did not make still uses it, and AWS keeps it until that is gone. Look for network interfaces, services or \
             records of tenants that hold it, remove them, then run again.",
        ),
        Class::Limit => one("A quota is used up. Raise it in Service Quotas, or remove what is no longer used, then run again."),
        Class::Denied => denied(error),
        Class::Credentials => one("Log in again (`aws sso login --profile …`), then run again: what was made is recorded."),
        Class::AccountState => {
            one("The account or region is not in a state to do this. AWS Support can tell why; no change of the file helps.")
        }
        Class::Capacity => {
            one("AWS has no room for it there at this time. Run again later, or choose another zone or a wider subnet in the file.")
        }
        Class::Invalid => one("AWS takes the request for wrong. Compare the message with the resource's section in the environment file."),
    }
}

fn by_code(error: &CloudError) -> Option<Vec<String>> {
    let (code, message) = (error.code.as_str(), error.message.as_str());
    if let Some(quota) = quota::of(code, message) {
        let mut told = vec![format!("A quota is used up: {}; AWS gives {} at first.", quota.what, quota.default)];
        if !quota.code.is_empty() {
            let (service, number) = quota.code.split_once('/').unwrap_or((quota.code, ""));
            told.push(format!(
                "Raise it: https://console.aws.amazon.com/servicequotas/home/services/{service}/quotas/{number} (choose the region first)"
            ));
        }
        return Some(told);
    }
    let has = |text: &str| message.contains(text);
    let text = match code {
        "OptInRequired" => {
            "The region is not enabled for this account: enable it under Account settings, Regions (it takes minutes to hours)."
        }
        "AuthFailure" if has("validate the provided access credentials") => {
            "The credentials are wrong, or the region is not enabled for this account: af-south-1 is an opt-in region (Account settings, Regions)."
        }
        "PendingVerification" | "Blocked" | "BlockedException" | "AccountDisabled" => {
            "AWS is still verifying this account, or has blocked it: contact AWS Support. No change of the file helps."
        }
        _ if has("does not support creating load balancers") => {
            "AWS does not yet let this account make load balancers, as with many new ones: contact AWS Support. No change of the file helps."
        }
        "InvalidSubnet" if has("no internet gateway") => {
            "The subnet is not public: its route 0.0.0.0/0 to the internet gateway is missing, or the gateway is not attached. Run `bbws plan`."
        }
        "InvalidSubnet" | "InsufficientFreeAddressesInSubnet" | "NoFreeAddressesInSubnet" => {
            "The subnet has no free addresses left: free some, or declare a wider subnet."
        }
        "BucketAlreadyExists" => {
            "Bucket names are unique in the whole world, and somebody else has this one: choose another name in the file."
        }
        "RequestTimeTooSkewed" => "The clock of this machine is wrong: set it (NTP), then run again.",
        "SignatureDoesNotMatch" if has("time") || has("expired") => "The clock of this machine is wrong: set it (NTP), then run again.",
        "SignatureDoesNotMatch" => "The secret key does not belong to the key id: check the profile's credentials.",
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            "The credentials have expired. Log in again and run the same command: what was made is recorded, and the run goes on from there."
        }
        "UnsupportedCertificate" | "CertificateNotFound" => {
            "The certificate is not issued, or not in this region (CloudFront wants it in us-east-1): see whether its validation record is in the zone."
        }
        "PreconditionFailed" if error.operation.starts_with("s3:") => "Another writer was faster. See who: `bbws state history`.",
        "CNAMEAlreadyExists" => "Another CloudFront distribution, maybe of another account, has this alias: remove it there first.",
        "DistributionNotDisabled" => "CloudFront deletes only what is disabled and deployed: run again, bbws disables it first.",
        "HostedZoneNotEmpty" => "Records that bbws did not make stand in the zone, such as a tenant's: remove them first.",
        "BucketNotEmpty" => "The bucket still holds objects: keep them elsewhere and empty it first.",
        _ if has("CannotPullContainerError") => {
            "The image could not be pulled: check its name and tag, the execution role, and the private subnet's way out (NAT gateway or the ECR endpoints)."
        }
        _ if has("ResourceInitializationError") => {
            "The task could not read its secret: check the execution role, the secret's ARN, and the way to Secrets Manager (NAT gateway or endpoint)."
        }
        _ if has("BlockPublicPolicy") => {
            "The account or bucket blocks public policies (S3 Block Public Access); bbws never needs a public bucket."
        }
        _ => return None,
    };
    Some(vec![text.to_owned()])
}

/// What is protected against deletion is refused by AWS or, before that, by bbws. It is no lack of rights.
fn protected(error: &CloudError) -> Option<String> {
    let message = error.message.to_lowercase();
    let told = ["protected against deletion", "cannot delete protected", "deletion protection is enabled"];
    if !told.iter().any(|words| message.contains(words)) {
        return None;
    }
    let section = match error.operation.split(':').next() {
        Some("rds") => "under `[rds]`",
        Some("elasticloadbalancing") => "under `[alb]`",
        _ => "in its section",
    };
    Some(format!(
        "It is protected against deletion, and bbws never switches that off on the way. If it is to go: write `deletion_protection = false` \
         {section} in the environment file, run `bbws apply`, then delete it."
    ))
}

fn denied(error: &CloudError) -> Vec<String> {
    let denial = Denial::read(&error.message);
    let action = denial.action.as_deref().unwrap_or(&error.operation);
    let who = denial.principal.as_deref().map_or_else(|| "The caller".to_owned(), str::to_owned);
    let mut told = vec![match &denial.reason {
        Some(reason) => format!("{who} may not do {action}: {reason}."),
        None => format!("{who} may not do {action}."),
    }];
    if action == "iam:PassRole" && error.operation != action {
        told.push(format!("The call itself ({}) is allowed; what lacks is the right to hand that role to the service.", error.operation));
    }
    match &denial.reason {
        Some(reason) if reason.contains("service control") || reason.contains("resource control") => {
            told.push("The organisation forbids it: ask who keeps its policies.".into());
        }
        Some(reason) if reason.contains("permissions boundary") => told.push("Its permissions boundary has to allow it too.".into()),
        Some(_) | None => told.push(format!("Add to its policy: {}", denial.statement(&error.operation))),
    }
    if denial.encoded {
        told.push("AWS says more to `aws sts decode-authorization-message`, given the encoded part of the message.".into());
    }
    told
}
