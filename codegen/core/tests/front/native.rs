//! Wrong directories of the native format.

use crate::support::{Directory, has_all};
use percio_codegen_core::model::Model;
use serde_json::json;

fn multi() -> Directory {
    Directory::of("native-multi")
}

/// The complaints about one changed field, joined.
fn changed(fixture: &str, pointer: &str, value: serde_json::Value) -> String {
    let mut directory = Directory::of(fixture);
    directory.set(pointer, value);
    directory.complaints().join("\n")
}

#[test]
fn unknown_fields() {
    let mut directory = multi();
    directory.set("/inputs/0/chanels", 3).set("/encoder/layers/residual", true).set("/decoder/queries/colour", 1);
    let all = directory.complaints();
    assert_eq!(all.len(), 3, "{all:#?}");
    has_all(&all[0], &["`encoder.layers.residual`", "is not a field", "`count`", "`widening`", "remove it"]);
    has_all(&all[1], &["`decoder.queries.colour`", "`kind`, `count`, `width`"]);
    has_all(&all[2], &["`inputs[0].chanels`", "`samples`", "write `channels`"]);
}

#[test]
fn missing_and_mistyped_fields() {
    let mut directory = multi();
    directory.unset("/inputs/0/samples").unset("/latents").set("/encoder/cross/heads", "3").set("/format", 2);
    directory.set("/decoder/activation", "gelu_new").set("/outputs/0/queries", json!([0]));
    directory.set("/inputs/1/position/kind", "sinusoidal").set("/inputs/2/kind", "token");
    let all = directory.complaints().join("\n");
    assert_eq!(all.lines().count(), 8, "{all}");
    has_all(&all, &["`inputs[0].samples` in config.json is missing, expected a whole number from 1 to"]);
    has_all(&all, &["`latents` in config.json is missing", "`encoder.cross.heads` in config.json is \"3\""]);
    has_all(&all, &["`format` in config.json is 2", "`decoder.activation`", "\"squared_relu\"", "[first, end]"]);
    has_all(
        &all,
        &["\"sinusoidal\", expected one of \"learned\", \"fourier\"", "\"token\", expected one of \"tokens\""],
    );
}

#[test]
fn a_file_that_is_almost_empty() {
    let mut directory = multi();
    directory.config = json!({"model_type": "percio"});
    let all = directory.complaints().join("\n");
    for field in ["format", "inputs", "latents", "encoder", "decoder", "outputs"] {
        has_all(&all, &[&format!("`{field}` in config.json is missing")]);
    }
    assert_eq!(all.lines().count(), 6, "{all}");
    directory.config = json!({"model_type": "percio", "format": 1, "inputs": [], "outputs": [3], "latents": 4});
    let all = directory.complaints().join("\n");
    has_all(&all, &["`inputs` in config.json is []", "`outputs[0]` is 3", "`latents` in config.json is 4"]);
}

#[test]
fn names() {
    for name in ["my-imu", "2d", "type", "", "self", "é", "_"] {
        let all = changed("native-multi", "/inputs/0/name", name.into());
        has_all(&all, &["`inputs[0].name`", "letters, digits and `_`", "no keyword"]);
    }
    has_all(&changed("native-multi", "/inputs/1/name", "motion".into()), &["`inputs`", "two entries named \"motion\""]);
    has_all(&changed("native-multi", "/outputs/2/name", "track".into()), &["`outputs`", "two entries named \"track\""]);
}

#[test]
fn heads() {
    let all = changed("native-multi", "/encoder/cross/heads", 4.into());
    has_all(&all, &["4 heads (`encoder.cross.heads`) of `encoder.cross`", "15 numbers (`encoder.cross.qk`)"]);
    has_all(&all, &["21 numbers (`encoder.cross.v`)"]);
    has_all(&changed("native-multi", "/decoder/heads", 3.into()), &["`decoder.cross`", "(`decoder.qk`)"]);
}

#[test]
fn patches() {
    let all = changed("native-multi", "/inputs/0/samples", 21.into());
    has_all(&all, &["`patch` 4 of input `motion` does not divide its `samples` 21"]);
    let all = changed("native-multi", "/inputs/1/patch", 4.into());
    has_all(&all, &["does not divide its `height` 6", "does not divide its `width` 9"]);
    has_all(&changed("native-multi", "/inputs/1/patch", 1000.into()), &["does not divide its `height` 6"]);
}

#[test]
fn padding() {
    let mut directory = multi();
    directory.remove("inputs.extra.padding");
    directory.complains(&["`extra` makes tokens of 6 numbers where 29 are needed", "`inputs.extra.padding` [23]"]);
    let all = changed("native-multi", "/token_width", 20.into());
    has_all(&all, &["`token_width` is 20", "27 numbers"]);
}

#[test]
fn ids_stand_alone() {
    let mut directory = Directory::of("native-ids");
    let extra = json!({"name": "extra", "kind": "tokens", "tokens": 2, "channels": 21});
    directory.config["inputs"].as_array_mut().unwrap().push(extra);
    directory.complains(&["`ids`", "must be the only input"]);
}

#[test]
fn scales() {
    let all = changed("native-multi", "/inputs/0/scale/gain", json!([1.0, 2.0]));
    has_all(&all, &["`scale.gain` of input `motion` has 2 numbers", "3 channels"]);
    has_all(&changed("native-ids", "/inputs/0/scale", json!({})), &["`inputs[0].scale`", "is not a field"]);
}

#[test]
fn positions() {
    let all = changed("native-multi", "/inputs/0/position/max_resolution", json!([1.0, 2.0]));
    has_all(&all, &["`max_resolution` of `inputs.motion.position` has 2 numbers", "each axis of [5]"]);
    let all = changed("native-multi", "/inputs/0/position/combine", "add".into());
    has_all(&all, &["position of input `motion` has 13 numbers and its tokens 14", "\"concat\""]);
    let all = changed("native-multi", "/inputs/1/position/combine", "concat".into());
    has_all(&all, &["`inputs[1].position.width`", "missing"]);
    let all = changed("native-grid", "/decoder/queries/max_resolution", json!([1.0]));
    has_all(&all, &["`max_resolution` of `decoder.queries` has 1 numbers", "[3, 5]"]);
    has_all(&changed("native-grid", "/decoder/queries/shape", json!([1, 2, 3, 4])), &["one to three axis lengths"]);
}

#[test]
fn outputs() {
    let all = changed("native-multi", "/outputs/1/queries", json!([1, 9]));
    has_all(&all, &["`track` reads the queries 1 to 9", "there are 5"]);
    has_all(&changed("native-multi", "/outputs/1/queries", json!([3, 3])), &["choose first < end ≤ 5"]);
    has_all(&changed("native-multi", "/outputs/0/labels", json!(["a"])), &["`activity` has 1 labels for 3 numbers"]);
    let all = changed("native-ids", "/outputs/0/tied", "latents".into());
    has_all(&all, &["tied to \"latents\"", "no input of kind \"ids\""]);
    has_all(&changed("native-ids", "/outputs/0/width", 5.into()), &["both `width` and `tied`"]);
    let all = changed("native-ids", "/decoder/queries/width", 20.into());
    has_all(&all, &["rows of 20 numbers with the embedding of `ids`, which has 21"]);
}

#[test]
fn tensors() {
    let mut directory = multi();
    directory.insert("encoder.cross.q.weight", &[18, 15], &[0.0; 270]);
    directory.remove("latents").remove("outputs.track.weight");
    directory.insert("encoder.layers.0.norm_kv.weight", &[18], &[0.0; 18]);
    let all = directory.complaints();
    assert_eq!(all.len(), 3, "{all:#?}");
    has_all(
        &all[0],
        &["1 tensor has 18 where encoder.cross.qk makes 15", "`encoder.cross.q.weight` [18, 15] instead of [15, 18]"],
    );
    has_all(&all[1], &["lacks 2 tensors", "`latents` [7, 18]", "`outputs.track.weight` [2, 11]"]);
    has_all(&all[2], &["holds 1 tensor that", "`encoder.layers.0.norm_kv.weight` [18]"]);
}

/// One wrong number of the configuration is one problem, whatever number of tensors disagrees.
#[test]
fn wrong_sizes() {
    let mut directory = multi();
    directory.set("/encoder/layers/widening", 2);
    directory.complains(&["6 tensors have 54 where encoder.layers.widening × latents.width makes 36"]);
    let mut directory = multi();
    directory.insert("latents", &[7 * 18], &[0.0; 126]);
    directory.complains(&["`latents` [126] instead of [7, 18]", "another number of axes"]);
}

#[test]
fn sizes_cannot_overflow() {
    for pointer in
        ["/latents/count", "/inputs/1/patch", "/inputs/1/channels", "/decoder/queries/width", "/encoder/cross/qk"]
    {
        let all = changed("native-multi", pointer, u64::MAX.into());
        has_all(&all, &["18446744073709551615", "from 1 to 1048576"]);
        changed("native-multi", pointer, (1 << 20).into());
    }
}

#[test]
fn biases_are_optional_and_counted() {
    let mut directory = multi();
    let all = |directory: &Directory| -> usize {
        directory.tensors.values().map(|(_, shape, _)| shape.iter().product::<usize>()).sum()
    };
    let parameters = |model: Model| usize::try_from(model.parameters).unwrap();
    assert_eq!(parameters(directory.load().unwrap()), all(&directory));
    directory.remove("encoder.cross.k.bias").remove("outputs.activity.bias").remove("inputs.motion.project.bias");
    let model = directory.load().unwrap();
    assert!(model.blocks[0].attention.key.bias.is_none() && model.inputs[0].project.as_ref().unwrap().bias.is_none());
    assert_eq!(parameters(model), all(&directory));
}
