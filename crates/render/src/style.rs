//! What a text may use: colours, signs beyond ASCII, how many columns.

use anstyle::{AnsiColor, Effects};
use bbws_cluster::Look;

/// What a text may use. Who is asked (the terminal, NO_COLOR, an option) is decided elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether it may have colours. Nothing is told by colour alone.
    pub color: bool,
    /// Whether it may have lines and signs beyond ASCII.
    pub unicode: bool,
    /// The columns it may take; less than 40 count as 40.
    pub width: usize,
}

impl Style {
    /// No colour, no sign beyond ASCII, a hundred columns: for files and pipes.
    #[must_use]
    pub fn plain() -> Self {
        Self { color: false, unicode: false, width: 100 }
    }

    pub(crate) fn columns(self) -> usize {
        self.width.max(30)
    }

    pub(crate) fn sign(self, sign: Sign) -> &'static str {
        let (unicode, ascii) = match sign {
            Sign::Arrow => ("→", "->"),
            Sign::Ellipsis => ("…", "..."),
            Sign::Done => ("✓", "ok"),
            Sign::Failed => ("✗", "x"),
            Sign::Full => ("━", "#"),
            Sign::Empty => ("─", "-"),
        };
        if self.unicode { unicode } else { ascii }
    }

    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        if !self.color || role == Role::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = role.style();
        format!("{style}{text}{style:#}")
    }
}

impl From<Style> for Look {
    fn from(style: Style) -> Self {
        Self { unicode: style.unicode, color: style.color, width: style.columns() }
    }
}

/// A sign that has an ASCII stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Arrow,
    Ellipsis,
    Done,
    Failed,
    Full,
    Empty,
}

/// What a piece of text is, and so its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Role {
    #[default]
    Plain,
    Dim,
    Bold,
    Add,
    Change,
    Replace,
    Destroy,
    Adopt,
    Warning,
    Error,
    Good,
}

impl Role {
    fn style(self) -> anstyle::Style {
        let fg = |color: AnsiColor| color.on_default();
        match self {
            Self::Plain => anstyle::Style::new(),
            Self::Dim => anstyle::Style::new().effects(Effects::DIMMED),
            Self::Bold => anstyle::Style::new().bold(),
            Self::Add | Self::Good => fg(AnsiColor::Green),
            Self::Change | Self::Warning => fg(AnsiColor::Yellow),
            Self::Replace => fg(AnsiColor::Magenta).bold(),
            Self::Destroy | Self::Error => fg(AnsiColor::Red).bold(),
            Self::Adopt => fg(AnsiColor::Cyan),
        }
    }
}
