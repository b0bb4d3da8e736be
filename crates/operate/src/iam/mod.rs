//! The smallest IAM policy that planning an environment takes, and the smallest that applying it takes: the actions of exactly
//! the kinds that it declares or has in its state, each narrowed as far as AWS lets it be.

mod ground;
mod probe;
mod scope;
mod statements;

use std::collections::BTreeSet;

use bbws_model::Kinds;
use serde_json::{Value, json};

use ground::EDGE;
pub use ground::{Ground, Resource, StatePlace};
pub use probe::{Probe, probes};
use scope::{Scope, scope};
pub(crate) use statements::one_or_many;
pub use statements::{MOST, Told};
use statements::{Statements, document, packed, size};

/// What somebody is to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To look, and to make plans.
    Plan,
    /// To change things too.
    Apply,
}

/// One policy document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// A name for the managed policy.
    pub name: String,
    /// The document.
    pub policy: Value,
    /// The characters that IAM counts.
    pub characters: usize,
}

/// What is to be allowed, in as few documents as IAM takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Policies {
    /// The documents: all of them together are what it takes.
    pub documents: Vec<Document>,
    /// Why each statement is not narrower.
    pub reasons: Vec<Told>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// What is of use and not needed: without it, bbws says that it does not know.
const OPTIONAL_READS: [&str; 6] = [
    "cloudtrail:LookupEvents",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeRegions",
    "rds:DescribeOrderableDBInstanceOptions",
    "servicequotas:GetServiceQuota",
    "tag:GetResources",
];

/// The kinds of EC2 objects, and what ARNs call them.
const EC2_TYPES: [(&str, &str); 10] = [
    ("elastic-ip", "elastic-ip"),
    ("flow-log", "vpc-flow-log"),
    ("internet-gateway", "internet-gateway"),
    ("nat-gateway", "natgateway"),
    ("route-table", "route-table"),
    ("security-group", "security-group"),
    ("security-group-rule", "security-group-rule"),
    ("subnet", "subnet"),
    ("vpc", "vpc"),
    ("vpc-endpoint", "vpc-endpoint"),
];

/// The actions that the kinds of an environment need, of those that are declared or recorded.
#[must_use]
pub fn actions(ground: &Ground, kinds: &Kinds, purpose: Purpose) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    for name in ground.kinds() {
        let Some(kind) = kinds.get(name) else { continue };
        let needed = kind.permissions();
        all.extend(needed.observe);
        match purpose {
            // Before something goes it is looked at what others have hung on it.
            Purpose::Plan => all.extend(needed.delete.iter().filter(|action| only_looks(action))),
            Purpose::Apply => all.extend([needed.create, needed.update, needed.delete].concat()),
        }
        // A copy of the data is made, and stays.
        if let Some(copy) = kinds.backup(name).and_then(|rule| kinds.get(rule.kind)) {
            all.extend(copy.permissions().observe);
            if purpose == Purpose::Apply {
                all.extend(copy.permissions().create);
            }
        }
    }
    all
}

fn only_looks(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb))
}

/// What an environment needs.
#[must_use]
pub fn policies(ground: &Ground, kinds: &Kinds, purpose: Purpose) -> Policies {
    let narrowing = Narrowing { ground, kinds, actions: actions(ground, kinds, purpose) };
    let mut statements = Statements::default();
    for action in &narrowing.actions {
        narrowing.allow(&mut statements, action);
    }
    narrowing.keys(&mut statements, purpose);
    narrowing.own(&mut statements, purpose);
    let (statements, reasons): (Vec<_>, Vec<_>) = statements.finish().into_iter().unzip();
    let word = if purpose == Purpose::Plan { "plan" } else { "apply" };
    let packed = packed(statements);
    let many = packed.len() > 1;
    let documents = packed.into_iter().enumerate().map(|(at, statements)| {
        let policy = document(&statements);
        let number = if many { format!("-{}", at + 1) } else { String::new() };
        Document { name: format!("bbws-{}-{word}{number}", ground.environment), characters: size(&policy), policy }
    });
    Policies { documents: documents.collect(), reasons, notes: notes(ground, many) }
}

fn notes(ground: &Ground, many: bool) -> Vec<String> {
    let mut notes = vec![];
    if many {
        notes.push(format!("IAM takes {MOST} characters in one policy: attach all of these documents to the same role."));
    }
    if ground.lineage.is_none() {
        notes.push(
            "Nothing was applied yet, so the mark of this environment is not known: what bears the mark of any environment of bbws in this \
             account is allowed, and zones and VPCs of any id. Print it again after the first apply: it gets narrower."
                .to_owned(),
        );
    }
    notes.push(
        "Not in it: `bbws init` (a bucket for the state), `bbws state orphans` and `rebuild`, and `bbws import`, which look at more."
            .to_owned(),
    );
    notes
}

struct Narrowing<'a> {
    ground: &'a Ground,
    kinds: &'a Kinds,
    actions: BTreeSet<&'static str>,
}

impl Narrowing<'_> {
    /// That something bears our mark: already, or with this very request.
    fn marked(&self, key: &str) -> Value {
        let key = format!("aws:{key}/bbws:lineage");
        match &self.ground.lineage {
            Some(lineage) => json!({ "StringEquals": { key: lineage } }),
            None => json!({ "Null": { key: "false" } }),
        }
    }

    /// That a call goes to a region in which something of this environment stands.
    fn in_regions(&self) -> Value {
        json!({ "StringEquals": { "aws:RequestedRegion": listed(self.ground.regions().into_iter().map(str::to_owned).collect()) } })
    }

    fn ec2(&self, types: &[&str]) -> BTreeSet<String> {
        types.iter().map(|what| self.ground.arn("ec2", Some(&self.ground.region), &format!("{what}/*"))).collect()
    }

    fn ec2_types(&self) -> Vec<&'static str> {
        let present = self.ground.kinds();
        EC2_TYPES.iter().filter(|(kind, _)| present.contains(kind)).map(|(_, what)| *what).collect()
    }

    fn allow(&self, to: &mut Statements, action: &str) {
        // A kind's own test sees to it that each of its actions is known.
        for scope in scope(action).unwrap_or(&[Scope::Everywhere]) {
            self.allow_so(to, action, *scope);
        }
    }

    fn allow_so(&self, to: &mut Statements, action: &str, scope: Scope) {
        let service = camel(action.split(':').next().unwrap_or_default());
        let ground = self.ground;
        let any = || BTreeSet::from(["*".to_owned()]);
        let none = || json!({});
        match scope {
            Scope::Region => to.allow(action, "NoResource", any(), self.in_regions(), "AWS knows no resource for these actions"),
            Scope::Everywhere => {
                to.allow(action, "NoResourceNoRegion", any(), none(), "AWS knows no resource and no region for these actions");
            }
            Scope::All(patterns) => {
                let arns = patterns.iter().flat_map(|one| ground.all(one)).collect();
                to.allow(action, &format!("All{service}"), arns, none(), "lists are asked for as a whole, and ids are AWS's choice");
            }
            Scope::Named(kinds) => {
                let arns = kinds.iter().flat_map(|kind| ground.named(self.kinds, kind)).collect();
                to.allow_together(
                    action,
                    &format!("Named{service}"),
                    arns,
                    "by the names in the file and the state; `-?` is the next free name",
                );
            }
            Scope::Makes => to.allow(
                action,
                "Ec2Make",
                self.ec2(&self.ec2_types()),
                self.marked("RequestTag"),
                "new objects have no id yet; they get our mark with the request",
            ),
            Scope::Ours => {
                to.allow(action, "Ec2Ours", self.ec2(&self.ec2_types()), self.marked("ResourceTag"), "what bears our mark");
            }
            Scope::InVpc => {
                let vpcs = ground.vpcs();
                let condition = if vpcs.is_empty() { none() } else { json!({ "ArnEquals": { "ec2:Vpc": listed(vpcs) } }) };
                to.allow(
                    action,
                    "Ec2GroupRules",
                    self.ec2(&["security-group"]),
                    condition,
                    "the rules of a VPC's default group are taken away, and that group bears no mark",
                );
            }
            Scope::Borrowed => to.allow(
                action,
                "Ec2ForMountTargets",
                self.ec2(&["network-interface", "security-group", "subnet"]),
                none(),
                "EFS makes network interfaces in the caller's name, and they bear no mark",
            ),
            Scope::TagOnCreate => {
                let makes = |action: &&str| self::scope(action).is_some_and(|scopes| scopes.contains(&Scope::Makes));
                let names = self.actions.iter().copied().filter(makes).filter_map(|action| action.split_once(':'));
                let mut condition = self.marked("RequestTag");
                condition["StringEquals"]["ec2:CreateAction"] = listed(names.map(|(_, name)| name.to_owned()).collect());
                to.allow(
                    action,
                    "Ec2TagOnCreate",
                    self.ec2(&self.ec2_types()),
                    condition,
                    "tags are given with the create, and only there",
                );
            }
            Scope::MakesAnywhere => {
                let mut condition = self.marked("RequestTag");
                if action.starts_with("cloudfront:") {
                    to.allow(action, "MakeAtTheEdge", any(), condition, "AWS knows no resource for what is not there yet");
                } else {
                    condition["StringEquals"]["aws:RequestedRegion"] = self.in_regions()["StringEquals"]["aws:RequestedRegion"].take();
                    to.allow(action, "Make", any(), condition, "AWS knows no resource for what is not there yet");
                }
            }
            Scope::Marked(patterns) => {
                let arns = patterns.iter().flat_map(|one| ground.all(one)).collect();
                to.allow(action, &format!("Ours{service}"), arns, self.marked("ResourceTag"), "what bears our mark");
            }
            Scope::InCluster => {
                let clusters = ground.named(self.kinds, "ecs-cluster");
                if !clusters.is_empty() {
                    let condition = json!({ "ArnLike": { "ecs:cluster": listed(clusters) } });
                    to.allow(action, "InCluster", any(), condition, "services and tasks are the tenants', and of any name");
                }
            }
            Scope::Pass => {
                for (service, roles) in ground.passed() {
                    let condition = json!({ "StringEquals": { "iam:PassedToService": service } });
                    let sid = format!("Pass{}", camel(service.split('.').next().unwrap_or_default()));
                    to.allow(action, &sid, roles, condition, "exactly these roles, to exactly this service");
                }
            }
            Scope::ServiceRoles => {
                let services = ground.service_roles();
                let arn = |service: &&str| ground.arn("iam", None, &format!("role/aws-service-role/{service}/*"));
                let names = services.iter().map(|name| (*name).to_owned()).collect();
                let condition = json!({ "StringEquals": { "iam:AWSServiceName": listed(names) } });
                to.allow(
                    action,
                    "ServiceRoles",
                    services.iter().map(arn).collect(),
                    condition,
                    "once an account; not needed where they exist",
                );
            }
            Scope::Attach => {
                let condition = json!({ "ArnEquals": { "iam:PolicyARN": listed(ground.attached()) } });
                to.allow(action, "Attach", ground.named(self.kinds, "role"), condition, "exactly these policies, to exactly these roles");
            }
            Scope::Records => {
                let names = listed(ground.record_names());
                let condition = json!({ "ForAllValues:StringLike": { "route53:ChangeResourceRecordSetsNormalizedRecordNames": names } });
                to.allow(action, "Records", ground.named(self.kinds, "hosted-zone"), condition, "records under the names of our zones");
            }
        }
    }

    /// Keys of the account's own: services use them in the caller's name.
    fn keys(&self, to: &mut Statements, purpose: Purpose) {
        if purpose == Purpose::Plan {
            return;
        }
        for action in ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"] {
            let why = "services encrypt with the keys that the file names, in the caller's name";
            to.allow(
                action,
                "ResourceKeys",
                self.ground.resource_keys(),
                json!({ "StringLike": { "kms:ViaService": format!("*.{}.amazonaws.com", self.ground.region) } }),
                why,
            );
        }
    }

    /// What bbws needs for itself: its state, approvals, and what it can do without.
    fn own(&self, to: &mut Statements, purpose: Purpose) {
        let ground = self.ground;
        if let Some(state) = &ground.state {
            let bucket = format!("arn:{}:s3:::{}", ground.partition(), state.bucket);
            let objects = format!("{bucket}/{}/*", ground.environment);
            let writes = purpose == Purpose::Apply;
            let needed = ["s3:GetObject", "s3:GetObjectVersion"]
                .into_iter()
                .chain(["s3:PutObject", "s3:DeleteObject"].into_iter().filter(|_| writes));
            for action in needed {
                to.allow(action, "StateObjects", [objects.clone()].into(), json!({}), "the state of this environment, and of no other");
            }
            let prefix = json!({ "StringLike": { "s3:prefix": format!("{}/*", ground.environment) } });
            for action in ["s3:ListBucket", "s3:ListBucketVersions"] {
                to.allow(action, "StateLists", [bucket.clone()].into(), prefix.clone(), "the state of this environment, and of no other");
            }
            let outputs = state.others.iter().map(|other| format!("{bucket}/{other}/outputs.json")).collect();
            to.allow("s3:GetObject", "OthersOutputs", outputs, json!({}), "the outputs that the file takes from other environments");
            let via = json!({ "StringEquals": { "kms:ViaService": format!("s3.{}.amazonaws.com", state.region) } });
            for action in ["kms:Decrypt"].into_iter().chain(writes.then_some("kms:GenerateDataKey")) {
                to.allow(action, "StateKey", state.key.iter().cloned().collect(), via.clone(), "the key of the state, through S3 only");
            }
        }
        let key: BTreeSet<String> = ground.approval_key.iter().cloned().collect();
        to.allow("kms:Verify", "ApprovalKey", key, json!({}), "approvals are verified; whoever approves may kms:Sign, and not apply");
        let why = "not needed: without it, bbws says of what it could not look at that it does not know";
        // What a kind needs everywhere anyway is not allowed twice.
        let allowed = |action: &&str| self.actions.contains(*action) && self.ground.regions().contains(EDGE);
        for action in OPTIONAL_READS.iter().filter(|action| !allowed(action)) {
            to.allow(action, "Optional", ["*".to_owned()].into(), self.in_regions_and_edge(), why);
        }
        to.allow("sts:DecodeAuthorizationMessage", "OptionalDecode", ["*".to_owned()].into(), json!({}), why);
        let principals = ["role/*", "user/*"].iter().map(|sort| ground.arn("iam", None, sort)).collect();
        to.allow("iam:SimulatePrincipalPolicy", "OptionalSimulate", principals, json!({}), why);
    }

    /// Quotas of global services, and which regions are on, are asked at the edge.
    fn in_regions_and_edge(&self) -> Value {
        let regions = self.ground.regions().into_iter().chain([EDGE]).map(str::to_owned).collect();
        json!({ "StringEquals": { "aws:RequestedRegion": listed(regions) } })
    }
}

fn listed(some: BTreeSet<String>) -> Value {
    one_or_many(&Vec::from_iter(some))
}

/// `ecs-tasks` is `EcsTasks`: a statement's name has letters and digits only.
fn camel(text: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    text.split('-').map(word).collect()
}

#[cfg(test)]
mod tests;
