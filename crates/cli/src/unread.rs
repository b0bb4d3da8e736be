//! Why no plan can be made, in few words: reads that failed for one cause are told once, with what to do about it.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::Picture;
use bbws_engine::planner::UNREAD;
use bbws_model::{Address, Class, CloudError, Finding, Severity};
use bbws_render::{At, ErrorId, advice_together};

use crate::Exit;
use crate::failure::Short;

/// So many lines are told; who wants all asks for them.
const LINES: usize = 12;
/// So many resources are named of each cause.
const NAMED: usize = 3;
/// So many findings are told of those that no failed read makes.
const FEW: usize = 3;
/// The command that comes next where the advice has none of its own.
const THEN: &str = "Then: bbws plan ENV";

/// One cause, and what could not be read for it.
struct Cause<'p> {
    error: &'p CloudError,
    others: Vec<&'p CloudError>,
    addresses: Vec<&'p Address>,
}

/// The reads that failed, by cause: the same call that was answered the same.
fn causes<'p>(findings: &[Finding], picture: &'p Picture) -> Vec<Cause<'p>> {
    let mut causes: BTreeMap<(&str, &str, Class), Cause<'p>> = BTreeMap::new();
    let unread: BTreeSet<&Address> = findings.iter().filter(|one| one.summary == UNREAD).filter_map(|one| one.address.as_ref()).collect();
    let looked = picture.recorded.iter().chain(&picture.unrecorded);
    let failed =
        looked.filter_map(|(address, found)| Some((address, found.as_ref().err()?))).filter(|(address, _)| unread.contains(address));
    for (address, error) in failed {
        let none = || Cause { error, others: vec![], addresses: vec![] };
        let cause = causes.entry((&error.operation, &error.code, error.class)).or_insert_with(none);
        cause.others.push(error);
        cause.addresses.push(address);
    }
    let mut causes: Vec<Cause<'_>> = causes.into_values().collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.addresses.len()));
    causes
}

impl Cause<'_> {
    fn finding(&self) -> Finding {
        let first = self.addresses.first().copied();
        let named: Vec<String> = self.addresses.iter().skip(1).take(NAMED - 1).map(ToString::to_string).collect();
        let more = self.addresses.len().saturating_sub(named.len() + 1);
        let summary = match (named.is_empty(), more) {
            (true, _) => UNREAD.to_owned(),
            (false, 0) => format!("{UNREAD}, nor could {}", named.join(" and ")),
            (false, _) => format!("{UNREAD}, nor could {} and {more} more", named.join(", ")),
        };
        let request = self.error.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
        let mut advice = advice_together(self.error, &self.others, &At::default());
        advice.retain(|text| text != THEN);
        let finding = Finding::new(Severity::Error, summary).seen(format!("{}{request}", self.error)).advise(advice.join("\n"));
        first.map_or_else(|| finding.clone(), |address| finding.clone().at(address))
    }
}

/// How many lines a finding takes.
fn lines(finding: &Finding) -> usize {
    1 + usize::from(!finding.evidence.is_empty()) + finding.advice.lines().count()
}

/// Which error it is, and what the shell is told, where reads that failed in one way are all that stands in the way.
fn class(findings: &[Finding], causes: &[Cause<'_>]) -> Option<(ErrorId, Exit)> {
    let first = causes.first().filter(|_| findings.iter().all(|finding| finding.summary == UNREAD))?.error;
    // What AWS says of a read in other words is no way to go on from.
    let tells = matches!(
        first.class,
        Class::Denied | Class::Credentials | Class::Throttled | Class::Transient | Class::Ambiguous | Class::AccountState
    );
    let id = ErrorId::of(first);
    let exit = if crate::failure::may_work_later(first.class) { Exit::Later } else { Exit::Error };
    (tells && causes.iter().all(|cause| ErrorId::of(cause.error) == id)).then_some((id, exit))
}

/// What is told of findings that stand in a plan's way where nobody asked for all; and which error it is, where the failed reads
/// alone decide that. So many lines are told below them.
pub(crate) fn told(findings: &[Finding], picture: &Picture, below: usize) -> (Short, Option<(ErrorId, Exit)>) {
    let causes = causes(findings, picture);
    let class = class(findings, &causes);
    let others = findings.iter().filter(|finding| finding.summary != UNREAD);
    let many = others.clone().count() + causes.len();
    let (mut few, mut used) = (vec![], 1);
    for finding in others.take(FEW).cloned().chain(causes.iter().map(Cause::finding)) {
        // A line says how many more there are.
        if !few.is_empty() && (few.len() >= FEW || used + lines(&finding) + 1 + below > LINES) {
            break;
        }
        used += lines(&finding);
        few.push(finding);
    }
    if class.is_some()
        && let Some(last) = few.last_mut().filter(|last| !last.advice.contains("bbws "))
    {
        last.advice.push_str(&format!("\n{THEN}"));
    }
    let more = many - few.len();
    (Short { findings: few, more }, class)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(operation: &str, class: Class, code: &str, message: &str) -> CloudError {
        CloudError { code: code.into(), ..CloudError::own(operation, class, message) }
    }

    fn denied(action: &str, on: &str) -> CloudError {
        let who = "arn:aws:sts::536580886816:assumed-role/ci/run";
        let told = format!(
            "You are not authorized to perform this operation. User: {who} is not authorized to perform: {action} on resource: {on} because no identity-based policy allows the {action} action. Encoded authorization failure message: {}",
            "x".repeat(900)
        );
        error(action, Class::Denied, "UnauthorizedOperation", &told)
    }

    /// What is told of reads that failed so.
    fn of(errors: &[(&str, CloudError)]) -> (String, usize, Option<(ErrorId, Exit)>) {
        let mut picture = Picture::default();
        let mut findings = vec![];
        for (address, error) in errors {
            let address: Address = address.parse().unwrap();
            findings.push(Finding::new(Severity::Error, UNREAD).at(&address).seen(error.to_string()));
            picture.recorded.insert(address, Err(error.clone()));
        }
        let (short, class) = told(&findings, &picture, 1);
        let text = |finding: &Finding| {
            format!("{}: {}\n{}\n{}", finding.address.as_ref().unwrap(), finding.summary, finding.evidence, finding.advice)
        };
        (short.findings.iter().map(text).collect::<Vec<_>>().join("\n"), short.more, class)
    }

    #[test]
    fn reads_that_are_denied_for_one_cause_are_told_once_with_the_statement() {
        let (subnets, databases) = (denied("ec2:DescribeSubnets", "*"), denied("rds:DescribeDBInstances", "*"));
        let mut errors: Vec<(String, CloudError)> = (0..9).map(|n| (format!("subnet.s{n}"), subnets.clone())).collect();
        errors.push(("db-instance.main".into(), databases));
        let errors: Vec<(&str, CloudError)> = errors.iter().map(|(address, error)| (address.as_str(), error.clone())).collect();
        let (text, more, class) = of(&errors);
        assert_eq!((more, class), (0, Some((ErrorId::Denied, Exit::Error))), "{text}");
        for part in [
            "subnet.s0: it could not be read, nor could subnet.s1, subnet.s2 and 6 more",
            "db-instance.main: it could not be read\n",
            "not authorized to perform: ec2:DescribeSubnets",
            "{\"Action\":\"ec2:DescribeSubnets\",\"Effect\":\"Allow\",\"Resource\":\"*\"}",
            "{\"Action\":\"rds:DescribeDBInstances\",\"Effect\":\"Allow\",\"Resource\":\"*\"}",
            "bbws plan ENV",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!text.contains("xxxx") && !text.contains("Encoded"), "the blob is private:\n{text}");
        assert!(text.lines().count() < LINES, "the headline stands above:\n{text}");
    }

    #[test]
    fn one_statement_allows_a_read_of_several_things() {
        let role = |name: &str| denied("iam:GetRole", &format!("arn:aws:iam::1:role/{name}"));
        let (text, _, _) = of(&[("role.a", role("a")), ("role.b", role("b"))]);
        assert!(text.contains("\"Resource\":[\"arn:aws:iam::1:role/a\",\"arn:aws:iam::1:role/b\"]"), "{text}");
    }

    #[test]
    fn the_first_causes_are_told_in_twelve_lines_and_the_rest_counted() {
        let lost = |service: &str| error(&format!("{service}:Describe"), Class::Transient, "", "dispatch failure: timed out");
        let kinds = ["vpc", "subnet", "role", "topic", "bucket", "listener", "secret"];
        let errors: Vec<(String, CloudError)> = kinds.iter().map(|kind| (format!("{kind}.a"), lost(kind))).collect();
        let errors: Vec<(&str, CloudError)> = errors.iter().map(|(address, error)| (address.as_str(), error.clone())).collect();
        let (text, more, class) = of(&errors);
        assert_eq!(class, Some((ErrorId::Network, Exit::Later)));
        assert!(more > 0 && text.lines().count() + 2 <= LINES, "{more} more:\n{text}");
        assert!(text.contains("in REGION could not be reached") && text.contains("https://health.aws.amazon.com"), "{text}");
    }

    #[test]
    fn credentials_that_end_are_told_as_that_and_a_mixture_is_no_class() {
        let expired = error("ec2:DescribeVpcs", Class::Credentials, "RequestExpired", "Request has expired.");
        assert_eq!(of(&[("vpc.main", expired.clone())]).2, Some((ErrorId::Credentials, Exit::Later)));
        assert_eq!(of(&[("vpc.main", expired.clone()), ("role.a", denied("iam:GetRole", "*"))]).2, None);
        assert_eq!(of(&[("vpc.main", error("ec2:DescribeVpcs", Class::Invalid, "X", "no"))]).2, None);
        // What else stands in the way comes first.
        let mut picture = Picture::default();
        picture.recorded.insert("vpc.main".parse().unwrap(), Err(expired));
        let unread = Finding::new(Severity::Error, UNREAD).at(&"vpc.main".parse().unwrap());
        let other = |n: usize| Finding::new(Severity::Error, format!("other {n}"));
        let (short, class) = told(&[unread.clone(), other(0)], &picture, 1);
        assert_eq!((short.findings[0].summary.as_str(), short.findings.len(), short.more, class), ("other 0", 2, 0, None));
        let (short, _) = told(&[unread, other(0), other(1), other(2), other(3)], &picture, 1);
        assert_eq!((short.findings.len(), short.more), (3, 2));
    }
}
