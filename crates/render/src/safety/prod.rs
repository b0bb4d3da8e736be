//! What production does not allow.

use bbws_model::Address;

use super::{command, title};
use crate::page::{Line, Page};
use crate::style::{Role, Style};

/// Why production refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A change without an approval of exactly that plan.
    NoApproval,
    /// Something was to be taken under management without an approval.
    Import,
    /// A change of what is recorded, by this command, that no plan holds and so nobody can approve.
    Unplanned(String),
    /// The cluster was to be destroyed.
    Destroy,
    /// Steps of the plan would delete or replace what production stands on: each resource with the verb.
    Steps(Vec<(Address, String)>),
}

/// Why production refuses, and what can be done instead. `flag` leads commands to the same world, and `others`
/// those of somebody else.
#[must_use]
pub fn prod_refused(environment: &str, (flag, others): (&str, &str), refusal: &Refusal, style: Style) -> String {
    let mut page = Page::new();
    title(&mut page, &format!("REFUSED: {} IS PRODUCTION", environment.to_uppercase()));
    let say = |page: &mut Page, head: &str, text: &str| page.push(Line::at(0).say(Role::Bold, head).text(text));
    let in_aws = !flag.contains("--sandbox");
    let there = if in_aws { format!(" --sandbox{flag}") } else { flag.to_owned() };
    match refusal {
        Refusal::NoApproval => {
            say(&mut page, "Why: ", "production is read-only: a change needs a second person's approval of exactly that plan.");
            say(&mut page, "To go on: ", "plan the change, let somebody else approve that plan, then apply it:");
            command(&mut page, &format!("bbws plan {environment}{flag} -o FILE"));
            command(&mut page, &format!("bbws approve {environment}{others} FILE"));
            command(&mut page, &format!("bbws apply {environment}{flag} FILE"));
            let inline = |text: &str, call: String| Line::at(0).whole().text(text).say(Role::Bold, call);
            page.push(inline(
                "Where it cannot wait; recorded, and shown ever after: ",
                format!("bbws apply {environment}{flag} --break-glass WHY"),
            ));
            if in_aws {
                page.push(inline("Where nothing can break: ", format!("bbws apply {environment}{there}")));
            }
        }
        Refusal::Import => {
            say(
                &mut page,
                "Why: ",
                "production is read-only: what it takes under management needs a second person's approval of exactly that.",
            );
            say(&mut page, "To go on: ", "write down what would be taken, let somebody else approve that plan, then apply it:");
            command(&mut page, &format!("bbws import {environment}{flag} … -o FILE"));
            command(&mut page, &format!("bbws approve {environment}{others} FILE"));
            command(&mut page, &format!("bbws apply {environment}{flag} FILE"));
            let call = format!("bbws import {environment}{flag} … --break-glass REASON");
            page.push(Line::at(0).whole().text("Where it cannot wait; recorded, and shown ever after: ").say(Role::Bold, call));
        }
        Refusal::Unplanned(verb) => {
            say(
                &mut page,
                "Why: ",
                "production is read-only, and this change stands in no plan: there is nothing that a second person could approve.",
            );
            let way = if in_aws {
                "try it where nothing can break; then do it on your own word, which is recorded and shown ever after:"
            } else {
                "do it on your own word, which is recorded and shown ever after:"
            };
            say(&mut page, "To go on: ", way);
            if in_aws {
                command(&mut page, &format!("bbws {verb} {environment} …{there}"));
            }
            command(&mut page, &format!("bbws {verb} {environment}{flag} … --break-glass REASON"));
        }
        Refusal::Destroy => {
            say(
                &mut page,
                "Why: ",
                "a production cluster is never destroyed by bbws, with or without an approval: users' sites, data and names hang on it.",
            );
            page.gap();
            say(&mut page, "What you can do:", "");
            page.push(Line::at(2).text("try a change where nothing can break, and clear that place again:"));
            command(&mut page, &format!("bbws apply {environment}{there}"));
            command(&mut page, "bbws sandbox reset");
        }
        Refusal::Steps(steps) => {
            say(
                &mut page,
                "Why: ",
                "no step may delete or replace what holds data or what the cluster stands on (VPC, subnets in use, load balancer, zone, distribution):",
            );
            for (address, verb) in steps {
                page.push(Line::at(2).say(Role::Destroy, verb).text(" ").say(Role::Bold, address.to_string()));
            }
            page.gap();
            say(
                &mut page,
                "What you can do: ",
                "take back the edit that forces it; `bbws plan` names the fields. What holds data is moved by hand: copy, restore beside the old one, switch over.",
            );
        }
    }
    page.gap();
    page.push(Line::at(0).say(Role::Dim, "Nothing was changed."));
    page.render(style)
}
