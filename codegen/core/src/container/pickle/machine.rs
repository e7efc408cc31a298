//! The stack machine: instructions to values.

use super::cursor::Cursor;
use super::opcode::{Flaw, Opcode};
use super::{Global, Id, Known, Pickle, Record, Value};
use crate::container::source::Span;
use crate::{Problems, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Instructions of one pickle. A checkpoint of a thousand tensors has some 30,000; more would only cost memory.
const MOST: usize = 1 << 22;

struct Machine {
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Where in the stack the open runs start.
    marks: Vec<usize>,
    memo: BTreeMap<u64, Id>,
    /// Callables that are called and not known.
    refused: BTreeSet<Global>,
}

/// An instruction that does not fit what the ones before it made.
struct Misfit;

/// Reads the pickle at the start of `span`.
///
/// # Errors
/// A pickle that is damaged, and every callable that it calls and that is not [`Known`].
pub(in crate::container) fn read(span: &Span) -> Result<Pickle, Problems> {
    let mut cursor = Cursor::new(span.clone());
    let mut machine = Machine {
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
        refused: BTreeSet::new(),
    };
    let complain = |at: u64, what: &str| {
        let shown = span.source().path().display();
        Problems::model(format!("the pickle in `{shown}` {what} at byte {at}"))
    };
    for _ in 0..MOST {
        let at = cursor.at();
        let opcode = match Opcode::read(&mut cursor) {
            Ok(Opcode::Stop) => {
                let root = machine.pop().map_err(|Misfit| complain(at, MISFIT))?;
                return machine.finish(root, cursor.at(), span);
            }
            Ok(opcode) => opcode,
            Err(flaw) => return Err(cursor.failure().unwrap_or_else(|| complain(at, &explain(&flaw)))),
        };
        machine.step(opcode).map_err(|Misfit| complain(at, MISFIT))?;
    }
    Err(complain(
        cursor.at(),
        &format!("has more than {MOST} instructions: save the weights alone, without other objects;"),
    ))
}

const MISFIT: &str =
    "has an instruction that does not fit the ones before it, so it is damaged: write or copy it again;";

fn explain(flaw: &Flaw) -> String {
    match flaw {
        Flaw::Ends => "is truncated or damaged: write or copy it again;".to_owned(),
        Flaw::Textual(code) => format!(
            "has the instruction `{}` of protocol 0, expected protocols 2 to 5: save it again with `protocol=4`;",
            char::from(*code)
        ),
        Flaw::Unknown(code) => {
            format!("has the instruction {code:#04x}, which does not exist, so it is damaged: write or copy it again;")
        }
    }
}

impl Machine {
    fn finish(self, root: Id, len: u64, span: &Span) -> Result<Pickle, Problems> {
        let shown = span.source().path().display();
        let mut problems = Problems::new();
        for callable in &self.refused {
            problems.add(
                Subject::Model,
                format!(
                    "the pickle in `{shown}` calls {callable}; nothing in a checkpoint is ever run, and this is none of \
                     the calls whose result is known: save plain tensors, numbers, texts, lists and dictionaries"
                ),
            );
        }
        problems.finish(Pickle { values: self.values, root, len, source: Arc::clone(span.source()) })
    }

    fn step(&mut self, opcode: Opcode) -> Result<(), Misfit> {
        match opcode {
            Opcode::Push(value) => self.push(value),
            Opcode::Mark => self.marks.push(self.stack.len()),
            Opcode::Pop => drop(self.pop()?),
            Opcode::PopMark => drop(self.run()?),
            Opcode::Duplicate => self.stack.push(self.top()?),
            Opcode::Get(number) => self.stack.push(*self.memo.get(&number).ok_or(Misfit)?),
            Opcode::Put(number) => drop(self.memo.insert(number, self.top()?)),
            Opcode::Memoize => drop(self.memo.insert(self.memo.len() as u64, self.top()?)),
            Opcode::Stop | Opcode::Nothing => {}
            Opcode::Append | Opcode::AppendRun | Opcode::AddRun | Opcode::SetEntry | Opcode::SetRun => {
                self.add(&opcode)?
            }
            Opcode::StackGlobal | Opcode::Reduce | Opcode::NewObject | Opcode::NewObjectNamed | Opcode::Build => {
                self.object(&opcode)?;
            }
            Opcode::Persistent => {
                let words = self.pop()?;
                self.push(Value::Persistent(words));
            }
            Opcode::Tuple(_) | Opcode::TupleOfRun | Opcode::ListOfRun | Opcode::DictOfRun | Opcode::SetOfRun => {
                self.collect(&opcode)?;
            }
        }
        Ok(())
    }

    /// Makes a collection of values on the stack.
    fn collect(&mut self, opcode: &Opcode) -> Result<(), Misfit> {
        let value = match opcode {
            Opcode::Tuple(length) => {
                let start =
                    self.stack.len().checked_sub(*length).filter(|start| *start >= self.floor()).ok_or(Misfit)?;
                Value::Tuple(self.stack.split_off(start))
            }
            Opcode::ListOfRun => Value::List(self.run()?),
            Opcode::DictOfRun => Value::Dict(pairs(&self.run()?)?),
            Opcode::SetOfRun => Value::Set(self.run()?),
            _ => Value::Tuple(self.run()?),
        };
        self.push(value);
        Ok(())
    }

    /// Adds values on the stack to the collection below them.
    fn add(&mut self, opcode: &Opcode) -> Result<(), Misfit> {
        let added = match opcode {
            Opcode::Append => vec![self.pop()?],
            Opcode::SetEntry => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.run()?,
        };
        let is_mapping = matches!(opcode, Opcode::SetEntry | Opcode::SetRun);
        let collection = self.top()?;
        match self.value(collection) {
            Value::Dict(entries) if is_mapping => entries.extend(pairs(&added)?),
            Value::Record(record) if is_mapping => record.entries.extend(pairs(&added)?),
            Value::Record(record) => record.items.extend(added),
            Value::List(items) | Value::Set(items) if !is_mapping => items.extend(added),
            _ => return Err(Misfit),
        }
        Ok(())
    }

    /// Names, makes or fills an object.
    fn object(&mut self, opcode: &Opcode) -> Result<(), Misfit> {
        let last = self.pop()?;
        match opcode {
            Opcode::Build => {
                let object = self.top()?;
                let Value::Record(record) = self.value(object) else { return Err(Misfit) };
                record.state = Some(last);
            }
            Opcode::StackGlobal => {
                let module = self.pop()?;
                let text = |id: Id| match self.values.get(id.0 as usize) {
                    Some(Value::Text(text)) => Ok(text.clone()),
                    _ => Err(Misfit),
                };
                let global = Global { module: text(module)?, name: text(last)? };
                self.push(Value::Global(global));
            }
            Opcode::NewObjectNamed => {
                let arguments = self.pop()?;
                self.record(arguments, Some(last), false)?;
            }
            _ => self.record(last, None, matches!(opcode, Opcode::Reduce))?,
        }
        Ok(())
    }

    /// Writes down a call of the class or function on the stack; a class that is only asked for an empty object runs nothing.
    fn record(&mut self, arguments: Id, state: Option<Id>, runs: bool) -> Result<(), Misfit> {
        let callable = self.pop()?;
        let callable = match self.value(callable) {
            Value::Global(global) => global.clone(),
            // What another call would have made.
            Value::Record(record) => record.callable.clone(),
            _ => return Err(Misfit),
        };
        if !matches!(self.value(arguments), Value::Tuple(_)) {
            return Err(Misfit);
        }
        if runs && Known::of(&callable).is_none() {
            self.refused.insert(callable.clone());
        }
        let record = Record { callable, arguments, state, entries: Vec::new(), items: Vec::new() };
        self.push(Value::Record(Box::new(record)));
        Ok(())
    }

    /// A new value, on the stack.
    fn push(&mut self, value: Value) {
        self.stack.push(Id(self.values.len() as u32));
        self.values.push(value);
    }

    /// A value on the stack.
    fn value(&mut self, id: Id) -> &mut Value {
        // Only `push` makes an `Id`, and values stay.
        &mut self.values[id.0 as usize]
    }

    /// Where the innermost run starts.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, Misfit> {
        self.stack.get(self.floor()..).and_then(<[Id]>::last).copied().ok_or(Misfit)
    }

    fn pop(&mut self) -> Result<Id, Misfit> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The values since the last mark, taken off the stack.
    fn run(&mut self) -> Result<Vec<Id>, Misfit> {
        let start = self.marks.pop().ok_or(Misfit)?;
        Ok(self.stack.split_off(start))
    }
}

/// Keys and values in turn.
fn pairs(run: &[Id]) -> Result<Vec<(Id, Id)>, Misfit> {
    let (pairs, rest) = run.as_chunks::<2>();
    if rest.is_empty() { Ok(pairs.iter().map(|&[key, value]| (key, value)).collect()) } else { Err(Misfit) }
}
