//! What the program `motion` prints: a line a window, then named figures.

use std::collections::BTreeMap;

/// All of it.
pub(crate) struct Output {
    pub(crate) windows: Vec<Window>,
    figures: BTreeMap<String, u64>,
}

/// `window 3  ABD   ROW   0.1 …`: index, class told, true class, logits.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) index: usize,
    pub(crate) told: String,
    pub(crate) truth: String,
    pub(crate) logits: Vec<f32>,
}

impl Output {
    pub(crate) fn parse(text: &str) -> Self {
        let (windows, figures): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("window "));
        let figure = |line: &&str| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        let understood = |line: &&str| figure(line).unwrap_or_else(|| panic!("unexpected line `{line}` in\n{text}"));
        Self {
            windows: windows.iter().map(|line| Window::parse(line)).collect(),
            figures: figures.iter().map(understood).collect(),
        }
    }

    pub(crate) fn figure(&self, name: &str) -> u64 {
        *self.figures.get(name).unwrap_or_else(|| panic!("no figure `{name}` among {:?}", self.figures))
    }
}

impl Window {
    fn parse(line: &str) -> Self {
        let parse = || {
            let mut words = line.split_whitespace().skip(1);
            let index = words.next()?.parse().ok()?;
            let (told, truth) = (words.next()?.to_owned(), words.next()?.to_owned());
            let logits = words.map(str::parse).collect::<Result<_, _>>().ok()?;
            Some(Self { index, told, truth, logits })
        };
        parse().unwrap_or_else(|| panic!("unexpected line `{line}`"))
    }
}
