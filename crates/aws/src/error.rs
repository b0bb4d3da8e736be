//! What AWS's errors mean.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use bbws_model::{Class, CloudError};

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
        message,
        request_id: request_id.map(str::to_owned),
    };
    if let Some(refused) = caused_by::<Refused>(error) {
        return make(Class::Invalid, "", refused.reason.clone(), None);
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
            let code = if code.is_empty() && is_read(operation) && (400..500).contains(&status) { status_code(status) } else { code };
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
        403 => "AccessDenied",
        404 => "NotFound",
        412 => "PreconditionFailed",
        _ => "",
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
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
    "IncorrectFileSystemLifeCycleState",
    "InvalidDBSubnetGroupStateFault",
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
    "ClusterContainsContainerInstancesException",
    "ClusterContainsServicesException",
    "ClusterContainsTasksException",
    "FileSystemInUse",
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
const CAPACITY: &[&str] = &["InsufficientAddressCapacity", "InsufficientFreeAddressesInSubnet", "InsufficientDBInstanceCapacity"];
/// Quotas whose code does not say `Limit` or begin with `TooMany`.
const LIMIT: &[&str] = &[
    "ResourceCountLimitExceeded",
    "LimitExceeded",
    "LimitExceededException",
    "InstanceQuotaExceeded",
    "StorageQuotaExceeded",
    "DBSubnetGroupQuotaExceeded",
    "SnapshotQuotaExceeded",
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
    "NoSuchFunctionExists",
];

/// What an error code means, where that is certain; none where the request may have taken effect all the same.
#[must_use]
pub fn classify(code: &str, message: &str, status: u16) -> Option<Class> {
    if THROTTLED.contains(&code) || status == 429 {
        return Some(Class::Throttled);
    }
    if code.is_empty() || status >= 500 || (status < 400 && status != 0) || code == "RequestTimeout" || code == "RequestTimeoutException" {
        return None;
    }
    let has = |list: &[&str]| list.contains(&code);
    Some(match code {
        "AuthFailure" => auth_failure(message),
        // A fresh principal, role or certificate that AWS has not spread yet.
        "MalformedPolicyDocument" | "MalformedPolicy" if message.contains("Invalid principal") => Class::NotVisibleYet,
        _ if message.contains("nable to assume") || message.contains("cannot be assumed") => Class::NotVisibleYet,
        "CertificateNotFound" | "InvalidSecurityGroup" | "SubnetNotFound" => Class::NotVisibleYet,
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

#[cfg(test)]
mod tests {
    use super::*;

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
            ("OperationAbortedException", "", 400, Some(Class::Conflict)),
            ("OptInRequired", "", 403, Some(Class::AccountState)),
        ];
        for (code, message, status, class) in table {
            assert_eq!(classify(code, message, status), class, "{code} {status}");
        }
    }
}
