//! Which of the file's resources the objects of a Terraform state are.
//!
//! What both sides say of an object is compared field by field. A field of the file that refers to another resource names that
//! one's object as soon as the rest agrees: the load balancer's security group is the one that the file gives it, whatever it is called.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Desired, PhysicalId, pointers, resolve};
use serde_json::Value;

use super::tfstate::TfState;
use super::translate::{Piece, Sort, sort};

/// How certain it is that an object is a resource of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// All that tells it from others agrees.
    Certain,
    /// Nothing else can be meant, but something differs or could not be compared.
    Likely,
    /// It may be another: so much differs that a plan would make a new one.
    Unsure,
}

/// What becomes of one object of a Terraform state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Becomes {
    /// A resource of the file.
    Resource {
        /// Which.
        address: Address,
        /// What AWS calls it; none where only its natural key finds it.
        id: Option<PhysicalId>,
        /// How certain that is.
        certainty: Certainty,
    },
    /// A part of an object of this kind: it comes with that.
    Part(&'static str),
    /// Nothing: it stays as it is, for this reason.
    Left(String),
    /// Nothing: bbws does not know the type. It stays as it is.
    Unknown,
}

/// One object of a Terraform state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What Terraform calls it.
    pub terraform: String,
    /// What becomes of it.
    pub becomes: Becomes,
}

/// The kinds of which an object can be meant without any field agreeing, where it is the only one: a cluster has one of each.
const ONLY_ONE: [&str; 14] = [
    "certificate",
    "db-instance",
    "db-parameter-group",
    "db-subnet-group",
    "distribution",
    "ecs-cluster",
    "elastic-ip",
    "file-system",
    "health-check",
    "internet-gateway",
    "load-balancer",
    "nat-gateway",
    "security-group",
    "vpc",
];

/// What the outputs of the file's resources are, as far as it was found out.
type Bound = BTreeMap<(Address, String), Value>;

/// Says of each object in a Terraform state which of the file's resources it is.
#[must_use]
pub fn map(state: &TfState, desired: &Desired) -> Vec<Told> {
    let mut told: Vec<Told> = vec![];
    let mut pieces: Vec<(String, Piece)> = vec![];
    for resource in &state.resources {
        let told_of = |becomes| Told { terraform: resource.address.clone(), becomes };
        match sort(resource) {
            Sort::Pieces(of) => pieces.extend(of.into_iter().map(|piece| (resource.address.clone(), piece))),
            Sort::Part(kind) => told.push(told_of(Becomes::Part(kind))),
            Sort::Left(why) => told.push(told_of(Becomes::Left(why.to_owned()))),
            Sort::Unknown => told.push(told_of(Becomes::Unknown)),
        }
    }
    let mut matching =
        Matching { desired, bound: Bound::new(), taken: BTreeMap::new(), left: (0..pieces.len()).collect(), pieces: &pieces };
    matching.run();
    for (number, (terraform, piece)) in pieces.iter().enumerate() {
        let found = matching.taken.iter().find(|(_, (of, _))| *of == number);
        let becomes = match found {
            Some((address, (_, certainty))) => {
                let id = piece.id.as_deref().map(PhysicalId::from);
                Becomes::Resource { address: address.clone(), id, certainty: *certainty }
            }
            None => Becomes::Left(matching.why_left(piece)),
        };
        told.push(Told { terraform: terraform.clone(), becomes });
    }
    told.sort_by(|a, b| a.terraform.cmp(&b.terraform));
    told
}

/// How two values compare.
enum Agreement {
    Yes,
    No,
    /// It refers to what is not known yet.
    Open,
}

struct Matching<'a> {
    desired: &'a Desired,
    bound: Bound,
    taken: BTreeMap<Address, (usize, Certainty)>,
    left: BTreeSet<usize>,
    pieces: &'a [(String, Piece)],
}

impl Matching<'_> {
    fn run(&mut self) {
        loop {
            let found = self.named().or_else(|| self.agreeing()).or_else(|| self.possible()).or_else(|| self.only());
            let Some((address, piece, certainty)) = found else { break };
            self.take(address, piece, certainty);
        }
    }

    /// The resources of a kind to which nothing belongs yet.
    fn open<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Address> {
        self.desired.resources.keys().filter(move |address| address.kind() == kind && !self.taken.contains_key(*address))
    }

    /// What another has named by an output.
    fn named(&self) -> Option<(Address, usize, Certainty)> {
        self.left.iter().find_map(|number| {
            let piece = &self.pieces[*number].1;
            let is_it = |address: &&Address| {
                piece.offers.iter().any(|(output, value)| self.bound.get(&((*address).clone(), (*output).to_owned())) == Some(value))
            };
            let address = self.open(piece.kind).find(is_it)?;
            let all = piece.keys.iter().all(|key| matches!(self.compare(address, key), Agreement::Yes));
            Some((address.clone(), *number, if all { Certainty::Certain } else { Certainty::Likely }))
        })
    }

    /// What agrees in every key.
    fn agreeing(&self) -> Option<(Address, usize, Certainty)> {
        let agrees = |address: &Address, piece: &Piece| {
            !piece.keys.is_empty() && piece.keys.iter().all(|key| matches!(self.compare(address, key), Agreement::Yes))
        };
        self.single(agrees).map(|(address, number)| (address, number, Certainty::Certain))
    }

    /// What disagrees in no key, where it can be nothing else.
    fn possible(&self) -> Option<(Address, usize, Certainty)> {
        let may_be = |address: &Address, piece: &Piece| {
            let told: Vec<Agreement> = piece.keys.iter().map(|key| self.compare(address, key)).collect();
            told.iter().any(|one| matches!(one, Agreement::Yes)) && !told.iter().any(|one| matches!(one, Agreement::No))
        };
        self.single(may_be).map(|(address, number)| (address, number, Certainty::Likely))
    }

    /// What is the only one of its kind on both sides.
    fn only(&self) -> Option<(Address, usize, Certainty)> {
        self.left.iter().find_map(|number| {
            let kind = self.pieces[*number].1.kind;
            let alone = self.left.iter().filter(|other| self.pieces[**other].1.kind == kind).count() == 1;
            let mut open = self.open(kind);
            let (first, none) = (open.next()?, open.next().is_none());
            (alone && none && ONLY_ONE.contains(&kind)).then(|| (first.clone(), *number, Certainty::Likely))
        })
    }

    /// A piece and a resource that fit each other and nothing else. Two pieces of one id are one.
    fn single(&self, fits: impl Fn(&Address, &Piece) -> bool) -> Option<(Address, usize)> {
        self.left.iter().find_map(|number| {
            let piece = &self.pieces[*number].1;
            let mut addresses = self.open(piece.kind).filter(|address| fits(address, piece));
            let (address, None) = (addresses.next()?, addresses.next()) else { return None };
            let other = |other: &&usize| {
                let rival = &self.pieces[**other].1;
                **other != *number && rival.kind == piece.kind && (rival.id.is_none() || rival.id != piece.id) && fits(address, rival)
            };
            self.left.iter().find(other).is_none().then(|| (address.clone(), *number))
        })
    }

    fn take(&mut self, address: Address, number: usize, certainty: Certainty) {
        let piece = &self.pieces[number].1;
        for (output, value) in &piece.offers {
            self.bound.insert((address.clone(), (*output).to_owned()), value.clone());
        }
        for (field, value) in piece.keys.iter().chain(&piece.hints) {
            let Some(declared) = self.desired.resources[&address].spec.get(*field) else { continue };
            self.learn(&declared.clone(), value);
        }
        self.left.remove(&number);
        self.taken.insert(address, (number, certainty));
    }

    /// What a field refers to is what the object has there.
    fn learn(&mut self, declared: &Value, value: &Value) {
        match (self.pointer(declared), declared, value) {
            (Some(to), _, Value::String(_)) => drop(self.bound.entry(to).or_insert_with(|| value.clone())),
            (None, Value::Object(declared), Value::Object(values)) if declared.len() == values.len() => {
                for (name, one) in declared.clone() {
                    if let Some(value) = values.get(&name) {
                        self.learn(&one, value);
                    }
                }
            }
            (None, Value::Array(declared), Value::Array(values)) => {
                let known: Vec<Value> = declared.iter().map(|one| self.resolved(one)).filter(|one| pointers(one).is_empty()).collect();
                let mut unknown = declared.iter().filter(|one| !pointers(&self.resolved(one)).is_empty());
                let mut rest = values.iter().filter(|value| !known.contains(value));
                if let (Some(one), None, Some(value), None) = (unknown.next(), unknown.next(), rest.next(), rest.next()) {
                    self.learn(&one.clone(), &value.clone());
                }
            }
            _ => {}
        }
    }

    /// The output that a value of the file refers to, if it is nothing else.
    fn pointer(&self, declared: &Value) -> Option<(Address, String)> {
        declared.get("$ref")?;
        pointers(declared).into_iter().next().map(|pointer| (pointer.to, pointer.output))
    }

    fn resolved(&self, declared: &Value) -> Value {
        resolve(declared, &|pointer| self.bound.get(&(pointer.to.clone(), pointer.output.clone())).cloned())
    }

    fn compare(&self, address: &Address, (field, value): &(&'static str, Value)) -> Agreement {
        let Some(declared) = self.desired.resources[address].spec.get(*field) else { return Agreement::No };
        let declared = self.resolved(declared);
        if !pointers(&declared).is_empty() {
            // What one object is, another cannot be too.
            let theirs = |((of, output), bound): (&(Address, String), &Value)| {
                self.pointer(&declared).is_some_and(|(to, name)| to.kind() == of.kind() && to != *of && name == *output && bound == value)
            };
            return if self.bound.iter().any(theirs) { Agreement::No } else { Agreement::Open };
        }
        if declared == *value { Agreement::Yes } else { Agreement::No }
    }

    /// Why a piece belongs to nothing.
    fn why_left(&self, piece: &Piece) -> String {
        let same = |address: &&Address| {
            self.taken.get(*address).is_some_and(|(number, _)| {
                let other = &self.pieces[*number].1;
                other.kind == piece.kind && other.id.is_some() && other.id == piece.id
            })
        };
        if let Some(address) = self.taken.keys().find(same) {
            return format!("is the same object as {address}");
        }
        let what: Vec<String> = piece.keys.iter().filter_map(|(field, value)| Some(format!("{field} {}", value.as_str()?))).collect();
        let about = if what.is_empty() { String::new() } else { format!(" ({})", what.join(", ")) };
        format!("is no {} of the file{about}", piece.kind)
    }
}

#[cfg(test)]
mod tests {
    use bbws_model::Wanted;
    use serde_json::json;

    use super::super::tfstate::TfResource;
    use super::*;

    fn resource(address: &str, attributes: Value) -> TfResource {
        let of = address.rsplit('.').nth(1).unwrap().to_owned();
        TfResource { address: address.into(), of, data: false, attributes: attributes.as_object().unwrap().clone() }
    }

    fn to(address: &str, output: &str) -> Value {
        json!({ "$ref": address, "output": output })
    }

    fn desired() -> Desired {
        let all = [
            ("vpc.main", json!({"cidr": "10.0.0.0/16"})),
            ("subnet.a", json!({"vpc": to("vpc.main", "id"), "cidr": "10.0.1.0/24"})),
            ("route-table.public", json!({"vpc": to("vpc.main", "id")})),
            ("route-table.private", json!({"vpc": to("vpc.main", "id")})),
            ("route-table-association.a", json!({"subnet": to("subnet.a", "id"), "table": to("route-table.public", "id")})),
            ("security-group.alb", json!({"name": "wp-alb", "vpc": to("vpc.main", "id")})),
            ("security-group.ecs", json!({"name": "wp-ecs", "vpc": to("vpc.main", "id")})),
            ("load-balancer.main", json!({"name": "wp-alb", "security_groups": [to("security-group.alb", "id")]})),
            (
                "security-group-rule.alb-out",
                json!({"group": to("security-group.alb", "id"), "direction": "egress", "protocol": "tcp",
                "ports": "80", "peer": {"group": to("security-group.ecs", "id")}}),
            ),
            ("elastic-ip.nat-a", json!({})),
            ("nat-gateway.a", json!({"subnet": to("subnet.a", "id"), "elastic_ip": to("elastic-ip.nat-a", "id")})),
        ];
        let resources = all.into_iter().map(|(address, spec)| (address.parse().unwrap(), Wanted::new(spec))).collect();
        Desired { resources, ..Desired::default() }
    }

    fn mapped(resources: Vec<TfResource>) -> BTreeMap<String, String> {
        let state = TfState { terraform: "1.6.0".into(), resources };
        let word = |becomes: Becomes| match becomes {
            Becomes::Resource { address, id, certainty } => {
                format!("{address} {} {certainty:?}", id.map_or_else(|| "?".to_owned(), |id| id.to_string()))
            }
            Becomes::Part(kind) => format!("part of {kind}"),
            Becomes::Left(why) => why,
            Becomes::Unknown => "unknown".to_owned(),
        };
        map(&state, &desired()).into_iter().map(|told| (told.terraform, word(told.becomes))).collect()
    }

    #[test]
    fn objects_are_known_by_what_they_are_and_by_what_uses_them() {
        let told = mapped(vec![
            resource("aws_vpc.poc", json!({"id": "vpc-1", "cidr_block": "10.0.0.0/16"})),
            resource("aws_subnet.x", json!({"id": "subnet-1", "vpc_id": "vpc-1", "cidr_block": "10.0.1.0/24"})),
            resource("aws_subnet.y", json!({"id": "subnet-9", "vpc_id": "vpc-1", "cidr_block": "10.0.9.0/24"})),
            resource("aws_route_table.r1", json!({"id": "rtb-1"})),
            resource("aws_route_table.r2", json!({"id": "rtb-2"})),
            resource("aws_route_table_association.z", json!({"id": "rtbassoc-1", "subnet_id": "subnet-1", "route_table_id": "rtb-2"})),
            resource("aws_security_group.one", json!({"id": "sg-1", "name": "poc-tasks", "vpc_id": "vpc-1"})),
            resource(
                "aws_security_group.two",
                json!({"id": "sg-2", "name": "poc-lb", "vpc_id": "vpc-1", "egress": [
                {"from_port": 80, "to_port": 80, "protocol": "tcp", "cidr_blocks": [], "security_groups": ["sg-1"], "self": false}]}),
            ),
            resource("aws_lb.this", json!({"id": "arn:lb", "arn": "arn:lb", "name": "poc-alb", "security_groups": ["sg-2"]})),
            resource("aws_eip.nat", json!({"id": "eipalloc-1"})),
            resource("aws_nat_gateway.nat", json!({"id": "nat-1", "subnet_id": "subnet-1", "allocation_id": "eipalloc-1"})),
            resource("aws_s3_bucket_versioning.v", json!({"id": "b"})),
            resource("aws_kinesis_stream.k", json!({"id": "k"})),
            resource("aws_lb_target_group.t", json!({"id": "t"})),
            resource("null_resource.n", json!({"id": "1"})),
        ]);
        let expected = [
            ("aws_vpc.poc", "vpc.main vpc-1 Certain"),
            ("aws_subnet.x", "subnet.a subnet-1 Certain"),
            ("aws_subnet.y", "is no subnet of the file (vpc vpc-1, cidr 10.0.9.0/24)"),
            ("aws_route_table.r2", "route-table.public rtb-2 Certain"),
            ("aws_route_table_association.z", "route-table-association.a subnet-1 Certain"),
            ("aws_security_group.one", "security-group.ecs sg-1 Likely"),
            ("aws_lb.this", "load-balancer.main arn:lb Likely"),
            ("aws_eip.nat", "elastic-ip.nat-a eipalloc-1 Certain"),
            ("aws_nat_gateway.nat", "nat-gateway.a nat-1 Certain"),
            ("aws_s3_bucket_versioning.v", "part of bucket"),
            ("aws_kinesis_stream.k", "unknown"),
            ("aws_lb_target_group.t", "belongs to the tenants: the Tenant Manager takes care of it"),
            ("null_resource.n", "is Terraform's own, and stands for nothing in AWS"),
        ];
        for (terraform, becomes) in expected {
            assert_eq!(told[terraform], becomes, "{terraform}");
        }
        let state = TfState { terraform: String::new(), resources: vec![] };
        assert_eq!(map(&state, &desired()), []);
    }

    #[test]
    fn what_could_be_either_is_left() {
        let told = mapped(vec![
            resource("aws_security_group.one", json!({"id": "sg-1", "name": "a", "vpc_id": "vpc-1"})),
            resource("aws_security_group.two", json!({"id": "sg-2", "name": "b", "vpc_id": "vpc-1"})),
        ]);
        assert!(told.values().all(|becomes| becomes.starts_with("is no security-group of the file")), "{told:?}");
    }
}
