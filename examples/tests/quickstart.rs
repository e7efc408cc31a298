//! The quickstart runs from any directory and agrees with the reference.

use std::path::PathBuf;
use std::process::Command;

/// Where cargo put the example: beside the directory of this test.
fn quickstart() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own path");
    let path = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps").join("examples/quickstart");
    assert!(path.exists(), "{} is missing: `cargo test` without `--test` builds it", path.display());
    path
}

#[test]
fn quickstart_agrees_with_the_reference() {
    let output = Command::new(quickstart()).current_dir("/").output().expect("the quickstart starts");
    let text = String::from_utf8(output.stdout).expect("the quickstart prints text");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("reference  48 of 48 windows in the same class"), "{text}");
    let correct = text.lines().find_map(|line| line.strip_prefix("accuracy   ")?.strip_suffix(" of 48 windows"));
    let correct: u32 = correct.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no accuracy in\n{text}"));
    assert!(correct >= 36, "{correct} of 48 windows are right, expected at least 36\n{text}");
}
