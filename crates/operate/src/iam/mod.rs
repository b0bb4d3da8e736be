//! The smallest IAM policy that each task with an environment takes: the actions of exactly the kinds that it declares or has in
//! its state, each narrowed as far as AWS lets it be.

mod ground;
mod own;
mod probe;
mod purpose;
mod scope;
mod statements;

use std::collections::BTreeSet;

use bbws_model::Kinds;
use serde_json::{Value, json};

pub(crate) use ground::SERVICE_ROLES;
pub use ground::{Ground, Resource, StatePlace};
pub use probe::{Probe, probes};
pub use purpose::Purpose;
use scope::{Scope, scope};
pub(crate) use statements::one_or_many;
pub use statements::{MOST, Told};
use statements::{Statements, document, packed, size};

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

/// Why an import may tag what bears no mark.
const UNMARKED: &str = "what is taken over bears no mark of ours yet, and is named by whoever imports it";

/// Why names do not narrow what is taken or found again.
const ANY_NAME: &str = "what is taken over or found again may have another name than the file gives";

/// The actions that the kinds of an environment need, of those that are declared or recorded.
#[must_use]
pub fn actions(ground: &Ground, kinds: &Kinds, purpose: Purpose) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    if !purpose.observes() {
        return all;
    }
    for name in ground.kinds() {
        let Some(kind) = kinds.get(name) else { continue };
        let needed = kind.permissions();
        all.extend(needed.observe);
        // Before something goes it is looked at what others have hung on it.
        all.extend(needed.delete.iter().filter(|action| only_looks(action)));
        match purpose {
            Purpose::Apply => all.extend([needed.create, needed.update, needed.delete].concat()),
            // What is taken over gets our mark, and nothing else.
            Purpose::Import => all.extend(needed.update.iter().filter(|action| marks(action))),
            _ => {}
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

/// Whether an action gives tags to what is there.
fn marks(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    ["AddTags", "ChangeTags", "CreateTags", "PutBucketTagging", "Tag"].iter().any(|verb| name.starts_with(verb))
}

/// Whether an action tells what is secret: that is read under the names that are declared alone.
fn gives_values(action: &str) -> bool {
    action == "secretsmanager:GetSecretValue"
}

fn only_looks(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb))
}

/// What an environment needs.
#[must_use]
pub fn policies(ground: &Ground, kinds: &Kinds, purpose: Purpose) -> Policies {
    let narrowing = Narrowing { ground, kinds, purpose, actions: actions(ground, kinds, purpose) };
    let mut statements = Statements::default();
    for action in &narrowing.actions {
        narrowing.allow(&mut statements, action);
    }
    narrowing.beside(&mut statements);
    let (statements, reasons): (Vec<_>, Vec<_>) = statements.finish().into_iter().unzip();
    let word = purpose.word();
    let packed = packed(statements);
    let many = packed.len() > 1;
    let documents = packed.into_iter().enumerate().map(|(at, statements)| {
        let policy = document(&statements);
        let number = if many { format!("-{}", at + 1) } else { String::new() };
        Document { name: format!("bbws-{}-{word}{number}", ground.environment), characters: size(&policy), policy }
    });
    Policies { documents: documents.collect(), reasons, notes: notes(ground, purpose, many) }
}

fn notes(ground: &Ground, purpose: Purpose, many: bool) -> Vec<String> {
    let mut notes = vec![];
    if many {
        notes.push(format!("IAM takes {MOST} characters in one policy: attach all of these documents to the same role."));
    }
    if ground.lineage.is_none() && purpose == Purpose::Apply {
        notes.push(
            "Nothing was applied yet, so the mark of this environment is not known: what bears the mark of any environment of bbws in this \
             account is allowed, and zones and VPCs of any id. Print it again after the first apply: it gets narrower."
                .to_owned(),
        );
    }
    notes.extend(purpose.notes(ground));
    notes
}

struct Narrowing<'a> {
    ground: &'a Ground,
    kinds: &'a Kinds,
    purpose: Purpose,
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
        // What is taken over bears no mark of ours yet.
        let unmarked = self.purpose == Purpose::Import && marks(action);
        match scope {
            Scope::TagOnCreate if unmarked => {}
            Scope::Ours if unmarked => to.allow(action, "Ec2Unmarked", self.ec2(&self.ec2_types()), none(), UNMARKED),
            Scope::Marked(patterns) if unmarked => {
                let arns = patterns.iter().flat_map(|one| ground.all(one)).collect();
                to.allow(action, &format!("Unmarked{service}"), arns, none(), UNMARKED);
            }
            Scope::Named(kinds) if self.purpose.takes_any_name() && !gives_values(action) => {
                let arns = kinds.iter().flat_map(|kind| ground.of_any_name(self.kinds, kind)).collect();
                to.allow_together(action, &format!("AnyName{service}"), arns, ANY_NAME);
            }
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
