//! Lines of painted words, wrapped to a width. All text passes through here and is made harmless on the way.

use crate::style::{Role, Style};

/// Screens of fewer columns break what is told in broad lines: the terminal would, in the middle of words.
const NARROW: usize = 72;

/// One line before it is wrapped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    indent: usize,
    hang: Option<usize>,
    whole: bool,
    broad: bool,
    spans: Vec<(Role, String)>,
}

impl Line {
    /// A line that begins this far in.
    pub(crate) fn at(indent: usize) -> Self {
        Self { indent, ..Self::default() }
    }

    /// Where its continuations begin; two columns further in if not said.
    pub(crate) fn hang(mut self, column: usize) -> Self {
        self.hang = Some(column);
        self
    }

    /// Never broken: for lines that programs search and people copy from.
    pub(crate) fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Broken on a narrow screen alone: for lines that programs search and nobody copies as a whole.
    pub(crate) fn broad(mut self) -> Self {
        self.broad = true;
        self
    }

    /// Adds a piece.
    pub(crate) fn say(mut self, role: Role, text: impl AsRef<str>) -> Self {
        self.spans.push((role, clean(text.as_ref())));
        self
    }

    /// Adds a piece without colour.
    pub(crate) fn text(self, text: impl AsRef<str>) -> Self {
        self.say(Role::Plain, text)
    }

    /// Blanks up to this column, at least one.
    pub(crate) fn pad(mut self, column: usize) -> Self {
        let blanks = column.saturating_sub(self.columns()).max(1);
        self.spans.push((Role::Plain, " ".repeat(blanks)));
        self
    }

    fn columns(&self) -> usize {
        self.indent + self.spans.iter().map(|(_, text)| columns(text)).sum::<usize>()
    }

    fn render(&self, style: Style, out: &mut String) {
        let hang = self.hang.unwrap_or(self.indent + 2).min(style.columns() / 2);
        let (mut line, mut column, mut fresh) = (vec![(Role::Plain, " ".repeat(self.indent))], self.indent, true);
        let mut blanks = vec![];
        for word in words(&self.spans) {
            let wide: usize = word.iter().map(|(_, text)| columns(text)).sum();
            if word[0].1.starts_with(' ') {
                blanks = word;
                continue;
            }
            let gap: usize = blanks.iter().map(|(_, text)| columns(text)).sum();
            // A word that fits on no line gains nothing by a line of its own.
            let better = hang + wide <= style.columns() || column + gap >= style.columns();
            let whole = self.whole || (self.broad && style.columns() >= NARROW);
            if !whole && !fresh && column + gap + wide > style.columns() && better {
                finish(style, &mut line, out);
                line.push((Role::Plain, " ".repeat(hang)));
                column = hang;
                blanks.clear();
            } else {
                column += gap;
                line.append(&mut blanks);
            }
            column += wide;
            line.extend(word);
            fresh = false;
        }
        finish(style, &mut line, out);
    }
}

/// The runs of blanks and of other characters; a run may cross pieces.
fn words(spans: &[(Role, String)]) -> Vec<Vec<(Role, String)>> {
    let mut words: Vec<Vec<(Role, String)>> = vec![];
    let mut last = None;
    for (role, text) in spans {
        for c in text.chars() {
            let blank = c == ' ';
            if last != Some(blank) {
                words.push(vec![]);
                last = Some(blank);
            }
            if let Some(word) = words.last_mut() {
                match word.last_mut() {
                    Some((r, piece)) if r == role => piece.push(c),
                    _ => word.push((*role, c.to_string())),
                }
            }
        }
    }
    words
}

fn finish(style: Style, line: &mut Vec<(Role, String)>, out: &mut String) {
    let mut pieces: Vec<(Role, String)> = vec![];
    for (role, text) in line.drain(..) {
        match pieces.last_mut() {
            Some((r, piece)) if *r == role => piece.push_str(&text),
            _ => pieces.push((role, text)),
        }
    }
    let painted: String = pieces.iter().map(|(role, text)| style.paint(*role, text)).collect();
    out.push_str(painted.trim_end_matches(' '));
    out.push('\n');
}

/// A text of several lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page(Vec<Line>);

impl Page {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&mut self, line: Line) {
        self.0.push(line);
    }

    /// An empty line, unless nothing stands above it or there is one already.
    pub(crate) fn gap(&mut self) {
        if self.0.last().is_some_and(|line| !line.spans.is_empty()) {
            self.0.push(Line::default());
        }
    }

    pub(crate) fn render(&self, style: Style) -> String {
        let mut out = String::new();
        for line in &self.0 {
            line.render(style, &mut out);
        }
        out
    }
}

/// The text as it stands in a cell of a Markdown table: it neither ends the cell nor makes a tag.
pub(crate) fn cell(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}

/// The text with everything made visible that could steer a terminal or hide other text: escapes, line breaks, marks of direction.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            '\r' => {}
            c if c.is_control() || hides(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn hides(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// How many columns of a terminal the text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(wide).sum()
}

fn wide(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 2,
        0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text within so many columns, with a sign where something was left out.
pub(crate) fn cut(text: &str, most: usize, style: Style) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let sign = style.sign(crate::style::Sign::Ellipsis);
    let room = most.saturating_sub(columns(sign));
    let (mut out, mut used) = (String::new(), 0);
    for c in text.chars() {
        if used + wide(c) > room {
            break;
        }
        used += wide(c);
        out.push(c);
    }
    out.push_str(sign);
    if columns(&out) > most { String::new() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(width: usize) -> Style {
        Style { width, ..Style::plain() }
    }

    #[test]
    fn long_lines_go_on_further_in() {
        let mut page = Page::new();
        page.push(Line::at(2).text("one two three four five six seven eight nine ten"));
        assert_eq!(page.render(style(40)), "  one two three four five six seven\n    eight nine ten\n");
    }

    #[test]
    fn a_broad_line_is_broken_on_a_narrow_screen_alone() {
        let mut page = Page::new();
        page.push(Line::at(0).broad().text("Plan: 63 to add, 0 to change, 0 to replace, 0 to destroy (none can lose data)"));
        assert_eq!(page.render(style(72)).lines().count(), 1);
        assert!(page.render(style(30)).lines().all(|line| columns(line) <= 30));
    }

    #[test]
    fn a_word_longer_than_the_line_stays_whole() {
        let mut page = Page::new();
        let arn = "arn:aws:iam::123456789012:role/a-very-long-name-of-a-role";
        page.push(Line::at(0).text("role ").say(Role::Bold, arn));
        assert_eq!(page.render(style(40)), format!("role {arn}\n"));
    }

    #[test]
    fn what_could_steer_a_terminal_is_shown_instead() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb c\\u{202e}d");
    }

    #[test]
    fn a_cut_text_fits_and_says_that_it_is_cut() {
        let unicode = Style { unicode: true, ..style(80) };
        assert_eq!((cut("abcdef", 4, unicode).as_str(), cut("abcdef", 6, unicode).as_str()), ("abc…", "abcdef"));
        assert_eq!(cut("日本語日本語", 5, unicode), "日本…");
        assert_eq!(cut("abcdef", 2, style(80)), "", "no room even for the sign");
    }

    #[test]
    fn colours_never_count_as_columns() {
        let mut page = Page::new();
        page.push(Line::at(0).say(Role::Add, "green").pad(10).text("x"));
        let painted = page.render(Style { color: true, unicode: false, width: 40 });
        assert_eq!(painted, "\u{1b}[32mgreen\u{1b}[0m     x\n");
    }
}
