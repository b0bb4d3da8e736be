//! The picture: where each box goes, and which ways the traffic takes.

use std::collections::BTreeMap;

use bbws_model::{Address, Kinds};

use super::scene::Scene;
use super::svg::{Canvas, Look, Rect, Way, fit};
use super::{Diagram, Node};
use crate::part::Part;

const COLUMN: f64 = 360.0;
const GAP: f64 = 24.0;
const MARGIN: f64 = 30.0;
const PANEL: f64 = 320.0;
/// From a column's left edge to its lanes: requests go down the left one, what leaves goes up the right one.
const LANES: (f64, f64) = (90.0, 270.0);

/// Draws the whole picture.
pub(super) fn picture(diagram: &Diagram, title: &str, kinds: &Kinds) -> String {
    let mut drawing = Drawing { diagram, scene: Scene::of(diagram), canvas: Canvas::default(), at: BTreeMap::new() };
    drawing.canvas.say(MARGIN, 36.0, "title", "start", title);
    let mut bottom = 60.0;
    let mut right = MARGIN;
    if drawing.scene.vpc.is_some() && !drawing.scene.zones.is_empty() {
        let vpc = drawing.cluster();
        (bottom, right) = (vpc.bottom(), vpc.right() + MARGIN);
    }
    let listed = drawing.panel(right, kinds);
    let height = drawing.legend(bottom.max(listed) + 30.0);
    drawing.canvas.finish(right + PANEL + MARGIN, height, title)
}

struct Drawing<'a> {
    diagram: &'a Diagram,
    scene: Scene<'a>,
    canvas: Canvas,
    /// Where each gateway stands.
    at: BTreeMap<&'a Address, Rect>,
}

/// One zone's column.
struct Column {
    x: f64,
    balancer: Option<Rect>,
    tasks: Option<Rect>,
}

impl<'a> Drawing<'a> {
    /// The VPC with all in it, and what stands before it.
    fn cluster(&mut self) -> Rect {
        #[expect(clippy::cast_precision_loss, reason = "a handful of zones")]
        let width = GAP + self.scene.zones.len().max(2) as f64 * (COLUMN + GAP);
        let middle = MARGIN + width / 2.0;
        let igw = Rect::new(middle - 100.0, 250.0, 200.0, 44.0);
        let top = igw.center();
        let (public, private) = (top + 92.0, top + 92.0 + self.height(true) + 50.0);
        let depth = self.height(false);
        let strip = self.strip();
        #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
        let vpc = Rect::new(MARGIN, top, width, private + depth + 24.0 - top + 18.0 * strip.len() as f64 + 10.0);
        self.canvas.rect(vpc, Look::Vpc);
        self.vpc_label(vpc);
        let zones: Vec<&str> = self.scene.zones.keys().copied().collect();
        let mut columns = vec![];
        for (place, zone) in zones.into_iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a handful of zones")]
            let x = MARGIN + GAP + place as f64 * (COLUMN + GAP);
            self.canvas.rect(Rect::new(x - 8.0, top + 56.0, COLUMN + 16.0, private + depth + 8.0 - top - 56.0), Look::Zone);
            self.canvas.say(x + COLUMN / 2.0, top + 76.0, "label", "middle", zone);
            columns.push(self.column(zone, x, public, private));
        }
        self.database(&columns, private + 44.0 + 48.0 + 40.0 + 46.0 + 26.0);
        for (line, text) in strip.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
            let y = private + depth + 34.0 + 18.0 * line as f64;
            self.canvas.say(vpc.x + 18.0, y, "note", "start", &fit(text, vpc.w - 36.0, 5.8));
        }
        self.ways(&columns, private, igw);
        self.outside(vpc, igw);
        vpc
    }

    fn vpc_label(&mut self, at: Rect) {
        let Some((address, node)) = self.scene.vpc.and_then(|vpc| self.diagram.nodes.get_key_value(vpc)) else { return };
        let cidr = node.text("cidr").unwrap_or_default();
        let id = node.id.clone().unwrap_or_default();
        self.canvas.say(at.x + 16.0, at.y + 24.0, "label", "start", &format!("{address}  {cidr}"));
        self.canvas.say(at.x + 16.0, at.y + 41.0, "note", "start", &id);
    }

    /// How high a row of subnets is: the one that is in use, and small ones for the others.
    fn height(&self, public: bool) -> f64 {
        let most = self.scene.zones.values().map(|z| if public { z.public.len() } else { z.private.len() }).max().unwrap_or_default();
        let main = if public { 112.0 } else { 44.0 + 48.0 + 40.0 + 46.0 + 26.0 + 50.0 + 14.0 };
        #[expect(clippy::cast_precision_loss, reason = "a handful of subnets")]
        let more = most.saturating_sub(1) as f64 * 48.0;
        main + more
    }

    fn column(&mut self, zone: &str, x: f64, public: f64, private: f64) -> Column {
        let (mut outer, mut inner) = self.scene.zones.get(zone).map(|z| (z.public.clone(), z.private.clone())).unwrap_or_default();
        // The subnet in which things stand comes first, spare ones below it.
        outer.sort_by_key(|s| self.scene.standing(s, "load-balancer").is_none() && self.scene.standing(s, "nat-gateway").is_none());
        inner.sort_by_key(|s| self.scene.standing(s, "mount-target").is_none() && self.scene.standing(s, "db-subnet-group").is_none());
        let mut column = Column { x, balancer: None, tasks: None };
        self.subnets(&outer, x, public, 112.0, Look::Public);
        self.subnets(&inner, x, private, self.height(false) - 48.0 * spare(&self.scene, false), Look::Private);
        if let Some(subnet) = outer.first() {
            column.balancer =
                self.stands(subnet, "load-balancer", Rect::new(x + 15.0, public + 46.0, 150.0, 54.0), Look::Edge, "load balancer");
            self.stands(subnet, "nat-gateway", Rect::new(x + 195.0, public + 46.0, 150.0, 54.0), Look::Network, "NAT gateway");
        }
        if !inner.is_empty() {
            let cluster = self.diagram.kind("ecs-cluster").next();
            if let Some((address, node)) = cluster {
                let at = Rect::new(x + 15.0, private + 46.0, COLUMN - 30.0, 48.0);
                let whose = format!("in {}, placed by the Tenant Manager", called(address, node));
                self.canvas.chip(at, Look::Tenant, "tenants' tasks (Fargate)", &[&whose]);
                self.scene.place(address);
                column.tasks = Some(at);
            }
            let at = Rect::new(x + 15.0, private + 44.0 + 48.0 + 40.0, 150.0, 54.0);
            let target = self.stands(inner[0], "mount-target", at, Look::Data, "EFS mount target");
            if let (Some(tasks), Some(target)) = (column.tasks, target) {
                self.canvas.arrow(Way::Data, &[(target.middle(), tasks.bottom()), (target.middle(), target.y)]);
                self.canvas.say(target.middle() + 8.0, target.y - 15.0, "note", "start", "NFS over TLS 2049");
            }
        }
        column
    }

    fn subnets(&mut self, subnets: &[&'a Address], x: f64, y: f64, main: f64, look: Look) {
        let mut top = y;
        for (place, address) in subnets.iter().enumerate() {
            let height = if place == 0 { main } else { 40.0 };
            self.canvas.rect(Rect::new(x, top, COLUMN, height), look);
            let node = &self.diagram.nodes[*address];
            self.canvas.say(x + COLUMN / 2.0, top + 18.0, "label", "middle", address.name());
            let second = [node.text("cidr"), node.id.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("  ");
            self.canvas.say(x + COLUMN / 2.0, top + 33.0, "note", "middle", &second);
            top += height + 8.0;
        }
    }

    fn stands(&mut self, subnet: &Address, kind: &'a str, at: Rect, look: Look, head: &str) -> Option<Rect> {
        let address = self.scene.standing(subnet, kind)?;
        let node = &self.diagram.nodes[address];
        let ports = self.ports(address);
        let files = self.diagram.towards(address, "file-system").next();
        files.iter().for_each(|files| self.scene.place(files));
        let second = match (ports.is_empty(), files) {
            (false, _) => format!("listens on {}", ports.join(", ")),
            (true, Some(files)) => format!("of {}", self.diagram.nodes[files].id.clone().unwrap_or_else(|| files.to_string())),
            (true, None) => node.id.clone().unwrap_or_default(),
        };
        self.canvas.chip(at, look, head, &[&called(address, node), if second == called(address, node) { "" } else { &second }]);
        self.scene.place(address);
        self.at.insert(address, at);
        Some(at)
    }

    /// The ports of a load balancer's listeners.
    fn ports(&self, balancer: &Address) -> Vec<String> {
        let listeners = self.diagram.kind("listener").filter(|(a, _)| self.diagram.towards(a, "load-balancer").any(|to| to == balancer));
        listeners.filter_map(|(_, node)| node.spec.get("port")).map(ToString::to_string).collect()
    }

    /// The database, across the zones that its subnet group spans.
    fn database(&mut self, columns: &[Column], y: f64) {
        let Some((address, node)) = self.diagram.kind("db-instance").next() else { return };
        let inner: Vec<&Column> = columns.iter().filter(|c| c.tasks.is_some()).collect();
        let (Some(first), Some(last)) = (inner.first(), inner.last()) else { return };
        let at = Rect::new(first.x + 15.0, y, last.x + COLUMN - 30.0 - first.x, 50.0);
        let zones = if node.flag("multi_az") { "with a standby in a second zone" } else { "in one of these zones" };
        let class = node.text("class").unwrap_or_default();
        let version = node.text("engine_version").unwrap_or_default();
        let told = format!("{}  {class}, MySQL {version}, {zones}", called(address, node));
        self.canvas.chip(at, Look::Data, "RDS database", &[&told]);
        self.scene.place(address);
        let port = node.spec.get("port").map(ToString::to_string).unwrap_or_default();
        for column in inner {
            if let Some(tasks) = column.tasks {
                let x = column.x + LANES.1;
                self.canvas.arrow(Way::Data, &[(x, tasks.bottom()), (x, at.y)]);
                self.canvas.say(x + 8.0, tasks.bottom() + 24.0, "note", "start", &format!("MySQL {port}"));
            }
        }
    }

    /// The ways inside the VPC: requests down, what leaves up.
    fn ways(&mut self, columns: &[Column], private: f64, igw: Rect) {
        for column in columns {
            if let Some(balancer) = column.balancer {
                let bus = igw.bottom() + 12.0;
                let start = igw.middle() - 40.0;
                self.canvas.arrow(
                    Way::Request,
                    &[(start, igw.bottom()), (start, bus), (column.x + LANES.0, bus), (column.x + LANES.0, balancer.y)],
                );
                if let Some(tasks) = column.tasks {
                    self.canvas.arrow(Way::Request, &[(column.x + LANES.0, balancer.bottom()), (column.x + LANES.0, tasks.y)]);
                }
            }
        }
        let zones: Vec<(f64, Option<Rect>, Option<&'a Address>)> = self
            .scene
            .zones
            .values()
            .zip(columns)
            .map(|(zone, column)| {
                let gateway = zone.private.iter().find_map(|subnet| self.scene.way_out(subnet, "nat-gateway"));
                (column.x, column.tasks, gateway)
            })
            .collect();
        for (x, tasks, gateway) in zones {
            let (Some(tasks), Some(nat)) = (tasks, gateway.and_then(|g| self.at.get(g)).copied()) else { continue };
            let lane = x + LANES.1;
            if (nat.middle() - lane).abs() < 1.0 {
                self.canvas.arrow(Way::Out, &[(lane, tasks.y), (lane, nat.bottom())]);
            } else {
                self.canvas.joins(Way::Out, &[(lane, tasks.y), (lane, private - 25.0), (nat.middle(), private - 25.0)]);
            }
        }
        let gateways: Vec<Rect> = self.at.iter().filter(|(a, _)| a.kind() == "nat-gateway").map(|(_, at)| *at).collect();
        for nat in gateways {
            let (bus, end) = (igw.bottom() + 22.0, igw.middle() + 40.0);
            self.canvas.arrow(Way::Out, &[(nat.middle(), nat.y), (nat.middle(), bus), (end, bus), (end, igw.bottom())]);
        }
    }

    /// The internet, the names and the edge, above the VPC.
    fn outside(&mut self, vpc: Rect, igw: Rect) {
        let middle = igw.middle();
        let band = Rect::new(vpc.x, 56.0, vpc.w, 62.0);
        self.canvas.rect(band, Look::Outside);
        self.canvas.say(band.x + 16.0, band.y + 22.0, "label", "start", "internet");
        let visitors = Rect::new(middle - 80.0, 68.0, 160.0, 38.0);
        self.canvas.chip(visitors, Look::Panel, "visitors", &[]);
        let gateway = self.diagram.kind("internet-gateway").next();
        if let Some((address, node)) = gateway {
            let id = node.id.clone().unwrap_or_else(|| address.to_string());
            self.canvas.chip(igw, Look::Network, "internet gateway", &[&id]);
            self.scene.place(address);
            self.canvas.arrow(Way::Out, &[(igw.right(), igw.y + 10.0), (middle + 136.0, igw.y + 10.0), (middle + 136.0, band.bottom())]);
        }
        let cdn = Rect::new(middle - 120.0, 152.0, 240.0, 60.0);
        if let Some((address, node)) = self.diagram.kind("distribution").next() {
            let names = node.spec.get("aliases").and_then(|v| v.as_array()).into_iter().flatten().filter_map(|v| v.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            let names = if names.is_empty() { "no names of its own yet".to_owned() } else { names };
            self.canvas.chip(cdn, Look::Edge, "CloudFront", &[&names, node.id.as_deref().unwrap_or_default()]);
            self.scene.place(address);
            self.canvas.arrow(Way::Request, &[(middle, visitors.bottom()), (middle, cdn.y)]);
            self.canvas.say(middle + 8.0, visitors.bottom() + 28.0, "note", "start", "HTTPS 443");
            self.canvas.arrow(Way::Request, &[(middle, cdn.bottom()), (middle, igw.y)]);
            let ports: Vec<String> = self.diagram.kind("load-balancer").flat_map(|(balancer, _)| self.ports(balancer)).collect();
            if !ports.is_empty() {
                self.canvas.say(middle + 8.0, cdn.bottom() + 22.0, "note", "start", &format!("to port {}", ports.join(" or ")));
            }
        } else if gateway.is_some() {
            self.canvas.arrow(Way::Request, &[(middle, visitors.bottom()), (middle, igw.y)]);
        }
        if let Some((address, node)) = self.diagram.kind("hosted-zone").next() {
            let at = Rect::new(middle - 380.0, 152.0, 210.0, 60.0);
            self.canvas.chip(at, Look::Edge, "Route 53", &[&called(address, node), node.id.as_deref().unwrap_or_default()]);
            self.scene.place(address);
            self.canvas.arrow(Way::Asks, &[(visitors.x, visitors.center()), (at.middle(), visitors.center()), (at.middle(), at.y)]);
            self.canvas.say(at.middle() + 10.0, visitors.center() - 5.0, "note", "start", "asks for the address");
        }
        let shown = self.diagram.kind("distribution").next().and_then(|(a, _)| self.diagram.towards(a, "certificate").next());
        if let Some(address) = shown {
            let node = &self.diagram.nodes[address];
            let at = Rect::new(middle + 170.0, 152.0, 210.0, 60.0);
            let domain = node.text("domain").unwrap_or_default();
            self.canvas.chip(at, Look::Edge, "certificate", &[domain, node.text("region").unwrap_or_default()]);
            self.scene.place(address);
            self.canvas.arrow(Way::Asks, &[(at.x, at.center()), (cdn.right(), at.center())]);
        }
    }

    /// What is in the VPC but has no place of its own: one line for each sort.
    fn strip(&mut self) -> Vec<String> {
        let sorts = [
            ("security groups", "security-group"),
            ("rules of security groups", "security-group-rule"),
            ("route tables", "route-table"),
            ("endpoints", "vpc-endpoint"),
            ("flow logs", "flow-log"),
        ];
        let mut lines = vec![];
        for (word, kind) in sorts {
            let names: Vec<&Address> = self.diagram.kind(kind).map(|(address, _)| address).collect();
            names.iter().for_each(|address| self.scene.place(address));
            if !names.is_empty() {
                let told = names.iter().map(|a| a.name()).collect::<Vec<_>>().join(", ");
                lines.push(if kind == "security-group-rule" { format!("{word}: {}", names.len()) } else { format!("{word}: {told}") });
            }
        }
        for kind in ["route", "route-table-association", "elastic-ip", "listener", "db-subnet-group"] {
            let plumbing: Vec<&Address> = self.diagram.kind(kind).map(|(address, _)| address).collect();
            plumbing.iter().for_each(|address| self.scene.place(address));
        }
        lines
    }

    /// Everything else, in words beside the picture.
    fn panel(&mut self, x: f64, kinds: &Kinds) -> f64 {
        let mut parts: BTreeMap<Part, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
        for address in self.diagram.nodes.keys().filter(|address| !self.scene.placed.contains(address)) {
            parts.entry(Part::of(address.kind(), kinds)).or_default().entry(address.kind()).or_default().push(address.name());
        }
        if parts.is_empty() {
            return 56.0;
        }
        let mut y = 80.0;
        let mut lines: Vec<(f64, &str, String)> = vec![(y, "label", "everything else".to_owned())];
        y += 22.0;
        for (part, kinds) in parts {
            lines.push((y, "part", part.name().to_owned()));
            y += 18.0;
            for (kind, names) in kinds {
                for text in wrapped(&format!("{kind}: {}", names.join(", ")), 46) {
                    lines.push((y, "note", text));
                    y += 15.0;
                }
            }
            y += 9.0;
        }
        let at = Rect::new(x, 56.0, PANEL, y - 56.0);
        self.canvas.rect(at, Look::Panel);
        for (y, class, text) in lines {
            self.canvas.say(x + 14.0, y, class, "start", &text);
        }
        at.bottom()
    }

    fn legend(&mut self, y: f64) -> f64 {
        let ways = [
            (Way::Request, "visitors' requests"),
            (Way::Data, "tasks to their data"),
            (Way::Out, "tasks out to the internet"),
            (Way::Asks, "names and certificates"),
        ];
        let mut x = MARGIN;
        for (way, text) in ways {
            self.canvas.arrow(way, &[(x, y - 4.0), (x + 36.0, y - 4.0)]);
            self.canvas.say(x + 44.0, y, "note", "start", text);
            x += 205.0;
        }
        let looks = [(Look::Public, "public subnet"), (Look::Private, "private subnet"), (Look::Tenant, "the Tenant Manager's")];
        let mut x = MARGIN;
        for (look, text) in looks {
            self.canvas.rect(Rect::new(x, y + 14.0, 36.0, 14.0), look);
            self.canvas.say(x + 44.0, y + 25.0, "note", "start", text);
            x += 205.0;
        }
        y + 50.0
    }
}

/// How many small boxes a row has below its main one.
fn spare(scene: &Scene<'_>, public: bool) -> f64 {
    let most = scene.zones.values().map(|z| if public { z.public.len() } else { z.private.len() }).max().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a handful of subnets")]
    let spare = most.saturating_sub(1) as f64;
    spare
}

/// Its declared name, or what its address calls it.
fn called(address: &Address, node: &Node) -> String {
    node.text("name").map_or_else(|| address.to_string(), str::to_owned)
}

/// The words in lines of at most so many letters.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
