//! A JSON schema, as far as the one in `docs/` goes: an unknown keyword fails, so that none is ignored.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What describes a value and constrains nothing.
const REMARKS: [&str; 6] = ["$schema", "$defs", "title", "description", "default", "examples"];
/// The one pattern there is: the name of a Rust field.
const NAME: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// A schema that holds the definitions that it refers to.
pub(crate) struct Schema {
    root: Value,
}

/// An object of an instance: where it is, and which fields it may have.
#[derive(Debug)]
pub(crate) struct Place {
    /// JSON pointer.
    pub(crate) pointer: String,
    pub(crate) fields: BTreeSet<String>,
}

impl Schema {
    pub(crate) fn new(root: Value) -> Self {
        Self { root }
    }

    /// Whether `instance` is as the schema says.
    pub(crate) fn holds(&self, instance: &Value) -> bool {
        self.is_valid(&self.root, instance)
    }

    /// Every closed object in `instance`, which is as the schema says. `visited` gets the fields of the schema that were met,
    /// as `pointer of the object in the schema/field`.
    pub(crate) fn places(&self, instance: &Value, visited: &mut BTreeSet<*const Value>) -> Vec<Place> {
        let mut places = Vec::new();
        self.visit(&self.root, instance, "", &mut places, visited);
        places
    }

    /// The subschema of every field that an object may have.
    pub(crate) fn all_fields(&self) -> Vec<(String, *const Value)> {
        let mut found = Vec::new();
        collect(&self.root, "", &mut found);
        found
    }

    fn target(&self, schema: &Map<String, Value>) -> Option<&Value> {
        let pointer = schema.get("$ref")?.as_str().expect("a pointer").strip_prefix('#').expect("one into this file");
        Some(self.root.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")))
    }

    fn is_valid(&self, schema: &Value, instance: &Value) -> bool {
        let Value::Object(keywords) = schema else { return schema.as_bool().expect("a schema") };
        let condition = keywords.get("if").map(|condition| self.is_valid(condition, instance));
        keywords.iter().all(|(keyword, value)| match keyword.as_str() {
            "then" => condition != Some(true) || self.is_valid(value, instance),
            "else" => condition != Some(false) || self.is_valid(value, instance),
            "$ref" => self.target(keywords).is_some_and(|target| self.is_valid(target, instance)),
            "oneOf" => list(value).iter().filter(|branch| self.is_valid(branch, instance)).count() == 1,
            "allOf" => list(value).iter().all(|part| self.is_valid(part, instance)),
            "not" => !self.is_valid(value, instance),
            "properties" | "additionalProperties" | "required" => self.holds_fields(keyword, keywords, instance),
            "items" => instance.as_array().is_none_or(|list| list.iter().all(|entry| self.is_valid(value, entry))),
            "if" => true,
            _ => holds_scalar(keyword, value, instance),
        })
    }

    fn holds_fields(&self, keyword: &str, keywords: &Map<String, Value>, instance: &Value) -> bool {
        let Value::Object(fields) = instance else { return true };
        let known = keywords.get("properties").and_then(Value::as_object);
        let known = |name: &String| known.and_then(|known| known.get(name));
        let value = &keywords[keyword];
        match keyword {
            "properties" => {
                fields.iter().all(|(name, field)| known(name).is_none_or(|schema| self.is_valid(schema, field)))
            }
            "required" => list(value).iter().all(|name| fields.contains_key(name.as_str().expect("a name"))),
            _ => fields.iter().all(|(name, field)| known(name).is_some() || self.is_valid(value, field)),
        }
    }

    fn visit(
        &self,
        schema: &Value,
        instance: &Value,
        at: &str,
        places: &mut Vec<Place>,
        visited: &mut BTreeSet<*const Value>,
    ) {
        let Value::Object(keywords) = schema else { return };
        if let Some(target) = self.target(keywords) {
            self.visit(target, instance, at, places, visited);
        }
        let branches = keywords.get("oneOf").map(list).unwrap_or_default();
        for branch in branches.iter().filter(|branch| self.is_valid(branch, instance)) {
            self.visit(branch, instance, at, places, visited);
        }
        match (instance, keywords.get("properties"), keywords.get("items")) {
            (Value::Object(fields), Some(Value::Object(known)), _) => {
                let allowed = |name: &&String| !self.is_forbidden(keywords, name, instance);
                places.push(Place { pointer: at.to_owned(), fields: known.keys().filter(allowed).cloned().collect() });
                for (name, field) in fields {
                    let schema = &known[name];
                    visited.insert(schema);
                    self.visit(schema, field, &format!("{at}/{name}"), places, visited);
                }
            }
            (Value::Array(entries), _, Some(items)) => {
                let entries = entries.iter().enumerate();
                entries.for_each(|(index, entry)| self.visit(items, entry, &format!("{at}/{index}"), places, visited));
            }
            _ => {}
        }
    }

    /// Whether the rest of `instance` rules the field `name` out.
    fn is_forbidden(&self, keywords: &Map<String, Value>, name: &str, instance: &Value) -> bool {
        let forbids = |rule: &Map<String, Value>| {
            let Some(condition) = rule.get("if") else { return false };
            let branch = if self.is_valid(condition, instance) { "then" } else { "else" };
            rule.get(branch).and_then(|branch| branch.get("properties")?.get(name)) == Some(&Value::Bool(false))
        };
        let rules = keywords.get("allOf").map(list).unwrap_or_default();
        forbids(keywords) || rules.iter().filter_map(Value::as_object).any(forbids)
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// The fields of closed objects below `schema`.
fn collect(schema: &Value, at: &str, found: &mut Vec<(String, *const Value)>) {
    match schema {
        Value::Object(keywords) => {
            for (keyword, value) in keywords {
                if let ("properties", Value::Object(fields), Some(false)) =
                    (keyword.as_str(), value, keywords.get("additionalProperties").and_then(Value::as_bool))
                {
                    found
                        .extend(fields.iter().map(|(name, field)| (format!("{at}/{name}"), std::ptr::from_ref(field))));
                }
                collect(value, &format!("{at}/{keyword}"), found);
            }
        }
        Value::Array(parts) => {
            parts.iter().enumerate().for_each(|(index, part)| collect(part, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// Keywords that look at a value without what is in it.
fn holds_scalar(keyword: &str, value: &Value, instance: &Value) -> bool {
    let number = |holds: fn(f64, f64) -> bool| {
        instance.as_f64().is_none_or(|found| holds(found, value.as_f64().expect("a number")))
    };
    let length = |holds: fn(u64, u64) -> bool| {
        instance.as_array().is_none_or(|list| holds(list.len() as u64, value.as_u64().expect("a length")))
    };
    match keyword {
        "type" => is_type(value.as_str().expect("a type"), instance),
        "const" => value == instance,
        "enum" => list(value).contains(instance),
        "minimum" => number(|found, least| found >= least),
        "maximum" => number(|found, most| found <= most),
        "exclusiveMaximum" => number(|found, bound| found < bound),
        "minItems" => length(|found, least| found >= least),
        "maxItems" => length(|found, most| found <= most),
        "pattern" => {
            assert_eq!(value, NAME, "another pattern than that of a name");
            instance.as_str().is_none_or(is_name)
        }
        remark if REMARKS.contains(&remark) => true,
        other => panic!("the keyword `{other}` is not known here"),
    }
}

fn is_type(name: &str, instance: &Value) -> bool {
    match name {
        "object" => instance.is_object(),
        "array" => instance.is_array(),
        "string" => instance.is_string(),
        "boolean" => instance.is_boolean(),
        "number" => instance.is_number(),
        "integer" => instance.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("the type `{other}` is not known here"),
    }
}

fn is_name(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    text.starts_with(is_letter) && text.chars().all(|letter| is_letter(letter) || letter.is_ascii_digit())
}
