//! What AWS's errors mean.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use bbws_kinds::iam_action;
use bbws_model::{Class, CloudError, net};

use crate::guard::{Refused, caused_by, is_read};

/// Turns the SDK's answers into ours.
pub trait Told<T> {
    /// Names the call, as in `.send().await.told("ec2:CreateVpc")?`.
    ///
    /// # Errors
    /// As the call failed, classified.
    fn told(self, operation: &'static str) -> Result<T, CloudError>;
}

impl<T, E> Told<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn told(self, operation: &'static str) -> Result<T, CloudError> {
        self.map_err(|error| cloud_error(operation, &error))
    }
}

fn cloud_error<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let make = |class, code: &str, message: String, request_id: Option<&str>| CloudError {
        operation: operation.to_owned(),
        class,
        code: code.to_owned(),
        // AWS quotes what it was sent, and this goes into logs, events and bundles.
        message: net::catch_words(&message).into_owned(),
        request_id: request_id.map(str::to_owned),
    };
    if let Some(refused) = caused_by::<Refused>(error) {
        let class = if refused.for_now { Class::Withheld } else { Class::Invalid };
        return make(class, "", refused.reason.clone(), None);
    }
    let lost = if is_read(operation) { Class::Transient } else { Class::Ambiguous };
    match error {
        SdkError::ConstructionFailure(_) => {
            let message = chain(error);
            let class = if message.contains("credential") { Class::Credentials } else { Class::Invalid };
            make(class, "", message, None)
        }
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let (code, message) = (service.err().code().unwrap_or_default(), service.err().message().unwrap_or_default());
            let id = service.raw().request_id();
            // A HEAD answer has no body, so no code: the status is all there is.
            let code = if code.is_empty() && is_read(operation) && (300..500).contains(&status) { status_code(status) } else { code };
            // Nor does it say what it denies.
            let unsaid = (status == 403 && message.is_empty()).then(|| format!("not authorized to perform: {}", iam_action(operation)));
            let message = unsaid.as_deref().unwrap_or(message);
            match classify(code, message, status) {
                Some(class) => make(class, code, message.to_owned(), id),
                None => make(
                    lost,
                    code,
                    if message.is_empty() { format!("HTTP {status} without an error code") } else { message.to_owned() },
                    id,
                ),
            }
        }
        // No credentials could be had: the request never left.
        SdkError::DispatchFailure(failure) if failure.as_connector_error().is_none_or(is_credentials) => {
            make(Class::Credentials, "", chain(error), None)
        }
        other => make(lost, "", chain(other), None),
    }
}

fn is_credentials(error: &aws_smithy_runtime_api::client::result::ConnectorError) -> bool {
    caused_by::<aws_credential_types::provider::error::CredentialsError>(error).is_some()
}

fn status_code(status: u16) -> &'static str {
    match status {
        301 => "PermanentRedirect",
        403 => "AccessDenied",
        404 => "NotFound",
        412 => "PreconditionFailed",
        _ => "",
    }
}

/// What went wrong with all its causes, each once, in words.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = vec![];
    for part in std::iter::successors(Some(error), |&e| e.source()).map(ToString::to_string) {
        if parts.last().is_none_or(|last| !last.contains(&part)) {
            parts.push(part);
        }
    }
    parts.join(": ")
}

const THROTTLED: &[&str] = &[
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "EC2ThrottledException",
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "SlowDown",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
];
const CONFLICT: &[&str] = &[
    "OperationAborted",
    "OperationAbortedException",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConcurrentTagAccess",
    "UpdateInProgressException",
    "EntityTemporarilyUnmodifiable",
    "IncorrectState",
    "ConditionalRequestConflict",
    "ConflictException",
    "PreconditionFailed",
    "InvalidIfMatchVersion",
    "InvalidDBInstanceState",
    "InvalidDBParameterGroupState",
    "InvalidDBSnapshotState",
    "IncorrectFileSystemLifeCycleState",
    "IncorrectMountTargetState",
    "HealthCheckVersionMismatch",
    "RequestInProgressException",
];
const EXISTS: &[&str] = &[
    "InvalidGroup.Duplicate",
    "InvalidPermission.Duplicate",
    "RouteAlreadyExists",
    "Resource.AlreadyAssociated",
    "FlowLogAlreadyExists",
    "InvalidSubnet.Conflict",
    "DuplicateLoadBalancerName",
    "DuplicateListener",
    "EntityAlreadyExists",
    "ResourceAlreadyExistsException",
    "ResourceExistsException",
    "BucketAlreadyOwnedByYou",
    "BucketAlreadyExists",
    "IdempotentParameterMismatch",
    "IdempotentParameterMismatchException",
    "DBSubnetGroupAlreadyExists",
    "DBParameterGroupAlreadyExists",
    "DBInstanceAlreadyExists",
    "DBSnapshotAlreadyExists",
    "FileSystemAlreadyExists",
    "MountTargetConflict",
    "HostedZoneAlreadyExists",
    "HealthCheckAlreadyExists",
    "DistributionAlreadyExists",
    "FunctionAlreadyExists",
    "CNAMEAlreadyExists",
];
const DEPENDENCY: &[&str] = &[
    "DependencyViolation",
    "InvalidGroup.InUse",
    "InvalidIPAddress.InUse",
    "InvalidNetworkInterface.InUse",
    "ResourceInUse",
    "ResourceInUseException",
    "DeleteConflict",
    "BucketNotEmpty",
    "ClusterContainsCapacityProviderException",
    "ClusterContainsContainerInstancesException",
    "ClusterContainsServicesException",
    "ClusterContainsTasksException",
    "FileSystemInUse",
    "InvalidDBSubnetGroupStateFault",
    "SubnetAlreadyInUse",
    "HostedZoneNotEmpty",
    "FunctionInUse",
    "DistributionNotDisabled",
];
const DENIED: &[&str] = &[
    "UnauthorizedOperation",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "Client.UnauthorizedOperation",
    "OperationNotPermitted",
];
const CREDENTIALS: &[&str] = &[
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidSecurity.RequestHasExpired",
    "RequestTimeTooSkewed",
    "InvalidAccessKeyId",
];
const ACCOUNT_STATE: &[&str] = &["OptInRequired", "PendingVerification", "Blocked", "BlockedException", "AccountDisabled"];
const CAPACITY: &[&str] = &[
    "InsufficientAddressCapacity",
    "InsufficientFreeAddressesInSubnet",
    "InsufficientDBInstanceCapacity",
    "NoFreeAddressesInSubnet",
    "DelegationSetNotAvailable",
];
/// Quotas whose code does not say `Limit` or begin with `TooMany`.
const LIMIT: &[&str] = &[
    "ResourceCountLimitExceeded",
    "LimitExceeded",
    "LimitExceededException",
    "InstanceQuotaExceeded",
    "StorageQuotaExceeded",
    "DBSubnetGroupQuotaExceeded",
    "SnapshotQuotaExceeded",
    "TargetGroupAssociationLimit",
    "DBParameterGroupQuotaExceeded",
    "DBSubnetQuotaExceededFault",
];
const ABSENT: &[&str] = &[
    "NatGatewayNotFound",
    "Gateway.NotAttached",
    "LoadBalancerNotFound",
    "ListenerNotFound",
    "TargetGroupNotFound",
    "RuleNotFound",
    "ClusterNotFoundException",
    "NoSuchEntity",
    "ResourceNotFoundException",
    "ResourceNotFound",
    "NoSuchBucket",
    "NoSuchKey",
    "NotFound",
    "NoSuchBucketPolicy",
    "NoSuchTagSet",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
    "DBInstanceNotFound",
    "DBSubnetGroupNotFoundFault",
    "DBParameterGroupNotFound",
    "DBSnapshotNotFound",
    "FileSystemNotFound",
    "MountTargetNotFound",
    "PolicyNotFound",
    "NoSuchHostedZone",
    "NoSuchHealthCheck",
    "NoSuchDistribution",
    "NoSuchResource",
    "NoSuchFunctionExists",
];

/// Refusals of a signature or of credentials that were right a while ago.
const STALE: &[&str] =
    &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidSecurity.RequestHasExpired", "RequestTimeTooSkewed"];

/// Whether a call was refused because its credentials or its signature have run out, or because none could be had just now:
/// with fresh ones the same call may go through. Wrong credentials stay wrong.
#[must_use]
pub fn is_stale(error: &CloudError) -> bool {
    error.class == Class::Credentials && (error.code.is_empty() || STALE.contains(&error.code.as_str()))
}

/// What an error code means, where that is certain; none where the request may have taken effect all the same.
#[must_use]
pub fn classify(code: &str, message: &str, status: u16) -> Option<Class> {
    // ECS and ELB hand on, in words, that EC2 throttled them.
    let handed_on = status < 500 && (message.contains("RequestLimitExceeded") || message.contains("Request limit exceeded"));
    // EFS lets the throughput of a file system be changed once a day: waiting a little does not help.
    if code == "TooManyRequests" && message.contains("throughput") {
        return Some(Class::Limit);
    }
    if THROTTLED.contains(&code) || status == 429 || handed_on {
        return Some(Class::Throttled);
    }
    // The bucket stands in another region.
    if code == "PermanentRedirect" {
        return Some(Class::Invalid);
    }
    if code.is_empty() || status >= 500 || (status < 400 && status != 0) || code == "RequestTimeout" || code == "RequestTimeoutException" {
        return None;
    }
    let has = |list: &[&str]| list.contains(&code);
    Some(match code {
        "AuthFailure" => auth_failure(message),
        "InvalidChangeBatch" => invalid_change_batch(message),
        // A fresh principal, role or certificate that AWS has not spread yet.
        "MalformedPolicyDocument" | "MalformedPolicy" if message.contains("Invalid principal") => Class::NotVisibleYet,
        // A deleted secret holds its name for its recovery window, and for a moment after it was deleted for good.
        "InvalidRequestException" if message.contains("scheduled for deletion") => Class::Exists,
        "InvalidRequestException" if message.contains("because it was deleted") => Class::Conflict,
        "InvalidRequestException" if message.contains("marked for deletion") => Class::Absent,
        // CloudFront learns of a certificate within a minute after it is issued, and says the same of one that there is not.
        "InvalidViewerCertificate" if message.contains("doesn't exist") => Class::NotVisibleYet,
        "AccessDenied" if message.contains("account must be verified") => Class::AccountState,
        // Elastic Load Balancing asks S3 for a bucket whose policy S3 has not spread yet, EC2 for a gateway, ACM for a certificate.
        "InvalidConfigurationRequest" if message.contains("Access Denied for bucket") => Class::NotVisibleYet,
        "InvalidSubnet" if message.contains("no internet gateway") => Class::NotVisibleYet,
        "OperationNotPermitted" if message.contains("not support creating load balancers") => Class::AccountState,
        // One word for all that may be wrong with a VPC endpoint: another one, perhaps leaving, has the service's name or
        // route, or the VPC's DNS flags are still on their way.
        "InvalidParameter" if message.contains("conflicting DNS domain") => Class::Conflict,
        "InvalidParameter" if message.contains("already has a route with destination-prefix-list-id") => Class::Exists,
        "InvalidParameter" if message.contains("requires both enableDnsSupport and enableDnsHostnames") => Class::NotVisibleYet,
        // ECS has few codes and says the rest in words.
        "InvalidParameterException" if message.contains("idempotent request") => Class::Exists,
        "ClientException" if message.contains("Cluster was not ACTIVE") => Class::Conflict,
        "ClientException" if message.contains("Unable to describe task definition") => Class::Absent,
        "ClientException" if message.contains("task definition does not exist") => Class::Absent,
        // RDS says most of what it refuses with one code.
        "InvalidParameterCombination" if message.contains("Cannot delete protected DB") => Class::Denied,
        "InvalidParameterCombination" if message.contains("previous storage") => Class::Limit,
        "InvalidDBParameterGroupState" if message.contains("cannot be deleted") => Class::Dependency,
        // A subnet that RDS does not see yet, and a principal that EFS does not.
        "InvalidSubnet" if message.contains("input subnets") => Class::NotVisibleYet,
        "InvalidPolicyException" if message.contains("rincipal") => Class::NotVisibleYet,
        _ if message.contains("nable to assume") || message.contains("cannot be assumed") => Class::NotVisibleYet,
        "CertificateNotFound" | "UnsupportedCertificate" | "InvalidSecurityGroup" | "SecurityGroupNotFound" | "SubnetNotFound" => {
            Class::NotVisibleYet
        }
        _ if has(CONFLICT) => Class::Conflict,
        _ if has(EXISTS) => Class::Exists,
        _ if has(DEPENDENCY) => Class::Dependency,
        _ if has(DENIED) => Class::Denied,
        _ if has(CREDENTIALS) => Class::Credentials,
        _ if has(ACCOUNT_STATE) => Class::AccountState,
        _ if has(CAPACITY) => Class::Capacity,
        _ if has(ABSENT) || code.ends_with(".NotFound") => Class::Absent,
        _ if has(LIMIT) || code.ends_with("LimitExceeded") || code.starts_with("TooMany") => Class::Limit,
        _ => Class::Invalid,
    })
}

/// `AuthFailure` has three meanings. On an address it says that the address is somebody else's by now, or that a NAT
/// gateway or load balancer still holds it; only the third is about credentials.
fn auth_failure(message: &str) -> Class {
    if message.contains("does not belong to you") {
        Class::Absent
    } else if message.contains("You do not have permission to access the specified resource") {
        Class::Dependency
    } else {
        Class::Credentials
    }
}

/// Route 53 says with one code all that may be wrong with a change of records.
fn invalid_change_batch(message: &str) -> Class {
    if message.contains("but it already exists") {
        Class::Exists
    } else if message.contains("but it was not found") {
        Class::Absent
    } else if message.contains("values provided do not match") {
        Class::Conflict
    } else {
        Class::Invalid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_run_out_is_told_from_what_is_wrong() {
        let error = |class, code: &str| CloudError { code: code.into(), ..CloudError::own("s3:PutObject", class, "") };
        for (class, code, stale) in [
            (Class::Credentials, "ExpiredToken", true),
            (Class::Credentials, "RequestTimeTooSkewed", true),
            (Class::Credentials, "", true),
            (Class::Credentials, "InvalidAccessKeyId", false),
            (Class::Denied, "AccessDenied", false),
            (Class::Ambiguous, "", false),
        ] {
            assert_eq!(is_stale(&error(class, code)), stale, "{class} {code}");
        }
    }

    #[test]
    fn codes_mean_what_the_reference_says() {
        let table = [
            ("RequestLimitExceeded", "", 503, Some(Class::Throttled)),
            ("SlowDown", "", 503, Some(Class::Throttled)),
            ("InternalError", "", 500, None),
            ("", "", 400, None),
            ("RequestTimeout", "", 400, None),
            ("InvalidVpcID.NotFound", "", 400, Some(Class::Absent)),
            ("InvalidVpcID.Malformed", "", 400, Some(Class::Invalid)),
            ("VpcLimitExceeded", "", 400, Some(Class::Limit)),
            ("TooManyLoadBalancers", "", 400, Some(Class::Limit)),
            ("LimitExceededException", "", 400, Some(Class::Limit)),
            ("DependencyViolation", "", 400, Some(Class::Dependency)),
            ("InvalidSubnet.Conflict", "", 400, Some(Class::Exists)),
            ("UnauthorizedOperation", "", 403, Some(Class::Denied)),
            ("ExpiredToken", "", 400, Some(Class::Credentials)),
            ("AuthFailure", "AWS was not able to validate the provided access credentials", 401, Some(Class::Credentials)),
            ("AuthFailure", "You do not have permission to access the specified resource.", 400, Some(Class::Dependency)),
            ("AuthFailure", "The address '1.2.3.4' does not belong to you.", 400, Some(Class::Absent)),
            ("MalformedPolicyDocument", "Invalid principal in policy: AWS", 400, Some(Class::NotVisibleYet)),
            ("MalformedPolicyDocument", "Syntax errors in policy.", 400, Some(Class::Invalid)),
            ("InvalidParameter", "Unable to assume given IAM role", 400, Some(Class::NotVisibleYet)),
            ("TargetGroupAssociationLimit", "", 400, Some(Class::Limit)),
            ("OperationAbortedException", "", 400, Some(Class::Conflict)),
            (
                "InvalidParameter",
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for x in the VPC vpc-1",
                400,
                Some(Class::Conflict),
            ),
            ("InvalidParameter", "route table rtb-1 already has a route with destination-prefix-list-id pl-1", 400, Some(Class::Exists)),
            ("InvalidParameter", "Unsupported", 400, Some(Class::Invalid)),
            ("OptInRequired", "", 403, Some(Class::AccountState)),
            ("AccessDenied", "Your account must be verified before you can add new CloudFront resources.", 403, Some(Class::AccountState)),
            ("InvalidViewerCertificate", "The specified SSL certificate doesn't exist", 400, Some(Class::NotVisibleYet)),
            ("InvalidViewerCertificate", "The certificate doesn't cover the alternate domain name", 400, Some(Class::Invalid)),
            ("NoSuchResource", "", 404, Some(Class::Absent)),
            (
                "OperationNotPermitted",
                "Load balancer 'a' cannot be deleted because deletion protection is enabled",
                400,
                Some(Class::Denied),
            ),
            (
                "OperationNotPermitted",
                "This AWS account currently does not support creating load balancers",
                400,
                Some(Class::AccountState),
            ),
            (
                "InvalidConfigurationRequest",
                "Access Denied for bucket: b. Please check S3bucket permission",
                400,
                Some(Class::NotVisibleYet),
            ),
            ("InvalidSubnet", "Some input subnets in :[subnet-1] are invalid.", 400, Some(Class::NotVisibleYet)),
            (
                "InvalidParameterCombination",
                "Cannot delete protected DB Instance, please disable deletion protection",
                400,
                Some(Class::Denied),
            ),
            (
                "InvalidParameterCombination",
                "You can't currently modify the storage of this DB instance because the previous storage change is being optimized.",
                400,
                Some(Class::Limit),
            ),
            ("InvalidParameterCombination", "No modifications were requested", 400, Some(Class::Invalid)),
            (
                "InvalidDBParameterGroupState",
                "One or more database instances are still members of this parameter group a, so the group cannot be deleted",
                400,
                Some(Class::Dependency),
            ),
            ("InvalidDBInstanceState", "Instance a is not in available state.", 400, Some(Class::Conflict)),
            ("TooManyRequests", "The throughput mode or value was changed less than 24 hours ago.", 429, Some(Class::Limit)),
            ("InvalidSubnet", "VPC vpc-1 has no internet gateway", 400, Some(Class::NotVisibleYet)),
            ("InvalidParameterException", "Arguments on this idempotent request are inconsistent", 400, Some(Class::Exists)),
            ("InvalidParameterException", "Error retrieving security group: Request limit exceeded.", 400, Some(Class::Throttled)),
            ("ClientException", "Unable to describe task definition.", 400, Some(Class::Absent)),
            ("ClientException", "Role is not valid", 400, Some(Class::Invalid)),
            ("PermanentRedirect", "", 301, Some(Class::Invalid)),
            (
                "InvalidRequestException",
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
                400,
                Some(Class::Exists),
            ),
            (
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
                400,
                Some(Class::Absent),
            ),
        ];
        for (code, message, status, class) in table {
            assert_eq!(classify(code, message, status), class, "{code} {status}");
        }
    }
}
