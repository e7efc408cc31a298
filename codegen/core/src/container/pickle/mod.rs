//! Python's pickles, read without running anything: what would be called is written down instead.
//!
//! A pickle is a program for a small stack machine. [`read`] runs the part of it that builds data; where the program calls
//! a function or a class, the result is a [`Record`] of the callable's name and its arguments, and the readers of torch and
//! Haiku files know what the few callables of [`Known`] would have made. Any other call is a problem.

mod cursor;
mod known;
mod machine;
mod opcode;

pub(super) use known::Known;
pub(super) use machine::read;

use super::source::{Source, Span};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A value of a pickle; several places may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(u32);

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits.
    Long,
    Float(f64),
    Text(String),
    /// Bytes, which stay in the file.
    Bytes(Span),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Set(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or a function.
    Global(Global),
    /// Something outside the pickle, by the words that name it.
    Persistent(Id),
    /// What a call would have made.
    Record(Box<Record>),
}

/// The name of a class or a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Global {
    pub(super) module: String,
    pub(super) name: String,
}

/// A call that was not made, and what the pickle would have done to its result.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// What would have been called.
    pub(super) callable: Global,
    /// With which arguments, a tuple.
    pub(super) arguments: Id,
    /// The object's attributes as its class writes them.
    pub(super) state: Option<Id>,
    /// Entries set on a mapping.
    pub(super) entries: Vec<(Id, Id)>,
    /// Items added to a list or set.
    pub(super) items: Vec<Id>,
}

/// The values of a pickle.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    root: Id,
    /// Bytes it takes in its file.
    len: u64,
    source: Arc<Source>,
}

impl Pickle {
    /// The whole.
    pub(super) fn root(&self) -> Id {
        self.root
    }

    /// The file it is in.
    pub(super) fn path(&self) -> &Path {
        self.source.path()
    }

    /// Bytes it takes in its file.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The value `id`.
    pub(super) fn get(&self, id: Id) -> &Value {
        self.values.get(id.0 as usize).unwrap_or(&Value::None)
    }

    /// A text.
    pub(super) fn text(&self, id: Id) -> Option<&str> {
        if let Value::Text(text) = self.get(id) { Some(text) } else { None }
    }

    /// A whole number that is not negative.
    pub(super) fn size(&self, id: Id) -> Option<usize> {
        if let Value::Int(number) = self.get(id) { usize::try_from(*number).ok() } else { None }
    }

    /// The members of a tuple or list.
    pub(super) fn members(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(members) | Value::List(members) => Some(members),
            _ => None,
        }
    }

    /// Whole numbers that are not negative.
    pub(super) fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        self.members(id)?.iter().map(|&member| self.size(member)).collect()
    }

    /// The name of a class or a function.
    pub(super) fn global(&self, id: Id) -> Option<&Global> {
        if let Value::Global(global) = self.get(id) { Some(global) } else { None }
    }

    /// A call to one of the known callables, and its arguments.
    pub(super) fn call(&self, id: Id) -> Option<(Known, &[Id])> {
        let Value::Record(record) = self.get(id) else { return None };
        Some((Known::of(&record.callable)?, self.members(record.arguments)?))
    }

    /// The entries of a dictionary, or of a mapping of a known class.
    pub(super) fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Value::Dict(entries) => Some(entries),
            Value::Record(record) => match Known::of(&record.callable)? {
                Known::OrderedDict | Known::DefaultDict => Some(&record.entries),
                Known::HaikuMapping => match self.get(*self.members(record.arguments)?.first()?) {
                    Value::Dict(entries) => Some(entries),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The entry `name` of a mapping.
    pub(super) fn entry(&self, id: Id, name: &str) -> Option<Id> {
        let entry = self.entries(id)?.iter().rev().find(|(key, _)| self.text(*key) == Some(name));
        entry.map(|(_, value)| *value)
    }

    /// The values that stand for something outside.
    pub(super) fn persistent(&self) -> impl Iterator<Item = Id> {
        let ids = self.values.iter().zip(0..).filter(|(value, _)| matches!(value, Value::Persistent(_)));
        ids.map(|(_, id)| Id(id))
    }

    /// A value in a few words, for messages.
    pub(super) fn describe(&self, id: Id) -> String {
        match self.get(id) {
            Value::None => "None".to_owned(),
            Value::Bool(flag) => format!("the truth value {flag}"),
            Value::Int(number) => format!("the number {number}"),
            Value::Long => "a number beyond 64 bits".to_owned(),
            Value::Float(number) => format!("the number {number}"),
            Value::Text(text) => format!("`{}`", text.chars().take(100).collect::<String>()),
            Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Value::List(items) => format!("a list of {}", items.len()),
            Value::Tuple(items) => format!("a tuple of {}", items.len()),
            Value::Set(items) => format!("a set of {}", items.len()),
            Value::Dict(entries) => format!("a dictionary of {}", entries.len()),
            Value::Global(global) => format!("the class or function {global}"),
            Value::Persistent(_) => "a storage".to_owned(),
            Value::Record(record) => format!("what {} makes", record.callable),
        }
    }
}

impl fmt::Display for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}.{}`", self.module, self.name)
    }
}
