//! What `--help` teaches beside the options: examples, and the exit codes.

mod fit;

use crate::Exit;

pub(crate) use fit::{columns, fitted};

/// Below the short help.
pub(crate) const SHORT: &str = "\
Try it, without any account:
  bbws apply dev --sandbox --yes     create the cluster of environments/dev.toml in a simulation of AWS
  bbws plan dev --sandbox            nothing to do any more
  bbws sandbox show                  what stands there now

`bbws --help` lists the exit codes; `bbws COMMAND --help` has examples of each command.";

/// Below the long help.
pub(crate) fn long() -> String {
    let mut text = String::from(
        "\
Try it, without any account:
  bbws validate dev                  is the file right?
  bbws apply dev --sandbox --yes     create its cluster in a simulation of AWS inside bbws
  bbws plan dev --sandbox            nothing to do any more
  bbws state show dev --sandbox      what bbws has recorded
  bbws sandbox show                  what stands in the simulated cloud
  bbws destroy dev --sandbox         remove it again

With AWS:
  bbws init dev                      make the place of its state ready, once
  bbws plan dev                      what would change, why, at what risk; changes nothing
  bbws apply dev                     shows the plan, asks where something would be lost, applies, verifies
  bbws drift dev                     what somebody changed behind bbws's back, and who
  bbws output dev --json             the outputs, for the Tenant Manager

ENV is the name of a file in environments/, without .toml; the variable BBWS_ENV may stand in for it.
Credentials come from the profile that the file names, unless the environment holds AWS's own variables.
Before anything else the account is checked against the file's; any other account is refused.

Exit codes:
",
    );
    for exit in Exit::ALL {
        text.push_str(&format!("  {:>3}  {}\n", exit.code(), exit.meaning()));
    }
    text.push_str(
        "
Variables:
  BBWS_ENV          the environment, where none is given
  BBWS_ENV_DIR      the folder of the environment files
  NO_COLOR          no colours
  AWS_ENDPOINT_URL  a server that speaks AWS's protocols, instead of AWS",
    );
    text
}

pub(crate) const VALIDATE: &str = "\
Needs no network and no credentials. Every problem is told at once: the place, the reason, and what would be right.

Examples:
  bbws validate dev
  bbws validate prod --json          for an editor or a pipeline";

pub(crate) const INIT: &str = "\
With backend = \"s3\": creates the bucket, or looks whether it has all that a state needs, and makes only what is missing.
Others' statements and rules stay; nothing is weakened. Shows what it will do, and asks. With backend = \"local\": looks at the folder.
Either way it tries whether the store makes each object only once, and refuses one that does not. It can be run again at any time.

Examples:
  bbws init dev
  bbws init prod --yes --json        for a pipeline";

pub(crate) const PLAN: &str = "\
Reads the account, changes nothing. The first line counts what would be lost.

Examples:
  bbws plan dev
  bbws plan dev --detailed-exitcode  exit 2 when there are changes, 0 when there are none
  bbws plan dev -o dev.plan          then: bbws apply dev dev.plan
  bbws plan dev --target vpc.main    only this and what it needs
  bbws plan dev --destroy            what `destroy` would remove
  bbws plan dev --back-to 01KB…      the way back to what that run wanted
  bbws plan dev --json | jq .counts
  bbws plan dev -o dev.plan --markdown=plan.md --html=plan.html
                                     the plan, a comment for a pull request, and a page with a picture";

pub(crate) const APPLY: &str = "\
Shows the plan first. In dev and sit it asks when something would be destroyed or lost; --yes answers that beforehand.
Production takes only a plan in a file that a second person has approved (`bbws approve`).
Afterwards it verifies: a new plan must be empty, and in sit and prod what was changed must be healthy.
The first Ctrl-C finishes the requests on their way and starts nothing new, the second leaves at once; either way what
exists is recorded, and the next run goes on from there.

Examples:
  bbws apply dev
  bbws apply dev --yes --json        events, a line each, for a pipeline
  bbws apply dev dev.plan            exactly the plan that was looked at
  bbws apply prod prod.plan          a plan that somebody else has approved
  bbws apply prod --break-glass \"the disk is full, nobody else is awake\"
                                     without an approval: recorded, and shown ever after
  bbws apply dev --back-to 01KB…     what an earlier run wanted, whatever the file says now
  bbws apply dev --sandbox --sandbox-speed 60
                                     watch the simulation, a minute in a second";

pub(crate) const APPROVE: &str = "\
Production is changed only by a plan that a second person has approved: with another role, or another source identity, than
whoever applies it. The approval is of exactly that plan, for one time, for as many hours as [approval] valid_hours says.
With [approval] kms_key it is signed: the approver needs kms:Sign and kms:DescribeKey on that key, the applier kms:Verify.
Whoever made the plan does not approve it either. A plan that was made with --back-to RUN is approved and applied with it.

Examples:
  bbws plan prod -o prod.plan
  bbws approve prod prod.plan        somebody else; shows the plan, asks, signs
  bbws apply prod prod.plan          as it was approved, or not at all
  bbws approve prod prod.plan --sandbox --sandbox-principal approver
                                     the same in the simulation, where --sandbox-principal says who one is";

pub(crate) const DESTROY: &str = "\
Lists everything first, then wants the cluster's name typed. Of the database a last copy is always left. What others have hung on the cluster refuses \
it. --with-tenants goes on all the same, once their number is typed: what is not bbws's is never removed by it, AWS takes along what cannot \
stand alone (listener rules, access points), and keeps what the rest still uses until that is gone; run it again then.

Examples:
  bbws destroy dev
  bbws destroy dev --confirm wp-dev-cluster
  bbws destroy dev --with-tenants
  bbws plan dev --destroy            only look";

pub(crate) const DRIFT: &str = "\
Compares, field by field, what the file declares, what bbws recorded and what AWS shows. What was only edited in the file is no \
drift, but a plan's matter. Reads, and can do nothing else; exit 2 on drift, 0 on none, 1 where something could not be read. Who \
did it comes from CloudTrail, which is up to 15 minutes late; where it may not be asked, that is said. What others have put into \
our network, what bears our mark without being known, and what bears the environment's tags without being bbws's is listed, and \
is no drift.

--accept keeps what AWS shows: it is written into the environment file, which stays the declaration, comments and all, where a \
key of it says just that; otherwise it is told what to write. --revert plans and applies what undoes it, and nothing else; in \
production it writes that plan to a file, to be approved. Both may be given more than once; both ask, unless --yes is given.

Examples:
  bbws drift dev
  bbws drift dev db-instance.main    only this resource
  bbws drift dev --json | jq '.resources[] | {address, who}'
  bbws drift dev --accept log-group.ecs
  bbws drift dev --revert security-group-rule.ecs-in-alb --yes";

pub(crate) const UNLOCK: &str = "\
Shows who holds the environment, and since when; asks; then fences that run: it can write nothing
and send nothing from then on. Nothing is deleted. What it has sent is settled by the next run.
A run that has died needs none of this: the next run takes the environment over by itself.

Examples:
  bbws state unlock dev
  bbws state unlock dev --yes       # in CI, for instance after a cancelled job that hangs";

pub(crate) const STATE: &str = "\
`list`, `show`, `history`, `diff`, `pull`, `verify` and `gc` look at what bbws has recorded, and start no connection.
In production `mv`, `rm`, `restore` and `rebuild` take --break-glass REASON and the cluster's name.

Examples:
  bbws state show dev vpc.main
  bbws state show dev --json | jq '.entries | keys'
  bbws state history dev             which run changed what; with a run's id each of its slots
  bbws state diff dev 01KB…          what that run changed
  bbws state diff dev 42 serial:19   two moments: slots by number, serials, runs
  bbws state pull dev -o dev.json    a copy; the log itself is in the store
  bbws state verify dev --account    exit 2 where something is not as it should be
  bbws state verify dev --mend       put right what the store can put right by itself
  bbws state restore dev 42          the state as after slot 42, as a new entry; then: bbws plan dev
  bbws state mv dev log-group.a log-group.b --reason renamed
                                     another address; the object stays
  bbws state rm dev log-group.a --reason \"belongs to the tenants\"
                                     managed no longer; the object stays
  bbws state orphans dev             what bears our mark in the account and is not in the state
  bbws state rebuild dev             when the store is lost: the state from what is in the account
  bbws state gc dev                  slots older than 30 days, records of runs older than 90 that the log has forgotten";

pub(crate) const IMPORT: &str = "\
Nothing is made, changed or removed: an object keeps all it has, its name and its description too, and only gets bbws's mark.
Shows first what would be taken, and what a plan would do afterwards; then asks. What bears the mark of another state of bbws is
refused. Held under the environment's lock, logged like every run; `bbws state rm` lets go of it again.

--tfstate reads a Terraform state (format 4) of the cluster: the file is never written, and secrets in it are dropped as it is read.

--discover looks for all that the file declares and that is not managed: by bbws's marks, by the names and places that AWS lets only
one object have, and else by what it hangs on: the VPC by its CIDR and Name (or --vpc ID), NAT gateways by their subnet, addresses by
their NAT gateway, route tables by their subnets, file systems by their mount targets, certificates and distributions by their names.
What has another name than the file gives is looked for by what refers to it (roles, log groups, topics, groups of databases and of
security), by its VPC (load balancers, databases), by its Name tag, and alarms by what they watch: likely at best. Dashboards, records,
zones, snapshots, families of tasks and a role's policies show nowhere but by their names: those are taken by their ids.
A kind that may not be listed stops none of the others: it is said which, and why, and that this is not all.
It says how certain each is, and why; --yes takes only the certain ones, a typed yes the likely ones too, and the unsure ones are
taken one by one. Where two could be meant neither is proposed; what bears somebody's mark never is.

What belongs to the tenants, what is part of another object and what bbws does not know is named and left alone.
Take the resources out of Terraform afterwards (`terraform state rm`), so that two tools never manage the same.
With -o nothing is taken: what would be is a plan in a file, of what is certain. Production takes one that somebody else has approved
(`bbws approve`, then `bbws apply`), or --break-glass REASON and the cluster's name.

Examples:
  bbws import dev vpc.main vpc-0a1b2c3d4e5f60718
  bbws import dev role-policy.ecs-task wp-dev-ecs-task/ecs-task
  terraform state pull > cluster.tfstate
  bbws import dev --tfstate cluster.tfstate
  bbws import dev --tfstate cluster.tfstate --yes --json | jq .take
  bbws import dev --discover
  bbws import prod --discover -o import.plan    a plan for `approve` and `apply`
  bbws import dev --discover --vpc vpc-0a1b2c3d --yes --json | jq .unclear";

pub(crate) const MV: &str = "\
For a resource that is called otherwise in the file now: instead of another object being made and this one removed, it keeps its
object under the new address. What refers to it follows. Only what is recorded changes; the next apply corrects the tag
bbws:address. Held under the environment's lock, an entry of the log, and taken back by the same command the other way round.
In production it takes --break-glass REASON and the cluster's name: it stands in no plan that somebody could approve.

Examples:
  bbws state mv dev log-group.extra log-group.audit --reason \"renamed\"
  bbws state mv log-group.extra log-group.audit --reason \"renamed\"      the environment of BBWS_ENV";

pub(crate) const RM: &str = "\
The objects stay in the account as they are, with their mark. What others refer to is forgotten only together with those.
What the file still declares is taken back by the next plan: take it out of the file too.
Held under the environment's lock, an entry of the log, and taken back with `bbws state restore`: the output tells how.
In production it takes --break-glass REASON and the cluster's name: it stands in no plan that somebody could approve.

Examples:
  bbws state rm dev log-group.extra --reason \"belongs to the tenants now\"
  bbws state rm dev subnet.x route-table-association.x --reason \"…\" --yes";
pub(crate) const RUNS: &str = "\
Starts no connection but to the state's own store. A run that was killed is told as far as the log tells it.

Examples:
  bbws runs dev                      the last runs
  bbws runs dev 01KB…                one of them: who, when, from which commit, and each step's time
  bbws runs dev 01KB… --replay       watch it again, a minute in a second; --speed 600 for ten minutes
  bbws runs dev --json | jq '.runs[] | select(.outcome != \"done\")'";

pub(crate) const DOCTOR: &str = "\
Looks at the store, its disk, the log, the clock and the credentials; changes nothing but a probe that it removes again.
Ends with 2 where something is not in order.

Examples:
  bbws doctor dev
  bbws doctor dev --assumptions      what the code takes AWS to do and nobody has confirmed
  bbws doctor dev --assumptions --test all
                                     run the tests that only read; exit 2 where one is refuted
  bbws doctor dev --json | jq '.checks[] | select(.verdict != \"good\")'";

pub(crate) const SET: &str = "\
Everything else in the file stays as it is, comments included. The result is judged as a whole before it is written; what would
not be a right environment is not written. A value is TOML; a bare word is a text.

Examples:
  bbws set dev rds.class=db.t3.small --dry-run
                                     the difference and the plan; nothing is written
  bbws set dev rds.storage=40 network.nat=per-zone
  bbws set dev 'monitoring.emails=[\"ops@example.com\"]'
  bbws set dev network.public.a.cidr=10.0.3.0/24
  bbws set dev cdn.behaviour.0.path='/static/*'
                                     an entry of a list, counted from 0
  bbws set dev dns.delegated=true --no-plan
                                     needs no account";

pub(crate) const DOCS: &str = "\
The cluster on one page: diagram, sizes, addresses, outputs, runbooks, and what comes next for the Tenant Manager. From the file and,
where there is one, the state. Starts no connection but to the state's own bucket.

Examples:
  bbws docs dev -o dev.md
  bbws docs dev --sandbox";

pub(crate) const OUTPUT: &str = "\
Examples:
  bbws output dev
  bbws output dev vpc_id             the bare value
  bbws output dev --json";

pub(crate) const COST: &str = "\
Reckoned from the environment file and dated prices; needs no account and no network. What is recorded as deployed is told
beside it, where there is a state that can be read. What is billed by use is told with its price, not as an amount.

Examples:
  bbws cost dev
  bbws cost dev -v                   how each line was reckoned, and where each price is from
  bbws cost dev --markdown           for a pull request
  bbws cost dev --json | jq .wanted.monthly
  bbws cost dev --refresh            ask AWS for its prices (pricing:GetProducts), keep them in prices/af-south-1.toml";

pub(crate) const IAM: &str = "\
Made from the environment file and what is recorded; needs no connection but to the state's own bucket, and goes without that.
Each statement is as narrow as AWS lets it be: by name, by our tag, by region; -v tells why each is not narrower.
IAM takes 6,144 characters in one policy: where it takes more, there are several documents, and all are needed.

Examples:
  bbws iam dev --plan > plan.json    for whoever only looks, such as the job of a pull request
  bbws iam prod --for approve        for whoever approves: to sign, and to apply nothing
  bbws iam dev --for init            for whoever makes the bucket of the state; also: drift, import, orphans, rebuild, cost
  bbws iam dev -o policies           a file each, and the commands that make policies of them
  bbws iam dev -v                    with the reasons
  bbws iam dev --json | jq '.documents[].policy'";

pub(crate) const GRAPH: &str = "\
Drawn from the environment file; needs no network.

Examples:
  bbws graph dev -o dev.svg
  bbws graph dev --format html -o dev.html    the picture, and each resource to be opened
  bbws graph dev --format mermaid
  bbws graph dev --format dot | dot -Tpng -o dev.png";

pub(crate) const SANDBOX: &str = "\
The simulation is kept in state/sandbox/ beside the environments folder; all accounts live in the one simulation.

Examples:
  bbws sandbox show                  what exists in it, independently of bbws's states
  bbws sandbox calls --last 20
  bbws apply dev --sandbox --sandbox-policy policies/bbws-dev-apply-1.json
                                     whether a policy is enough, before anybody is given it
  bbws sandbox reset";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  bbws completions bash > ~/.local/share/bash-completion/completions/bbws
  bbws completions zsh > \"${fpath[1]}/_bbws\"
  bbws completions fish > ~/.config/fish/completions/bbws.fish";
