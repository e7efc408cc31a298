"""What the fixtures are: odd sizes so that no two dimensions agree by accident, each optional field used somewhere."""

import transformers as hf

import fixture_inputs as inputs

# Perceiver fields every transformers fixture shares; head widths come out odd.
HF_COMMON = {"num_latents": 7, "d_latents": 18, "num_self_attends_per_block": 2, "num_self_attention_heads": 3,
             "num_cross_attention_heads": 3}

# name -> (class, configuration, function that makes the inputs)
HF_FIXTURES = {
    # The decoder hard-codes 8 heads, so d_model is a multiple of 8. qk differs from v.
    "hf-masked-lm": (hf.PerceiverForMaskedLM, HF_COMMON | {
        "d_model": 24, "vocab_size": 29, "max_position_embeddings": 13, "qk_channels": 15, "v_channels": 18,
        "num_blocks": 2, "use_query_residual": False, "hidden_act": "gelu_new"}, inputs.text),
    # Both widths unset: the cross-attention takes the width of the tokens ("kv").
    "hf-sequence-classification": (hf.PerceiverForSequenceClassification, HF_COMMON | {
        "d_model": 21, "vocab_size": 31, "max_position_embeddings": 11, "num_labels": 5,
        "cross_attention_widening_factor": 2, "self_attention_widening_factor": 3}, inputs.text),
    "hf-image-learned": (hf.PerceiverForImageClassificationLearned, HF_COMMON | {
        "d_model": 512, "image_size": 6, "qk_channels": 9, "v_channels": 18, "num_labels": 6}, inputs.pixels(3, 6, 6)),
    # Widths unset and "q": the cross-attention takes the width of the latents.
    "hf-image-fourier": (hf.PerceiverForImageClassificationFourier, HF_COMMON | {
        "d_model": 261, "cross_attention_shape_for_attention": "q", "num_blocks": 2, "num_labels": 3}, inputs.masked_pixels(3, 9, 7)),
    "hf-image-conv": (hf.PerceiverForImageClassificationConvProcessing, HF_COMMON | {
        "d_model": 322, "qk_channels": 21, "v_channels": 18, "num_self_attention_heads": 3,
        "self_attention_widening_factor": 2, "num_labels": 7}, inputs.pixels(3, 21, 17)),
    "hf-optical-flow": (hf.PerceiverForOpticalFlow, HF_COMMON | {
        "d_model": 322, "num_cross_attention_heads": 1, "qk_channels": 9, "v_channels": 18, "train_size": [5, 7]},
        inputs.flow),
    # Transformers has no use for the numbers of points, percio has.
    "hf-video": (hf.PerceiverForMultimodalAutoencoding, HF_COMMON | {
        "d_model": 413, "qk_channels": 12, "v_channels": 18, "num_labels": 9, "num_frames": 3, "audio_samples_per_frame": 10,
        "samples_per_patch": 6, "image_size": 2, "output_shape": [1, 2, 3, 5], "output_num_channels": 11,
        "_label_trainable_num_channels": 13, "input_shapes": {"points.audio": [3], "points.image": [5]}}, inputs.video),
    # The encoder alone, over rows that the caller makes; transformers has no use for their number, percio has.
    "hf-raw": (hf.PerceiverModel, HF_COMMON | {
        "d_model": 11, "num_blocks": 2, "qk_channels": 15, "v_channels": 18, "input_shapes": {"inputs": [9, 11]}},
        inputs.raw(9, 4)),
}

# Three kinds of input reach one width through a wider `token_width`; two outputs read different queries.
NATIVE_MULTI = {
    "model_type": "percio", "format": 1, "name": "multi", "norm_eps": 1e-3, "token_width": 29,
    "summary": "Three modalities of different kinds, random weights.",
    "inputs": [
        {"name": "motion", "kind": "series", "samples": 20, "channels": 3, "patch": 4, "rate_hz": 50, "unit": "m/s^2",
         "scale": {"offset": [0.5, -9.81, 3.0], "gain": [0.25, 0.102, 1.7]}, "project": 14,
         "position": {"kind": "fourier", "combine": "concat", "bands": 6, "max_resolution": [7.5]}},
        {"name": "picture", "kind": "image", "height": 6, "width": 9, "channels": 2, "patch": 3,
         "layout": "channels_first", "scale": {"offset": [127.5, 30.0], "gain": [0.0078125, 0.02]}, "project": 22,
         "position": {"kind": "learned", "combine": "add"}},
        {"name": "extra", "kind": "tokens", "tokens": 5, "channels": 6},
    ],
    "latents": {"count": 7, "width": 18},
    "encoder": {
        "cross": {"heads": 3, "qk": 15, "v": 21, "widening": 2, "activation": "silu", "residual": False},
        "layers": {"count": 2, "blocks": 2, "heads": 3, "qk": 12, "v": 27, "widening": 3, "activation": "gelu_tanh"}},
    "decoder": {"queries": {"kind": "learned", "count": 5, "width": 11}, "heads": 2, "qk": 14, "v": 10, "widening": 1,
                "activation": "squared_relu", "residual": True},
    "outputs": [
        {"name": "activity", "queries": [0, 1], "width": 3, "labels": ["rest", "walk", "run"]},
        {"name": "track", "queries": [1, 4], "width": 2},
        {"name": "rows", "queries": [3, 5]},
    ],
}

# Ids with learned positions; tied logits for every query. Default qk and v everywhere.
NATIVE_IDS = {
    "model_type": "percio", "format": 1, "name": "ids",
    "inputs": [{"name": "ids", "kind": "ids", "vocabulary": 23, "tokens": 13, "embedding": 21,
                "position": {"kind": "learned", "combine": "add"}}],
    "latents": {"count": 5, "width": 18},
    "encoder": {"cross": {"heads": 3, "widening": 1, "activation": "gelu", "residual": True},
                "layers": {"count": 3, "blocks": 1, "heads": 2, "widening": 1, "activation": "gelu"}},
    "decoder": {"queries": {"kind": "learned", "count": 9, "width": 21}, "heads": 3, "widening": 2,
                "activation": "quick_gelu", "residual": False},
    "outputs": [{"name": "logits", "tied": "ids"}, {"name": "first", "queries": [0, 2], "width": 4}],
}

# Fields the other two leave out: two-axis Fourier grids, projected positions, one band, computed queries, no MLP.
NATIVE_GRID = {
    "model_type": "percio", "format": 1, "name": "grid",
    "inputs": [
        {"name": "frame", "kind": "image", "height": 5, "width": 7, "channels": 3, "layout": "channels_last",
         "position": {"kind": "fourier", "combine": "concat", "bands": 5, "max_resolution": [6, 11], "sine_only": True,
                      "with_position": False, "project": 8}},
        {"name": "sound", "kind": "series", "samples": 6, "channels": 1, "scale": {"offset": [0.1], "gain": [3.0]},
         "project": 9, "position": {"kind": "learned", "combine": "concat", "width": 4}},
        {"name": "points", "kind": "tokens", "tokens": 3, "channels": 2, "scale": {"offset": [1.0, -2.0], "gain": [2.0, 0.5]},
         "project": 3, "position": {"kind": "fourier", "combine": "add", "bands": 1}},
    ],
    "latents": {"count": 6, "width": 15},
    "encoder": {"cross": {"heads": 1, "qk": 10, "widening": 0, "residual": True},
                "layers": {"count": 1, "blocks": 3, "heads": 5, "qk": 10, "v": 15, "widening": 1, "activation": "relu"}},
    "decoder": {"queries": {"kind": "fourier", "shape": [3, 5], "bands": 3, "max_resolution": [4, 9.0]}, "heads": 1,
                "qk": 6, "v": 5, "widening": 0, "residual": False},
    "outputs": [{"name": "flow", "width": 2}],
}
