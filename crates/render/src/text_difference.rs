//! How two texts differ, line by line.

use crate::page::{Line, Page};
use crate::style::{Role, Style};

/// So many lines around a change are shown.
const AROUND: usize = 1;

/// One line of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of<'a> {
    Both(&'a str),
    Old(&'a str),
    New(&'a str),
}

/// The lines that were taken out of a text and put into it, with some around them.
#[must_use]
pub fn text_difference(file: &str, old: &str, new: &str, style: Style) -> String {
    let all = compared(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let near = |at: usize| {
        let around = at.saturating_sub(AROUND)..=(at + AROUND).min(all.len().saturating_sub(1));
        all.get(around).is_some_and(|some| some.iter().any(|line| !matches!(line, Of::Both(_))))
    };
    let mut page = Page::new();
    page.push(Line::at(0).say(Role::Bold, file));
    let mut skipped = false;
    for (at, line) in all.iter().enumerate() {
        if !near(at) {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) {
            page.push(Line::at(2).say(Role::Dim, if style.unicode { "…" } else { "..." }));
        }
        page.push(match line {
            Of::Both(text) => Line::at(0).whole().say(Role::Dim, format!("    {text}")),
            Of::Old(text) => Line::at(0).whole().say(Role::Destroy, format!("  - {text}")),
            Of::New(text) => Line::at(0).whole().say(Role::Add, format!("  + {text}")),
        });
    }
    page.render(style)
}

/// The longest common lines of both, and what is in one of them alone.
fn compared<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Of<'a>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut length = vec![vec![0_usize; right.len() + 1]; left.len() + 1];
    for (i, a) in left.iter().enumerate().rev() {
        for (j, b) in right.iter().enumerate().rev() {
            length[i][j] = if a == b { length[i + 1][j + 1] + 1 } else { length[i + 1][j].max(length[i][j + 1]) };
        }
    }
    let mut all: Vec<Of<'a>> = old[..head].iter().map(|line| Of::Both(line)).collect();
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        let both = i < left.len() && j < right.len() && left[i] == right[j];
        if both {
            all.push(Of::Both(left[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < left.len() && (j == right.len() || length[i + 1][j] >= length[i][j + 1]) {
            all.push(Of::Old(left[i]));
            i += 1;
        } else {
            all.push(Of::New(right[j]));
            j += 1;
        }
    }
    all.extend(old[old.len() - tail..].iter().map(|line| Of::Both(line)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style { color: false, unicode: true, width: 80 };

    #[test]
    fn what_both_have_is_kept_and_the_rest_is_told_in_order() {
        let lines = |text: &'static str| text.split(' ').collect::<Vec<_>>();
        let all = compared(&lines("a b c d e"), &lines("a x c e f"));
        assert_eq!(all, [Of::Both("a"), Of::Old("b"), Of::New("x"), Of::Both("c"), Of::Old("d"), Of::Both("e"), Of::New("f")]);
        assert!(compared(&[], &[]).is_empty());
        assert_eq!(compared(&[], &["a"]), [Of::New("a")]);
        assert_eq!(compared(&["a"], &["a"]), [Of::Both("a")]);
    }

    #[test]
    fn a_plain_terminal_is_told_in_its_own_letters() {
        let told = text_difference("f", "1\n2\n3\n4\n", "1\n2\n3\n5\n", Style { unicode: false, ..PLAIN });
        assert!(told.is_ascii() && told.contains("...\n"), "{told}");
    }

    #[test]
    fn only_what_changed_is_shown_with_a_line_around_it() {
        let old = "1\n2\n3\n4\nclass = \"a\"   # why\n6\n7\n8\n";
        let new = old.replace("\"a\"", "\"b\"");
        let told = text_difference("dev.toml", old, &new, PLAIN);
        assert_eq!(told, "dev.toml\n  …\n    4\n  - class = \"a\"   # why\n  + class = \"b\"   # why\n    6\n");
    }
}
