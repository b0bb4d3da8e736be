//! What the code takes AWS to do, and what tests of it have shown.

use bbws_operate::assumptions::{Assumption, Shown, Test};
use serde_json::{Value, json};

use crate::page::{Line, Page};
use crate::style::{Role, Style};
use crate::words::count;

/// The list, with what was shown.
#[must_use]
pub fn assumptions(list: &[&Assumption], shown: &[(&'static str, Shown)], style: Style) -> String {
    let mut page = Page::new();
    page.push(Line::at(0).text(format!("{} about AWS that the code relies on and nobody has confirmed.", count(list.len(), "assumption"))));
    for one in list {
        page.gap();
        page.push(Line::at(0).say(Role::Bold, one.id).say(Role::Dim, format!("  {}  {}", one.service, one.relied_on_in)));
        page.push(Line::at(2).hang(16).say(Role::Dim, "assumed:      ").text(one.fact));
        page.push(Line::at(2).hang(16).say(Role::Dim, "otherwise:    ").text(one.otherwise));
        let test = match one.test {
            Test::Read => format!("reads only: bbws doctor ENV --assumptions --test {}", one.id),
            Test::Look(what) => format!("look yourself: {what}"),
            Test::Make(what, cost) => format!("by hand: {what}; costs {cost}"),
        };
        page.push(Line::at(2).hang(16).say(Role::Dim, "test:         ").text(test));
        if let Some((_, shown)) = shown.iter().find(|(id, _)| *id == one.id) {
            let (role, word, told) = told(shown);
            page.push(Line::at(2).hang(16).say(role, format!("{word:<14}")).text(told));
        }
    }
    page.render(style)
}

fn told(shown: &Shown) -> (Role, &'static str, &str) {
    match shown {
        Shown::Confirmed(told) => (Role::Good, "confirmed:", told),
        Shown::Refuted(told) => (Role::Error, "REFUTED:", told),
        Shown::Unknown(told) => (Role::Warning, "not to be seen:", told),
    }
}

/// The same for programs.
#[must_use]
pub fn assumptions_json(list: &[&Assumption], shown: &[(&'static str, Shown)]) -> Value {
    let one = |one: &&Assumption| {
        let (test, how, cost) = match one.test {
            Test::Read => ("read", None, None),
            Test::Look(how) => ("look", Some(how), None),
            Test::Make(how, cost) => ("make", Some(how), Some(cost)),
        };
        let result = shown.iter().find(|(id, _)| *id == one.id).map(|(_, shown)| match shown {
            Shown::Confirmed(told) => json!({ "shown": "confirmed", "told": told }),
            Shown::Refuted(told) => json!({ "shown": "refuted", "told": told }),
            Shown::Unknown(told) => json!({ "shown": "unknown", "told": told }),
        });
        json!({
            "id": one.id, "service": one.service, "fact": one.fact, "otherwise": one.otherwise, "relied_on_in": one.relied_on_in,
            "test": test, "how": how, "cost": cost, "result": result,
        })
    };
    json!({ "format": 1, "assumptions": list.iter().map(one).collect::<Vec<_>>() })
}
