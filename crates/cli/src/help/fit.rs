//! Help at the width of the terminal: prose flows, and what an example does stands beside it or, where there is no room, below.

use clap::Command;

/// The most columns that help takes: longer lines are hard to read.
const MOST: usize = 110;
/// The fewest columns in which what an example does stands beside it.
const BESIDE: usize = 30;
/// Where it stands else.
const BELOW: usize = 6;

/// The columns that help has: those of the terminal, else what the shell says, else as many as clap takes.
pub(crate) fn columns() -> usize {
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let shell = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.or_else(shell).unwrap_or(100).clamp(40, MOST)
}

/// The command, and all below it, with help of so many columns.
pub(crate) fn fitted(command: Command, width: usize) -> Command {
    let short = command.get_after_help().map(ToString::to_string);
    let long = command.get_after_long_help().map(ToString::to_string);
    let mut command = command.term_width(width);
    if let Some(text) = short {
        command = command.after_help(laid_out(&text, width));
    }
    if let Some(text) = long {
        command = command.after_long_help(laid_out(&text, width));
    }
    command.mut_subcommands(|below| fitted(below, width))
}

/// The text in lines of so many columns. Lines that begin at the margin are one paragraph until an empty line or a set-in one; a
/// set-in line is a word or an example, with what it does behind two blanks or in the next line, as far in as the others.
fn laid_out(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut paragraph = vec![];
    for line in text.lines() {
        if !line.starts_with(' ') && !line.is_empty() && !line.ends_with(':') {
            paragraph.extend(line.split(' '));
            continue;
        }
        wrapped(&mut out, &std::mem::take(&mut paragraph), 0, width);
        match line.trim_start() {
            "" => out.push('\n'),
            _ if !line.starts_with(' ') => out.push_str(&format!("{line}\n")),
            told => example(&mut out, line, told, width),
        }
    }
    wrapped(&mut out, &paragraph, 0, width);
    out.trim_end().to_owned()
}

/// A set-in line.
fn example(out: &mut String, line: &str, told: &str, width: usize) {
    let indent = line.len() - told.len();
    let (left, right) = told.split_once("  ").map_or((told, ""), |(left, right)| (left, right.trim_start()));
    let begins = if right.is_empty() { indent + 2 } else { line.chars().count() - right.chars().count() };
    // What an example does, without the example: it stands in the line above.
    if indent > BELOW {
        let at = if indent + BESIDE <= width { indent } else { BELOW };
        return wrapped(out, &words(told), at, width);
    }
    if right.is_empty() {
        return wrapped(out, &words(told), indent, width);
    }
    if begins + BESIDE > width {
        out.push_str(&format!("{}{left}\n", " ".repeat(indent)));
        return wrapped(out, &words(right), BELOW, width);
    }
    let mut beside = String::new();
    wrapped(&mut beside, &words(right), begins, width);
    let blanks = begins - indent - left.chars().count();
    out.push_str(&format!("{}{left}{}{}", " ".repeat(indent), " ".repeat(blanks), beside.trim_start_matches(' ')));
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// Words in lines that begin so far in.
fn wrapped(out: &mut String, words: &[&str], indent: usize, width: usize) {
    let mut column = 0;
    for word in words {
        let wide = word.chars().count();
        if column > 0 && column + 1 + wide > width {
            out.push('\n');
            column = 0;
        }
        if column == 0 {
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += wide;
    }
    if !words.is_empty() {
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory;

    /// The help of a command and of all below it.
    fn all(command: &mut Command, told: &mut Vec<(String, String)>) {
        let name = command.get_name().to_owned();
        told.push((name.clone(), command.render_help().to_string()));
        told.push((name, command.render_long_help().to_string()));
        command.get_subcommands_mut().for_each(|below| all(below, told));
    }

    #[test]
    fn no_line_of_help_is_wider_than_the_terminal_nor_broken_before_it_is_full() {
        let sources = include_str!("../help.rs").replace("\\\"", "\"");
        // Each ends where its line does, or before two blanks.
        let sources: std::collections::BTreeSet<&str> =
            sources.lines().map(|line| line.trim().trim_end_matches("\";").split("  ").next().unwrap_or_default()).collect();
        for width in [80, 100, MOST] {
            let mut command = fitted(Cli::command(), width);
            command.build();
            let mut told = vec![];
            all(&mut command, &mut told);
            assert!(told.len() > 60, "{}", told.len());
            for (name, text) in told {
                let lines: Vec<&str> = text.lines().collect();
                // An example that is broken is none that can be pasted.
                let commands = lines.iter().filter(|line| line.starts_with("  bbws ")).map(|line| line.trim_start());
                for command in commands.map(|line| line.split("  ").next().unwrap_or_default()) {
                    assert!(sources.contains(command), "{name} at {width} breaks an example: {command}");
                }
                for (line, next) in lines.iter().zip(lines.iter().skip(1).chain([&""])) {
                    let wide = line.chars().count();
                    assert!(wide <= width, "{name} at {width}: {line}");
                    let prose = |line: &str| line.starts_with(|c: char| !c.is_whitespace()) && !line.ends_with(':');
                    if prose(line) && prose(next) && !line.starts_with("Usage:") {
                        let first = next.split(' ').next().unwrap_or_default().chars().count();
                        assert!(wide + 1 + first > width, "{name} at {width} is broken too early:\n{line}\n{next}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_an_example_does_stands_beside_it_or_below() {
        let text = "One line\nand another.\n\nExamples:\n  bbws plan dev          what would change, and why it would\n  bbws apply dev dev.plan --yes\n                         as it was planned";
        assert_eq!(
            laid_out(text, 60),
            "One line and another.\n\nExamples:\n  bbws plan dev          what would change, and why it would\n  bbws apply dev dev.plan --yes\n                         as it was planned"
        );
        assert_eq!(
            laid_out(text, 40),
            "One line and another.\n\nExamples:\n  bbws plan dev\n      what would change, and why it\n      would\n  bbws apply dev dev.plan --yes\n      as it was planned"
        );
    }
}
