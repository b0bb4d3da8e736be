//! A state of another world, and an environment that somebody else holds.

use bbws_engine::Held;
use bbws_model::{Owner, World};

use super::{command, row, title};
use crate::page::{Line, Page};
use crate::style::{Role, Style};

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
pub fn locked((environment, flag): (&str, &str), held: &Held, now: jiff::Timestamp, style: Style) -> String {
    let mut page = Page::new();
    page.push(Line::at(0).say(Role::Error, "Locked: ").text(format!("another run is at work in {environment}.")));
    holder(&mut page, held, now);
    page.gap();
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text(
        "wait until it is over, then run again. If it has died, the next run sees that within a minute and takes the environment over; \
         nothing has to be unlocked. To take it from a run that lives but hangs:",
    ));
    command(&mut page, &format!("bbws state unlock {environment}{flag}"));
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
pub fn fenced((environment, flag): (&str, &str), by: Option<&Owner>, style: Style) -> String {
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
    command(&mut page, &format!("bbws plan {environment}{flag}"));
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
