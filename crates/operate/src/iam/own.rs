//! What bbws needs beside what its kinds need: its state, approvals, lists of what bears a mark, prices, and what it can do without.

use std::collections::BTreeSet;

use bbws_kinds::GLOBAL;
use serde_json::{Value, json};

use super::ground::SERVICE_ROLES;
use super::statements::Statements;
use super::{Narrowing, Purpose, camel, listed};

/// What is of use and not needed: without it, bbws says that it does not know.
const OPTIONAL_READS: [&str; 10] = [
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRegions",
    "ecs:ListClusters",
    "iam:GetAccountSummary",
    "rds:DescribeDBMajorEngineVersions",
    "rds:DescribeOrderableDBInstanceOptions",
    "route53:GetAccountLimit",
    "s3:ListAllMyBuckets",
    "servicequotas:GetServiceQuota",
];

/// What lists all that bears a mark, of every kind there is; each with the types of what it is asked of, where AWS knows any. What
/// is not ours has any name.
const LISTS: [(&str, &[&str]); 43] = [
    ("acm:ListCertificates", &[]),
    ("acm:ListTagsForCertificate", &["acm:certificate/*"]),
    ("cloudfront:ListDistributions", &[]),
    ("cloudfront:ListFunctions", &[]),
    ("cloudfront:ListTagsForResource", &["cloudfront:distribution/*", "cloudfront:function/*"]),
    ("cloudwatch:ListTagsForResource", &["cloudwatch:alarm:*"]),
    ("ec2:DescribeAddresses", &[]),
    ("ec2:DescribeFlowLogs", &[]),
    ("ec2:DescribeInternetGateways", &[]),
    ("ec2:DescribeNatGateways", &[]),
    ("ec2:DescribeRouteTables", &[]),
    ("ec2:DescribeSecurityGroupRules", &[]),
    ("ec2:DescribeSecurityGroups", &[]),
    ("ec2:DescribeSubnets", &[]),
    ("ec2:DescribeVpcEndpoints", &[]),
    ("ec2:DescribeVpcs", &[]),
    ("ecs:DescribeClusters", &["ecs:cluster/*"]),
    ("ecs:DescribeTaskDefinition", &[]),
    ("ecs:ListClusters", &[]),
    ("elasticfilesystem:DescribeFileSystems", &["elasticfilesystem:file-system/*"]),
    ("elasticloadbalancing:DescribeListeners", &[]),
    ("elasticloadbalancing:DescribeLoadBalancers", &[]),
    ("elasticloadbalancing:DescribeTags", &[]),
    ("iam:ListRoleTags", &["iam:role/*"]),
    ("iam:ListRoles", &[]),
    ("logs:DescribeDeliveries", &[]),
    ("logs:DescribeDeliveryDestinations", &[]),
    ("logs:DescribeDeliverySources", &[]),
    ("logs:ListTagsForResource", &["logs:delivery-destination:*", "logs:delivery-source:*", "logs:delivery:*", "logs:log-group:*"]),
    ("rds:DescribeDBInstances", &["rds:db:*"]),
    ("rds:DescribeDBParameterGroups", &["rds:pg:*"]),
    ("rds:DescribeDBSnapshots", &["rds:db:*", "rds:snapshot:*"]),
    ("rds:DescribeDBSubnetGroups", &["rds:subgrp:*"]),
    ("rds:ListTagsForResource", &["rds:pg:*", "rds:subgrp:*"]),
    ("route53:ListHealthChecks", &[]),
    ("route53:ListHostedZonesByName", &[]),
    ("route53:ListTagsForResources", &["route53:healthcheck/*", "route53:hostedzone/*"]),
    ("s3:GetBucketTagging", &["s3:*"]),
    ("s3:ListAllMyBuckets", &[]),
    ("secretsmanager:ListSecrets", &[]),
    ("sns:ListTagsForResource", &["sns:*"]),
    ("sns:ListTopics", &[]),
    ("tag:GetResources", &[]),
];

/// What reads a state bucket's settings.
const SETTINGS_READ: [&str; 6] = [
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
];

/// What makes a state bucket, and its settings.
const SETTINGS_MADE: [&str; 7] = [
    "s3:CreateBucket",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
];

impl Narrowing<'_> {
    /// All that is needed beside what the kinds need.
    pub(super) fn beside(&self, to: &mut Statements) {
        if self.purpose == Purpose::Apply {
            self.keys(to);
            self.audit(to);
        }
        if self.purpose.counts() {
            self.lists(to);
        }
        self.state(to);
        self.approvals(to);
        if self.purpose == Purpose::Cost {
            let at_the_edge = json!({ "StringEquals": { "aws:RequestedRegion": GLOBAL } });
            to.allow("pricing:GetProducts", "Prices", any(), at_the_edge, "AWS knows no resource for the Price List");
        }
        self.optional(to);
    }

    /// Keys of the account's own: services use them in the caller's name.
    fn keys(&self, to: &mut Statements) {
        for action in ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"] {
            let why = "services encrypt with the keys that the file names, in the caller's name";
            let via = json!({ "StringLike": { "kms:ViaService": format!("*.{}.amazonaws.com", self.ground.region) } });
            to.allow(action, "ResourceKeys", self.ground.resource_keys(), via, why);
        }
    }

    /// The log group of the audit. Streams are made in it, and added to; nothing is read or removed.
    fn audit(&self, to: &mut Statements) {
        let Some(group) = &self.ground.audit_group else { return };
        // AWS's reference names the group, and its refusals the stream.
        let streams = format!(":log-stream:{}/*", self.ground.environment);
        let arn = |end: &str| self.ground.arn("logs", Some(&self.ground.region), &format!("log-group:{group}{end}"));
        for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
            to.allow(action, "Audit", [arn(""), arn(&streams)].into(), json!({}), "each run adds its events to a stream of its own");
        }
    }

    /// To list all that bears a mark of bbws, whose it ever is.
    fn lists(&self, to: &mut Statements) {
        let why = "what bears a mark may have any name, and be of any kind";
        for (action, patterns) in LISTS {
            let service = camel(action.split(':').next().unwrap_or_default());
            let mut arns: BTreeSet<String> = patterns.iter().flat_map(|one| self.ground.all(one)).collect();
            // What belongs to the edge is looked for there, whatever the file declares.
            let at_the_edge = |one: &&&str| ["acm:", "cloudwatch:", "logs:", "sns:"].iter().any(|service| one.starts_with(service));
            arns.extend(patterns.iter().filter(at_the_edge).filter_map(|one| {
                let (service, what) = one.split_once(':')?;
                Some(self.ground.arn(service, Some(GLOBAL), what))
            }));
            let (sid, arns) = if arns.is_empty() { ("Lists".to_owned(), any()) } else { (format!("Lists{service}"), arns) };
            to.allow(action, &sid, arns, json!({}), why);
        }
    }

    /// The state: read by all who look at what is recorded.
    fn state(&self, to: &mut Statements) {
        let (ground, purpose) = (self.ground, self.purpose);
        let Some(state) = &ground.state else { return };
        let why = "the state of this environment, and of no other";
        let bucket = format!("arn:{}:s3:::{}", ground.partition(), state.bucket);
        let objects = BTreeSet::from([format!("{bucket}/{}/*", ground.environment)]);
        let writes = ["s3:PutObject", "s3:DeleteObject"].into_iter().filter(|_| purpose.writes());
        for action in ["s3:GetObject", "s3:GetObjectVersion"].into_iter().chain(writes) {
            to.allow(action, "StateObjects", objects.clone(), json!({}), why);
        }
        let prefix = json!({ "StringLike": { "s3:prefix": format!("{}/*", ground.environment) } });
        for action in ["s3:ListBucket", "s3:ListBucketVersions"] {
            to.allow(action, "StateLists", [bucket.clone()].into(), prefix.clone(), why);
        }
        if purpose == Purpose::Approve {
            let approvals = BTreeSet::from([format!("{bucket}/{}/approvals/*", ground.environment)]);
            let made = json!({ "Null": { "s3:if-none-match": "false" } });
            to.allow("s3:PutObject", "Approvals", approvals, made, "approvals are made, and never written over; nothing else is written");
        }
        let others = state.others.iter().filter(|_| !matches!(purpose, Purpose::Init | Purpose::Cost));
        let outputs = others.map(|other| format!("{bucket}/{other}/outputs.json")).collect();
        to.allow("s3:GetObject", "OthersOutputs", outputs, json!({}), "the outputs that the file takes from other environments");
        let via = json!({ "StringEquals": { "kms:ViaService": format!("s3.{}.amazonaws.com", state.region) } });
        let puts = purpose.writes() || purpose == Purpose::Approve;
        for action in ["kms:Decrypt"].into_iter().chain(puts.then_some("kms:GenerateDataKey")) {
            to.allow(action, "StateKey", state.key.iter().cloned().collect(), via.clone(), "the key of the state, through S3 only");
        }
        // Without a key it is the bucket's policy that keeps others from writing approvals: it is looked at before one counts.
        let looks = purpose == Purpose::Init || ground.fenced && matches!(purpose, Purpose::Apply | Purpose::Approve);
        let made = SETTINGS_MADE.into_iter().filter(|_| purpose == Purpose::Init);
        for action in SETTINGS_READ.into_iter().chain(["s3:ListBucket"]).filter(|_| looks).chain(made) {
            to.allow(action, "StateBucket", [bucket.clone()].into(), json!({}), "the bucket of the state itself, and no other");
        }
    }

    /// The key that signs approvals.
    fn approvals(&self, to: &mut Statements) {
        let key: BTreeSet<String> = self.ground.approval_key.iter().cloned().collect();
        let (actions, why): (&[&str], _) = match self.purpose {
            Purpose::Apply => (&["kms:Verify"], "approvals are verified; whoever approves may kms:Sign, and not apply"),
            Purpose::Approve => (&["kms:DescribeKey", "kms:Sign"], "approvals are signed; whoever applies may kms:Verify, and not sign"),
            _ => return,
        };
        for action in actions {
            to.allow(action, "ApprovalKey", key.clone(), json!({}), why);
        }
    }

    /// What bbws can do without.
    fn optional(&self, to: &mut Statements) {
        let why = "not needed: without it, bbws says of what it could not look at that it does not know";
        if self.purpose == Purpose::Drift {
            // What a kind needs everywhere anyway is not allowed twice.
            let allowed = |action: &str| self.actions.contains(action) && self.ground.regions().contains(GLOBAL);
            for action in ["cloudtrail:LookupEvents", "tag:GetResources"].into_iter().filter(|action| !allowed(action)) {
                to.allow(action, "OptionalTrail", any(), self.in_regions_and_edge(), why);
            }
        }
        if !self.purpose.looks_ahead() {
            return;
        }
        for action in OPTIONAL_READS {
            to.allow(action, "Optional", any(), self.in_regions_and_edge(), why);
        }
        let key: BTreeSet<String> = self.ground.approval_key.iter().cloned().collect();
        for action in ["kms:GetKeyPolicy", "kms:ListGrants"] {
            to.allow(action, "OptionalKeyPolicy", key.clone(), json!({}), why);
        }
        to.allow("sts:DecodeAuthorizationMessage", "OptionalDecode", any(), json!({}), why);
        let principals = ["role/*", "user/*"].iter().map(|sort| self.ground.arn("iam", None, sort)).collect();
        to.allow("iam:SimulatePrincipalPolicy", "OptionalSimulate", principals, json!({}), why);
        // IAM judges a role that is not there by its bare name.
        let present = self.ground.kinds();
        let roles = SERVICE_ROLES.iter().filter(|(kind, ..)| present.contains(kind)).flat_map(|(_, service, role)| {
            [format!("role/aws-service-role/{service}/{role}"), format!("role/{role}")].map(|what| self.ground.arn("iam", None, &what))
        });
        to.allow("iam:GetRole", "OptionalServiceRoles", roles.collect(), json!({}), why);
        to.allow("s3:ListBucket", "OptionalNames", self.ground.named(self.kinds, "bucket"), json!({}), why);
    }

    /// Quotas of global services, and which regions are on, are asked at the edge.
    fn in_regions_and_edge(&self) -> Value {
        let regions = self.ground.regions().into_iter().chain([GLOBAL]).map(str::to_owned).collect();
        json!({ "StringEquals": { "aws:RequestedRegion": listed(regions) } })
    }
}

fn any() -> BTreeSet<String> {
    ["*".to_owned()].into()
}
