//! Pickles of Haiku's parameters.

use super::{changed, checkpoint, complaints_at, holds_the_arrays, read};
use crate::support::has_all;
use percio_codegen_core::container;

/// The protocols write arrays in three ways, JAX in a fourth; `haiku-2.pickle` has bytes as text.
#[test]
fn every_number_type_and_order() {
    for name in ["haiku-2.pickle", "haiku-4.pickle", "haiku-5.pickle", "jax.pystate"] {
        holds_the_arrays(name, &[]);
    }
    let big_endian = read(&checkpoint("haiku-big-endian.pickle")).unwrap();
    let little_endian = read(&checkpoint("haiku-4.pickle")).unwrap();
    for (name, tensor) in big_endian.iter().filter(|(name, _)| *name != "module:bf16") {
        let same = little_endian.iter().find(|(full, _)| full.rsplit(':').next() == name.rsplit(':').next());
        assert_eq!((&tensor.shape, &tensor.data), same.map(|(_, same)| (&same.shape, &same.data)).unwrap(), "{name}");
    }
    assert_eq!(big_endian.len(), 16);
}

#[test]
fn names() {
    let weights = container::open(&checkpoint("haiku-4.pickle")).unwrap();
    let names: Vec<_> = weights.names().collect();
    assert_eq!((names[0], names.len()), ("net/~/linear:bf16", 16));
    assert_eq!(names[14..], ["net/~/norm:bool", "net/~/norm:i64"], "state beside the parameters");
    assert_eq!(weights.shape("net/~/linear:cube"), Some([4, 2, 3].as_slice()));
}

#[test]
fn entries_that_are_no_arrays() {
    let all = complaints_at(&checkpoint("refused-entries.pickle"));
    assert_eq!(all.len(), 5, "{all:#?}");
    has_all(&all[0], &["tensor `a:w` of", "refused-entries.pickle", "numbers of type U1, expected one of F32"]);
    has_all(&all[1], &["tensor `a:b` of", "is the number 3, expected an array or a dictionary of such: remove it"]);
    has_all(&all[2], &["tensor `a` of", "has the number 5 as a name, expected a text: rename it"]);
    has_all(&all[3], &["tensor `a/deep:c` of", "numbers of type c8", ".astype(\"float32\")"]);
    has_all(&all[4], &["tensor `list` of", "is a list of 1, expected an array"]);
}

#[test]
fn calls_are_refused() {
    let all = complaints_at(&checkpoint("refused-call.pickle"));
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["refused-call.pickle", "calls `posix.system`", "nothing in a checkpoint is ever run"]);
}

#[test]
fn old_protocols() {
    let all = complaints_at(&checkpoint("refused-protocol.pickle"));
    has_all(
        &all[0],
        &["refused-protocol.pickle", "of protocol 0, expected protocols 2 to 5", "`protocol=4`", "at byte"],
    );
}

#[test]
fn nothing_in_it() {
    let all = changed("haiku-4.pickle", |bytes| *bytes = b"\x80\x04}.".to_vec());
    has_all(&all[0], &["the pickle in", "haiku-4.pickle", "holds no arrays"]);
    let all = changed("haiku-4.pickle", |bytes| *bytes = b"\x80\x04K\x07.".to_vec());
    has_all(&all[0], &["the pickle in", "is the number 7, expected an array or a dictionary"]);
}

/// A text of a gigabyte in a file of 20 bytes, and a dictionary that contains itself.
#[test]
fn absurd_pickles() {
    let all = changed("haiku-4.pickle", |bytes| *bytes = b"\x80\x04X\x00\x00\x00\x40abc.".to_vec());
    has_all(&all[0], &["the pickle in", "is truncated or damaged", "at byte 2"]);
    let all = changed("haiku-4.pickle", |bytes| *bytes = b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc.".to_vec());
    has_all(&all[0], &["is truncated or damaged"]);
    let all = changed("haiku-4.pickle", |bytes| *bytes = b"\x80\x04}q\x00X\x01\x00\x00\x00ah\x00s.".to_vec());
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["tensor `a/a/a", "is a dictionary of 1, expected an array"]);
    // Each dictionary holds the one before it twice: 2^28 entries.
    let doubled = |bytes: &mut Vec<u8>| {
        *bytes = b"\x80\x04}q\x00".to_vec();
        for level in 0..28u8 {
            bytes.extend([b'}', b'q', level + 1, b'(']);
            for name in [b'a', b'b'] {
                bytes.extend([b'X', 1, 0, 0, 0, name, b'h', level]);
            }
            bytes.push(b'u');
        }
        bytes.push(b'.');
    };
    let all = changed("haiku-4.pickle", doubled);
    has_all(&all[0], &["the pickle in", "has more than 65536 entries", "save the parameters alone"]);
    let many = changed("haiku-4.pickle", |bytes| *bytes = [b"\x80\x04".as_slice(), &vec![b'N'; 1 << 23]].concat());
    has_all(&many[0], &["has more than 4194304 instructions", "save the weights alone"]);
}
