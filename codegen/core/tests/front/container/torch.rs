//! Files of `torch.save`: both formats, and what Lightning adds.

use super::{changed, checkpoint, complaints_at, find, holds_the_arrays};
use crate::support::has_all;
use percio_codegen_core::container;
use serde_json::json;

#[test]
fn every_number_type_and_view() {
    for name in ["torch.pt", "torch-legacy.pt", "torch-deflated.pt", "torch-big-endian.pt"] {
        holds_the_arrays(name, &[]);
    }
}

#[test]
fn tied_tensors_share_their_numbers() {
    let mut weights = container::open(&checkpoint("torch.pt")).unwrap();
    let mut tensor = |name: &str| weights.take(name).unwrap().read(name).unwrap();
    let (matrix, tied, transposed) = (tensor("matrix"), tensor("tied"), tensor("transposed"));
    assert_eq!(matrix.data.address(), tied.data.address());
    assert_ne!(matrix.data.address(), transposed.data.address());
}

#[test]
fn lightning() {
    let weights = container::open(&checkpoint("lightning.ckpt")).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["model.bias", "model.weight"]);
    assert_eq!(weights.shape("model.weight"), Some([2, 3].as_slice()));
    let encoder = json!({
        "__class__": "library.config.EncoderConfig",
        "num_latents": 7, "dropout": 0.5, "freeze": false, "image_shape": [9, 11, 3],
    });
    let expected = json!({
        "encoder": encoder,
        "decoder": {"__class__": "library.config.Frozen", "inner": encoder, "none": null},
        "space": {"__class__": "argparse.Namespace", "rate": 0.25, "layers": [1, 2]},
        "attributes": {"__class__": "library.config.Attributes", "a": 1},
        "path": "data/set",
        "dtype": "torch.bfloat16",
        "size": [2, 3],
        "device": "cpu",
        "numpy": 1.5,
        "nothing": null,
        "7": "seven",
        "infinite": "inf",
        "large": {"__class__": "int"},
        "set": [3],
        "itself": [1, null],
        "omega": {"heads": 8, "decoder": {"rate": 0.5}},
        "ordered": {"z": 1, "a": 2},
    });
    assert_eq!(weights.hyper_parameters(), Some(&expected));
    assert_eq!(container::open(&checkpoint("torch.pt")).unwrap().hyper_parameters(), None);
}

/// What would run is named, each once, wherever in the file it is.
#[test]
fn calls_are_refused() {
    let all = complaints_at(&checkpoint("refused-call.pt"));
    assert_eq!(all.len(), 2, "{all:#?}");
    has_all(&all[0], &["refused-call.pt", "calls `library.config.Opaque`", "nothing in a checkpoint is ever run"]);
    has_all(&all[1], &["refused-call.pt", "calls `posix.system`", "save plain tensors"]);
    let all = complaints_at(&checkpoint("refused-settings.ckpt"));
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["calls `posix.system`"]);
}

#[test]
fn files_without_a_state_dictionary() {
    let only = |name: &str, parts: &[&str]| {
        let all = complaints_at(&checkpoint(name));
        assert_eq!(all.len(), 1, "{all:#?}");
        has_all(&all[0], &[name]);
        has_all(&all[0], parts);
    };
    only("refused-module.pt", &["holds what `torch.nn.modules.activation.ReLU` makes", "save its `state_dict()`"]);
    only(
        "refused-tensor.pt",
        &["holds what `torch._utils._rebuild_tensor_v2` makes", "expected a dictionary of tensors"],
    );
    only("refused-groups.pt", &["several dictionaries of tensors, `model`, `average`", "save the one you mean alone"]);
    only("refused-nothing.pt", &["holds no dictionary of tensors, but `epoch`, `state_dict`"]);
}

/// Everything that is wrong in a state dictionary, in one go.
#[test]
fn entries_that_are_no_tensors() {
    let all = complaints_at(&checkpoint("refused-entries.pt"));
    assert_eq!(all.len(), 6, "{all:#?}");
    has_all(&all[0], &["tensor `epoch` of", "refused-entries.pt", "is the number 3, expected a tensor: remove it"]);
    has_all(&all[1], &["tensor `note` of", "is `x`, expected a tensor"]);
    has_all(&all[2], &["tensor the number 5 of", "has a name that is no text: rename it"]);
    has_all(&all[3], &["tensor `c` of", "numbers of type torch.ComplexFloatStorage, expected one of F32"]);
    has_all(&all[4], &["tensor `f8` of", "numbers of type torch.float8_e4m3fn", "save it as torch.float32"]);
    has_all(&all[5], &["tensor `wide` of", "has 81 numbers by its shape [9, 9], repeated from 1", ".contiguous()"]);
}

#[test]
fn numbers_that_are_not_finite() {
    let all = complaints_at(&checkpoint("not-finite.pt"));
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["tensor `b` of shape [2, 2] holds NaN at flat index 1", "not-finite.pt"]);
}

#[test]
fn truncated() {
    let all = changed("torch.pt", |bytes| bytes.truncate(3000));
    has_all(&all[0], &["torch.pt", "starts as a zip archive", "is truncated", "write or copy it again"]);
    let all = changed("torch-legacy.pt", |bytes| bytes.truncate(bytes.len() - 1));
    has_all(&all[0], &["torch-legacy.pt", "is truncated or damaged: storage `", "is not all there"]);
    let all = changed("torch-legacy.pt", |bytes| bytes.truncate(300));
    has_all(&all[0], &["the pickle in", "torch-legacy.pt", "is truncated or damaged", "at byte"]);
}

#[test]
fn damaged_archives() {
    let all = changed("torch-deflated.pt", |bytes| {
        let end = find(bytes, b"PK\x05\x06");
        bytes[end + 16..end + 20].fill(0xee);
    });
    has_all(&all[0], &["torch-deflated.pt", "puts its directory of", "at byte 4008636142", "it is damaged"]);
    // The directory's entry of a storage: its method, its flags, its size, its name.
    let entry = |bytes: &[u8]| find(bytes, b"torch/data/3") - 46;
    let all = changed("torch.pt", |bytes| {
        let entry = entry(bytes);
        bytes[entry + 10] = 9;
    });
    has_all(&all[0], &["`torch/data/3` in the archive", "torch.pt", "is packed by method 9, expected 0 (stored) or 8"]);
    let all = changed("torch.pt", |bytes| {
        let entry = entry(bytes);
        bytes[entry + 8] |= 1;
    });
    has_all(&all[0], &["`torch/data/3` in the archive", "is encrypted"]);
    let all = changed("torch.pt", |bytes| {
        let entry = entry(bytes);
        bytes[entry + 24..entry + 28].fill(0x7f);
    });
    has_all(&all[0], &["`torch/data/3` in the archive", "claims 2139062143 bytes from 8 packed ones, which cannot be"]);
    let all = changed("torch.pt", |bytes| {
        let name = find(bytes, b"torch/data/3");
        bytes[name + 11] = b'2';
    });
    has_all(&all[0], &["`torch/data/2` in the archive", "is there twice"]);
}

/// A deflated file that claims to unpack to two gigabytes.
#[test]
fn claims_of_compressed_files() {
    let all = changed("torch-deflated.pt", |bytes| {
        let entry = find(bytes, b"torch/data/3") - 46;
        bytes[entry + 24..entry + 28].fill(0x7f);
    });
    has_all(
        &all[0],
        &["`torch/data/3` in the archive", "torch-deflated.pt", "claims 2139062143 bytes from", "which cannot be"],
    );
}

#[test]
fn damaged_pickles() {
    // The pickle starts `\x80\x02ccollections\nOrderedDict`.
    let start = |bytes: &[u8]| bytes.windows(13).position(|window| window == b"ccollections\n").unwrap();
    let all = changed("torch.pt", |bytes| {
        let start = start(bytes);
        bytes[start] = 0xff;
    });
    has_all(&all[0], &["the pickle in", "torch.pt", "has the instruction 0xff, which does not exist", "at byte 2"]);
    let all = changed("torch.pt", |bytes| {
        let start = start(bytes);
        bytes[start] = b'I';
    });
    has_all(&all[0], &["has the instruction `I` of protocol 0", "save it again with `protocol=4`"]);
    let all = changed("torch.pt", |bytes| {
        let start = start(bytes);
        bytes[start] = b'R';
    });
    has_all(&all[0], &["has an instruction that does not fit the ones before it", "at byte 2"]);
}

#[test]
fn storages_that_are_missing_or_short() {
    let all = changed("torch.pt", |bytes| {
        for name in ["torch/data/3", "torch/byteorder"] {
            let at = find(bytes, name.as_bytes());
            bytes[at] = b'x';
        }
    });
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["tensor `", "torch.pt", "is in storage `3`, which is not in the file"]);
    let all = changed("torch.pt", |bytes| {
        let entry = find(bytes, b"torch/data/3") - 46;
        (bytes[entry + 20], bytes[entry + 24]) = (4, 4);
    });
    has_all(&all[0], &["is in storage `3`, which has 4 bytes, expected "]);
    let all = changed("torch-big-endian.pt", |bytes| {
        let at = bytes.windows(4).position(|window| window == b"rbig").unwrap();
        bytes[at + 1..at + 4].copy_from_slice(b"mid");
    });
    has_all(&all[0], &["`byteorder` in the archive", "is \"mid\", expected little or big"]);
}
