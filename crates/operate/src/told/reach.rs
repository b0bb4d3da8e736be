//! Whom a step lets in, and whom it shuts out: the rules of security groups, and the routes to the internet.

use bbws_kinds::{Direction, Peer, Route, RouteSpec, SecurityGroupRule, SecurityGroupRuleSpec};
use bbws_model::{Kind, Ref, Risk, RiskKind, Step, Written, typed};
use serde_json::Value;

use super::sides;

/// What a step opens and closes.
pub(super) fn of(step: &Step) -> Vec<Risk> {
    let way: fn(&Value) -> Option<String> = match step.address.kind() {
        SecurityGroupRule::NAME => rule,
        Route::NAME => route,
        _ => return vec![],
    };
    let (before, after) = sides(step);
    let (before, after) = (before.as_ref().and_then(way), after.as_ref().and_then(way));
    if before == after {
        return vec![];
    }
    let told = |word: &str, way: Option<String>| way.map(|way| Risk::new(RiskKind::Security, format!("{word} {way}")));
    [told("opens", after), told("closes", before)].into_iter().flatten().collect()
}

/// What a rule lets through: `tcp 443 of ${security-group.alb.id} to the whole internet (0.0.0.0/0)`.
fn rule(spec: &Value) -> Option<String> {
    let rule: SecurityGroupRuleSpec<Written> = typed(spec).ok()?;
    let who = match &rule.peer {
        Peer::Cidr(network) if network.is_everybody() => format!("the whole internet ({network})"),
        Peer::Cidr(network) => network.to_string(),
        Peer::Group(group) => format!("the members of {}", named(group)),
        Peer::PrefixList(list) | Peer::ManagedPrefixList(list) => format!("the networks of {list}"),
    };
    let (what, group) = (rule.lets_through(), named(&rule.group));
    Some(match rule.direction {
        Direction::Ingress => format!("{what} of {group} to {who}"),
        Direction::Egress => format!("{what} from {group} to {who}, outwards"),
    })
}

/// What a route leads to, where that is the internet.
fn route(spec: &Value) -> Option<String> {
    let route: RouteSpec<Written> = typed(spec).ok()?;
    let table = named(&route.table);
    route.internet_gateway.is_some().then(|| {
        let to = &route.destination;
        format!("the subnets of {table} to the internet ({to}), both ways, as far as security groups let through")
    })
}

fn named<T: ToString>(of: &Ref<T>) -> String {
    match of {
        Ref::Known(id) => id.to_string(),
        Ref::To(pointer) => pointer.to.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{create, delete, told, update};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rule_says_who_gets_in_where() {
        let of = |step: &Step| told(super::of(step), RiskKind::Security);
        let rule = |direction: &str, ports: &str, peer: Value| {
            json!({"group": {"$ref": "security-group.alb", "output": "id"}, "direction": direction, "protocol": "tcp", "ports": ports,
                "peer": peer, "description": "x"})
        };
        let open = rule("ingress", "80", json!({"cidr": "0.0.0.0/0"}));
        let at = "security-group-rule.a";
        assert_eq!(of(&create(at, open.clone())), ["opens tcp 80 of security-group.alb to the whole internet (0.0.0.0/0)"]);
        assert_eq!(of(&delete(at, open.clone())), ["closes tcp 80 of security-group.alb to the whole internet (0.0.0.0/0)"]);
        let office = rule("ingress", "80", json!({"cidr": "41.0.0.0/24"}));
        assert_eq!(
            of(&update(at, office.clone(), open)),
            ["opens tcp 80 of security-group.alb to the whole internet (0.0.0.0/0)", "closes tcp 80 of security-group.alb to 41.0.0.0/24"]
        );
        let more = json!({"group": {"$ref": "security-group.alb", "output": "id"}, "direction": "ingress", "protocol": "tcp", "ports": "80",
            "peer": {"cidr": "41.0.0.0/24"}, "description": "another"});
        assert!(of(&update(at, office, more)).is_empty(), "who gets in is the same");
        let group = json!({"group": {"$ref": "security-group.ecs", "output": "id"}});
        assert_eq!(
            of(&create(at, rule("egress", "3306", group))),
            ["opens tcp 3306 from security-group.alb to the members of security-group.ecs, outwards"]
        );
        let cloudfront = json!({"managed_prefix_list": "com.amazonaws.global.cloudfront.origin-facing"});
        assert!(
            of(&create(at, rule("ingress", "443", cloudfront)))[0]
                .ends_with("the networks of com.amazonaws.global.cloudfront.origin-facing")
        );
    }

    #[test]
    fn a_route_to_the_internet_is_told_and_one_to_a_nat_gateway_is_not() {
        let route = |way: &str| json!({"table": {"$ref": "route-table.public", "output": "id"}, "destination": "0.0.0.0/0", way: {"$ref": format!("{}.x", way.replace('_', "-")), "output": "id"}});
        assert!(
            of(&create("route.a", route("internet_gateway")))[0]
                .text
                .starts_with("opens the subnets of route-table.public to the internet")
        );
        assert!(of(&create("route.a", route("nat_gateway"))).is_empty());
    }
}
