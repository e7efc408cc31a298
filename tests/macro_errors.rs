//! Mistakes with the attribute: each file of `ui/` does not compile, and its `.stderr` says how rustc explains that.
//!
//! `TRYBUILD=overwrite` writes the `.stderr` files again.

use crate::support::cargo;
use crate::support::fixtures;
use crate::support::model_directory::ModelDirectory;
use std::path::Path;

#[test]
fn mistakes_are_explained_where_they_are_made() {
    let _turn = cargo::turn();
    // trybuild's crate is here, so this is what a case's path is relative to.
    write_models(&cargo::build_directory().join("integration/models"));
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

/// The model directories that the cases read.
fn write_models(directory: &Path) {
    let write = |name: &str, change: fn(&mut ModelDirectory)| {
        let mut model = ModelDirectory::read(&fixtures::directory("tiny-mlm"));
        change(&mut model);
        model.write(&directory.join(name));
    };
    write("good", |_| {});
    write("tensor-missing", |model| model.remove("perceiver.embeddings.latents"));
    write("tensor-reshaped", |model| model.reshape("perceiver.embeddings.latents", &[32, 16]));
    write("number-missing", |model| model.set("perceiver.embeddings.latents", 33, f32::NAN));
    write("another-architecture", |model| model.config["model_type"] = "bert".into());
    write("pickle", |_| {});
    // As every zip archive starts; no more is read.
    std::fs::write(directory.join("pickle/last.ckpt"), b"PK\x03\x04").expect("a file of weights");
    ModelDirectory::sized(64).write(&directory.join("sized"));
    ModelDirectory::asked([3, 4]).write(&directory.join("asked"));
    let fixtures = [
        ("repeated", "lucidrains-perceiver"),
        ("no-decoder", "resampler-ip-adapter"),
        ("melody", "krasserm-08-causal-lm"),
    ];
    for (name, fixture) in fixtures {
        ModelDirectory::read(&fixtures::directory(fixture)).write(&directory.join(name));
    }
    let mut bare = ModelDirectory::sized(64);
    bare.config["inputs"][0].as_object_mut().expect("an input").remove("position");
    bare.config["inputs"][0]["channels"] = 39.into();
    bare.write(&directory.join("without-positions"));
    write("several-mistakes", |model| {
        model.config["hidden_act"] = "softsign".into();
        model.remove("perceiver.embeddings.latents");
    });
}
