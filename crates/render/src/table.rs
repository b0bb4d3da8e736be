//! Rows of words, one below the other.

use crate::page::{Line, Page, columns};
use crate::style::Style;

/// Rows of which each column is as wide as its widest word; the last is broken where a screen is narrower.
#[must_use]
pub fn table<const N: usize>(rows: &[[&str; N]], style: Style) -> String {
    let mut ends = [0; N];
    let mut end = 0;
    for (place, column) in ends.iter_mut().enumerate() {
        end += rows.iter().map(|row| columns(row[place])).max().unwrap_or_default() + 2;
        *column = end;
    }
    let last = N.checked_sub(2).map_or(0, |before| ends[before]);
    let mut page = Page::new();
    for row in rows {
        let mut line = Line::at(0).hang(last);
        for (place, text) in row.iter().enumerate() {
            line = if place == 0 { line.text(text) } else { line.pad(ends[place - 1]).text(text) };
        }
        page.push(line);
    }
    page.render(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_too_wide_is_broken_in_its_last_column() {
        let rows = [["good", "store", "reachable, and it is as it was"], ["bad", "credentials", "none"]];
        let style = |width| Style { color: false, unicode: true, width };
        assert_eq!(table(&rows, style(80)), "good  store        reachable, and it is as it was\nbad   credentials  none\n");
        assert_eq!(
            table(&rows, style(39)),
            "good  store        reachable, and it is\n                   as it was\nbad   credentials  none\n"
        );
    }
}
