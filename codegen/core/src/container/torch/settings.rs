//! Settings that were saved beside the weights, as JSON.

use crate::container::pickle::{Global, Id, Known, Pickle, Record, Value};
use crate::container::{Numbers, numpy};
use serde_json::{Map, Number, Value as Json, json};

/// How deep settings may be nested.
const DEPTH: usize = 64;
/// How many values settings may have; a pickle can repeat a value any number of times.
const MOST: usize = 1 << 16;

/// Where OmegaConf's containers and leaves keep their value.
const WRAPPED: [&str; 2] = ["_content", "_val"];

/// The value `id` as JSON; `None` when it is nested too deep or too large. Tuples and sets become lists, keys become texts,
/// and an object becomes its attributes with the name of its class under `__class__`. What contains itself is null there.
pub(super) fn to_json(pickle: &Pickle, id: Id) -> Option<Json> {
    Writer { pickle, left: MOST, open: Vec::new() }.value(id)
}

struct Writer<'a> {
    pickle: &'a Pickle,
    left: usize,
    /// The values that contain the one being written, from the outermost on.
    open: Vec<Id>,
}

impl Writer<'_> {
    fn value(&mut self, id: Id) -> Option<Json> {
        if self.open.contains(&id) {
            return Some(Json::Null);
        }
        self.left = self.left.checked_sub(1).filter(|_| self.open.len() < DEPTH)?;
        self.open.push(id);
        let json = self.convert(id);
        self.open.pop();
        json
    }

    fn convert(&mut self, id: Id) -> Option<Json> {
        Some(match self.pickle.get(id) {
            Value::None => Json::Null,
            Value::Bool(flag) => json!(flag),
            Value::Int(number) => json!(number),
            Value::Float(number) => float(*number),
            Value::Text(text) => json!(text),
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => self.list(items)?,
            Value::Dict(entries) => Json::Object(self.object(entries)?),
            Value::Global(global) => json!(name(global)),
            Value::Record(record) => match self.number(id) {
                Some(number) => number,
                None => self.record(record)?,
            },
            Value::Long => json!({"__class__": "int"}),
            Value::Bytes(_) => json!({"__class__": "bytes"}),
            Value::Persistent(_) => json!({"__class__": "torch.storage"}),
        })
    }

    /// A number of NumPy's.
    fn number(&self, id: Id) -> Option<Json> {
        let Some((Known::Scalar, _)) = self.pickle.call(id) else { return None };
        match numpy::array(self.pickle, id).ok()?.numbers().ok()? {
            Numbers::F32(numbers) => numbers.first().map(|&number| float(number.into())),
            Numbers::I64(numbers) => numbers.first().map(|number| json!(number)),
        }
    }

    fn list(&mut self, items: &[Id]) -> Option<Json> {
        items.iter().map(|&item| self.value(item)).collect::<Option<_>>().map(Json::Array)
    }

    fn object(&mut self, entries: &[(Id, Id)]) -> Option<Map<String, Json>> {
        let entry = |&(key, value): &(Id, Id)| {
            let key = match self.value(key)? {
                Json::String(text) => text,
                other => other.to_string(),
            };
            Some((key, self.value(value)?))
        };
        entries.iter().map(entry).collect()
    }

    fn record(&mut self, record: &Record) -> Option<Json> {
        let arguments = self.pickle.members(record.arguments).unwrap_or_default();
        match (Known::of(&record.callable), arguments) {
            (Some(Known::OrderedDict | Known::DefaultDict), _) => {
                return self.object(&record.entries).map(Json::Object);
            }
            (Some(Known::Counter | Known::HaikuMapping | Known::Set | Known::Shape | Known::Device), &[only]) => {
                return self.value(only);
            }
            (Some(Known::Path), parts) => {
                let parts: Vec<_> = parts.iter().filter_map(|&part| self.pickle.text(part)).collect();
                return Some(json!(parts.join("/")));
            }
            _ => {}
        }
        self.attributes(record)
    }

    /// An object of a class that means nothing here, except that OmegaConf's wrap a value.
    fn attributes(&mut self, record: &Record) -> Option<Json> {
        let wrapped = |state| WRAPPED.iter().find_map(|name| self.pickle.entry(state, name));
        if record.callable.module.starts_with("omegaconf.")
            && let Some(value) = record.state.and_then(wrapped)
        {
            return self.value(value);
        }
        let mut object = Map::from_iter([("__class__".to_owned(), json!(name(&record.callable)))]);
        for state in self.states(record) {
            match self.value(state)? {
                Json::Object(attributes) => object.extend(attributes),
                Json::Null => {}
                other => {
                    object.insert("__state__".to_owned(), other);
                }
            }
        }
        object.extend(self.object(&record.entries)?);
        if !record.items.is_empty() {
            object.insert("__items__".to_owned(), self.list(&record.items)?);
        }
        Some(Json::Object(object))
    }

    /// The state of an object: its attributes, or a pair of them and those in slots.
    fn states(&self, record: &Record) -> Vec<Id> {
        let Some(state) = record.state.filter(|_| Known::of(&record.callable).is_none()) else { return Vec::new() };
        match self.pickle.get(state) {
            Value::Tuple(pair) if pair.len() == 2 => pair.clone(),
            _ => vec![state],
        }
    }
}

/// JSON has no words for numbers that are not finite: they become texts.
fn float(number: f64) -> Json {
    Number::from_f64(number).map_or_else(|| json!(number.to_string()), Json::Number)
}

fn name(global: &Global) -> String {
    format!("{}.{}", global.module, global.name)
}
