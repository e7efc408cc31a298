"""Make the goldens of google-research/perceiver-ar under tests/fixtures: random tiny models, what its own JAX code computes with
them, and what they generate when the likeliest token is always taken.

The original is a repository, not a package: give the path of its perceiver_ar_model.py, which is imported as it is. It was written
for a JAX that still had `jax.numpy.DeviceArray`, a name that only its annotations use: it is given the one of today. Around the
model there are only the loops below: `generated.json` is the model's forward on the whole sequence for each token, as the sampler of
the repository computes it without its memory, whose states grow stale once the latents slide.

Rerunning makes every file again bit for bit (same versions, same CPU family).
Usage: python make_google_ar.py SOURCE [--only NAME]   (commit cc756f5e of google-research/perceiver-ar; requirements-google-ar.txt)
"""

import argparse
import importlib.util
import json
import zlib
from pathlib import Path

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

from make_deepmind import FIXTURES, randomize
from safetensors_file import write_safetensors

SIZES = {
    "num_classes": 19, "input_idx_size": [-1], "max_context_length": 11, "input_embed_dim": 10, "num_transformers_per_block": 2,
    "z_index_dim": 5, "num_z_channels": 12, "num_cross_attend_heads": 2, "num_transformer_heads": 3, "cross_attend_widening_factor": 2,
    "transformer_widening_factor": 3, "final_layer_init_zeros": False,
}
GOLDENS = {
    # The released configuration in small: a quarter of each head turns, the square of ReLU.
    "google-ar": SIZES | {"position_encoding_type": "rotary", "max_wavelength": 13, "num_z_channels": 18, "num_transformer_heads": 2,
                          "input_embed_dim": 18, "num_transformers_per_block": 1},
    # Everything that may be set otherwise: places below 0, moved queries, not all heads, one more cross-attention, no residual.
    "google-ar-options": SIZES | {
        "position_encoding_type": "rotary", "max_wavelength": 29, "fraction_to_rotate": 1.0, "fraction_heads_to_rotate": 0.7,
        "use_negative_rotary_positions": True, "initial_query_offsetting": True, "additional_cross_attend_after_layers": [0],
        "cross_attention_shape_for_attn": "q", "encoder_use_query_residual": False, "activation_name": "gelu"},
    # Positions added to the tokens.
    "google-ar-absolute": SIZES | {"position_encoding_type": "absolute", "position_encoding": "fourier", "activation_name": "relu"},
}


def load_original(path):
    """The module of the model."""
    jnp.DeviceArray = jax.Array
    spec = importlib.util.spec_from_file_location("perceiver_ar_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def forward_of(module, args):
    """Makes the model's parameters for ids `[batch, tokens]`; computes its logits."""
    forward = hk.transform(lambda ids: module.PerceiverAR(**args)(ids, None, is_training=False).input_events_logits)
    return forward.init, jax.jit(forward.apply)


def greedy(forward, params, prompt, count, most):
    """Ids after `prompt`, each the likeliest after all before it, of which no more than the last `most` are read. The id 0, which
    would end the sequence, is never taken."""
    ids = list(prompt)
    for _ in range(count):
        read = ids[-most:]
        padded = np.zeros([1, most], np.int32)
        padded[0, : len(read)] = read
        # The last latent is the last token before the padding.
        logits = np.asarray(forward(params, jax.random.PRNGKey(0), padded))[0, -1]
        ids.append(int(logits[1:].argmax()) + 1)
    return ids[len(prompt):]


def make(name, args, module):
    """One directory with what `percio` reads, its references, and what is generated."""
    rng, key, directory = np.random.default_rng(zlib.crc32(name.encode())), jax.random.PRNGKey(0), FIXTURES / name
    init, forward = forward_of(module, args)
    most, latents = args["max_context_length"], args["z_index_dim"]
    ids = lambda batch, count: rng.integers(1, args["num_classes"], size=(batch, count)).astype(np.int32)
    params = randomize(init(key, ids(1, most)), rng)
    directory.mkdir(parents=True, exist_ok=True)
    config = {"library": "google-research/perceiver-ar", "class": "PerceiverAR", "args": args}
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    arrays = {f"{path}:{part}": array for path, parts in params.items() for part, array in parts.items()}
    write_safetensors(directory / "model.safetensors", arrays, {})
    # Padding after the sequence: of none, of some, so that there are fewer tokens than latents, of all but one.
    padded = ids(4, most)
    padded[1, most - 3:], padded[2, latents - 1:], padded[3, 1:] = 0, 0, 0
    inputs = {"": ids(2, most), "-padded": padded, "-short": ids(2, latents)}
    for label, tokens in inputs.items():
        logits = np.asarray(forward(params, key, tokens))
        stated = {"percio_reference": "1", "framework": f"jax {jax.__version__}, dm-haiku {hk.__version__}", "device": "cpu",
                  "dtype": "float32"}
        arrays = {"input.inputs": tokens, "output.input_events_logits": logits}
        write_safetensors(directory / f"reference{label}.safetensors", arrays, stated)
        print(f"{name}/reference{label}.safetensors: {list(logits.shape)} max {np.abs(logits).max():.2f}")
    prompt = [int(id) for id in padded[0, :2]]
    written = {"prompt": prompt, "generated": greedy(forward, params, prompt, most + 2, most)}
    (directory / "generated.json").write_text(json.dumps(written) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="perceiver_ar_model.py")
    parser.add_argument("--only", choices=GOLDENS, help="make just this fixture")
    options = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_default_matmul_precision", "highest")
    module = load_original(options.source)
    for name, args in GOLDENS.items():
        if options.only in (None, name):
            make(name, args, module)


if __name__ == "__main__":
    main()
