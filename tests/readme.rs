//! What the documents say is shown by a test: that test exists.

use crate::support::fixtures::{self, MANIFEST};
use std::fs;
use std::path::{Path, PathBuf};

/// The documents, from the root of the repository.
const DOCUMENTS: [&str; 2] = ["README.md", "docs/checkpoints.md"];

fn root() -> PathBuf {
    Path::new(MANIFEST).join("..")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between backticks in `line`.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The lines of the first table under the heading `heading` of a document, header and rule left out.
fn rows<'a>(document: &'a str, heading: &str) -> Vec<&'a str> {
    let (_, section) = document.split_once(heading).unwrap_or_else(|| panic!("no heading `{heading}`"));
    let section = section.split("\n## ").next().unwrap_or(section);
    let is_row = |line: &&str| line.starts_with('|');
    section.lines().skip_while(|line| !is_row(line)).take_while(is_row).skip(2).collect()
}

/// Whether the sources in `file` have a function `name`.
fn has_function(file: &Path, name: &str) -> bool {
    file.exists() && text(file).contains(&format!("fn {name}("))
}

fn directory(package: &str) -> PathBuf {
    root().join(match package {
        "integration" => "tests",
        "percio-codegen-core" => "codegen/core",
        "percio-hosttools" => "hosttools",
        "percio" => "engine",
        "examples" => "examples",
        other => panic!("`{other}` is no package with tests"),
    })
}

/// Whether a module of the sources below `directory` is called `name` and has tests of its own.
fn has_unit_tests(directory: &Path, name: &str) -> bool {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| entry.expect("an entry").path()).any(|path| match path.is_dir() {
        true => has_unit_tests(&path, name),
        false => path.file_stem().is_some_and(|stem| stem == name) && text(&path).contains("#[test]"),
    })
}

/// Whether `name` is a test, or a module of tests, of the package's target.
fn exists(package: &str, target: Option<&str>, name: &str) -> bool {
    let directory = directory(package).join(if package == "integration" { "" } else { "tests" });
    let below = target.map_or_else(|| directory.clone(), |target| directory.join(target));
    let (module, test) = name.split_once("::").map_or((name, None), |(module, test)| (module, Some(test)));
    let files = [below.join(module), below.clone(), directory.join(module)].map(|path| path.with_extension("rs"));
    match test {
        Some(test) if module == "goldens" => is_golden(test),
        Some(test) => files.iter().any(|file| has_function(file, test)),
        None => files.iter().any(|file| file.exists()) || below.join("main.rs").exists(),
    }
}

/// Whether a fixture has this name, as a test.
fn is_golden(test: &str) -> bool {
    fixtures::names().iter().any(|name| name.replace(['-', '.'], "_") == test)
}

/// What is wrong with a command in a document, if it runs tests.
fn wrong(command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["cargo", "test", "-p", package, rest @ ..] => {
            let rest: Vec<&str> = rest
                .iter()
                .copied()
                .filter(|word| !word.starts_with("--all") && *word != "--" && *word != "--nocapture")
                .collect();
            let (target, name) = match rest.as_slice() {
                ["--lib", name] => {
                    let is_there = has_unit_tests(&directory(package).join("src"), name);
                    return (!is_there).then(|| format!("no unit tests `{name}`: {command}"));
                }
                ["--test", target, rest @ ..] => (Some(*target), rest.first().copied().unwrap_or(*target)),
                [name, ..] => (None, *name),
                [] => return None,
            };
            // `NAME` stands for any.
            (!name.ends_with("NAME") && !exists(package, target, name)).then(|| format!("no test `{name}`: {command}"))
        }
        ["./ci.sh", step] => {
            let script = text(&root().join("ci.sh"));
            (!script.contains(&format!("\n{step}() {{"))).then(|| format!("no step `{step}`: {command}"))
        }
        _ => None,
    }
}

#[test]
fn commands_name_tests_that_exist() {
    let mut commands = 0;
    for document in DOCUMENTS {
        let text = text(&root().join(document));
        let found: Vec<&str> = text.lines().flat_map(quoted).collect();
        commands += found.iter().filter(|command| command.starts_with("cargo test ")).count();
        let wrong: Vec<String> = found.into_iter().filter_map(wrong).collect();
        assert!(wrong.is_empty(), "{document}: {wrong:#?}");
    }
    assert!(commands > 20, "only {commands} commands were found");
}

/// Every cell of the table of implementations names tests, and every fixture of an implementation is in it.
#[test]
fn implementations_are_shown_by_goldens() {
    let readme = text(&root().join("README.md"));
    let rows = rows(&readme, "## Implementations");
    assert!(rows.len() > 5, "the table of implementations is gone");
    let mut named = Vec::new();
    for row in rows {
        for cell in row.trim_matches('|').split('|').skip(1).filter(|cell| !cell.trim().is_empty()) {
            let tests: Vec<&str> = quoted(cell).collect();
            assert!(!tests.is_empty(), "no test in the cell {cell:?}");
            for test in tests {
                let is_known = is_golden(test) || exists("percio-codegen-core", Some("front"), test);
                assert!(is_known, "no test `{test}` in {row}");
                named.push(test);
            }
        }
    }
    let goldens = fixtures::names().into_iter().map(|name| name.replace(['-', '.'], "_"));
    let forgotten: Vec<String> = goldens.filter(|golden| !named.contains(&golden.as_str())).collect();
    assert!(forgotten.is_empty(), "README.md does not name {forgotten:?}: add them to the table of implementations");
}

/// Every line of the long table ends in the one test that shows it.
#[test]
fn classes_are_shown_one_by_one() {
    let document = text(&root().join("docs/checkpoints.md"));
    let rows = rows(&document, "## Implementations and classes");
    assert!(rows.len() > 25, "the table of classes is gone");
    for row in rows {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let command = quoted(last).next().unwrap_or_else(|| panic!("no command in {row}"));
        assert!(command.starts_with("cargo test ") && command.contains("::"), "no single test in {row}");
        assert_eq!(wrong(command), None);
    }
}
