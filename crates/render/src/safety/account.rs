//! The credentials are those of another account than the environment's.

use bbws_model::Account;

use super::{row, title};
use crate::errors::ErrorId;
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
    /// What else each command needs to lead to the same world, as `--sandbox-speed`: options, with a blank before each.
    pub flag: &'a str,
}

/// What is said before anything else is done: requested and actual account, the profile, the impact, and the way on for
/// each of the three intentions.
#[must_use]
pub fn account_mismatch(of: &Mismatch<'_>, style: Style) -> String {
    let Mismatch { asked, all, found, caller, profile, command: verb, sandbox, flag } = of;
    let owner = all.iter().find(|place| place.account == **found);
    let mut page = Page::new();
    title(&mut page, &format!("STOPPED: WRONG AWS ACCOUNT ({})", ErrorId::Account));
    let whose =
        owner.map_or_else(|| "an account of none of your environments".to_owned(), |place| format!("the account of {}", place.environment));
    let in_use = if *sandbox { "the sandbox plays" } else { "the AWS credentials in use belong to" };
    let problem = format!("you asked for {}, but {in_use} {whose}.", asked.environment);
    page.push(Line::at(0).say(Role::Bold, "Problem: ").text(problem));
    row(&mut page, "expected account", &format!("{} ({})", asked.account, asked.environment));
    let of_none = || "of no environment here".to_owned();
    row(&mut page, "actual account", &format!("{found} ({}), {caller}", owner.map_or_else(of_none, |place| place.environment.clone())));
    let own = "none: the credentials come from the environment's variables or the machine's role";
    let in_use = match (sandbox, &asked.profile) {
        (false, _) => profile.unwrap_or(own).to_owned(),
        (true, Some(named)) => format!("none: the sandbox needs no credentials (the file names {named})"),
        (true, None) => "none: the sandbox needs no credentials".to_owned(),
    };
    row(&mut page, "profile in use", &in_use);
    let impact = match sandbox {
        true => "nothing was read or changed in either account of the sandbox.",
        false => "nothing was read or changed in either account.",
    };
    page.push(Line::at(0).say(Role::Bold, "Impact: ").text(impact));
    let mut number = 0;
    let mut intention = |page: &mut Page, meant: &str, command: String| {
        number += 1;
        page.push(Line::at(2).whole().text(format!("{number}. If you meant {meant}: ")).say(Role::Bold, command));
    };
    if let Some(owner) = owner {
        let command = if *sandbox { switch(owner, of) } else { format!("bbws {verb} {}{flag}", owner.environment) };
        intention(&mut page, &owner.environment, command);
    }
    intention(&mut page, &asked.environment, switch(asked, of));
    let others = all.iter().filter(|place| place.environment != asked.environment && place.account != **found);
    for place in others {
        intention(&mut page, &place.environment, switch(place, of));
    }
    if owner.is_none() {
        let right = format!("{found} for {}", asked.environment);
        intention(&mut page, &right, format!("correct `account` in environments/{}.toml", asked.environment));
    }
    page.render(style)
}

/// The command that leads to a place, from wherever one is.
fn switch(place: &Place, of: &Mismatch<'_>) -> String {
    if of.sandbox {
        // Without the flag the sandbox plays the account that the environment's file names.
        return format!("bbws {} {} --sandbox --sandbox-account {}{}", of.command, place.environment, place.account, of.flag);
    }
    let mut line = String::new();
    if of.profile.is_none() {
        // Variables come before a profile.
        line.push_str("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN; ");
    }
    if let Some(profile) = &place.profile {
        line.push_str(&format!("aws sso login --profile {profile} && AWS_PROFILE={profile} "));
    }
    line + &format!("bbws {} {}{}", of.command, place.environment, of.flag)
}
