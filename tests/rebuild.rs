//! How a crate with a model rebuilds, and how long that takes.

use crate::support::cargo;
use crate::support::fixtures::{self, MANIFEST};
use crate::support::model_directory::ModelDirectory;
use percio_codegen_core::expand;
use quote::quote;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a model of 1 MB may add to an incremental build. The aim is 0.5 s; a busy machine is given more.
const INCREMENTAL: Duration = Duration::from_millis(1500);

/// What the attribute may take on the example model in an unoptimised build. The aim is 0.3 s; as above.
const EXPANSION: Duration = Duration::from_millis(1000);

#[test]
fn changed_weights_rebuild_the_crate() {
    let _turn = cargo::turn();
    let directory = new_crate("rebuild-weights", &[("main.rs", USE)]);
    let mut model = ModelDirectory::read(&fixtures::directory("native-ids"));
    let mut checksum_with = |number| {
        model.set("latents", 3, number);
        model.write(&directory.join("model"));
        cargo::build(&directory);
        cargo::output("rebuild-weights")
    };
    let first = checksum_with(1.0);
    assert_ne!(first, checksum_with(2.0), "the change of a weight did not rebuild the crate");
    assert_eq!(first, checksum_with(1.0));
}

/// A program that prints its model's checksum.
const USE: &str = r#"
#[percio::model("model")]
pub struct Net;
fn main() { println!("{}", Net::CHECKSUM); }
"#;

#[test]
fn a_model_of_a_megabyte_adds_little_to_an_incremental_build() {
    let _turn = cargo::turn();
    let with = r#"
        #[percio::model("model")]
        pub struct Net;
        fn main() { println!("{:?} VERSION", Net::new().infer(&[[0.5; 128]; 4])); }
    "#;
    let without = r#"fn main() { println!("{:?} VERSION", percio::top::<1>(&[0.5])); }"#;
    let [with, without] = [("rebuild-with", with), ("rebuild-without", without)].map(|(name, code)| {
        let directory = new_crate(name, &[]);
        ModelDirectory::megabyte().write(&directory.join("model"));
        fastest(4, |version| {
            std::fs::write(directory.join("main.rs"), code.replace("VERSION", &version.to_string())).expect("main.rs");
            let start = Instant::now();
            cargo::build(&directory);
            start.elapsed()
        })
    });
    println!("incremental build: {with:.2?} with a model of 1.2 MB, {without:.2?} without");
    assert!(with < without + INCREMENTAL, "{with:.2?} with the model, {without:.2?} without");
}

#[test]
fn the_attribute_is_fast_without_optimisation() {
    let _turn = cargo::turn();
    let examples = Path::new(MANIFEST).join("../examples");
    let time = fastest(4, |_| {
        let start = Instant::now();
        let code = expand(
            quote!("models/motion"),
            quote!(
                pub struct Motion;
            ),
            &examples,
        )
        .to_string();
        let elapsed = start.elapsed();
        assert!(code.contains("fn infer"), "{code}");
        elapsed
    });
    println!("the attribute takes {time:.2?} on the motion model");
    assert!(time < EXPANSION, "{time:.2?}");
}

/// The shortest of `runs` times; the first run warms up and does not count.
fn fastest(runs: usize, run: impl Fn(usize) -> Duration) -> Duration {
    (0..runs).map(run).skip(1).min().unwrap_or_default()
}

/// An empty crate `name` that depends on percio, with these files.
fn new_crate(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let directory = cargo::target_directory().join("tests").join(name);
    let workspace = Path::new(MANIFEST).join("..").canonicalize().expect("the workspace");
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[[bin]]\nname = \"{name}\"\npath = \"main.rs\"\n\n\
         [dependencies]\npercio = {{ path = {:?} }}\n\n[workspace]\n",
        workspace.join("engine")
    );
    std::fs::create_dir_all(&directory).expect("a directory for a crate");
    std::fs::write(directory.join("Cargo.toml"), manifest).expect("Cargo.toml");
    std::fs::copy(workspace.join("Cargo.lock"), directory.join("Cargo.lock")).expect("Cargo.lock");
    for (file, text) in files {
        std::fs::write(directory.join(file), text).expect("a source file");
    }
    directory
}
