//! SVG, written by hand: boxes, words and arrows.

use std::fmt::Write as _;

/// A picture being drawn. Words come last, so that no line runs over them.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    boxes: String,
    lines: String,
    words: String,
}

/// What a box stands for, and so its look; the CSS has one class for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Outside,
    Vpc,
    Zone,
    Public,
    Private,
    Edge,
    Data,
    Network,
    Tenant,
    Panel,
}

impl Look {
    fn class(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Vpc => "vpc",
            Self::Zone => "zone",
            Self::Public => "public",
            Self::Private => "private",
            Self::Edge => "edge",
            Self::Data => "data",
            Self::Network => "network",
            Self::Tenant => "tenant",
            Self::Panel => "panel",
        }
    }
}

/// Which way traffic goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A visitor's request.
    Request,
    /// From the tasks to their data.
    Data,
    /// From the tasks out to the internet.
    Out,
    /// A question to the DNS, or a certificate in use.
    Asks,
}

impl Way {
    fn class(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Data => "flow",
            Self::Out => "out",
            Self::Asks => "asks",
        }
    }
}

/// A box on the canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

impl Rect {
    pub(super) fn new(x: f64, y: f64, w: f64, h: f64) -> Self {
        Self { x, y, w, h }
    }

    pub(super) fn middle(self) -> f64 {
        self.x + self.w / 2.0
    }

    pub(super) fn center(self) -> f64 {
        self.y + self.h / 2.0
    }

    pub(super) fn right(self) -> f64 {
        self.x + self.w
    }

    pub(super) fn bottom(self) -> f64 {
        self.y + self.h
    }
}

/// About how wide a letter is, at the size of the small words.
const LETTER: f64 = 6.1;

// Writing to a text cannot fail, so nothing is said of it below.
impl Canvas {
    pub(super) fn rect(&mut self, at: Rect, look: Look) {
        let Rect { x, y, w, h } = at;
        let _ = writeln!(self.boxes, r#"<rect class="{}" x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>"#, look.class());
    }

    /// A box with a heading and smaller words below, cut to its width.
    pub(super) fn chip(&mut self, at: Rect, look: Look, head: &str, below: &[&str]) {
        self.rect(at, look);
        let lines = 1 + below.iter().filter(|text| !text.is_empty()).count();
        #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
        let mut y = at.center() - (lines as f64 - 1.0) * 7.5 + 4.0;
        self.say(at.middle(), y, "head", "middle", &fit(head, at.w - 10.0, LETTER * 1.12));
        for text in below.iter().filter(|text| !text.is_empty()) {
            y += 15.0;
            self.say(at.middle(), y, "small", "middle", &fit(text, at.w - 10.0, LETTER));
        }
    }

    pub(super) fn say(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
        let _ = writeln!(self.words, r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{}</text>"#, escaped(text));
    }

    /// An arrow along these points.
    pub(super) fn arrow(&mut self, way: Way, points: &[(f64, f64)]) {
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let class = way.class();
        let _ = writeln!(self.lines, r#"<polyline class="{class}" points="{}" marker-end="url(#{class}-head)"/>"#, path.join(" "));
    }

    /// A line that ends in another arrow.
    pub(super) fn joins(&mut self, way: Way, points: &[(f64, f64)]) {
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let _ = writeln!(self.lines, r#"<polyline class="{}" points="{}"/>"#, way.class(), path.join(" "));
    }

    pub(super) fn finish(self, width: f64, height: f64, title: &str) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">"#
        );
        let _ = writeln!(out, "<title>{}</title>", escaped(title));
        out.push_str(STYLE);
        let _ = writeln!(out, r##"<rect width="{width}" height="{height}" fill="#ffffff"/>"##);
        out.push_str(&self.boxes);
        out.push_str(&self.lines);
        out.push_str(&self.words);
        out.push_str("</svg>\n");
        out
    }
}

const STYLE: &str = r##"<style>
text { font-family: "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; fill: #1f2933; paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round; }
.title { font-size: 20px; font-weight: bold; }
.label { font-size: 13px; font-weight: bold; }
.head { font-size: 12px; font-weight: bold; stroke: none; }
.small { font-size: 11px; fill: #52606d; stroke: none; }
.part { font-size: 12px; font-weight: bold; fill: #3b6ea5; }
.note { font-size: 11px; fill: #52606d; }
.outside { fill: #f5f7fa; stroke: #9aa5b1; }
.vpc { fill: #fbfdff; stroke: #3b6ea5; stroke-width: 2; }
.zone { fill: none; stroke: #9aa5b1; stroke-dasharray: 6 4; }
.public { fill: #e9f7ef; stroke: #5aa469; }
.private { fill: #e8f0fb; stroke: #5b83c4; }
.edge { fill: #f3e8fd; stroke: #8e5bc4; }
.data { fill: #dfe7fd; stroke: #3f51b5; }
.network { fill: #ffffff; stroke: #5aa469; }
.tenant { fill: #fffaf2; stroke: #d9822b; stroke-dasharray: 5 3; }
.panel { fill: #ffffff; stroke: #cbd2d9; }
polyline { fill: none; stroke-width: 1.8; }
.request { stroke: #1565c0; }
.flow { stroke: #2e7d32; }
.out { stroke: #7b8794; stroke-dasharray: 5 4; }
.asks { stroke: #8e5bc4; stroke-dasharray: 2 3; }
</style>
<defs>
<marker id="request-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#1565c0"/></marker>
<marker id="flow-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#2e7d32"/></marker>
<marker id="out-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#7b8794"/></marker>
<marker id="asks-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#8e5bc4"/></marker>
</defs>
"##;

/// What fits into so many pixels.
pub(super) fn fit(text: &str, pixels: f64, letter: f64) -> String {
    let mut used = 0.0;
    let mut kept = String::new();
    for c in text.chars() {
        used += letter;
        if used > pixels {
            kept.pop();
            kept.push('…');
            break;
        }
        kept.push(c);
    }
    kept
}

/// The text as XML takes it.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in crate::page::clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_fit() {
        assert_eq!(escaped("<b a='1'>\"&\u{1b}</b>"), "&lt;b a=&#39;1&#39;&gt;&quot;&amp;\\u{1b}&lt;/b&gt;");
        assert_eq!((fit("abcdef", 40.0, 10.0).as_str(), fit("abc", 40.0, 10.0).as_str()), ("abc…", "abc"));
    }
}
