//! The terminal, or what stands in its place.

mod calls;
mod run;

pub(crate) use calls::CallLines;
use calls::Shared;
pub(crate) use run::Watch;

use std::io::{self, BufRead, IsTerminal, Write};

use bbws_cluster::Look;
use bbws_model::{Finding, net};
use bbws_render::{At, ErrorId, Style};

use crate::Failure;
use crate::args::Global;

/// Where a command's text goes and where its answers come from. What a command is for goes to `out`; what it says on the
/// way, and its failures, to `err`.
pub(crate) struct Ui {
    out: Box<dyn Write + Send>,
    err: Shared,
    /// Why `out` took something not, where its reader has not simply gone away.
    untold: Option<io::Error>,
    calls: CallLines,
    answers: Box<dyn BufRead + Send>,
    /// Whether the output is for programs.
    pub json: bool,
    /// How much more to tell.
    pub verbose: u8,
    /// How `out` may look.
    pub look: Look,
    /// How `err` may look.
    pub err_look: Look,
    /// Whether somebody can be asked.
    pub asks: bool,
    /// Whether progress may be drawn in place on `out`.
    pub live: bool,
    /// What the command is about, as far as that is known by now: it stands in the commands that are advised.
    pub at: At,
}

impl std::fmt::Debug for Ui {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ui").field("json", &self.json).field("look", &self.look).finish_non_exhaustive()
    }
}

/// The columns of a text that is written for nobody's screen.
const PLAIN_WIDTH: usize = 110;
/// The most columns that a text takes: longer lines are hard to read.
const MOST_WIDTH: usize = 140;

impl Ui {
    /// The terminal, pipe or file that this process was started with.
    #[must_use]
    pub(crate) fn of_process(global: &Global) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let (out_tty, err_tty) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let plain = global.no_color || set("NO_COLOR") || dumb;
        let unicode = speaks_unicode();
        let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let look = |tty: bool| {
            let width = if tty { columns.unwrap_or(80).clamp(30, MOST_WIDTH) } else { PLAIN_WIDTH };
            Look { unicode, color: tty && !plain, width }
        };
        let err = Shared::new(io::stderr());
        Self {
            out: Box::new(io::stdout()),
            calls: CallLines::new(err.clone(), global.json),
            err,
            untold: None,
            answers: Box::new(io::BufReader::new(io::stdin())),
            json: global.json,
            verbose: global.verbose,
            look: look(out_tty),
            err_look: look(err_tty),
            asks: io::stdin().is_terminal() && err_tty,
            live: out_tty && !dumb && !global.json && !set("CI"),
            at: At::default(),
        }
    }

    /// Nobody's terminal.
    #[cfg(test)]
    pub(crate) fn silent() -> Self {
        let look = Look { unicode: true, color: false, width: PLAIN_WIDTH };
        let (out, err, answers) = (Box::new(io::sink()), Shared::new(io::sink()), Box::new(io::empty()));
        let calls = CallLines::new(err.clone(), false);
        Self {
            out,
            err,
            untold: None,
            calls,
            answers,
            json: false,
            verbose: 0,
            look,
            err_look: look,
            asks: false,
            live: false,
            at: At::default(),
        }
    }

    /// How `out` may look.
    pub(crate) fn style(&self) -> Style {
        style(self.look)
    }

    /// How `err` may look.
    pub(crate) fn err_style(&self) -> Style {
        style(self.err_look)
    }

    /// Writes to `out`. That it takes nothing is no reason to stop what is being done: it is said in the end ([`Self::untold`]). A
    /// reader that has gone away has read enough.
    pub(crate) fn say(&mut self, text: impl AsRef<str>) {
        // Of short secrets only what people read is cleaned: a program's document stays one.
        let text = if self.json { net::catch(text.as_ref()) } else { net::catch_words(text.as_ref()) };
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => _ = self.untold.get_or_insert(error),
            Ok(()) | Err(_) => {}
        }
    }

    /// Why not all that was said could be written, where that is so.
    pub(crate) fn untold(&mut self) -> Option<Failure> {
        self.untold.take().map(|error| unwritable(&error))
    }

    /// Writes a line to `out`.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.say(format!("{}\n", text.as_ref()));
    }

    /// Writes a line to `err`: what is not the command's result.
    pub(crate) fn remark(&mut self, text: impl AsRef<str>) {
        self.tell(&format!("{}\n", text.as_ref()));
    }

    fn tell(&mut self, text: &str) {
        self.err.tell(&if self.json { net::catch(text) } else { net::catch_words(text) });
    }

    /// Says what the command is about: commands that are advised lead there.
    pub(crate) fn about(&mut self, global: &Global, environment: &str) {
        self.at = At { environment: Some(environment.to_owned()), flag: global.flag(), ..At::default() };
    }

    /// Where each call is told as it ends, where that is wanted.
    pub(crate) fn calls(&self) -> Option<CallLines> {
        (self.verbose > 0).then(|| self.calls.clone())
    }

    /// Asks, and reads one line. None when there is nobody to ask or the line is the end.
    pub(crate) fn ask(&mut self, question: &str) -> Option<String> {
        if !self.asks {
            return None;
        }
        self.tell(question);
        let mut answer = String::new();
        match self.answers.read_line(&mut answer) {
            Ok(0) | Err(_) => {
                self.remark("");
                None
            }
            Ok(_) => Some(answer.trim().to_owned()),
        }
    }

    /// Shows findings below what stands there, for people.
    pub(crate) fn findings<'f>(&mut self, findings: impl IntoIterator<Item = &'f Finding>) {
        let text = bbws_render::findings(&self.at.advised(findings), self.style());
        self.say(format!("\n{text}"));
    }

    /// Shows why a command failed.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        let failure = failure.clone().filled(&self.at);
        let text = if self.json { failure.json().to_string() } else { failure_text(&failure, self.verbose > 0, self.err_look.color) };
        self.remark(text.trim_end_matches('\n'));
    }
}

/// The output took not all that was written to it.
pub(crate) fn unwritable(error: &io::Error) -> Failure {
    Failure::error(ErrorId::File, "the output could not be written: what was shown is not whole")
        .because(error)
        .advise("make room where the output goes, or let it go elsewhere, and ask again")
        .advise("what the command itself did is done: an apply has gone on to its end, and is recorded")
}

fn style(look: Look) -> Style {
    Style { color: look.color, unicode: look.unicode, width: look.width }
}

fn speaks_unicode() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    // Where nothing is said, as in many containers, terminals still take UTF-8.
    set.is_none_or(|value| {
        let value = value.to_lowercase();
        value.contains("utf-8") || value.contains("utf8") || value == "c" || value == "posix"
    })
}

fn failure_text(failure: &Failure, all: bool, color: bool) -> String {
    let paint = |code: &str, text: &str| if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let advised = |text: &mut String| {
        for advice in &failure.advice {
            text.push_str(&format!("  {} {}\n", paint("36", "do:"), indented(advice, "      ")));
        }
    };
    if let Some(told) = &failure.told {
        let mut text = with_id(&told.0, failure.id);
        // A list of what is wrong with a file says nothing of commands; other whole messages do. On its last line, for it is long enough.
        if matches!(failure.id, ErrorId::Config | ErrorId::Cycle) {
            advised(&mut text);
        }
        return text;
    }
    let id = if failure.id.is_telling() { paint("2", &format!(" [{}]", failure.id)) } else { String::new() };
    let mut text = format!("{} {}{id}\n", paint("1;31", "error:"), paint("1", &failure.what));
    if !failure.why.is_empty() {
        text.push_str(&format!("  {} {}\n", paint("2", "why:"), indented(&failure.why, "       ")));
    }
    let short = failure.short.as_ref().filter(|_| !all);
    let findings = short.map_or(&failure.findings, |short| &short.findings);
    // What is to be short has no empty lines.
    let gap = if short.is_some() { "" } else { "\n" };
    for finding in findings {
        let about = finding.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
        text.push_str(&format!("{gap}  {} {}\n", paint("31", "-"), indented(&format!("{about}{}", finding.summary), "    ")));
        if !finding.evidence.is_empty() {
            text.push_str(&format!("    {}\n", indented(&finding.evidence, "    ")));
        }
        if !finding.advice.is_empty() {
            text.push_str(&format!("    {} {}\n", paint("36", "do:"), indented(&finding.advice, "        ")));
        }
    }
    if let Some(more) = short.map(|short| short.more).filter(|more| *more > 0) {
        text.push_str(&format!("  and {more} more: -v shows all\n"));
    }
    if !findings.is_empty() && !failure.advice.is_empty() {
        text.push_str(gap);
    }
    advised(&mut text);
    text
}

/// A whole message with the error's id in its first line; a list of what is wrong with a file has it in its last.
fn with_id(told: &str, id: ErrorId) -> String {
    let told = told.trim_end();
    match told.split_once('\n') {
        _ if !id.is_telling() || told.contains(id.about().id) => told.to_owned(),
        Some((first, rest)) if !matches!(id, ErrorId::Config | ErrorId::Cycle) => format!("{first} [{id}]\n{rest}"),
        _ => format!("{told} [{id}]"),
    }
}

/// The text with all lines but the first set in.
fn indented(text: &str, by: &str) -> String {
    text.trim_end().replace('\n', &format!("\n{by}"))
}

/// Rows with their columns one below the other.
pub(crate) fn table<const N: usize>(rows: &[[&str; N]], indent: &str) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(indent);
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Exit;
    use crate::failure::Short;
    use bbws_model::{Finding, Severity};

    /// What was written, for the test that had it written.
    #[derive(Clone, Default)]
    struct Written(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_known_secret_is_said_remarked_asked_or_told_as_a_failure() {
        net::remember("ui-canary/7");
        let (out, err) = (Written::default(), Written::default());
        let (told, failed) = (Box::new(out.clone()), Shared::new(err.clone()));
        let mut ui = Ui { out: told, err: failed, answers: Box::new(io::Cursor::new("yes\n")), asks: true, ..Ui::silent() };
        ui.say("said: ui-canary/7\n");
        ui.line("line: ui-canary%2F7");
        ui.remark("remark: ui-canary/7");
        assert_eq!(ui.ask("is it ui-canary/7? ").as_deref(), Some("yes"));
        ui.failure(&Failure::new(Exit::Error, "refused").because("not a password: ui-canary/7"));
        ui.json = true;
        ui.failure(&Failure::new(Exit::Error, "refused").because("not a password: ui-canary/7"));
        let text = |of: &Written| String::from_utf8(of.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text(&out), "said: <secret>\nline: <secret>\n");
        let err = text(&err);
        assert!(!err.contains("canary"), "{err}");
        assert_eq!(err.matches("<secret>").count(), 4, "{err}");
    }

    /// Takes nothing, for this reason.
    struct Shut(io::ErrorKind);

    impl Write for Shut {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_takes_nothing_is_told_once_and_one_that_nobody_reads_is_not() {
        for (kind, told) in [(io::ErrorKind::StorageFull, true), (io::ErrorKind::Other, true), (io::ErrorKind::BrokenPipe, false)] {
            let mut ui = Ui { out: Box::new(Shut(kind)), ..Ui::silent() };
            assert_eq!(ui.untold(), None);
            ui.say("a");
            ui.line("b");
            let failure = ui.untold();
            assert_eq!(failure.as_ref().map(|failure| (failure.id, failure.exit)), told.then_some((ErrorId::File, Exit::Error)), "{kind}");
            assert_eq!(ui.untold(), None);
        }
    }

    #[test]
    fn columns_stand_one_below_the_other() {
        assert_eq!(table(&[["a", "long", ""], ["bcd", "e", "f"]], "  "), "  a    long\n  bcd  e     f\n");
    }

    #[test]
    fn a_failure_says_what_why_and_what_to_do() {
        let finding = Finding::new(Severity::Error, "it holds data").at(&"vpc.main".parse().unwrap()).advise("take a copy first");
        let failure = Failure::new(Exit::Error, "the plan is refused").because("one\ntwo").with(vec![finding]).advise("look");
        assert_eq!(
            failure_text(&failure, false, false),
            "error: the plan is refused\n  why: one\n       two\n\n  - vpc.main: it holds data\n    do: take a copy first\n\n  do: look\n"
        );
        assert!(failure_text(&failure, false, true).contains("\x1b[1;31merror:\x1b[0m"));
        // Of many findings the first are told, unless somebody asks for all.
        let short = Short { findings: vec![Finding::new(Severity::Error, "it is the first")], more: 4 };
        let many = failure.clone().in_short(short);
        assert_eq!(
            failure_text(&many, false, false),
            "error: the plan is refused\n  why: one\n       two\n  - it is the first\n  and 4 more: -v shows all\n  do: look\n"
        );
        assert_eq!(failure_text(&many, true, false), failure_text(&failure, true, false));
        let locked = Failure::new(Exit::Locked, "x");
        assert!(failure_text(&locked, false, false).starts_with("error: x [E-LOCKED]"));
        assert_eq!(failure_text(&locked.tell("Locked: by a\nwait\n".into()), false, false), "Locked: by a [E-LOCKED]\nwait");
    }
}
