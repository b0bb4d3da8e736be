//! The credentials are those of another account than the environment's.

use bbws_model::Account;

use super::{command, row, title};
use crate::page::{Line, Page};
use crate::style::{Role, Style};

/// An environment, as far as the check of accounts is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub environment: String,
    /// Its account.
    pub account: Account,
    /// The profile that holds its credentials, where its file names one.
    pub profile: Option<String>,
}

/// Credentials of another account than the environment's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch<'a> {
    /// The environment that was asked for.
    pub asked: &'a Place,
    /// All environments there are.
    pub all: &'a [Place],
    /// The account that the credentials belong to.
    pub found: &'a Account,
    /// Whose the credentials are, as AWS says.
    pub caller: &'a str,
    /// The profile in use, if one is.
    pub profile: Option<&'a str>,
    /// The command, without the environment: `apply`.
    pub command: &'a str,
    /// Whether it was said to the sandbox, which has no credentials: its account is the one of the command line.
    pub sandbox: bool,
}

/// What is said before anything else is done: requested and actual account, the profile, the impact, and the way on for
/// each of the three intentions.
#[must_use]
pub fn account_mismatch(of: &Mismatch<'_>, style: Style) -> String {
    let Mismatch { asked, all, found, caller, profile, command: verb, sandbox } = of;
    let owner = all.iter().find(|place| place.account == **found);
    let mut page = Page::new();
    title(&mut page, "STOPPED: WRONG AWS ACCOUNT");
    let whose =
        owner.map_or_else(|| "an account of none of your environments".to_owned(), |place| format!("the account of {}", place.environment));
    let in_use = if *sandbox { "the sandbox plays" } else { "the AWS credentials in use belong to" };
    let problem = format!("you asked for {}, but {in_use} {whose}.", asked.environment);
    page.push(Line::at(0).say(Role::Bold, "Problem: ").text(problem));
    page.gap();
    row(&mut page, "requested environment", &asked.environment);
    row(&mut page, "expected account", &format!("{} ({})", asked.account, asked.environment));
    let of_none = || "of no environment here".to_owned();
    row(&mut page, "actual account", &format!("{found} ({})", owner.map_or_else(of_none, |place| place.environment.clone())));
    let own = "none: the credentials come from the environment's variables or the machine's role";
    let in_use = match (sandbox, &asked.profile) {
        (false, _) => profile.unwrap_or(own).to_owned(),
        (true, Some(named)) => format!("none: the sandbox needs no credentials (the file names {named})"),
        (true, None) => "none: the sandbox needs no credentials".to_owned(),
    };
    row(&mut page, "profile in use", &in_use);
    row(&mut page, "caller", caller);
    page.gap();
    let impact = match sandbox {
        true => "nothing was read or changed in either account of the sandbox, and AWS was not called.",
        false => "nothing was read or changed in either account: AWS was only asked whose the credentials are.",
    };
    page.push(Line::at(0).say(Role::Bold, "Impact: ").text(impact));
    page.gap();
    page.push(Line::at(0).say(Role::Bold, "How to go on:"));
    let mut number = 0;
    let mut intention = |page: &mut Page, text: String| {
        number += 1;
        page.push(Line::at(2).hang(5).text(format!("{number}. {text}")));
    };
    if let Some(owner) = owner {
        intention(&mut page, format!("If you meant {}, the account you are in:", owner.environment));
        match sandbox {
            true => switch(&mut page, owner, of),
            false => command(&mut page, &format!("bbws {verb} {}", owner.environment)),
        }
    }
    let through = if *sandbox { "let the sandbox play" } else { "use the credentials of" };
    intention(&mut page, format!("If you meant {}, {through} account {}:", asked.environment, asked.account));
    switch(&mut page, asked, of);
    let others = all.iter().filter(|place| place.environment != asked.environment && place.account != **found);
    for place in others {
        intention(&mut page, format!("If you meant {}, {through} account {}:", place.environment, place.account));
        switch(&mut page, place, of);
    }
    if owner.is_none() {
        let told = format!(
            "If account {found} is the right one for {}, correct `account` in environments/{}.toml.",
            asked.environment, asked.environment
        );
        intention(&mut page, told);
    }
    page.gap();
    page.push(Line::at(0).say(Role::Dim, "This check keeps a change that is meant for one environment from reaching another."));
    page.render(style)
}

fn switch(page: &mut Page, place: &Place, of: &Mismatch<'_>) {
    let call = format!("bbws {} {}", of.command, place.environment);
    if of.sandbox {
        // Without the flag the sandbox plays the account that the environment's file names.
        return command(page, &format!("{call} --sandbox --sandbox-account {}", place.account));
    }
    if of.profile.is_none() {
        command(page, "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN");
    }
    match &place.profile {
        Some(profile) => {
            command(page, &format!("aws sso login --profile {profile}"));
            command(page, &format!("AWS_PROFILE={profile} {call}"));
        }
        None => command(page, &call),
    }
}
