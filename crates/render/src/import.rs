//! What an import would take, what it leaves, and what a plan would do afterwards.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::Sighted;
use bbws_model::{Action, Address, Finding, Kinds, Plan, Reason};
use bbws_operate::import::{Becomes, Certainty, Discovered, Told, only_by_name};
use serde_json::{Value, json};

use crate::page::{Line, Page, columns};
use crate::style::{Role, Style};
use crate::words::count;
use crate::{Detail, finding, plan};

/// An import before it is agreed to.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// What the objects of a Terraform state become; empty where there is none.
    pub told: &'a [Told],
    /// How certain it is of each that was discovered, and why; empty where it was asked for otherwise.
    pub certainty: &'a BTreeMap<Address, (Certainty, String)>,
    /// What discovery could not decide, and what is somebody's; none where it was asked for otherwise.
    pub discovered: Option<&'a Discovered>,
    /// What refers to something that discovery could not decide.
    pub waiting: &'a BTreeSet<Address>,
    /// The environment, and what leads a command to the same world.
    pub environment: &'a str,
    /// See [`Self::environment`].
    pub flag: &'a str,
    /// What was found, and what not.
    pub sighted: &'a Sighted,
    /// Edits of the file that would make it say what is there.
    pub edits: &'a [String],
    /// What a plan would do afterwards, or what would stand in its way.
    pub afterwards: Result<&'a Plan, &'a [Finding]>,
}

impl Import<'_> {
    /// As text.
    #[must_use]
    pub fn text(&self, kinds: &Kinds, style: Style) -> String {
        let mut page = Page::new();
        let Sighted { found, missing, findings, .. } = self.sighted;
        page.push(Line::at(0).text(match found.len() {
            0 if self.discovered.is_some_and(|discovered| !discovered.unlisted.is_empty()) => "Nothing was found to take.".to_owned(),
            0 => "Nothing is left to take under management.".to_owned(),
            number => format!("{} would come under management as it is; only bbws's mark is put on it:", count(number, "object")),
        }));
        page.gap();
        let widest = found.keys().map(|address| columns(&address.to_string())).max().unwrap_or_default();
        for (address, seen) in found {
            let line = Line::at(2).whole().say(Role::Adopt, format!("= {address}")).pad(widest + 6).text(seen.id.as_str());
            let line = match self.origin(address) {
                Some((of, Certainty::Certain)) => line.say(Role::Dim, format!("  {of}")),
                Some((of, other)) => line.say(Role::Dim, format!("  {of}")).say(Role::Warning, format!("  ({})", word(other))),
                None => line,
            };
            page.push(match self.certainty.get(address) {
                Some((Certainty::Certain, why)) => line.say(Role::Dim, format!("  certain: {why}")),
                Some((other, why)) => line.say(Role::Warning, format!("  {}: {why}", word(*other))),
                None => line,
            });
        }
        self.undecided(&mut page);
        self.missing(&mut page, missing);
        self.unlisted(&mut page);
        self.rest(&mut page);
        if !findings.is_empty() {
            page.gap();
            page.push(Line::at(0).say(Role::Warning, format!("{} not taken:", count(findings.len(), "object"))));
            findings.iter().for_each(|one| finding::tell(&mut page, one));
        }
        if !self.edits.is_empty() {
            page.gap();
            page.push(Line::at(0).text("The file names things otherwise. With these edits it says what is there:"));
            self.edits.iter().for_each(|edit| page.push(Line::at(2).whole().say(Role::Bold, edit)));
        }
        page.gap();
        let mut text = page.render(style);
        match self.afterwards {
            Ok(plan) if plan.is_empty() => text.push_str("Afterwards a plan would find nothing to do.\n"),
            Ok(after) => {
                text.push_str("What a plan would do afterwards; the import itself does none of it:\n\n");
                text.push_str(&plan(after, kinds, style, Detail::Telling));
            }
            Err(findings) => {
                text.push_str("No plan could be made afterwards, until this is put right:\n\n");
                text.push_str(&finding::findings(findings, style));
            }
        }
        text
    }

    /// What was not found; what may be there all the same is told apart.
    fn missing(&self, page: &mut Page, missing: &BTreeSet<Address>) {
        let doubtful = |address: &&Address| self.discovered.is_some_and(|discovered| discovered.in_doubt.contains(*address));
        let (hidden, absent): (Vec<&Address>, Vec<&Address>) = missing.iter().partition(doubtful);
        let mut list = |title: String, of: &[&Address]| {
            if !of.is_empty() {
                page.gap();
                page.push(Line::at(0).say(Role::Warning, title));
                of.iter().for_each(|address| page.push(Line::at(2).say(Role::Add, address.to_string())));
            }
        };
        list(format!("{} not found in the account; a plan would make it:", count(absent.len(), "resource")), &absent);
        list(format!("{} not found, and may be there, as not all could be listed:", count(hidden.len(), "resource")), &hidden);
        if self.discovered.is_none() || absent.is_empty() {
            return;
        }
        page.gap();
        page.push(Line::at(0).text(
            "Looked for by mark, name and place, by what refers to it, by its Name tag and by what it watches. What is called otherwise \
             and shows in none of these is taken by its id.",
        ));
        let by_name: BTreeMap<&str, &str> =
            absent.iter().filter_map(|address| Some((address.kind(), only_by_name(address.kind())?))).collect();
        if !by_name.is_empty() {
            page.push(Line::at(0).text("Of these nothing but the name tells:"));
        }
        for (kind, why) in by_name {
            page.push(Line::at(2).hang(6).text(kind).say(Role::Dim, format!("  {why}")));
        }
    }

    /// What nobody could list.
    fn unlisted(&self, page: &mut Page) {
        let unlisted = self.discovered.map(|discovered| discovered.unlisted.as_slice()).unwrap_or_default();
        if unlisted.is_empty() {
            return;
        }
        page.gap();
        page.push(Line::at(0).say(Role::Warning, "This is not all. These could not be listed, and what there is of them is not known:"));
        let mut why: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for one in unlisted {
            why.entry(one.error.to_string()).or_default().insert(&one.kind);
        }
        for (error, kinds) in why {
            let kinds = Vec::from_iter(kinds).join(", ");
            page.push(Line::at(2).hang(6).text(kinds).say(Role::Dim, format!("  {error}")));
        }
    }

    /// What discovery proposes for nothing: what could be either, and what bears a mark.
    fn undecided(&self, page: &mut Page) {
        let Some(discovered) = self.discovered else { return };
        for one in &discovered.unclear {
            page.gap();
            let number = count(one.candidates.len(), "object");
            page.push(Line::at(0).say(Role::Warning, format!("{} could be {number}, and none is proposed: {}", one.address, one.why)));
            for (id, about) in &one.candidates {
                page.push(Line::at(2).hang(6).text(id.as_str()).say(Role::Dim, format!("  {about}")));
            }
            page.push(
                Line::at(2).whole().text(format!("Take one by its id: bbws import {} {} ID{}", self.environment, one.address, self.flag)),
            );
        }
        if !self.waiting.is_empty() {
            page.gap();
            let number = count(self.waiting.len(), "resource");
            page.push(Line::at(0).text(format!("{number} refer to what is not decided; look again once it is.")));
        }
        for one in &discovered.owned {
            page.gap();
            let whose = format!("it bears bbws's mark of {} of the state {}", one.owner.address, one.owner.lineage);
            page.push(Line::at(0).text(format!("{} would fit {}, and is not proposed: {whose}.", one.id, one.address)));
        }
    }

    /// What is not taken, and why.
    fn rest(&self, page: &mut Page) {
        let parts: Vec<(&Told, &str)> =
            self.told.iter().filter_map(|one| if let Becomes::Part(kind) = &one.becomes { Some((one, *kind)) } else { None }).collect();
        let left: Vec<(&Told, &str)> = self
            .told
            .iter()
            .filter_map(|one| if let Becomes::Left(why) = &one.becomes { Some((one, why.as_str())) } else { None })
            .collect();
        let unknown: Vec<&Told> = self.told.iter().filter(|one| one.becomes == Becomes::Unknown).collect();
        let mut list = |title: String, of: Vec<(&Told, String)>| {
            if of.is_empty() {
                return;
            }
            page.gap();
            page.push(Line::at(0).text(title));
            for (one, why) in of {
                page.push(Line::at(2).hang(6).text(&one.terraform).say(Role::Dim, format!("  {why}")));
            }
        };
        list(
            format!("{} come with another object:", count(parts.len(), "Terraform resource")),
            parts.into_iter().map(|(one, kind)| (one, format!("part of the {kind}"))).collect(),
        );
        list(
            format!("{} not taken, and left alone:", count(left.len(), "Terraform resource")),
            left.into_iter().map(|(one, why)| (one, why.to_owned())).collect(),
        );
        list(
            format!("{} of a type that bbws does not know, left alone:", count(unknown.len(), "Terraform resource")),
            unknown.into_iter().map(|one| (one, String::new())).collect(),
        );
    }

    /// What Terraform calls an object, and how certain it is that it is this one.
    fn origin(&self, address: &Address) -> Option<(&str, Certainty)> {
        self.told.iter().find_map(|one| match &one.becomes {
            Becomes::Resource { address: of, certainty, .. } if of == address => Some((one.terraform.as_str(), *certainty)),
            _ => None,
        })
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let Sighted { found, missing, findings, .. } = self.sighted;
        let take = found.iter().map(|(address, seen)| {
            let origin = self.origin(address);
            let guessed = self.certainty.get(address);
            let certainty = origin.map(|(_, certainty)| certainty).or(guessed.map(|(certainty, _)| *certainty)).map(word);
            let why = guessed.map(|(_, why)| why);
            json!({ "address": address, "id": seen.id, "terraform": origin.map(|(of, _)| of), "certainty": certainty, "why": why })
        });
        let rest = self.told.iter().filter_map(|one| {
            let (sort, why) = match &one.becomes {
                Becomes::Resource { .. } => return None,
                Becomes::Part(kind) => ("part", Some((*kind).to_owned())),
                Becomes::Left(why) => ("left", Some(why.clone())),
                Becomes::Unknown => ("unknown", None),
            };
            Some(json!({ "terraform": one.terraform, "is": sort, "why": why }))
        });
        let unclear = self.discovered.into_iter().flat_map(|discovered| &discovered.unclear).map(|one| {
            let candidates = one.candidates.iter().map(|(id, about)| json!({ "id": id, "about": about }));
            json!({ "address": one.address, "why": one.why, "candidates": candidates.collect::<Vec<_>>() })
        });
        let unlisted: Vec<Value> = self
            .discovered
            .into_iter()
            .flat_map(|discovered| &discovered.unlisted)
            .map(|one| json!({ "kind": one.kind, "operation": one.error.operation, "code": one.error.code_or_class(), "message": one.error.message }))
            .collect();
        let in_doubt: Vec<&Address> = self.discovered.into_iter().flat_map(|discovered| &discovered.in_doubt).collect();
        let owned = self.discovered.into_iter().flat_map(|discovered| &discovered.owned);
        let owned = owned.map(|one| json!({ "address": one.address, "id": one.id, "of": one.owner.address, "lineage": one.owner.lineage }));
        let afterwards = match self.afterwards {
            Ok(plan) => json!({ "steps": plan.steps.iter().map(step).collect::<Vec<_>>() }),
            Err(findings) => json!({ "findings": findings }),
        };
        json!({
            "format": 1, "event": "import", "take": take.collect::<Vec<_>>(), "missing": missing, "findings": findings,
            "rest": rest.collect::<Vec<_>>(), "edits": self.edits, "afterwards": afterwards,
            "unclear": unclear.collect::<Vec<_>>(), "owned": owned.collect::<Vec<_>>(), "waiting": self.waiting,
            "complete": unlisted.is_empty(), "unlisted": unlisted, "in_doubt": in_doubt,
        })
    }
}

fn word(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "certain",
        Certainty::Likely => "likely",
        Certainty::Unsure => "unsure",
    }
}

fn step(step: &bbws_model::Step) -> Value {
    let verb = match (&step.action, step.pair) {
        (Action::Create { .. }, Some(_)) => "replace",
        (action, _) => action.verb(),
    };
    let fields: Vec<&str> = match &step.reason {
        Reason::Changed(changes) | Reason::Replacing(changes) => changes.iter().map(|change| change.field.as_str()).collect(),
        _ => vec![],
    };
    json!({ "address": step.address, "do": verb, "fields": fields })
}
