//! The examples run from any directory; the quickstart agrees with the reference.

use std::path::PathBuf;
use std::process::Command;

/// Where cargo put the example `name`: beside the directory of this test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own path");
    let path = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps").join("examples").join(name);
    assert!(path.exists(), "{} is missing: `cargo test` without `--test` builds it", path.display());
    path
}

#[test]
fn quickstart_agrees_with_the_reference() {
    let output = Command::new(example("quickstart")).current_dir("/").output().expect("the quickstart starts");
    let text = String::from_utf8(output.stdout).expect("the quickstart prints text");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("reference  48 of 48 windows in the same class"), "{text}");
    let correct = text.lines().find_map(|line| line.strip_prefix("accuracy   ")?.strip_suffix(" of 48 windows"));
    let correct: u32 = correct.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no accuracy in\n{text}"));
    assert!(correct >= 36, "{correct} of 48 windows are right, expected at least 36\n{text}");
}

#[test]
fn the_whole_model_is_as_right_as_in_the_quickstart() {
    let output = Command::new(example("adaptive")).current_dir("/").output().expect("the example starts");
    let text = String::from_utf8(output.stdout).expect("the example prints text");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<Vec<u32>> = text
        .lines()
        .map(|line| line.split_whitespace().filter_map(|cell| cell.parse().ok()).collect())
        .filter(|cells: &Vec<u32>| cells.len() > 2)
        .collect();
    let whole = rows.last().and_then(|cells| cells.last()).unwrap_or_else(|| panic!("no table in\n{text}"));
    assert!(*whole >= 36, "{whole} windows are right, expected at least 36\n{text}");
}
