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
    directory.set("/inputs/0/chanels", 3).set("/encoder/layers/colour", true).set("/decoder/queries/colour", 1);
    let all = directory.complaints();
    assert_eq!(all.len(), 3, "{all:#?}");
    has_all(&all[0], &["`encoder.layers.colour`", "is not a field", "`count`", "`widening`", "remove it"]);
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
    for field in ["format", "inputs", "latents", "encoder", "outputs"] {
        has_all(&all, &[&format!("`{field}` in config.json is missing")]);
    }
    assert_eq!(all.lines().count(), 5, "{all}");
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

/// What each section may say, but nothing computes together.
#[test]
fn contradictions() {
    let all = changed("native-multi", "/encoder/cross/reads", "prefix_then_itself".into());
    has_all(&all, &["block `encoder.cross` reads \"prefix_then_itself\"", "the latents are no tokens"]);
    let all = changed("native-multi", "/encoder/cross/reads", "context_then_itself".into());
    has_all(&all, &["keys from its own rows of 18 numbers and from others of 29", "make the two as wide"]);
    has_all(&changed("native-multi", "/decoder/reads", "itself".into()), &["`decoder.reads` must be \"context\""]);
    let all = changed("native-multi", "/encoder/cross/rotary", json!({"pairs": 9, "heads": 7}));
    has_all(&all, &["`encoder.cross.rotary` turns 9 pairs", "each of 7 heads", "3 heads of 5 numbers"]);
    let all = changed("native-multi", "/encoder/mixtures", json!([{"states": [1, 0], "rank": 2}]));
    has_all(&all, &["`encoder.mixtures[0].states` is [1, 0]", "ascending places in the schedule of"]);
    let all = changed("native-multi", "/outputs/0/queries", "tokens".into());
    has_all(&all, &["`activity` reads as many queries as a run has tokens", "needs ids"]);
    has_all(&changed("native-multi", "/outputs/0/queries", "latents".into()), &["there is a decoder"]);
    has_all(
        &changed("native-multi", "/outputs/0/shape", json!([2, 2])),
        &["[2, 2] of output `activity` holds 4 numbers"],
    );
    let all = changed("native-multi", "/mask", json!({"name": "motion"}));
    has_all(&all, &["two inputs of the model are called `motion`"]);
    let all = changed("native-multi", "/encoder/cross/hidden", 5.into());
    has_all(&all, &["`encoder.cross.hidden`", "stands beside `widening`"]);
    let all = changed("native-multi", "/encoder/cross/norm_q", json!({"kind": "batch", "epsilon": 1}));
    has_all(&all, &["`encoder.cross.norm_q.kind`", "\"layer\", \"rms\"", "`encoder.cross.norm_q.epsilon`"]);
}

#[test]
fn convolutions() {
    let tail = json!({"batch_norm": {}, "activation": "relu", "pool": {"kernel": 9, "stride": 2}});
    let all = changed("native-grid", "/inputs/0/tail", tail);
    has_all(&all, &["input `frame` has a `tail`, which follows a linear layer, but no `project`"]);
    has_all(&all, &["input `frame` makes no token", "choose a smaller `kernel`"]);
    let all = changed("native-grid", "/inputs/0/window", json!({"kernel": 3, "pad": "valid"}));
    has_all(&all, &["`inputs[0].window.pad`", "\"same\" or a pair [before, after]"]);
    has_all(&changed("native-grid", "/inputs/1/tail", json!({})), &["`inputs[1].tail`", "is not a field"]);
}

/// The encoder as a list of blocks and a schedule, without a decoder.
#[test]
fn listed_blocks() {
    let mut directory = multi();
    let cross = directory.config["encoder"]["cross"].clone();
    let mut block = cross;
    block["reads"] = "context".into();
    directory.set("/encoder", json!({"blocks": [block], "schedule": [0, 0, 1]}));
    let all = directory.complaints().join("\n");
    has_all(
        &all,
        &["`encoder.schedule` in config.json is [0,0,1], expected a list of up to 1024 indices of the 1 blocks"],
    );
    directory.set("/encoder/schedule", json!([0, 0])).unset("/decoder");
    let all = directory.complaints().join("\n");
    has_all(&all, &["lacks", "`encoder.blocks.0.q.weight` [15, 18]", "holds", "`encoder.cross.q.weight` [15, 18]"]);
    directory.config["encoder"]["blocks"][0].as_object_mut().unwrap().remove("reads");
    has_all(&directory.complaints()[0], &["`encoder.blocks[0].reads` in config.json is missing", "\"context\""]);
}

#[test]
fn shared_tensors() {
    let mut directory = multi();
    directory.set("/shared", json!({"encoder.cross.k.weight": "nothing", "encoder.cross.q.weight": "latents"}));
    let all = directory.complaints();
    has_all(&all.join("\n"), &["`encoder.cross.k.weight` is `nothing`", "it is stored too"]);
    directory.set("/shared", json!({"inputs.motion.copy": "nothing"}));
    directory.complains(&["`inputs.motion.copy` is `nothing`, but it has no tensor to share", "remove the entry"]);
    let before = multi().load().unwrap().parameters;
    let mut directory = multi();
    directory.remove("encoder.layers.0.k.weight");
    directory.set("/shared", json!({"encoder.layers.0.k.weight": "encoder.layers.0.q.weight"}));
    let (shape, moved) = (directory.tensors["encoder.layers.0.q.weight"].1.clone(), directory.load());
    assert_eq!(moved.unwrap().parameters, before - shape.iter().product::<usize>() as u64);
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
