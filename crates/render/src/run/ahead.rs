//! How long a run will still take: the longest way through the steps that are not done.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_model::StepId;

use super::progress::{Place, Task};

/// What is still ahead of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ahead {
    /// How long it will still take, if every step takes as long as expected. A step that is late is expected to end any moment.
    pub(super) left: Duration,
    /// The steps on the longest way, the one at work first.
    pub(super) way: Vec<StepId>,
    /// The longest way from each step that is not done to the end, itself included.
    pub(super) behind: BTreeMap<StepId, Duration>,
}

impl Ahead {
    /// What is ahead. Each step stands after all it comes after.
    pub(super) fn of(tasks: &BTreeMap<StepId, Task>, elapsed: Duration) -> Self {
        let mut own: BTreeMap<StepId, Duration> = BTreeMap::new();
        for (id, task) in tasks {
            let left = match &task.place {
                Place::Waiting => task.expected,
                Place::Running { since, .. } => task.expected.saturating_sub(elapsed.saturating_sub(*since)),
                Place::Done | Place::Failed | Place::Skipped => continue,
            };
            own.insert(*id, left);
        }
        let mut behind = BTreeMap::new();
        let mut next: BTreeMap<StepId, StepId> = BTreeMap::new();
        let mut longest: BTreeMap<StepId, (Duration, StepId)> = BTreeMap::new();
        for (id, task) in tasks.iter().rev() {
            let Some(own) = own.get(id) else { continue };
            let then = longest.get(id).copied();
            let all = *own + then.map_or(Duration::ZERO, |(all, _)| all);
            behind.insert(*id, all);
            next.extend(then.map(|(_, then)| (*id, then)));
            // What runs already waits for nothing: an output that was known early let it begin.
            if task.place == Place::Waiting {
                for before in &task.after {
                    let known = longest.entry(*before).or_insert((all, *id));
                    if all >= known.0 {
                        *known = (all, *id);
                    }
                }
            }
        }
        // The earlier step of two that are as long: it stands before the other on the way.
        let first = behind.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0))).map(|(id, all)| (*id, *all));
        let Some((first, left)) = first else { return Self::default() };
        let way = std::iter::successors(Some(first), |id| next.get(id).copied()).collect();
        Self { left, way, behind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::Part;

    fn task(secs: u64, after: &[usize], place: Place) -> Task {
        Task {
            address: "vpc.main".parse().unwrap(),
            part: Part::Network,
            verb: "create".into(),
            expected: Duration::from_secs(secs),
            after: after.iter().map(|n| StepId(*n)).collect(),
            place,
        }
    }

    fn ahead(tasks: Vec<Task>, secs: u64) -> (u64, Vec<usize>) {
        let tasks = tasks.into_iter().enumerate().map(|(n, task)| (StepId(n), task)).collect();
        let ahead = Ahead::of(&tasks, Duration::from_secs(secs));
        (ahead.left.as_secs(), ahead.way.iter().map(|id| id.0).collect())
    }

    fn since(secs: u64) -> Place {
        Place::Running { since: Duration::from_secs(secs), now: String::new() }
    }

    #[test]
    fn the_longest_way_goes_through_what_is_left() {
        let start = |first: Place| {
            vec![task(10, &[], first), task(100, &[0], Place::Waiting), task(5, &[0], Place::Waiting), task(20, &[1, 2], Place::Waiting)]
        };
        assert_eq!(ahead(start(Place::Waiting), 0), (130, vec![0, 1, 3]));
        assert_eq!(ahead(start(since(0)), 4), (126, vec![0, 1, 3]));
        assert_eq!(ahead(start(since(0)), 60), (120, vec![0, 1, 3]), "it is late, and may end any moment");
        assert_eq!(ahead(start(Place::Done), 10), (120, vec![1, 3]));
    }

    #[test]
    fn what_began_early_waits_for_nothing_and_what_failed_is_not_waited_for() {
        assert_eq!(ahead(vec![task(100, &[], since(0)), task(50, &[0], since(10))], 20), (80, vec![0]));
        assert_eq!(ahead(vec![task(100, &[], Place::Failed), task(50, &[0], Place::Skipped), task(5, &[], since(0))], 1), (4, vec![2]));
        assert_eq!(ahead(vec![task(100, &[], Place::Done)], 1), (0, vec![]));
    }
}
