//! What to do about a failed call: by what AWS said where that is known, else by its class.

use bbws_kinds::iam_action;
use bbws_model::{Class, CloudError};
use bbws_operate::import::form;

use super::denial::Denial;
use super::quota;
use crate::errors::{At, ErrorId, Quota};

/// Where AWS says which of its services are in trouble.
const STATUS: &str = "https://health.aws.amazon.com/health/status";
/// Where AWS is asked for what is on no other page.
const SUPPORT: &str = "https://console.aws.amazon.com/support/home";

/// What to do, one piece of advice each. A command, the next one among them, is a piece of its own: it is copied.
#[must_use]
pub fn advice(error: &CloudError, at: &At) -> Vec<String> {
    advice_together(error, &[], at)
}

/// The same for a call that failed in the same way for other things too: one statement allows all of them.
#[must_use]
pub fn advice_together(error: &CloudError, others: &[&CloudError], at: &At) -> Vec<String> {
    let mut told: Vec<String> = told(error, others, at).iter().flat_map(|text| apart(text)).collect();
    if !told.iter().any(|text| text.contains("bbws ")) {
        told.push("Then: bbws plan ENV".to_owned());
    }
    told.iter().map(|text| at.fill(text)).collect()
}

/// The command at the end of a text apart from it.
fn apart(text: &str) -> Vec<String> {
    match text.split_once(": bbws ") {
        Some((before, command)) => vec![format!("{before}:"), format!("bbws {command}")],
        None => vec![text.to_owned()],
    }
}

fn told(error: &CloudError, others: &[&CloudError], at: &At) -> Vec<String> {
    if let Some(how) = protected(error) {
        return vec![how];
    }
    if let Some(known) = by_code(error, at) {
        return known;
    }
    let one = |text: &str| vec![text.to_owned()];
    if error.code == CloudError::STILL_PENDING {
        return one(
            "AWS has not finished, and bbws waits no longer. See to what the message says it waits for, and whether the service has trouble: \
             https://health.aws.amazon.com/health/status. Then run the same command again: it waits on, and makes nothing twice. What is \
             left to do: bbws plan ENV",
        );
    }
    match error.class {
        Class::Throttled => one(
            "AWS refused because too many requests came from this account and region, for longer than bbws waits. Nothing is wrong with the \
             plan. See which other tools are at work there, then run it again: bbws plan ENV",
        ),
        Class::Transient => unreached(error),
        Class::Ambiguous => unanswered(error),
        Class::Withheld => {
            one("bbws held it back, because it could not be sure that it may still send. Nothing was sent. Run the same command again; \
             who is at work: bbws state history ENV")
        }
        Class::NotVisibleYet => one(
            "Something just made is not yet seen everywhere in AWS, for longer than usual. Run the same command again in a few minutes; \
             what is left to do: bbws plan ENV",
        ),
        Class::Absent => one(
            "Something that it refers to does not exist (any more), or lies in another region than REGION. What is missing, and where it \
             was looked for: bbws plan ENV",
        ),
        Class::Exists => exists(error, at),
        Class::Conflict => one(
            "Something else is changing the same object. Wait until that is over, then run the same command again; what is left to do: \
             bbws plan ENV",
        ),
        Class::Dependency => one(
            "Something that bbws did not make still uses it, and AWS keeps it until that is gone. Look for network interfaces, services or \
             records of tenants that hold it, remove them, then run the same command again. What is ours: bbws state list ENV",
        ),
        Class::Limit => one(
            "A quota is used up. Ask for more in Service Quotas (https://console.aws.amazon.com/servicequotas/home), or remove what is no \
             longer used, then run the same command again; what is left to do: bbws plan ENV",
        ),
        Class::Denied => denied(error, others),
        Class::Credentials => {
            one("Log in again (`aws sso login --profile …`), then run the same command again: what was made is recorded. Whose they are: \
             bbws doctor ENV")
        }
        Class::AccountState => one(
            "The account or region is not in a state to do this. AWS Support can tell why: https://console.aws.amazon.com/support/home. \
             No change of the file helps. What is left to do: bbws plan ENV",
        ),
        Class::Capacity => one(
            "AWS has no room for it there at this time. Run the same command again later, or choose another zone or a wider subnet in the \
             file: bbws plan ENV",
        ),
        Class::Invalid => one(
            "AWS takes the request for wrong. Compare the message with the resource's section in the environment's file, then: bbws plan ENV",
        ),
    }
}

/// A change of which it is not known whether it was made.
fn unanswered(error: &CloudError) -> Vec<String> {
    let again =
        "Run the same command again: it first finds out what became of the request. What is known of it by now: bbws state history ENV";
    if error.code.is_empty() {
        return vec!["No answer came, so it is not known whether AWS did it.".to_owned(), again.to_owned()];
    }
    let failed = "The service answered that it has failed itself, so it is not known whether it did it. See whether AWS knows of that:";
    vec![failed.to_owned(), STATUS.to_owned(), again.to_owned()]
}

/// The service did not answer, or answered that it has failed.
fn unreached(error: &CloudError) -> Vec<String> {
    let service = error.operation.split(':').next().unwrap_or_default();
    let what = match ErrorId::of(error) {
        ErrorId::Service => format!("The service {service} in REGION has failed by itself"),
        _ => format!("The service {service} in REGION could not be reached"),
    };
    let way = match ErrorId::of(error) {
        ErrorId::Service => "See whether AWS knows of it",
        _ => "Check this machine's way to the internet (DNS, proxy, VPN), then whether AWS knows of it",
    };
    vec![
        format!("{what}: asked once and three times more, ever later. {way}:"),
        STATUS.to_owned(),
        "Then run the same command again; as a first test: bbws doctor ENV".to_owned(),
    ]
}

/// Something of that name is there and bears no mark of ours.
fn exists(error: &CloudError, at: &At) -> Vec<String> {
    // Our own finding begins with the id.
    let own = error.message.split_once(" exists already").map(|(id, _)| id).filter(|id| error.code.is_empty() && !id.contains(' '));
    let form = at.address.as_ref().and_then(|address| form(address.kind()));
    // AWS's does not: of much the name is the id.
    let named = form.is_some_and(|(what, _)| what.ends_with("name") || what.contains("identifier"));
    let id = own.or_else(|| at.name.as_deref().filter(|_| named));
    let unknown = form.filter(|_| id.is_none()).map(|(what, example)| format!(" ID is {what}, as {example}:")).unwrap_or_default();
    vec![
        format!(
            "It exists, bears no mark of this environment, and is neither touched nor made twice. To manage it (the next plan then shows \
             what differs from the file):{unknown}"
        ),
        format!("bbws import ENV ADDRESS {}", id.unwrap_or("ID")),
        other_name(at),
    ]
}

/// Another name than the declared one.
fn other_name(at: &At) -> String {
    match (&at.name, &at.environment) {
        (Some(name), Some(environment)) if !name.contains(environment.as_str()) => {
            format!("Or give it a name of its own in the file, such as `{environment}-{name}`, then: bbws plan ENV")
        }
        (Some(name), _) => format!("Or give it a name of its own in the file, such as `{name}-2`, then: bbws plan ENV"),
        (None, _) => "Or give it a name of its own in the file, that begins with project and environment, then: bbws plan ENV".to_owned(),
    }
}

fn by_code(error: &CloudError, at: &At) -> Option<Vec<String>> {
    let (code, message) = (error.code.as_str(), error.message.as_str());
    if let Some(quota) = quota::of(code, message) {
        let used = at.quota.map_or_else(String::new, |Quota { used, of }| match of {
            Some(of) => format!(" In REGION {used} of {of} are used."),
            None => format!(" In REGION {used} are used."),
        });
        let mut told = vec![format!("A quota is used up: {}; AWS gives {} at first.{used}", quota.what, quota.default)];
        told.push("Ask for more, or remove what is no longer used, then run the same command again:".to_owned());
        told.push(quota.page(at.region.as_deref()).unwrap_or_else(|| SUPPORT.to_owned()));
        return Some(told);
    }
    if matches!(code, "BucketAlreadyExists") {
        let told = "Bucket names are unique in the whole world, and somebody else has this one.".to_owned();
        return Some(vec![told, other_name(at).replacen("Or give", "Give", 1)]);
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
            "The subnet is not public: its route 0.0.0.0/0 to the internet gateway is missing, or the gateway is not attached: bbws plan ENV"
        }
        "InvalidSubnet" | "InsufficientFreeAddressesInSubnet" | "NoFreeAddressesInSubnet" => {
            "The subnet has no free addresses left: free some, or declare a wider subnet."
        }
        "RequestTimeTooSkewed" => "The clock of this machine is wrong: set it (NTP), then run again. How far it is off: bbws doctor ENV",
        "SignatureDoesNotMatch" if has("time") || has("expired") => {
            "The clock of this machine is wrong: set it (NTP), then run again. How far it is off: bbws doctor ENV"
        }
        "SignatureDoesNotMatch" => "The secret key does not belong to the key id: check the profile's credentials.",
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            "The credentials have expired. Log in again and run the same command: what was made is recorded, and the run goes on from there."
        }
        "UnsupportedCertificate" | "CertificateNotFound" => {
            "The certificate is not issued, or not in this region (CloudFront wants it in us-east-1): see whether its validation record is in the zone."
        }
        "PreconditionFailed" if error.operation.starts_with("s3:") => "Another writer was faster. See who: bbws state history ENV",
        "CNAMEAlreadyExists" => "Another CloudFront distribution, maybe of another account, has this alias: remove it there first.",
        "DistributionNotDisabled" => "CloudFront deletes only what is disabled and deployed: it is disabled first by the next run.",
        "HostedZoneNotEmpty" => "Records that bbws did not make stand in the zone, such as a tenant's: remove them first.",
        "BucketNotEmpty" => "The bucket still holds objects: keep them elsewhere and empty it first.",
        _ if has("CannotPullContainerError") => {
            "The image could not be pulled: check its name and tag, the execution role, and the private subnet's way out (NAT gateway or the ECR endpoints)."
        }
        _ if has("ResourceInitializationError") => {
            "The task could not read its secret: check the execution role, the secret's ARN, and the way to Secrets Manager (NAT gateway or endpoint)."
        }
        _ if has("BlockPublicPolicy") => {
            "The account or bucket blocks public policies (S3 Block Public Access); no bucket of a cluster has to be public."
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
         {section} in the environment file, and apply that before it is deleted: bbws apply ENV"
    ))
}

fn denied(error: &CloudError, others: &[&CloudError]) -> Vec<String> {
    let denial = Denial::read(&error.message);
    let action = denial.action.as_deref().unwrap_or_else(|| iam_action(&error.operation));
    let who = denial.principal.as_deref().unwrap_or("the caller");
    if let Some(elsewhere) = decided_elsewhere(&denial, action, who) {
        return vec![elsewhere];
    }
    // Where AWS names the action, the encoded part says nothing more that helps.
    if let (None, Some(encoded)) = (&denial.action, &denial.encoded) {
        return vec![
            "AWS names what lacks to whoever may ask:".to_owned(),
            format!("aws sts decode-authorization-message --encoded-message {encoded}"),
        ];
    }
    let more: Vec<String> = others.iter().filter_map(|other| Denial::read(&other.message).resource).collect();
    let passes = action == "iam:PassRole" && error.operation != action;
    let what = if passes { " (the call itself is allowed; handing that role to the service is not)" } else { "" };
    vec![format!("Allow {action} to {who}{what}, by this statement in its policy:"), denial.statement(&error.operation, &more)]
}

/// What to do where an Allow in the caller's own policies would not help, by the sort of policy that AWS names:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.
fn decided_elsewhere(denial: &Denial, action: &str, who: &str) -> Option<String> {
    let reason = denial.reason.as_deref()?;
    let explicit = reason.contains("explicit deny");
    let is = |sort: &str| reason.contains(sort);
    Some(if is("service control") || is("resource control") {
        format!("The organisation forbids {action} to {who}: ask who keeps its policies.")
    } else if is("permissions boundary") {
        format!("The permissions boundary of {who} has to allow {action} too: ask who keeps it.")
    } else if is("session policy") {
        format!("That session of {who} was narrowed when its role was assumed: assume it with {action} in the session policy.")
    } else if is("VPC endpoint policy") {
        format!("The call goes through a VPC endpoint, whose policy has to allow {action} to {who}: ask who keeps the network.")
    } else if is("resource-based policy") {
        let on = denial.resource.as_deref().unwrap_or("what it is about");
        let how = if explicit { "it denies it, which no Allow outweighs: narrow that statement" } else { "it has to allow it too" };
        format!("The policy of {on} itself decides on {action} by {who}: {how}.")
    } else if explicit {
        format!("A Deny in the policies of {who} forbids {action}, and no Allow outweighs it: take that statement out, or narrow it.")
    } else {
        return None;
    })
}
