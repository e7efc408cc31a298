//! NumPy's files.

use super::{changed, checkpoint, complaints_at, find, holds_the_arrays, read};
use crate::support::{has_all, messages};
use percio_codegen_core::container::{self, Numbers};

#[test]
fn every_number_type_and_order() {
    for name in ["numpy.npz", "numpy-deflated.npz", "numpy-big-endian.npz"] {
        holds_the_arrays(name, &["bf16"]);
    }
}

#[test]
fn sizes_of_64_bits() {
    let tensors = read(&checkpoint("numpy-64-bit.npz")).unwrap();
    assert_eq!(tensors.keys().collect::<Vec<_>>(), ["matrix"]);
    assert_eq!(tensors["matrix"].data, read(&checkpoint("numpy.npz")).unwrap()["matrix"].data);
}

#[test]
fn a_single_array() {
    let array = container::read_npy(&checkpoint("numpy.npy")).unwrap();
    let transposed = &read(&checkpoint("numpy.npz")).unwrap()["transposed"];
    assert_eq!(
        (&array.shape, array.numbers),
        (&transposed.shape, Numbers::F32(transposed.numbers().unwrap().into_owned()))
    );
    let problems = messages(&container::read_npy(&checkpoint("numpy.npz")).unwrap_err());
    has_all(&problems[0], &["numpy.npz", "is no .npy file, or is truncated"]);
    has_all(&complaints_at(&checkpoint("numpy.npy"))[0], &["numpy.npy", "one array of NumPy", "`numpy.savez`"]);
}

#[test]
fn entries_that_are_no_arrays() {
    let all = complaints_at(&checkpoint("refused-entries.npz"));
    assert_eq!(all.len(), 2, "{all:#?}");
    has_all(&all[0], &["`fields.npy` in", "refused-entries.npz", "has the header {'descr': [(", "a plain number type"]);
    has_all(&all[1], &["`text.npy` in", "refused-entries.npz", "numbers of type <U1, expected one of F32"]);
}

#[test]
fn damaged() {
    let shape = |bytes: &[u8]| find(bytes, b"'shape': (5, 3)") + 10;
    let all = changed("numpy.npz", |bytes| {
        let shape = shape(bytes);
        bytes[shape] = b'6';
    });
    has_all(&all[0], &["`transposed.npy` in", "numpy.npz", "has 60 bytes, expected 72 for its shape [6, 3]"]);
    let all = changed("numpy.npz", |bytes| {
        let shape = shape(bytes);
        bytes[shape] = b'x';
    });
    has_all(&all[0], &["`transposed.npy` in", "has the header {", "expected a plain number type"]);
    let all = changed("numpy.npz", |bytes| {
        let magic = find(bytes, b"\x93NUMPY");
        bytes[magic] = b'x';
    });
    has_all(&all[0], &["is no .npy file, or is truncated"]);
    let all = changed("numpy.npz", |bytes| {
        let name = find(bytes, b"tied.npy");
        bytes[name + 7] = b'z';
    });
    has_all(&all[0], &["`tied.npz` in", "does not end in .npy: remove it"]);
}

#[test]
fn archives_of_other_files() {
    let all = changed("numpy-64-bit.npz", |bytes| {
        let name = find(bytes, b"matrix.npy");
        bytes[name + 7] = b'x';
    });
    has_all(
        &all[0],
        &["is a zip archive of `matrix.xpy`, expected `data.pkl` in a directory (torch) or files that end in .npy"],
    );
}
