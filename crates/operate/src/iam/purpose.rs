//! What somebody is to be allowed: one task, or the command that does it.

use super::Ground;

/// What somebody is to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// To look, and to make plans.
    Plan,
    /// To change things too.
    Apply,
    /// To approve plans of production, and nothing else.
    Approve,
    /// To make the bucket ready that the state is kept in.
    Init,
    /// To see what differs from what was recorded, who did it, and what stands beside it.
    Drift,
    /// To list what bears a mark and is in no state.
    Orphans,
    /// To make a lost state again.
    Rebuild,
    /// To take what exists under management.
    Import,
    /// To read AWS's prices anew.
    Cost,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Self::Plan, Self::Apply, Self::Approve, Self::Init, Self::Drift, Self::Orphans, Self::Rebuild, Self::Import, Self::Cost];

    /// Its name on the command line, in the names of policies and in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Approve => "approve",
            Self::Init => "init",
            Self::Drift => "drift",
            Self::Orphans => "orphans",
            Self::Rebuild => "rebuild",
            Self::Import => "import",
            Self::Cost => "cost",
        }
    }

    /// Whether all that is declared or recorded is looked at.
    pub(super) fn observes(self) -> bool {
        matches!(self, Self::Plan | Self::Apply | Self::Drift | Self::Rebuild | Self::Import)
    }

    /// Whether everything in the account that bears a mark is listed.
    pub(super) fn counts(self) -> bool {
        matches!(self, Self::Drift | Self::Orphans | Self::Rebuild | Self::Import)
    }

    /// Whether things are looked at that may have another name than the file gives, where no state tells it.
    pub(super) fn takes_any_name(self) -> bool {
        matches!(self, Self::Rebuild | Self::Import)
    }

    /// Whether the log is written.
    pub(super) fn writes(self) -> bool {
        matches!(self, Self::Apply | Self::Rebuild | Self::Import | Self::Init)
    }

    /// Whether it is looked ahead, and AWS's own words of a denial are decoded.
    pub(super) fn looks_ahead(self) -> bool {
        matches!(self, Self::Plan | Self::Apply | Self::Import)
    }

    /// What else is to be known.
    pub(super) fn notes(self, ground: &Ground) -> Vec<String> {
        let name = &ground.environment;
        let other = |told: &str, word: &str| vec![format!("{told}: bbws iam {name} --for {word}")];
        match self {
            Self::Plan | Self::Apply => vec![format!(
                "Not in it: `init`, `approve`, `drift`, `import`, `state orphans`, `state rebuild` and `cost --refresh`, which need \
                 something else. Each has a policy of its own: bbws iam {name} --for TASK"
            )],
            Self::Approve if ground.approval_key.is_some() => vec![
                "The key's own policy has to let this account's policies count, or name the approver itself. Give nobody this policy \
                 who may also apply."
                    .to_owned(),
            ],
            Self::Approve => vec![
                "The file names no key, so an approval is a file that only the `roles` of [approval] may write: `bbws init` fences \
                 them. A key of KMS is stronger."
                    .to_owned(),
            ],
            Self::Drift => other("To accept what differs, or to put it back, takes what an apply takes", "apply"),
            Self::Rebuild => vec![
                "What bears a mark of a kind that the file does not declare is listed, and may not be looked at any closer.".to_owned(),
            ],
            Self::Import => vec![
                "It is all that `import` needs, one by one, by a Terraform state or by --discover, under whatever names. The value of a \
                 secret is read under the name alone that the file gives."
                    .to_owned(),
                format!("An import changes nothing but marks. What a plan then wants to change: bbws iam {name} --for apply"),
            ],
            Self::Init if ground.state.is_none() => {
                vec!["The state is kept in a folder: that takes nothing of AWS.".to_owned()]
            }
            Self::Init | Self::Orphans => vec![],
            Self::Cost => vec!["The Price List tells the same of all regions, in us-east-1.".to_owned()],
        }
    }
}
