//! The published rates of mutating calls, as token buckets per account and region.

use bbws_model::Pace;

/// Most mutating EC2 calls: 50 at once, 5 a second, each API by itself.
pub(crate) const EC2: Pace = Pace { bucket: "ec2", burst: 50, per_second: 5.0 };
/// NAT gateways: 10 at once, one a second.
pub(crate) const NAT_GATEWAYS: Pace = Pace { bucket: "nat-gateways", burst: 10, per_second: 1.0 };
/// VPC endpoints: four at once, then one in three and a half seconds.
pub(crate) const VPC_ENDPOINTS: Pace = Pace { bucket: "vpc-endpoints", burst: 4, per_second: 0.3 };
/// CloudWatch Logs: five calls a second each for creating and deleting groups.
pub(crate) const LOGS: Pace = Pace { bucket: "logs", burst: 5, per_second: 5.0 };
/// CloudWatch alarms: three calls a second (unconfirmed).
pub(crate) const CLOUDWATCH: Pace = Pace { bucket: "cloudwatch", burst: 3, per_second: 3.0 };
/// S3 buckets and their settings. AWS publishes no rate; two settings of one bucket at once are refused anyway.
pub(crate) const S3: Pace = Pace { bucket: "s3", burst: 10, per_second: 10.0 };
/// Secrets Manager: some 50 calls a second together (unconfirmed), and one secret's value not in quick succession.
pub(crate) const SECRETS: Pace = Pace { bucket: "secretsmanager", burst: 10, per_second: 10.0 };
/// SNS: 30 calls a second for topics.
pub(crate) const SNS: Pace = Pace { bucket: "sns", burst: 30, per_second: 30.0 };
/// Certificate Manager: five requests for certificates a second.
pub(crate) const ACM: Pace = Pace { bucket: "acm", burst: 5, per_second: 5.0 };
/// Route 53: five calls a second for the whole account, reads included, so some are left for those. One at a time: a zone
/// refuses a change while it is at work on another.
pub(crate) const ROUTE53: Pace = Pace { bucket: "route53", burst: 1, per_second: 4.0 };
/// CloudFront publishes no rate for changes and takes few of them: one at a time (unconfirmed).
pub(crate) const CLOUDFRONT: Pace = Pace { bucket: "cloudfront", burst: 2, per_second: 1.0 };
/// ECS clusters: 20 changes at once, one a second, all calls together.
pub(crate) const ECS_CLUSTERS: Pace = Pace { bucket: "ecs-clusters", burst: 20, per_second: 1.0 };
/// ECS task definitions: 20 registered or deregistered at once, one a second.
pub(crate) const ECS_TASK_DEFINITIONS: Pace = Pace { bucket: "ecs-task-definitions", burst: 20, per_second: 1.0 };
/// Load balancers and listeners: AWS publishes 40 at once and 10 a second for reads; changes get less (unconfirmed).
pub(crate) const ELB: Pace = Pace { bucket: "elasticloadbalancing", burst: 10, per_second: 5.0 };
/// IAM publishes no rate; up to 10 a second is known to pass.
pub(crate) const IAM: Pace = Pace { bucket: "iam", burst: 10, per_second: 5.0 };
/// RDS publishes no rate; a few changes a second are known to pass (unconfirmed).
pub(crate) const RDS: Pace = Pace { bucket: "rds", burst: 5, per_second: 2.0 };
/// EFS publishes no rate (unconfirmed).
pub(crate) const EFS: Pace = Pace { bucket: "elasticfilesystem", burst: 5, per_second: 5.0 };
