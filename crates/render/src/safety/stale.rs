//! A plan that no longer fits, a state of another world, and an environment that somebody else holds.

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

/// That another run is at work in the environment.
#[must_use]
pub fn locked(environment: &str, holder: &Owner, since: Option<jiff::Timestamp>, style: Style) -> String {
    let mut page = Page::new();
    page.push(Line::at(0).say(Role::Error, "Locked: ").text(format!("another run is at work in {environment}.")));
    page.gap();
    owner(&mut page, holder);
    if let Some(since) = since {
        row(&mut page, "since", &since.to_string());
    }
    page.gap();
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text(
        "wait until it is over, then run again. If it has died, bbws takes the environment over by itself; nothing has to be unlocked.",
    ));
    page.render(style)
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
    row(page, "command", &owner.command);
    row(page, "version", &owner.version);
}
