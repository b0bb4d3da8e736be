//! How random environment files are drawn from a template by a seed, and how one that fails is made smaller while it still fails.

/// Numbers that a seed decides: xorshift.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        // Small seeds begin alike: they are spread first.
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % u64::try_from(most.max(1)).expect("small")).expect("small")
    }
}

/// One choice of the template.
struct Choice<'a> {
    ways: Vec<&'a str>,
    grows: bool,
}

/// The template, taken apart: which optional part each piece of text belongs to, and the choice after it.
pub(super) struct Template<'a> {
    pieces: Vec<(Option<usize>, &'a str, Option<Choice<'a>>)>,
    parts: usize,
}

/// One file and its edit: the optional parts that it has, and the way that it takes at each choice before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drawn {
    parts: Vec<bool>,
    before: Vec<usize>,
    after: Vec<usize>,
}

impl<'a> Template<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let (mut pieces, mut parts, mut part) = (vec![], 0, None);
        for line in text.split_inclusive('\n').skip_while(|line| line.starts_with('#') || line.trim().is_empty()) {
            match line.split_whitespace().next() {
                Some("#+") => {
                    part = Some(parts);
                    parts += 1;
                }
                Some("#-") => part = None,
                _ => {
                    let mut rest = line;
                    while let Some((before, after)) = rest.split_once("<<") {
                        let (choice, behind) = after.split_once(">>").expect("the end of a choice");
                        let grows = choice.contains("->");
                        let ways = choice.split(if grows { "->" } else { "||" }).collect();
                        pieces.push((part, before, Some(Choice { ways, grows })));
                        rest = behind;
                    }
                    pieces.push((part, rest, None));
                }
            }
        }
        Self { pieces, parts }
    }

    /// A file that is not edited.
    pub(super) fn chosen(&self, dice: &mut Dice) -> Drawn {
        let parts = (0..self.parts).map(|_| dice.below(2) == 0).collect();
        let before: Vec<usize> = self.choices().map(|choice| dice.below(choice.ways.len())).collect();
        Drawn { parts, after: before.clone(), before }
    }

    /// The same file with an edit: about half of the ways are others.
    pub(super) fn edited(&self, dice: &mut Dice, drawn: &Drawn) -> Drawn {
        let other = |(choice, way): (&Choice<'_>, &usize)| match (dice.below(2), choice.grows) {
            (0, _) => *way,
            (_, true) => way + dice.below(choice.ways.len() - way),
            (_, false) => dice.below(choice.ways.len()),
        };
        Drawn { after: self.choices().zip(&drawn.before).map(other).collect(), ..drawn.clone() }
    }

    fn choices(&self) -> impl Iterator<Item = &Choice<'a>> {
        self.pieces.iter().filter_map(|(_, _, choice)| choice.as_ref())
    }

    /// The file before the edit, and after it.
    pub(super) fn texts(&self, drawn: &Drawn) -> [String; 2] {
        [&drawn.before, &drawn.after].map(|ways| self.text(&drawn.parts, ways))
    }

    fn text(&self, parts: &[bool], ways: &[usize]) -> String {
        let (mut text, mut ways) = (String::new(), ways.iter());
        for (part, before, choice) in &self.pieces {
            let way = choice.as_ref().map(|choice| choice.ways[*ways.next().expect("a way for each choice")]);
            if part.is_none_or(|part| parts[part]) {
                text += before;
                text += &way.unwrap_or_default().replace("\\n", "\n");
            }
        }
        text
    }

    /// The file, and the lines of it that the edit changes.
    pub(super) fn told(&self, drawn: &Drawn) -> String {
        let [before, after] = self.texts(drawn);
        let only = |text: &str, other: &str, sign: &str| -> String {
            let others: Vec<&str> = other.lines().collect();
            text.lines().filter(|line| !others.contains(line)).map(|line| format!("{sign} {line}\n")).collect()
        };
        format!("the file:\n{before}\nthe edit:\n{}{}", only(&before, &after, "-"), only(&after, &before, "+"))
    }
}

/// What is taken back of a file, at once.
#[derive(Clone, Copy)]
enum Less {
    /// Optional parts are left out.
    Parts,
    /// Choices are not edited.
    Edits,
    /// Choices take the first way before the edit.
    Before,
    /// Choices take the first way before the edit, and after it.
    Ways,
}

impl Drawn {
    /// The same with less of it, at these places; none where that is the same.
    fn with_less(&self, less: Less, at: std::ops::Range<usize>) -> Option<Self> {
        let mut smaller = self.clone();
        match less {
            Less::Parts => smaller.parts[at].fill(false),
            Less::Edits => smaller.after[at.clone()].copy_from_slice(&self.before[at]),
            Less::Before => smaller.before[at].fill(0),
            Less::Ways => {
                smaller.before[at.clone()].fill(0);
                smaller.after[at].fill(0);
            }
        }
        (smaller != *self).then_some(smaller)
    }

    /// Takes away whatever a failure does not need: halves at first, then ever smaller pieces, until nothing can go that is tried
    /// alone, or `most` files were tried. `fails` says how a file fails, if it does. Answers the smallest file, and how it fails.
    pub(super) fn shrunk(self, why: String, most: usize, fails: impl Fn(&Self) -> Option<String>) -> (Self, String) {
        let (mut smallest, mut why, mut tries) = (self, why, 0);
        loop {
            let began = smallest.clone();
            for less in [Less::Parts, Less::Edits, Less::Ways, Less::Before] {
                let all = if matches!(less, Less::Parts) { smallest.parts.len() } else { smallest.before.len() };
                let mut size = all;
                while size > 0 {
                    for from in (0..all).step_by(size) {
                        let Some(smaller) = smallest.with_less(less, from..(from + size).min(all)) else { continue };
                        if tries >= most {
                            return (smallest, why);
                        }
                        tries += 1;
                        if let Some(still) = fails(&smaller) {
                            (smallest, why) = (smaller, still);
                        }
                    }
                    size /= 2;
                }
            }
            if smallest == began {
                return (smallest, why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dice, Template};

    const TEMPLATE: &str =
        "# no part of it\n\na = <<1||2||3>>\nb = <<1->2->3>>\n#+\nc = <<x||y>>\n#-\n#+\nd = 1\n#-\n#+\ne = <<1||2>>\n#-\n";

    #[test]
    fn what_a_failure_does_not_need_is_taken_away() {
        let template = Template::of(TEMPLATE);
        // It fails where `b` grows to 3 beside `e`.
        let fails = |drawn: &super::Drawn| {
            let [before, after] = template.texts(drawn);
            let does = !before.contains("b = 3") && after.contains("b = 3") && before.contains("e = ");
            does.then(|| "told".to_owned())
        };
        let mut failed = 0;
        for seed in 0..200 {
            let mut dice = Dice::of(seed);
            let chosen = template.chosen(&mut dice);
            let drawn = template.edited(&mut dice, &chosen);
            let Some(why) = fails(&drawn) else { continue };
            failed += 1;
            let (smallest, why) = drawn.shrunk(why, 1000, fails);
            assert_eq!(why, "told");
            let texts = template.texts(&smallest);
            assert_eq!(texts, ["a = 1\nb = 1\ne = 1\n", "a = 1\nb = 3\ne = 1\n"].map(str::to_owned), "seed {seed}");
            assert!(template.told(&smallest).ends_with("the edit:\n- b = 1\n+ b = 3\n"), "{}", template.told(&smallest));
        }
        assert!(failed > 3, "{failed}");
    }

    #[test]
    fn no_more_files_are_tried_than_agreed() {
        let template = Template::of(TEMPLATE);
        let tried = std::cell::Cell::new(0);
        let drawn = template.chosen(&mut Dice::of(3));
        drawn.shrunk(String::new(), 2, |_| {
            tried.set(tried.get() + 1);
            Some(String::new())
        });
        assert!(tried.get() <= 2);
    }
}
