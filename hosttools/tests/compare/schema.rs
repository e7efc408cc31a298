//! What the commands print is what `docs/json.md` says, field by field.

use crate::support::{directory, errors, fixture, json, percio, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A table of the page: the type of each field, and whether it may be missing.
type Table = BTreeMap<String, (String, bool)>;

/// The page, and which of its tables and fields were met.
struct Schema {
    tables: BTreeMap<String, Table>,
    met: BTreeSet<(String, String)>,
}

impl Schema {
    fn read() -> Self {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/json.md");
        let page = std::fs::read_to_string(page).expect("the page");
        let table = |section: &str| -> (String, Table) {
            let (name, body) = section.split_once('\n').expect("a heading");
            let rows = body.lines().filter(|line| line.starts_with("| `"));
            let fields = rows.flat_map(|row| {
                let cells: Vec<&str> = row.split('|').map(str::trim).collect();
                let kind = cells[2].to_owned();
                let names = cells[1]
                    .split(", ")
                    .map(|name| (name.trim_end_matches('?').trim_matches('`'), name.ends_with('?')));
                names.map(|(name, optional)| (name.to_owned(), (kind.clone(), optional))).collect::<Vec<_>>()
            });
            (name.trim().to_owned(), fields.collect())
        };
        Self { tables: page.split("\n### ").skip(1).map(table).collect(), met: BTreeSet::new() }
    }

    /// `value`, found at `path`, is of this kind.
    fn check(&mut self, value: &Value, kind: &str, path: &str) {
        if let Some(kind) = kind.strip_prefix("list of ") {
            let parts = value.as_array().unwrap_or_else(|| panic!("{path} is no list: {value}"));
            return parts.iter().for_each(|part| self.check(part, kind, &format!("{path}[]")));
        }
        if let Some(kind) = kind.strip_suffix(" or null") {
            if !value.is_null() {
                self.check(value, kind, path);
            }
            return;
        }
        if let Some(kind) = kind.strip_prefix("map of ") {
            let entries = value.as_object().unwrap_or_else(|| panic!("{path} is no object: {value}"));
            return entries.iter().for_each(|(name, part)| self.check(part, kind, &format!("{path}.{name}")));
        }
        let is_right = match kind {
            "text" => value.is_string(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "any" => value.is_string() || value.is_number(),
            table => return self.check_table(value, table, path),
        };
        assert!(is_right, "{path} is {value}, docs/json.md says {kind}");
    }

    fn check_table(&mut self, value: &Value, name: &str, path: &str) {
        let table =
            self.tables.get(name).unwrap_or_else(|| panic!("docs/json.md has no table `{name}`, of {path}")).clone();
        let fields = value.as_object().unwrap_or_else(|| panic!("{path} is no object: {value}"));
        for field in fields.keys() {
            assert!(table.contains_key(field), "{path}.{field} is not in the table `{name}` of docs/json.md");
        }
        for (field, (kind, optional)) in table {
            match fields.get(&field) {
                Some(part) => {
                    self.met.insert((name.to_owned(), field.clone()));
                    self.check(part, &kind, &format!("{path}.{field}"));
                }
                None => assert!(optional, "{path} has no `{field}`, which docs/json.md says of `{name}`"),
            }
        }
    }

    /// Every field of every table was seen somewhere.
    fn check_all_met(&self) {
        for (name, table) in &self.tables {
            for field in table.keys() {
                assert!(
                    self.met.contains(&(name.clone(), field.clone())),
                    "nothing prints `{field}` of the table `{name}`"
                );
            }
        }
    }
}

fn printed(arguments: &[&str]) -> Value {
    let output = percio(&[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    json(&output)
}

#[test]
fn everything_printed_is_documented() {
    let mut schema = Schema::read();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (words, motion) = (fixture("hf-masked-lm"), repository.join("examples/models/motion"));
    let (words, staged) = (text(&words).to_owned(), words.join("reference-stages.safetensors"));
    let (staged, labelled) = (text(&staged), motion.join("reference.safetensors"));
    let (motion, labelled) = (text(&motion), text(&labelled));
    let configuration = repository.join("tests/configurations/multimodal-perceiver");

    schema.check(&printed(&["info", motion]), "info", "info");
    schema.check(&printed(&["info", text(&configuration)]), "info", "info");
    let compared = printed(&["compare", &words, "--reference", staged, "--reference", staged]);
    schema.check(&compared, "compare", "compare");
    let labels = printed(&["compare", motion, "--reference", labelled, "--samples", "0..3"]);
    schema.check(&labels, "compare", "compare");
    let directory = directory();
    let report = directory.path().join("report.json");
    std::fs::write(&report, compared.to_string()).expect("the report is written");
    schema.check(&printed(&["merge", text(&report)]), "compare", "merge");
    let history = directory.path().join("history.json");
    printed(&["bench", &words, "--record", text(&history)]);
    // Whatever else runs here meanwhile, a time this much longer holds.
    let against = ["--against", text(&history), "--margin", "1e6"];
    schema.check(
        &printed(&[&["bench", &words, "--reference", labelled], against.as_slice()].concat()),
        "bench",
        "bench",
    );
    schema.check(&printed(&["run", motion, "--input", labelled]), "list of run of samples", "run");
    schema.check(&printed(&["inspect", motion, "--reference", labelled]), "inspect", "inspect");
    schema.check(&printed(&["evaluate", motion, "--data", labelled]), "evaluate", "evaluate");
    let imported = directory.path().join("imported");
    schema.check(&printed(&["import", &words, "-o", text(&imported)]), "import", "import");
    let made = directory.path().join("harness");
    schema.check(&printed(&["harness", motion, "-o", text(&made)]), "harness", "harness");
    let causal = fixture("krasserm-11-causal-lm");
    schema.check(
        &printed(&["generate", text(&causal), "--prompt", "1,2,3,4,5", "--tokens", "2"]),
        "generate",
        "generate",
    );
    schema.check(&estimated(directory.path()), "estimate", "estimate");
    schema.check_all_met();
}

/// The estimate of a function that is none of ours.
fn estimated(directory: &Path) -> Value {
    let (source, program) = (directory.join("program.rs"), directory.join("program.elf"));
    let assembly = r#"".global start", ".thumb_func", "start: bl work", "b .", ".global work", ".type work, %function", ".thumb_func", "work: bx lr", ".size work, . - work""#;
    let text_of_it = format!(
        "#![no_std]\n#![no_main]\ncore::arch::global_asm!({assembly});\n#[panic_handler]\nfn panic(_: &core::panic::PanicInfo<'_>) -> ! {{ loop {{}} }}\n"
    );
    std::fs::write(&source, text_of_it).expect("the source is written");
    let output = std::process::Command::new("rustc")
        .args(["--edition", "2024", "--target", "thumbv7em-none-eabihf", "-Copt-level=1", "-Cpanic=abort"])
        .args(["-Clink-arg=--image-base=0", "-Clink-arg=-Ttext=0x400", "-Clink-arg=-estart", "-o"])
        .args([&program, &source])
        .output()
        .expect("rustc starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    printed(&["estimate", text(&program), "--function", "work"])
}
