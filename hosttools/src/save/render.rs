//! JSON as people write it: what a thing is comes before what it holds, and what fits on a line stands on one.

use serde_json::Value;

/// Fields that come before all others, in this order.
const FIRST: [&str; 10] =
    ["model_type", "format", "name", "kind", "summary", "source", "implementation", "reads", "norm_eps", "inputs"];
/// Fields that come after all others, in this order.
const LAST: [&str; 6] = ["latents", "encoder", "decoder", "outputs", "shared", "labels"];

/// Longest line of an object or list that is not broken into several.
const WIDTH: usize = 120;

/// `value` as text that ends with a line break.
#[must_use]
pub fn render(value: &Value) -> String {
    let mut text = String::new();
    push(value, 0, &mut text);
    text.push('\n');
    text
}

fn push(value: &Value, depth: usize, text: &mut String) {
    let flat = flat(value);
    let is_short = 2 * depth + flat.len() <= WIDTH && depth > 0;
    let (entries, [open, close]) = match value {
        _ if is_short => return text.push_str(&flat),
        Value::Object(fields) if !fields.is_empty() => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_by_key(|name| rank(name));
            (
                names.into_iter().map(|name| (format!("{}: ", Value::from(name.as_str())), &fields[name])).collect(),
                ['{', '}'],
            )
        }
        Value::Array(list) if !list.is_empty() => {
            (list.iter().map(|entry| (String::new(), entry)).collect(), ['[', ']'])
        }
        _ => return text.push_str(&flat),
    };
    let entries: Vec<(String, &Value)> = entries;
    text.push(open);
    for (index, (name, entry)) in entries.iter().enumerate() {
        text.push_str(if index > 0 { ",\n" } else { "\n" });
        text.push_str(&"  ".repeat(depth + 1));
        text.push_str(name);
        push(entry, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

/// `value` on one line.
fn flat(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_by_key(|name| rank(name));
            let fields = names.iter().map(|name| format!("{}: {}", Value::from(name.as_str()), flat(&fields[*name])));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(flat).collect::<Vec<_>>().join(", ")),
        scalar => scalar.to_string(),
    }
}

/// Where a field comes: the first ones, all others by name, the last ones.
fn rank(name: &str) -> (usize, String) {
    let first = FIRST.iter().position(|known| *known == name);
    let last = LAST.iter().position(|known| *known == name).map(|place| FIRST.len() + 1 + place);
    (first.or(last).unwrap_or(FIRST.len()), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::render;
    use serde_json::{Value, json};

    #[test]
    fn short_things_stay_on_a_line_and_nothing_is_lost() {
        let value = json!({
            "outputs": [{"width": 3, "name": "a"}], "model_type": "percio", "encoder": {"schedule": [0, 1], "blocks": vec![1.5e-7; 40]},
            "empty": [], "text": "a \"word\"",
        });
        let text = render(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
        assert!(text.starts_with("{\n  \"model_type\": \"percio\",\n  \"empty\": [],\n"), "{text}");
        assert!(text.ends_with("  \"outputs\": [{\"name\": \"a\", \"width\": 3}]\n}\n"), "{text}");
    }
}
