//! A plan that no longer fits, a state of another world, and an environment that somebody else holds.

use bbws_engine::Held;
use bbws_model::{Basis, Owner, World};

use super::{command, row, title};
use crate::page::{Line, Page};
use crate::style::{Role, Style};

/// Why a plan file is not executed: what it rests on has moved. None where it still fits.
#[must_use]
pub fn stale_plan(planned: &Basis, now: &Basis, style: Style) -> Option<String> {
    let Basis { environment, lineage, serial, head, configuration, observed, account, region, world, engine } = planned;
    let mut moved: Vec<(&str, String)> = vec![];
    let mut compare = |same: bool, what, told: String| {
        if !same {
            moved.push((what, told));
        }
    };
    compare(*environment == now.environment, "environment", format!("planned for {environment}, this is {}", now.environment));
    compare(*account == now.account, "account", format!("planned for {account}, this is {}", now.account));
    compare(*region == now.region, "region", format!("planned for {region}, this is {}", now.region));
    compare(*world == now.world, "world", format!("planned for {world}, this is {}", now.world));
    compare(*lineage == now.lineage, "state", format!("planned on state {lineage}, this is another one, {}", now.lineage));
    compare(
        *serial == now.serial,
        "serial",
        format!("planned on serial {serial}, the state is at {} now: somebody has applied since", now.serial),
    );
    compare(*head == now.head || *serial != now.serial, "log", "the log has grown since, though no resource has changed".into());
    compare(*configuration == now.configuration, "file", format!("environments/{}.toml says something else now", now.environment));
    compare(*observed == now.observed, "objects", "what the steps touch has changed in AWS since".into());
    compare(*engine == now.engine, "version", format!("planned by bbws {engine}, this is {}", now.engine));
    if moved.is_empty() {
        return None;
    }
    let mut page = Page::new();
    title(&mut page, "REFUSED: THE PLAN NO LONGER FITS");
    for (what, told) in &moved {
        row(&mut page, what, told);
    }
    page.gap();
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text("make a new plan, and look at it:"));
    command(&mut page, &format!("bbws plan {} -o FILE", now.environment));
    page.push(Line::at(0).say(Role::Dim, "Nothing was changed."));
    Some(page.render(style))
}

/// Why a state of one world is not used in another.
#[must_use]
pub fn wrong_world(environment: &str, recorded: &World, asked: &World, style: Style) -> String {
    let mut page = Page::new();
    title(&mut page, "REFUSED: THE STATE BELONGS TO ANOTHER WORLD");
    row(&mut page, "state of", &format!("{environment}: its ids belong to {recorded}"));
    row(&mut page, "asked for", &asked.to_string());
    page.gap();
    let why = "the ids of one world mean nothing in another: what exists would look missing and be made a second time.";
    page.push(Line::at(0).say(Role::Bold, "Why: ").text(why));
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text(match recorded {
        World::Sandbox => "add `--sandbox` for the sandbox's cluster, or set another `state.path` for this world.",
        World::Aws => "leave out `--sandbox` and AWS_ENDPOINT_URL for the real cluster, or set another `state.path` for this world.",
        World::Endpoint(_) => "set AWS_ENDPOINT_URL to that endpoint, or set another `state.path` for this world.",
    }));
    page.push(Line::at(0).say(Role::Dim, "Nothing was changed."));
    page.render(style)
}

/// That another run is at work in the environment. `now` tells how long ago things were, by this machine's clock.
#[must_use]
pub fn locked(environment: &str, held: &Held, now: jiff::Timestamp, style: Style) -> String {
    let mut page = Page::new();
    page.push(Line::at(0).say(Role::Error, "Locked: ").text(format!("another run is at work in {environment}.")));
    holder(&mut page, held, now);
    page.gap();
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text(
        "wait until it is over, then run again. If it has died, the next run sees that within a minute and takes the environment over; \
         nothing has to be unlocked. To take it from a run that lives but hangs:",
    ));
    command(&mut page, &format!("bbws state unlock {environment}"));
    page.render(style)
}

/// Whether an environment is to be taken from the run that holds it.
#[must_use]
pub fn unlock(environment: &str, held: &Held, now: jiff::Timestamp, style: Style) -> String {
    let mut page = Page::new();
    page.push(Line::at(0).say(Role::Bold, "Unlock: ").text(format!("{environment} is held by another run.")));
    page.gap();
    holder(&mut page, held, now);
    page.gap();
    let told = "That run can then write nothing and send nothing more, and stops. What it has sent so far is settled by the next one; nothing \
                is deleted. A run that has died needs no unlocking: the next one takes over by itself.";
    page.push(Line::at(0).text(told));
    page.push(Line::at(0).say(Role::Bold, "Take the environment from it? ").text("Only `yes` is taken for an answer: "));
    page.render(style)
}

/// Who holds an environment, and since when.
fn holder(page: &mut Page, held: &Held, now: jiff::Timestamp) {
    owner(page, &held.owner);
    let mut when = |what, at: Option<jiff::Timestamp>| {
        if let Some(at) = at {
            row(page, what, &format!("{at}, {} ago", ago(at, now)));
        }
    };
    when("since", held.since);
    when("last sign", held.last);
}

/// How long ago something was, as people say it; clocks of two machines may differ.
fn ago(at: jiff::Timestamp, now: jiff::Timestamp) -> String {
    let seconds = u64::try_from(now.duration_since(at).as_secs()).unwrap_or(0);
    crate::words::span(std::time::Duration::from_secs(seconds))
}

/// That another run has taken the environment away from this one.
#[must_use]
pub fn fenced(environment: &str, by: Option<&Owner>, style: Style) -> String {
    let mut page = Page::new();
    page.push(
        Line::at(0)
            .say(Role::Error, "Fenced: ")
            .text(format!("another run has taken {environment} over from this one, which has stopped.")),
    );
    page.gap();
    if let Some(by) = by {
        owner(&mut page, by);
        page.gap();
    }
    let told = "nothing has to be mended: what this run did is recorded, and the other run knows of it. When that one is over, plan again:";
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text(told));
    command(&mut page, &format!("bbws plan {environment}"));
    page.render(style)
}

fn owner(page: &mut Page, owner: &Owner) {
    row(page, "run", &owner.run.0);
    row(page, "who", &format!("{} on {}, process {}", owner.user, owner.host, owner.pid));
    row(page, "command", &format!("{} (bbws {})", owner.command, owner.version));
    if let Some(ci) = &owner.ci {
        row(page, "CI job", ci);
    }
}
