//! Each error: what it means, why it comes, what to do.

use super::ErrorId;

/// What the catalogue says of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its id: `E-LIMIT`.
    pub id: &'static str,
    /// What happened, in a few words.
    pub what: &'static str,
    /// Why it comes.
    pub why: &'static str,
    /// What to do; `ENV`, `ADDRESS` and `ID` stand for the names at hand.
    pub fix: &'static str,
}

const fn about(id: &'static str, what: &'static str, why: &'static str, fix: &'static str) -> About {
    About { id, what, why, fix }
}

impl ErrorId {
    /// What the catalogue says of it.
    #[must_use]
    pub fn about(self) -> About {
        match self {
            Self::Throttled => about(
                "E-THROTTLED",
                "AWS refused a call because too many came",
                "the rate of calls of an account and region is shared by all tools at work there; bbws waits and repeats for ten minutes",
                "see which other tools call AWS there, then run the same command again",
            ),
            Self::Network => about(
                "E-NETWORK",
                "AWS could not be reached",
                "no connection, no name, or no answer in time; a read is repeated three times, ever later, before it is given up",
                "check this machine's way to the internet (DNS, proxy, VPN), then AWS's status page, then run the same command again",
            ),
            Self::Service => about(
                "E-SERVICE",
                "an AWS service answered that it has failed itself",
                "the service is in trouble (HTTP 5xx); a read is repeated three times, ever later, before it is given up",
                "see AWS's status page for that service and region; run the same command again when it is well",
            ),
            Self::NoAnswer => about(
                "E-NO-ANSWER",
                "a change was sent and its answer was lost",
                "the connection broke, or AWS answered with a failure of its own: it may have done it or not",
                "run the same command again: it first finds out what became of the request, and makes nothing twice",
            ),
            Self::Withheld => about(
                "E-WITHHELD",
                "bbws held a change back, right before it would have left",
                "its lease on the environment was too old to be sure that no other run has taken over",
                "nothing was sent; run the same command again",
            ),
            Self::NotVisible => about(
                "E-NOT-VISIBLE",
                "something just made is not yet seen everywhere in AWS",
                "AWS tells its parts one after the other; it took longer than bbws waits",
                "run the same command again in a few minutes",
            ),
            Self::Slow => about(
                "E-SLOW",
                "AWS has not finished in the time that bbws waits for it",
                "it takes far longer than usual, or waits for what does not come: a record that the DNS does not serve, a service in trouble",
                "see to what AWS says it waits for, then run the same command again: it waits on, and makes nothing twice",
            ),
            Self::Absent => about(
                "E-ABSENT",
                "something that is expected is not there",
                "it was deleted behind bbws's back, or lies in another region than the file says",
                "`bbws plan ENV` looks for it in the other regions of the file, names an AWS_REGION that differs, and shows what would be made anew",
            ),
            Self::Exists => about(
                "E-EXISTS",
                "something of that name or key exists already and is not bbws's",
                "it bears no mark of this environment, so it is neither touched nor made a second time",
                "take it under management: `bbws import ENV ADDRESS ID`, then look at `bbws plan ENV` for what differs; or choose another name",
            ),
            Self::Name => about(
                "E-NAME",
                "a name is taken by somebody else",
                "some names are unique in the whole world or in all accounts (buckets, aliases of distributions)",
                "choose a name in the file that begins with project and environment and ends with the account's number",
            ),
            Self::Conflict => about(
                "E-CONFLICT",
                "something else is changing the same object",
                "AWS changes one thing at a time; bbws waits for the other change and repeats",
                "wait until that change is over, then run the same command again",
            ),
            Self::InUse => about(
                "E-IN-USE",
                "something still uses what is to be changed or deleted",
                "network interfaces, services or records that bbws did not make hold it",
                "find the holder, remove it there, then run the same command again",
            ),
            Self::Limit => about(
                "E-LIMIT",
                "a quota of the account is used up",
                "AWS limits how many there may be; the text names the quota, how much of it is used, and its page",
                "ask for more on that page, or remove what is no longer used; bbws does not repeat it by itself",
            ),
            Self::Denied => about(
                "E-DENIED",
                "the caller may not do this",
                "no policy allows the action that is named, or one forbids it; the same credentials would be refused again",
                "add the statement that is printed, or use the profile that the file names; `bbws iam ENV` prints the whole policy",
            ),
            Self::Credentials => about(
                "E-CREDENTIALS",
                "there are no usable credentials",
                "they are missing, wrong or have run out",
                "log in again (`aws sso login --profile PROFILE`), then run the same command again",
            ),
            Self::Clock => about(
                "E-CLOCK",
                "this machine's clock is wrong",
                "AWS takes no request that is signed more than some minutes off",
                "set the clock (NTP), check it with `bbws doctor ENV`, then run the same command again",
            ),
            Self::RegionOff => about(
                "E-REGION-OFF",
                "the region is not enabled for the account",
                "af-south-1 and others are off until somebody switches them on",
                "enable it under Account settings, Regions (it takes minutes to hours), then run the same command again",
            ),
            Self::AccountState => about(
                "E-ACCOUNT-STATE",
                "AWS has not released this account for that",
                "new accounts are verified first; some are blocked",
                "contact AWS Support; no change of the file helps",
            ),
            Self::Capacity => about(
                "E-CAPACITY",
                "AWS has no room for it there at this time",
                "a zone is full, or a subnet has no addresses left",
                "run again later, or choose another zone or a wider subnet in the file",
            ),
            Self::Invalid => about(
                "E-INVALID",
                "AWS takes the request for wrong",
                "a value in the file is none that AWS takes there",
                "compare AWS's message with the resource's section in the file, then `bbws validate ENV`",
            ),
            Self::Protected => about(
                "E-PROTECTED",
                "it is protected against deletion",
                "the file, or somebody in AWS, has switched that on; bbws never switches it off on the way",
                "write `deletion_protection = false` in its section, apply that, then delete it",
            ),
            Self::Account => about(
                "E-ACCOUNT",
                "the credentials are of another account than the environment's",
                "AWS was asked whose they are before anything else; nothing was read or changed",
                "follow the line for what you meant: another environment, or other credentials",
            ),
            Self::World => about(
                "E-WORLD",
                "the state speaks of another world, account or region",
                "the ids of one mean nothing in another: all would be made a second time",
                "use the flag or address of the world it belongs to, or set another `state.path`",
            ),
            Self::Config => about(
                "E-CONFIG",
                "the environment's file is wrong",
                "the text shows file, line, column, the offending text and what would be right; all errors at once",
                "mend the file, then `bbws validate ENV`; bbws does not correct it by itself",
            ),
            Self::Cycle => about(
                "E-CYCLE",
                "resources refer to each other in a circle",
                "none of them can be made first; the text shows the shortest circle and the field of each reference",
                "take one of these references out, often by making it a rule or record of its own",
            ),
            Self::NoPlan => about(
                "E-NO-PLAN",
                "no plan can be made",
                "something could not be read, is not ours, or must not be changed by a plan; nothing is planned on a guess",
                "follow the advice of each finding, then `bbws plan ENV`",
            ),
            Self::Foreign => about(
                "E-FOREIGN",
                "the plan would harm what is not bbws's",
                "tenants or others have hung something on what would be deleted or replaced",
                "take that away first, or take back the edit",
            ),
            Self::Production => about(
                "E-PRODUCTION",
                "production does not allow it",
                "production is read-only but for plans that a second person has approved, and what it stands on is never deleted",
                "do what the text names for that case",
            ),
            Self::Approval => about(
                "E-APPROVAL",
                "nobody who may has approved this plan of production",
                "there is no approval, or it was removed, has expired, is of another plan, state or world, is not signed by the key of the file, \
                 or is by whoever applies or made the plan",
                "let somebody with another role approve exactly this plan: `bbws approve ENV FILE`, then `bbws apply ENV FILE`",
            ),
            Self::PlanFile => about(
                "E-PLAN-FILE",
                "the file is not a plan as bbws wrote it",
                "it was edited, cut off or damaged, is led to by a link, or a newer bbws wrote it; what was looked at must be what is done",
                "make a new one: `bbws plan ENV -o FILE`",
            ),
            Self::OtherPlan => about(
                "E-OTHER-PLAN",
                "the plan is another's",
                "it was made for another environment, account, region, world or state, or by another version of bbws",
                "apply it where it belongs, or make one here: `bbws plan ENV -o FILE`",
            ),
            Self::AppliedPlan => about(
                "E-APPLIED-PLAN",
                "the plan was applied already",
                "a plan is executed once; the text names the run that did",
                "see what is still to do: `bbws plan ENV`",
            ),
            Self::StalePlan => about(
                "E-STALE-PLAN",
                "the plan no longer fits",
                "configuration, state or reality have moved since it was made; the text shows which",
                "make a new plan and look at it: `bbws plan ENV -o FILE`",
            ),
            Self::Moved => about(
                "E-MOVED",
                "what the plan rests on has changed since it was made",
                "another run came in between, or somebody edited the file",
                "look at the new plan: `bbws plan ENV`",
            ),
            Self::Consent => about(
                "E-CONSENT",
                "nobody agreed to what would be lost",
                "a destructive step needs a yes, and the answer was another, or there was nobody to ask",
                "look at the plan; give the consent on the command line if you mean it",
            ),
            Self::Back => about(
                "E-BACK",
                "there is no way back to that run",
                "what a step did cannot be reversed: data are gone, an engine does not go down, storage does not shrink",
                "the text names each such resource with what can be done instead",
            ),
            Self::Locked => about(
                "E-LOCKED",
                "another run is at work in the environment",
                "one run at a time changes it; the text names who, where, since when, and the last sign of life",
                "wait for it; a dead run is taken over by itself within a minute; one that hangs: `bbws state unlock ENV`",
            ),
            Self::Fenced => about(
                "E-FENCED",
                "another run has taken the environment over from this one",
                "this one was silent for too long, or somebody unlocked it",
                "see who: `bbws state history ENV`; when that run is over: `bbws plan ENV`",
            ),
            Self::Ahead => about(
                "E-AHEAD",
                "the look ahead knows that this plan would fail",
                "a quota leaves no room, a zone or class is not to be had, a name is somebody else's, or the region is off",
                "do what each finding says; nothing was changed. All that is looked at: `bbws doctor ENV`",
            ),
            Self::Partial => about(
                "E-PARTIAL",
                "a run failed in part",
                "some steps are done and recorded, some have failed, and those that need them were not begun",
                "mend what each failed step names and run the same command again; or go back: `bbws apply ENV --back-to RUN`",
            ),
            Self::Stopped => about(
                "E-STOPPED",
                "a run was stopped before its end",
                "somebody interrupted it, or its credentials ran out; what exists is recorded",
                "run the same command again: it goes on from there",
            ),
            Self::Verify => about(
                "E-VERIFY",
                "what was applied does not look as it was wanted",
                "AWS shows other values than were asked for, or somebody else changes them",
                "look at `bbws plan ENV`; go on with it, or go back: `bbws apply ENV --back-to RUN`",
            ),
            Self::Session => about(
                "E-SESSION",
                "the session of the credentials ends before the run would",
                "it cannot be renewed without a person",
                "sign in anew right before the run, for longer",
            ),
            Self::Store => about(
                "E-STORE",
                "the state store did not do what was asked",
                "a disk, a folder's rights, or the bucket; nothing is sent that could not be written down first",
                "check it with `bbws doctor ENV`, then run the same command again",
            ),
            Self::Damaged => about(
                "E-DAMAGED",
                "the state is damaged",
                "a slot of the log is missing or is not what its chain says",
                "see all of it: `bbws state verify ENV`; mend it, or make it again from the account: `bbws state rebuild ENV`",
            ),
            Self::Unread => about(
                "E-UNREAD",
                "not all could be looked at",
                "a read was refused or failed; what was not seen is not taken for well",
                "mend the cause that each finding names, then look again",
            ),
            Self::Offer => about(
                "E-OFFER",
                "the file takes from another environment what that does not offer yet",
                "outputs are published when an apply is over",
                "apply the other environment first, or take the reference out of the file",
            ),
            Self::Drift => about(
                "E-DRIFT",
                "the drift cannot be kept, or put back, alone",
                "the file has no words for it, or something else would follow from it",
                "keep it: `bbws drift ENV --accept ADDRESS`, put it back: `--revert ADDRESS`, or apply all: `bbws apply ENV`",
            ),
            Self::Import => about(
                "E-IMPORT",
                "nothing was taken under management",
                "it is not there, is another's, or does not fit the file",
                "follow the advice of each finding, then import it again",
            ),
            Self::Unknown => about(
                "E-UNKNOWN",
                "nothing goes by the name that was given",
                "it is mistyped, was never there, or is not there any more",
                "the text names what lists them all",
            ),
            Self::NoState => about(
                "E-NO-STATE",
                "the environment has no state yet",
                "nothing was ever applied there, or the file names another place for the state",
                "`bbws apply ENV`; if a state was there, see `[state]` in the file",
            ),
            Self::State => about(
                "E-STATE",
                "the state cannot be used for that",
                "what is recorded, or what the account holds, does not fit",
                "follow the text; nothing was changed",
            ),
            Self::Delegation => about(
                "E-DELEGATION",
                "a name would be handed to, or waited for from, name servers that are not the zone's",
                "the parent zone names others, or does not name these yet",
                "put the printed records into the parent's file and apply that, or set `dns.delegated = false`",
            ),
            Self::File => about(
                "E-FILE",
                "a file cannot be read or written",
                "it is not there, may not be used, is full, or is of another form",
                "check path, rights and free space",
            ),
            Self::System => about(
                "E-SYSTEM",
                "this machine does not give bbws what it needs",
                "no random numbers, signals or threads",
                "see the text; in a container, see its limits",
            ),
            Self::Usage => {
                about("E-USAGE", "the command line is wrong", "a name or option is not one of those there are", "see `bbws COMMAND --help`")
            }
            Self::Refused => about("E-REFUSED", "a safety rule refused it", "the text says which; nothing was changed", "follow the text"),
            Self::Later => about(
                "E-LATER",
                "it may work later",
                "credentials or a service are not available now",
                "follow the text, then run the same command again",
            ),
            Self::Interrupted => {
                about("E-INTERRUPTED", "it was interrupted", "by Ctrl-C or a signal; what exists is recorded", "run the same command again")
            }
            Self::Other => about("E-OTHER", "something else went wrong", "the text says what", "follow the text"),
        }
    }
}
