//! `mount-target`: where a file system is reached in one zone.

use std::collections::BTreeSet;

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Phase, Reads, Recorded, Recovery, Replacement,
    RiskKind, Severity, SpecProblem, Stage, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{FileSystem, Subnet, pace};

/// Where a file system is reached in one zone: a network interface in a subnet. A zone has one for each file system.
pub enum MountTarget {}

/// What may be declared of a mount target. It bears no tags; the file system's mark counts for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct MountTargetSpec<S: Stage> {
    /// The file system.
    pub file_system: S::Ref<Id<FileSystem>>,
    /// The subnet it stands in: a private one.
    pub subnet: S::Ref<Id<Subnet>>,
    /// Its security groups, at most five.
    pub security_groups: BTreeSet<S::Text>,
    /// Its address in the subnet. None: any that is free.
    pub ip_address: Option<String>,
}

/// What a mount target offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MountTargetOutputs {
    /// Its id.
    pub id: Id<MountTarget>,
    /// Its address in the subnet.
    pub ip_address: Option<String>,
    /// Its network interface, which AWS manages.
    pub network_interface: Option<String>,
    /// The zone it stands in, by name.
    pub zone: Option<String>,
}

impl Kind for MountTarget {
    const NAME: &'static str = "mount-target";
    const FACTS: Facts = Facts {
        service: "elasticfilesystem",
        id_prefix: "fsmt-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(90, 5, 60, 40),
        pace: pace::EFS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &[
            "elasticfilesystem:DescribeFileSystems",
            "elasticfilesystem:DescribeMountTargets",
            "elasticfilesystem:DescribeMountTargetSecurityGroups",
        ],
        create: &[
            "elasticfilesystem:CreateMountTarget",
            "ec2:DescribeSubnets",
            "ec2:DescribeNetworkInterfaces",
            "ec2:CreateNetworkInterface",
        ],
        update: &["elasticfilesystem:ModifyMountTargetSecurityGroups", "ec2:ModifyNetworkInterfaceAttribute"],
        delete: &["elasticfilesystem:DeleteMountTarget", "ec2:DeleteNetworkInterface"],
    };
    const OUTPUTS: &'static [OutputFact] =
        &[OutputFact::ready("id"), OutputFact::ready("ip_address"), OutputFact::ready("network_interface"), OutputFact::ready("zone")];
    type Spec<S: Stage> = MountTargetSpec<S>;
    type Outputs = MountTargetOutputs;

    fn check(want: &MountTargetSpec<Written>) -> Vec<SpecProblem> {
        let MountTargetSpec { file_system: _, subnet: _, security_groups, ip_address } = want;
        let mut problems = vec![];
        if !(1..=5).contains(&security_groups.len()) {
            let told = format!(
                "a mount target has 1 to 5 security groups, not {}; without any AWS gives it the VPC's default one",
                security_groups.len()
            );
            problems.push(SpecProblem::new("security_groups", told));
        }
        if ip_address.as_ref().is_some_and(|address| address.parse::<std::net::Ipv4Addr>().is_err()) {
            problems
                .push(SpecProblem::new("ip_address", "it is an IPv4 address of the subnet, such as `10.0.11.20`; leave it out for any"));
        }
        problems
    }

    fn diff(have: &MountTargetSpec<Written>, want: &MountTargetSpec<Written>) -> Diff {
        const HANGS: &str = "whoever has mounted the file system through this mount target hangs until it mounts it again";
        let MountTargetSpec { file_system, subnet, security_groups, ip_address } = want;
        Diff::new()
            .replace("file_system", &have.file_system, file_system)
            .risks(RiskKind::Downtime, HANGS)
            .away(90, 180)
            .replace("subnet", &have.subnet, subnet)
            .risks(RiskKind::Downtime, HANGS)
            .away(90, 180)
            .update("security_groups", &have.security_groups, security_groups)
            .risks(RiskKind::Security, "it changes who reaches the file system")
            .replace_if_declared("ip_address", &have.ip_address, ip_address)
            .risks(RiskKind::Downtime, HANGS)
            .away(90, 180)
    }

    /// A zone has one mount target for each file system, and another subnet may be of the same zone.
    fn replacement(have: &MountTargetSpec<Written>, want: &MountTargetSpec<Written>) -> Replacement {
        if have.file_system == want.file_system { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &MountTargetSpec<Written>) -> Meters {
        Meters::free()
    }

    /// Targets are listed one file system at a time, without their groups, which EFS tells of one target. The mark stands on the file system.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        Reads::none()
            .shared("elasticfilesystem:DescribeFileSystems")
            .each("elasticfilesystem:DescribeMountTargets", of.iter().map(|it| it.spec.file_system.as_str()))
            .each("elasticfilesystem:DescribeMountTargetSecurityGroups", of.iter().map(|it| it.id.as_str()))
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        match &seen.phase {
            Phase::Failed(why) => vec![Finding::new(Severity::Error, format!("the mount target {} has failed", seen.id)).seen(why)],
            Phase::Ready | Phase::Pending(_) | Phase::Leaving => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> MountTargetSpec<Written> {
        let mut whole = json!({"file_system": "fs-1", "subnet": "subnet-1", "security_groups": ["sg-1"]});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"file_system": "fs-2"}), Verb::Replace),
            (json!({"subnet": "subnet-2"}), Verb::Replace),
            (json!({"security_groups": ["sg-2"]}), Verb::Update),
            (json!({"ip_address": "10.0.11.20"}), Verb::Replace),
        ];
        for (edit, verb) in table {
            let diff = MountTarget::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| (c.verb.clone(), c.risks.len())).collect::<Vec<_>>(), [(verb, 1)], "{edit}");
        }
        let any = MountTarget::diff(&spec(json!({"ip_address": "10.0.11.20"})), &spec(json!({})));
        assert!(any.is_empty(), "the address that AWS chose is as good as any");
    }

    #[test]
    fn a_zone_has_one_for_each_file_system() {
        let order = |edit| MountTarget::replacement(&spec(json!({})), &spec(edit)).order;
        assert_eq!(order(json!({"subnet": "subnet-2"})), Order::DeleteFirst);
        assert_eq!(order(json!({"file_system": "fs-2"})), Order::CreateFirst);
    }

    #[test]
    fn what_efs_would_refuse_is_told() {
        let fields = |edit| MountTarget::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"security_groups": []})), ["security_groups"]);
        assert_eq!(fields(json!({"security_groups": ["a", "b", "c", "d", "e", "f"]})), ["security_groups"]);
        assert_eq!(fields(json!({"ip_address": "10.0.11"})), ["ip_address"]);
        assert!(fields(json!({})).is_empty());
    }
}
