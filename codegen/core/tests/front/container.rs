//! Files of weights, and files that are none.

#[path = "container/haiku.rs"]
mod haiku;
#[path = "container/index.rs"]
mod index;
#[path = "container/numpy.rs"]
mod numpy;
#[path = "container/torch.rs"]
mod torch;

use crate::support::{Directory, fixture, has_all, messages, write_tensors};
use percio_codegen_core::Problems;
use percio_codegen_core::container::{self, Numbers};
use percio_codegen_core::model::Tensor;
use proptest::prelude::*;
use safetensors::Dtype;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Opens a file and reads all its tensors.
fn read(path: &Path) -> Result<BTreeMap<String, Tensor>, Problems> {
    let mut weights = container::open(path)?;
    let names: Vec<String> = weights.names().map(str::to_owned).collect();
    names.into_iter().map(|name| Ok((name.clone(), weights.take(&name).unwrap().read(&name)?))).collect()
}

/// One of the small checkpoints in other formats than safetensors.
pub(crate) fn checkpoint(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints").join(name)
}

/// Asserts that the file holds the tensors of `arrays.safetensors`, as torch computed them, except those `without`; what is
/// before a colon in a name does not count.
fn holds_the_arrays(name: &str, without: &[&str]) {
    let (mut arrays, _) = container::read_any(&checkpoint("arrays.safetensors")).unwrap();
    without.iter().for_each(|name| drop(arrays.remove(*name).unwrap()));
    let tensors = read(&checkpoint(name)).unwrap();
    for (full, tensor) in &tensors {
        let array = arrays.remove(full.rsplit(':').next().unwrap()).unwrap();
        assert_eq!((&tensor.name, &tensor.shape), (full, &array.shape), "{name}");
        assert_eq!(Numbers::F32(tensor.numbers().unwrap().into_owned()), array.numbers, "{name}, {full}");
    }
    assert!(arrays.is_empty(), "{name} lacks {:?}", arrays.keys());
}

#[test]
fn a_row_is_read_alone() {
    let path = checkpoint("arrays.safetensors");
    let (arrays, (stored, _)) = (container::read_any(&path).unwrap().0, container::open_any(&path).unwrap());
    for (name, array) in arrays {
        let stored = &stored[&name];
        let rows: Vec<_> = (0..).map_while(|row| stored.at(row)).collect();
        assert_eq!(rows.len(), array.shape.first().copied().unwrap_or(0), "{name}");
        let (mut floats, mut integers) = (Vec::new(), Vec::new());
        for row in &rows {
            assert_eq!(row.shape(), &array.shape[1..], "{name}");
            match row.numbers().unwrap() {
                Numbers::F32(numbers) => floats.extend(numbers),
                Numbers::I64(numbers) => integers.extend(numbers),
            }
        }
        let together = if stored.is_float() { Numbers::F32(floats) } else { Numbers::I64(integers) };
        assert!(rows.is_empty() || together == array.numbers, "{name}");
    }
}

/// The complaints about a checkpoint whose bytes are changed.
fn changed(name: &str, change: impl Fn(&mut Vec<u8>)) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(name);
    let mut bytes = fs::read(checkpoint(name)).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
    complaints_at(&path)
}

/// Where `part` is in `bytes`, the last time.
fn find(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).rposition(|window| window == part).unwrap()
}

/// The complaints about a file at `path`.
fn complaints_at(path: &Path) -> Vec<String> {
    let complaints = messages(&read(path).expect_err("this file is wrong"));
    println!("{}\n", complaints.join("\n"));
    complaints
}

/// The complaints about a file with these bytes.
fn complaints(bytes: &[u8]) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("weights.safetensors");
    fs::write(&path, bytes).unwrap();
    let problems = messages(&read(&path).expect_err("these bytes are wrong"));
    assert_eq!(problems, messages(&container::read_any(&path).map(|_| ()).expect_err("these bytes are wrong")));
    problems
}

fn complains(bytes: &[u8], parts: &[&str]) {
    let complaints = complaints(bytes);
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    has_all(&complaints[0], parts);
}

fn good() -> Vec<u8> {
    fs::read(fixture("tiny-mlm/model.safetensors")).unwrap()
}

fn with_header(json: &str, data: usize) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes(), json.as_bytes(), &vec![0; data]].concat()
}

#[test]
fn missing_and_directory() {
    let place = tempfile::tempdir().unwrap();
    let problems = container::open(&place.path().join("none.safetensors")).unwrap_err();
    has_all(&messages(&problems)[0], &["none.safetensors", "does not exist"]);
    let problems = container::open(place.path()).unwrap_err();
    has_all(&messages(&problems)[0], &["is a directory", "expected a file of weights"]);
}

#[test]
fn truncated() {
    complains(&[], &["is empty", "expected weights"]);
    complains(&good()[..5], &["has 5 bytes"]);
    complains(&good()[..100], &["announces a header of", "has 100 bytes in all"]);
    let bytes = good();
    let promised = format!("of the {}", bytes.len());
    complains(&bytes[..bytes.len() - 1], &["is truncated", &promised]);
    complains(&[bytes.as_slice(), b"xyz"].concat(), &["3 more than its header describes"]);
}

/// The content tells the format, whatever the name says.
#[test]
fn content_tells_the_format() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("weights.pt");
    let complaint = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        complaints_at(&path).join("\n")
    };
    has_all(&complaint(b"\x89HDF\r\n\x1a\n..."), &["weights.pt", "an HDF5 file", "save the weights as safetensors"]);
    has_all(&complaint(b"\x1f\x8b\x08..."), &["is compressed with gzip: unpack it"]);
    has_all(&complaint(b"<!DOCTYPE html>..."), &["is a web page: download the file itself"]);
    has_all(&complaint(b"\x93NUMPY..."), &["is one array of NumPy", "`numpy.savez`"]);
    has_all(&complaint(b""), &["weights.pt", "is empty", "expected weights"]);
    has_all(&complaint(b"hello there"), &["starts with the bytes 68 65 6c 6c 6f 20 74 68, which no known format"]);
    has_all(&complaint(b" {\"a\": 1}"), &["is JSON without an object `weight_map`"]);
    fs::write(&path, good()).unwrap();
    assert_eq!(read(&path).unwrap().len(), read(&fixture("tiny-mlm/model.safetensors")).unwrap().len());
}

/// The length of a header may be two bytes that other files start with: 0x280 those of a pickle, 0x8b1f those of gzip.
#[test]
fn any_length_of_a_header() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("weights.safetensors");
    for length in [0x280, 0x380, 0x480, 0x580, 0x8b1f, 0x4b50] {
        let tensor = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        let header = format!("{tensor:length$}");
        fs::write(&path, [(length as u64).to_le_bytes().as_slice(), header.as_bytes(), &[0; 8]].concat()).unwrap();
        assert_eq!(read(&path).unwrap().len(), 1, "a header of {length} bytes");
    }
}

#[test]
fn absurd_header() {
    complains(&[0xff; 64], &["announces a header of 18446744073709551615 bytes"]);
    let claim = [(1u64 << 63).to_le_bytes().as_slice(), b"{}"].concat();
    complains(
        &claim,
        &["weights.safetensors", "a header of 9223372036854775808 bytes and has 10 bytes in all", "truncated"],
    );
    complains(b"version https://git-lfs.github.com/spec/v1\noid sha256:0", &["Git LFS pointer", "git lfs pull"]);
    complains(&with_header("{nonsense", 0), &["is not a safetensors header", "line 1 column 2"]);
}

/// The complaints about one tensor with this description over 8 bytes of data.
fn described(description: &str) -> Vec<String> {
    complaints(&with_header(&format!(r#"{{"a":{description}}}"#), 8))
}

#[test]
fn contradictory_header() {
    let all = described(r#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#);
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["tensor `a` of", "weights.safetensors", "has 8 bytes, but 12 are needed for shape [3] in F32"]);
    let all = described(r#"{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#);
    has_all(&all[0], &["tensor `a` of", "begins at byte 4 of the data, expected 0", "write the file again"]);
    let all = described(r#"{"dtype":"F32","shape":[1],"data_offsets":[8,4]}"#);
    has_all(&all[0], &["tensor `a` of", "ends at byte 4, before it begins at 8"]);
    has_all(&described("3")[0], &["tensor `a` of", "is described as 3, expected {\"dtype\": …"]);
    let shape = format!("[{0},{0},{0}]", u64::MAX / 2);
    let all = described(&format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[0,8]}}"#));
    has_all(&all[0], &["tensor `a` of", "has 8 bytes, but more than 2^64 are needed"]);
    complains(&with_header(r#"{"__metadata__":{"a":1}}"#, 0), &["is not a safetensors header", "`__metadata__`"]);
}

#[test]
fn names_that_are_there_twice() {
    let entry = |begin, end| format!(r#""a":{{"dtype":"F32","shape":[1],"data_offsets":[{begin},{end}]}}"#);
    complains(
        &with_header(&format!("{{{},{}}}", entry(0, 4), entry(4, 8)), 8),
        &["tensor `a` of", "is there twice: keep one"],
    );
}

/// Every tensor that is wrong, in one go.
#[test]
fn several_mistakes() {
    let header = r#"{"a":{"dtype":"F12","shape":[2],"data_offsets":[0,8]},
        "b":{"dtype":"F32","shape":[3],"data_offsets":[8,16]},
        "c":{"dtype":"F32","shape":[2],"data_offsets":[20,28]}}"#;
    let all = complaints(&with_header(header, 28));
    assert_eq!(all.len(), 3, "{all:#?}");
    has_all(&all.join("\n"), &["`a`", "F12", "`b`", "8 bytes, but 12", "`c`", "begins at byte 20"]);
}

#[test]
fn number_types() {
    let all = described(r#"{"dtype":"F12","shape":[2],"data_offsets":[0,8]}"#);
    has_all(&all[0], &["tensor `a` of", "has numbers of type F12, expected one of F32", "save it as F32"]);
    let mut directory = Directory::of("tiny-mlm");
    directory.tensors.insert("extra".to_owned(), (Dtype::F8_E4M3, vec![2], vec![0; 2]));
    directory.complains(&["`extra`", "F8_E4M3", "save it as F32"]);
}

#[test]
fn numbers_that_are_not_finite() {
    let mut directory = Directory::of("tiny-mlm");
    let (_, shape, bytes) = &directory.tensors["perceiver.embeddings.latents"];
    let mut numbers: Vec<f32> = bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    let shape = shape.clone();
    numbers[37] = f32::NAN;
    numbers[41] = f32::INFINITY;
    directory.insert("perceiver.embeddings.latents", &shape, &numbers);
    directory.insert("embedding_decoder.bias", &[64], &[f32::NEG_INFINITY; 64]);
    let complaints = directory.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:#?}");
    let all = complaints.join("\n");
    has_all(&all, &["`perceiver.embeddings.latents` of shape [16, 32] holds NaN at flat index 37"]);
    has_all(&all, &["`embedding_decoder.bias` of shape [64] holds -inf at flat index 0"]);
}

fn one(dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Numbers {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.safetensors");
    write_tensors(&path, &BTreeMap::from([("a".to_owned(), (dtype, shape.to_vec(), bytes.to_vec()))]));
    let (mut arrays, metadata) = container::read_any(&path).unwrap();
    assert!(metadata.is_empty());
    let array = arrays.remove("a").unwrap();
    assert_eq!(array.shape, shape);
    array.numbers
}

#[test]
fn every_number_type() {
    let f32s = Numbers::F32(vec![1.0, -2.5, f32::INFINITY]);
    let number = [1.0f32, -2.5, f32::INFINITY];
    assert_eq!(one(Dtype::F32, &[3], &number.map(f32::to_le_bytes).concat()), f32s);
    assert_eq!(one(Dtype::F64, &[3], &number.map(|x| f64::from(x).to_le_bytes()).concat()), f32s);
    assert_eq!(one(Dtype::F16, &[3], &[0x00, 0x3c, 0x00, 0xc1, 0x00, 0x7c]), f32s);
    assert_eq!(one(Dtype::BF16, &[3], &[0x80, 0x3f, 0x20, 0xc0, 0x80, 0x7f]), f32s);
    let i64s = Numbers::I64(vec![0, 1]);
    assert_eq!(one(Dtype::BOOL, &[2], &[0, 1]), i64s);
    assert_eq!(one(Dtype::U8, &[2], &[0, 1]), i64s);
    assert_eq!(one(Dtype::I32, &[2, 1], &[0i32, 1].map(i32::to_le_bytes).concat()), i64s);
    assert_eq!(one(Dtype::I64, &[], &(-3i64).to_le_bytes()), Numbers::I64(vec![-3]));
    assert_eq!(one(Dtype::I8, &[1], &[0xff]), Numbers::I64(vec![-1]));
    assert_eq!(one(Dtype::U16, &[1], &[0xff, 0xff]), Numbers::I64(vec![65535]));
}

/// It runs in a macro, at opt-level 0. It takes 3 ms on a 2-core virtual machine; 50 ms is what a model may cost.
#[test]
fn a_megabyte_is_quick() {
    let place = tempfile::tempdir().unwrap();
    let path: &Path = &place.path().join("big.safetensors");
    let bytes = vec![0x3f; 1 << 20];
    write_tensors(path, &BTreeMap::from([("a".to_owned(), (Dtype::F32, vec![1 << 18], bytes))]));
    let start = Instant::now();
    read(path).unwrap();
    let took = start.elapsed();
    println!("1 MiB in {took:?}");
    assert!(took.as_millis() < 50, "{took:?}");
}

/// Every format's files, and the index of a sharded one.
fn all_checkpoints() -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(checkpoint("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.push(fixture("native-grid/model.safetensors"));
    paths.sort();
    assert!(paths.len() > 25, "fixtures are missing: {paths:?}");
    paths
}

/// Every byte of a damaged file counts: a file that ends early is never taken for a whole one.
#[test]
fn files_that_end_early_are_explained() {
    for path in all_checkpoints() {
        let bytes = fs::read(&path).unwrap();
        let place = tempfile::tempdir().unwrap();
        for len in (0..bytes.len() - 1).step_by(1 + bytes.len() / 64) {
            let path = place.path().join(path.file_name().unwrap());
            fs::write(&path, &bytes[..len]).unwrap();
            let problems = read(&path).expect_err("a part of a file");
            assert!(messages(&problems).iter().all(|message| message.contains('`')), "{problems}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever the bytes are, the answer is tensors or a sentence, in no more memory than the file suggests.
    #[test]
    fn damaged_files_are_explained(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let place = tempfile::tempdir().unwrap();
        for path in all_checkpoints() {
            let mut bytes = fs::read(&path).unwrap();
            for (at, byte) in &edits {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            let path = place.path().join(path.file_name().unwrap());
            fs::write(&path, bytes).unwrap();
            if let Err(problems) = read(&path) {
                prop_assert!(!problems.is_empty());
            }
        }
    }
}
