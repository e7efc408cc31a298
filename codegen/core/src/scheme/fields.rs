//! A JSON object read field by field: missing, mistyped and unknown fields are collected, not thrown.

use crate::{Problems, Subject};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// Any size. The limit keeps products of three sizes within `usize`.
pub(super) const SIZE: RangeInclusive<usize> = 1..=1 << 20;
/// A number of layers or repetitions; each costs a list entry before any tensor is seen.
pub(super) const LAYERS: RangeInclusive<usize> = 0..=1024;

/// An object of the configuration.
///
/// Reading a required field that is absent or wrong gives a placeholder and records a problem, so the values are good only
/// once [`Fields::finish`] or [`Fields::known`] has returned no problems.
pub(super) struct Fields {
    path: String,
    /// What it stands in.
    file: &'static str,
    map: Map<String, Value>,
    asked: Vec<&'static str>,
    /// Set where the object itself was absent or wrong, which has been said.
    silent: bool,
    problems: Problems,
}

impl Fields {
    /// The object `value`, which stands at `path` (empty for the whole file).
    pub(super) fn new(path: impl Into<String>, value: Value) -> Self {
        let mut fields = Self {
            path: path.into(),
            file: "config.json",
            map: Map::new(),
            asked: Vec::new(),
            silent: false,
            problems: Problems::new(),
        };
        match value {
            Value::Object(map) => fields.map = map,
            other => {
                let place =
                    if fields.path.is_empty() { "config.json".to_owned() } else { format!("`{}`", fields.path) };
                fields
                    .problems
                    .add(Subject::Model, format!("{place} is {}, expected an object {{…}}", excerpt(&other)));
                fields.silent = true;
            }
        }
        fields
    }

    /// Objects of something else than `config.json`, whose name is `file`.
    pub(super) fn of(self, file: &'static str) -> Self {
        Self { file, ..self }
    }

    /// Full name of the field `name`.
    pub(super) fn place(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The value of the field `name`, which still has to be read.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }

    /// Records a problem with the field `name`; `complaint` follows its name.
    pub(super) fn complain(&mut self, name: &str, complaint: &str) {
        if !self.silent {
            let message = format!("`{}` in {} {complaint}", self.place(name), self.file);
            self.problems.add(Subject::Model, message);
        }
    }

    /// The field `name` if it is there (`null` is absent) and `convert` takes it.
    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        convert: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        self.asked.push(name);
        let value = self.map.remove(name).filter(|value| !value.is_null())?;
        let converted = convert(&value);
        if converted.is_none() {
            self.complain(name, &format!("is {}, expected {expected}: correct it", excerpt(&value)));
        }
        converted
    }

    /// As [`Fields::read`], but the field must be there.
    pub(super) fn need<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        convert: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        if self.map.get(name).is_none_or(Value::is_null) {
            self.complain(name, &format!("is missing, expected {expected}: add it"));
        }
        self.read(name, expected, convert)
    }

    /// A whole number.
    pub(super) fn whole(&mut self, name: &'static str, range: &RangeInclusive<usize>) -> Option<usize> {
        self.read(name, &whole_in(range), |value| to_whole(value, range))
    }

    /// A whole number that must be there.
    pub(super) fn need_whole(&mut self, name: &'static str, range: &RangeInclusive<usize>) -> usize {
        self.need(name, &whole_in(range), |value| to_whole(value, range)).unwrap_or(1)
    }

    /// A number; those of JSON are finite.
    pub(super) fn number(&mut self, name: &'static str) -> Option<f64> {
        self.read(name, "a number", Value::as_f64)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.read(name, "true or false", Value::as_bool)
    }

    /// A text.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.read(name, "a text", |value| value.as_str().map(str::to_owned))
    }

    /// One of the words of `table`, and what it stands for.
    pub(super) fn word<T: Copy>(&mut self, name: &'static str, table: &[(&str, T)]) -> Option<T> {
        self.read(name, &one_of(table), |value| look_up(value, table))
    }

    /// As [`Fields::word`], but it must be there.
    pub(super) fn need_word<T: Copy>(&mut self, name: &'static str, table: &[(&str, T)]) -> Option<T> {
        self.need(name, &one_of(table), |value| look_up(value, table))
    }

    /// An object that must be there; give it back with [`Fields::close`].
    pub(super) fn need_object(&mut self, name: &'static str) -> Self {
        let value = self.need(name, "an object {…}", |value| value.is_object().then(|| value.clone()));
        let silent = value.is_none();
        Self { silent, ..Self::new(self.place(name), value.unwrap_or_else(|| Map::new().into())).of(self.file) }
    }

    /// An object; give it back with [`Fields::close`].
    pub(super) fn object(&mut self, name: &'static str) -> Option<Self> {
        let value = self.read(name, "an object {…}", |value| value.is_object().then(|| value.clone()))?;
        Some(Self::new(self.place(name), value).of(self.file))
    }

    /// A list of objects with at least one entry; give each back with [`Fields::close`].
    pub(super) fn need_objects(&mut self, name: &'static str) -> Vec<Self> {
        let filled = |value: &Value| value.as_array().filter(|list| !list.is_empty()).cloned();
        let list = self.need(name, "a list with at least one entry", filled).unwrap_or_default();
        self.entries(name, list)
    }

    /// A list of objects, none where it is absent; give each back with [`Fields::close`].
    pub(super) fn objects(&mut self, name: &'static str) -> Vec<Self> {
        let list = self.read(name, "a list of objects", |value| value.as_array().cloned()).unwrap_or_default();
        self.entries(name, list)
    }

    fn entries(&self, name: &str, list: Vec<Value>) -> Vec<Self> {
        let place = self.place(name);
        let object = |(index, value)| Self::new(format!("{place}[{index}]"), value).of(self.file);
        list.into_iter().enumerate().map(object).collect()
    }

    /// Fields that may be there and do not matter.
    pub(super) fn skip(&mut self, names: &[&'static str]) {
        for &name in names {
            if self.map.remove(name).is_some() {
                self.asked.push(name);
            }
        }
    }

    /// Leaves out the unknown fields: when `kind` is wrong, nobody can say which belong.
    pub(super) fn forgive(&mut self) {
        self.map.clear();
    }

    /// Takes over the problems of an object below this one, all of whose fields have been read.
    pub(super) fn close(&mut self, below: Self) {
        self.problems.append(below.finish());
    }

    /// Whether nothing was wrong so far.
    pub(super) fn is_fine(&self) -> bool {
        self.problems.is_empty() && !self.silent
    }

    /// The problems, one for each field that was never asked for among them.
    pub(super) fn finish(mut self) -> Problems {
        let unknown: Vec<String> = self.map.keys().cloned().collect();
        let fields: Vec<_> = self.asked.iter().map(|name| format!("`{name}`")).collect();
        for name in unknown {
            let remedy = match self.asked.iter().find(|asked| similar(asked, &name)) {
                Some(asked) => format!("write `{asked}`"),
                None => "remove it".to_owned(),
            };
            let expected = if fields.is_empty() { "none".to_owned() } else { format!("some of {}", fields.join(", ")) };
            let complaint = format!("is not a field, expected {expected}: {remedy}");
            self.complain(&name, &complaint);
        }
        self.problems
    }

    /// The problems, for a source whose further fields do not matter.
    pub(super) fn known(self) -> Problems {
        self.problems
    }
}

fn whole_in(range: &RangeInclusive<usize>) -> String {
    format!("a whole number from {} to {}", range.start(), range.end())
}

/// A list of numbers.
pub(super) fn to_numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// A whole number in `range`.
pub(super) fn to_whole(value: &Value, range: &RangeInclusive<usize>) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).filter(|number| range.contains(number))
}

fn one_of<T>(table: &[(&str, T)]) -> String {
    let words: Vec<_> = table.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    if let [only] = words.as_slice() { only.clone() } else { format!("one of {}", words.join(", ")) }
}

fn look_up<T: Copy>(value: &Value, table: &[(&str, T)]) -> Option<T> {
    let word = value.as_str()?;
    table.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning)
}

/// `value` as JSON, shortened for a sentence.
fn excerpt(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether one name is the other with at most two letters changed, added or left out.
fn similar(known: &str, written: &str) -> bool {
    let written: Vec<char> = written.chars().collect();
    let mut row: Vec<usize> = (0..=written.len()).collect();
    for (i, a) in known.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in written.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[written.len()] <= 2.min(known.len() / 2)
}
