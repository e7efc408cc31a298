//! Models that only a configuration describes.

use crate::support::{Directory, fixture};
use percio_codegen_core::model::Model;
use percio_codegen_core::{LoadOptions, load, outline};
use std::fs;

/// Fixtures whose tensors are those that the configuration describes.
const WHOLE: [&str; 8] = [
    "hf-image-conv",
    "hf-image-fourier",
    "hf-image-learned",
    "hf-masked-lm",
    "hf-sequence-classification",
    "native-grid",
    "native-multi",
    "tiny-mlm",
];

fn described(fixture: &str) -> Model {
    let directory = Directory::of(fixture);
    directory.write();
    fs::remove_file(directory.path().join("model.safetensors")).unwrap();
    outline(directory.path(), &directory.options).unwrap()
}

/// The library's own format leaves it to the weights which layers have a bias: its configuration alone says so.
#[test]
fn biases_may_be_missing() {
    let said = |name| described(name).provenance.remarks.join(" ");
    let stored = load(&fixture("native-grid"), &LoadOptions::default()).unwrap();
    assert!(
        said("native-grid").contains(&format!("with every bias, {}; weights without any have ", stored.parameters))
    );
    assert!(!said("hf-masked-lm").contains("bias"), "{}", said("hf-masked-lm"));
    assert!(!stored.provenance.remarks.join(" ").contains("bias"));
    let mut directory = Directory::of("native-grid");
    let biases: Vec<String> = directory.tensors.keys().filter(|name| is_bias_of_a_layer(name)).cloned().collect();
    for name in &biases {
        directory.remove(name);
    }
    let least = directory.load().unwrap().parameters;
    assert!(said("native-grid").contains(&format!("without any have {least},")), "{least}: {}", said("native-grid"));
}

fn is_bias_of_a_layer(name: &str) -> bool {
    name.ends_with(".bias") && !name.contains("norm")
}

#[test]
fn figures_do_not_need_weights() {
    for name in WHOLE {
        let (described, stored) = (described(name), load(&fixture(name), &LoadOptions::default()).unwrap());
        assert_eq!(described.parameters, stored.parameters, "{name}");
        assert_eq!(described.macs(), stored.macs(), "{name}");
        assert_eq!(described.tokens(), stored.tokens(), "{name}");
    }
}
