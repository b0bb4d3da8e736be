//! What the contracts of databases and file systems stand on.

use serde_json::{Value, json};

use super::{Bench, to};
use crate::cloud::Region;

/// A second security group of the VPC.
pub(super) const OTHER_GROUP: &str = "sg-00000000000000002";

/// A field, and what somebody else does to it.
pub(super) type Drift = (&'static str, fn(&mut Region));

impl Bench {
    /// A VPC with a subnet in each of three zones, `subnet.a` to `subnet.c`.
    pub(super) async fn three_zones(&mut self) {
        self.make("vpc.main", json!({"cidr": "10.0.0.0/16", "empty_default_group": false})).await;
        for (number, zone) in ["a", "b", "c"].into_iter().enumerate() {
            let spec = json!({"vpc": to("vpc.main", "id"), "cidr": format!("10.0.1{number}.0/24"), "zone": format!("af-south-1{zone}")});
            self.make(&format!("subnet.{zone}"), spec).await;
        }
        // The VPC's own group, and another like it.
        self.tamper(|here| {
            let mut group = here.security_groups.values().next().unwrap().clone();
            group.name = "other".into();
            here.security_groups.insert(OTHER_GROUP.into(), group);
        });
    }

    /// The VPC's own security group.
    pub(super) fn own_group() -> Value {
        to("vpc.main", "default_security_group")
    }

    /// All that a database stands on.
    pub(super) async fn database_stage(&mut self) {
        self.three_zones().await;
        let subnets = json!([to("subnet.a", "id"), to("subnet.b", "id")]);
        self.make("db-subnet-group.main", json!({"name": "dev-db", "vpc": to("vpc.main", "id"), "subnets": subnets})).await;
        let parameters = json!({"require_secure_transport": "1", "max_connections": "100"});
        self.make("db-parameter-group.main", json!({"name": "dev-mysql80", "family": "mysql8.0", "parameters": parameters})).await;
        self.make("secret.rds", json!({"name": "dev-rds", "recovery_window_days": 7})).await;
        self.make("log-group.error", json!({"name": "/aws/rds/instance/dev-mysql/error", "retention_days": 7})).await;
    }

    /// A small database on that stage.
    pub(super) fn database() -> Value {
        json!({
            "name": "dev-mysql", "class": "db.t3.medium", "engine_version": "8.0.40", "storage_gib": 20,
            "subnet_group": to("db-subnet-group.main", "name"), "security_groups": [Self::own_group()],
            "parameter_group": to("db-parameter-group.main", "name"),
            "password": {"secret": to("secret.rds", "arn"), "version": to("secret.rds", "version_id")},
            "backup_days": 1, "log_exports": ["error"], "log_groups": [to("log-group.error", "name")],
        })
    }

    /// Each edit behind bbws's back is seen as the field it touches, and mended.
    pub(super) async fn mends(&mut self, address: &str, drifts: &[Drift]) {
        for (field, edit) in drifts {
            self.tamper(edit);
            assert_eq!(self.drift(address).await, [*field], "{address}");
            self.mend(address).await;
        }
    }
}
