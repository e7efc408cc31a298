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

#[test]
fn figures_do_not_need_weights() {
    for name in WHOLE {
        let (described, stored) = (described(name), load(&fixture(name), &LoadOptions::default()).unwrap());
        assert_eq!(described.parameters, stored.parameters, "{name}");
        assert_eq!(described.macs(), stored.macs(), "{name}");
        assert_eq!(described.tokens(), stored.tokens(), "{name}");
    }
}
