"""Checks that percio.native computes what transformers computes on the same weights. Run: python test_native.py"""

import json

import torch
from safetensors.torch import load_file
from transformers import PerceiverConfig
from transformers.models.perceiver import modeling_perceiver as hf

from make_fixtures import FIXTURES, randomize, seeded
from percio.native import Block, NativeModel, fourier_table, load_model

BLOCK_NAMES = {"attention.self.layernorm1": "norm_q", "attention.self.layernorm2": "norm_kv",
               "attention.self.query": "q", "attention.self.key": "k", "attention.self.value": "v",
               "attention.output.dense": "o", "layernorm": "mlp.norm", "mlp.dense1": "mlp.up", "mlp.dense2": "mlp.down"}


def renamed(tensors, prefix=""):
    """Tensors of a transformers layer under the names of our attention block."""
    split = {name: name.rsplit(".", 1) for name in tensors}
    return {f"{prefix}{BLOCK_NAMES[layer]}.{kind}": tensors[name] for name, (layer, kind) in split.items()}


def within(a, b, bound):
    """Fail unless a and b agree to `bound`, absolute."""
    worst = (a - b).abs().max().item()
    assert a.shape == b.shape and worst <= bound, f"{list(a.shape)} {list(b.shape)} differ by {worst:.2e} > {bound:.0e}"
    return worst


def check_block(kv_width, residual, activation, ours):
    """One layer, float64 so that the bound speaks of the mathematics."""
    config = PerceiverConfig(hidden_act=activation)
    layer = hf.PerceiverLayer(config, is_cross_attention=kv_width is not None, qk_channels=15, v_channels=18, num_heads=3,
                              q_dim=18, kv_dim=kv_width or 18, widening_factor=2, use_query_residual=residual)
    generator = seeded(f"block {kv_width} {residual}")
    randomize(layer, generator)
    block = Block({"heads": 3, "qk": 15, "v": 18, "widening": 2, "activation": ours}, 18, kv_width, 1e-5, residual)
    block.load_state_dict(renamed(layer.state_dict()))
    x = torch.randn(2, 7, 18, generator=generator, dtype=torch.float64)
    z = None if kv_width is None else torch.randn(2, 11, kv_width, generator=generator, dtype=torch.float64)
    return within(block.double()(x, z), layer.double().eval()(x, inputs=z)[0], 1e-12)


@torch.no_grad()
def test_blocks():
    check_block(None, True, "gelu", "gelu")
    check_block(21, True, "gelu_new", "gelu_tanh")
    check_block(21, False, "relu2", "squared_relu")
    check_block(21, False, "quick_gelu", "quick_gelu")


def test_fourier():
    theirs = hf.PerceiverFourierPositionEncoding(num_bands=5, max_resolution=(6, 11))
    table = theirs([3, 4], 1, torch.device("cpu"), torch.float32)[0]
    within(fourier_table([3, 4], {"bands": 5, "max_resolution": [6, 11]}), table, 1e-6)


@torch.no_grad()
def test_image_patches():
    config = {"name": "x", "kind": "image", "height": 6, "width": 9, "channels": 2, "patch": 3, "layout": "channels_first"}
    model = NativeModel(json.loads((FIXTURES / "native-multi" / "config.json").read_text()) | {"inputs": [config], "token_width": 18})
    image = torch.randn(2, 2, 6, 9)
    within(model.inputs["x"](image), hf.space_to_depth(image, spatial_block_size=3).flatten(1, 2), 0)


def as_native(directory):
    """The masked language model of `directory` as a native model: same tensors under our names."""
    c = json.loads((directory / "config.json").read_text())
    layers = {"heads": c["num_self_attention_heads"], "qk": c["qk_channels"], "v": c["v_channels"], "activation": "gelu_tanh"}
    model = NativeModel({
        "inputs": [{"name": "ids", "kind": "ids", "vocabulary": c["vocab_size"], "tokens": c["max_position_embeddings"],
                    "embedding": c["d_model"], "position": {"kind": "learned", "combine": "add"}}],
        "latents": {"count": c["num_latents"], "width": c["d_latents"]},
        "encoder": {"cross": layers | {"residual": c["use_query_residual"]},
                    "layers": layers | {"count": c["num_self_attends_per_block"], "blocks": c["num_blocks"]}},
        "decoder": {"queries": {"kind": "learned", "count": c["max_position_embeddings"], "width": c["d_model"]}, "heads": 8,
                    "qk": 256, "v": c["d_model"], "activation": "gelu_tanh", "residual": False},
        "outputs": [{"name": "logits", "tied": "ids"}]})
    theirs = load_file(directory / "model.safetensors")
    single = {"inputs.ids.embedding": "perceiver.input_preprocessor.embeddings.weight",
              "inputs.ids.position": "perceiver.input_preprocessor.position_embeddings.weight",
              "latents": "perceiver.embeddings.latents", "outputs.logits.bias": "embedding_decoder.bias",
              "decoder.queries": "perceiver.decoder.output_position_encodings.position_embeddings"}
    blocks = {"perceiver.encoder.cross_attention.": "encoder.cross.",
              "perceiver.decoder.decoding_cross_attention.": "decoder.cross."}
    blocks |= {f"perceiver.encoder.self_attends.{i}.": f"encoder.layers.{i}." for i in range(c["num_self_attends_per_block"])}
    tensors = {ours: theirs.pop(name) for ours, name in single.items()}
    for prefix, ours in blocks.items():
        tensors |= renamed({n[len(prefix):]: theirs.pop(n) for n in list(theirs) if n.startswith(prefix)}, ours)
    assert not theirs, f"left over: {sorted(theirs)}"
    model.load_state_dict(tensors)
    return model



@torch.no_grad()
def test_whole_model():
    """The unmasked row of the full reference and every row of the short one."""
    directory = FIXTURES / "hf-masked-lm"
    model = as_native(directory)
    for name, rows in (("reference", 1), ("reference-short", 2)):
        reference = load_file(directory / f"{name}.safetensors")
        logits = model(ids=reference["input.input_ids"][:rows])["logits"]
        within(logits, reference["output.logits"][:rows], 2e-4)  # logits reach 45; float32 rounding alone is 5e-5


@torch.no_grad()
def test_reload():
    """What was exported gives the recorded outputs again."""
    for directory in sorted(FIXTURES.glob("native-*")):
        model = load_model(directory)
        for path in sorted(directory.glob("reference*.safetensors")):
            reference = load_file(path)
            outputs = model(**{k[6:]: v for k, v in reference.items() if k.startswith("input.")})
            for name, rows in outputs.items():
                recorded = reference[f"output.{name}"]
                # Another processor sums in another order: up to 1e-6 of the largest number was seen between two of them.
                within(rows, recorded, 2e-6 * recorded.abs().max().item())


if __name__ == "__main__":
    torch.set_num_threads(1)
    for test in [test_blocks, test_fourier, test_image_patches, test_whole_model, test_reload]:
        test()
        print(f"{test.__name__}: ok")
