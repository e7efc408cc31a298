"""Make the golden models of DeepMind's original: tiny random models and what its JAX code computes with them.

The original is a directory of a repository, not a package: give its path. Rerunning makes every file again bit for bit
(same versions, same CPU family).
Usage: python make_deepmind.py --source DIR [--only NAME]   (DIR holds perceiver.py, commit f5de0ed of google-deepmind/deepmind-research)
"""

import argparse
import importlib
import json
import sys
import types
import zlib
from pathlib import Path

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

from safetensors_file import write_safetensors

FIXTURES = Path(__file__).resolve().parents[2] / "tests" / "fixtures"
# The module of each model below runs what the original's notebooks run, with sizes of its own.
LATENTS = dict(z_index_dim=7, num_z_channels=24, z_pos_enc_init_scale=0.02)
ENCODER = LATENTS | dict(num_self_attend_heads=3, cross_attend_widening_factor=1, self_attend_widening_factor=1,
                         cross_attention_shape_for_attn="kv", use_query_residual=True, qk_channels=12, v_channels=24)


def load_original(source):
    """The original's modules, as the package `perceiver`."""
    package = types.ModuleType("perceiver")
    package.__path__ = [str(source)]
    sys.modules["perceiver"] = package
    return [importlib.import_module(f"perceiver.{name}") for name in ("perceiver", "io_processors")]


def fourier(bands, max_resolution):
    return dict(position_encoding_type="fourier", fourier_position_encoding_kwargs=dict(
        num_bands=bands, max_resolution=max_resolution, concat_pos=True, sine_only=False))


def trainable(channels):
    return dict(position_encoding_type="trainable", trainable_position_encoding_kwargs=dict(
        num_channels=channels, init_scale=0.02))


class Models:
    """Each method is one model of the original as a Haiku function, its `config.json` arguments and its inputs."""

    def __init__(self, source):
        self.perceiver, self.io = load_original(source)
        # Batch norms make their running statistics only while training.
        self.is_training = False

    def masked_language_modelling(self, rng):
        tokens, width, vocabulary, latents = 11, 24, 37, 12
        encoder = ENCODER | dict(num_self_attends_per_block=2, num_blocks=2, num_cross_attend_heads=3, num_self_attend_heads=2,
                                 num_z_channels=latents, qk_channels=6, v_channels=latents)

        def apply(inputs, input_mask):
            embed = hk.Embed(vocab_size=vocabulary, embed_dim=width)
            embedded = embed(inputs)
            position = self.perceiver.position_encoding.TrainablePositionEncoding(index_dim=tokens, num_channels=width)
            embedded = embedded + position(embedded.shape[0])
            decoder = self.perceiver.BasicDecoder(
                output_num_channels=24, output_index_dims=tokens, num_z_channels=latents, qk_channels=8 * 32, v_channels=width,
                num_heads=8, final_project=False, use_query_residual=False, **trainable(width))
            model = self.perceiver.Perceiver(encoder=self.perceiver.PerceiverEncoder(**encoder), decoder=decoder)
            decoded = model(embedded, is_training=self.is_training, input_mask=input_mask, query_mask=input_mask)
            return {"logits": self.io.EmbeddingDecoder(embedding_matrix=embed.embeddings)(decoded)}

        mask = np.ones((3, tokens), np.int64)
        mask[1, tokens // 2:], mask[1, 1], mask[2] = 0, 0, 0
        inputs = {"inputs": rng.integers(vocabulary, size=(3, tokens)), "input_mask": mask}
        return apply, dict(num_blocks=2, num_self_attention_heads=2, num_cross_attention_heads=3), inputs

    def classifier(self, preprocessor, position_channels, residual, size, rng):
        encoder = ENCODER | dict(num_self_attends_per_block=2, num_blocks=3, num_cross_attend_heads=1)

        def apply(inputs):
            decoder = self.perceiver.ClassificationDecoder(
                5, num_z_channels=24, use_query_residual=residual, **trainable(position_channels))
            model = self.perceiver.Perceiver(
                encoder=self.perceiver.PerceiverEncoder(**encoder), decoder=decoder,
                input_preprocessor=self.io.ImagePreprocessor(**preprocessor))
            return {"logits": model(inputs, is_training=self.is_training)}

        inputs = {"inputs": rng.normal(size=(2, *size, 3)).astype(np.float32)}
        arguments = dict(num_blocks=3, num_self_attention_heads=3, num_cross_attention_heads=1, image_size=list(size))
        return apply, arguments, inputs

    def learned_position_encoding(self, rng):
        preprocessor = trainable(256) | dict(prep_type="conv1x1", project_pos_dim=256, num_channels=256,
                                             spatial_downsample=1, concat_or_add_pos="concat")
        return self.classifier(preprocessor, 24, False, (5, 6), rng)

    def fourier_position_encoding(self, rng):
        preprocessor = fourier(64, (224, 224)) | dict(prep_type="pixels", spatial_downsample=1)
        return self.classifier(preprocessor, 24, True, (7, 5), rng)

    def conv_preprocessing(self, rng):
        preprocessor = fourier(64, (56, 56)) | dict(prep_type="conv")
        return self.classifier(preprocessor, 24, True, (18, 13), rng)

    def optical_flow(self, rng):
        height, width = 6, 7
        encoder = ENCODER | dict(num_self_attends_per_block=3, num_blocks=1, num_cross_attend_heads=1)

        def apply(inputs):
            preprocessor = self.io.ImagePreprocessor(
                n_extra_pos_mlp=0, prep_type="patches", spatial_downsample=1, conv_after_patching=True,
                temporal_downsample=2, **fourier(64, (height, width)))
            decoder = self.perceiver.FlowDecoder(
                (height, width), rescale_factor=100.0, use_query_residual=False, output_num_channels=2,
                output_w_init=jnp.zeros, **fourier(64, (height, width)))
            model = self.perceiver.Perceiver(
                encoder=self.perceiver.PerceiverEncoder(**encoder), decoder=decoder, input_preprocessor=preprocessor)
            return {"logits": model(inputs, is_training=self.is_training)}

        inputs = {"inputs": rng.normal(size=(2, 2, height, width, 27)).astype(np.float32)}
        arguments = dict(num_blocks=1, num_self_attention_heads=3, num_cross_attention_heads=1, train_size=[height, width])
        return apply, arguments, inputs

    def video_autoencoding(self, rng):
        frames, size, samples_per_frame, patch, classes = 2, 8, 24, 8, 9
        samples = frames * samples_per_frame
        encoder = ENCODER | dict(num_self_attends_per_block=2, num_blocks=1, num_cross_attend_heads=1)
        sound, picture = fourier(192, (samples,)), fourier(32, (frames, size, size))
        points = {"audio": np.array([1, 4]), "image": np.array([0, 37, 63, 100, 127])}
        query = dict(concat_preprocessed_input=False, num_z_channels=24, use_query_residual=False)

        def apply(audio, image):
            preprocessor = self.io.MultimodalPreprocessor(
                min_padding_size=4, mask_probs={"image": 0.0, "audio": 0.0, "label": 1.0},
                modalities={
                    "audio": self.io.AudioPreprocessor(n_extra_pos_mlp=0, prep_type="patches", samples_per_patch=patch, **sound),
                    "image": self.io.ImagePreprocessor(n_extra_pos_mlp=0, prep_type="patches", spatial_downsample=4,
                                                       temporal_downsample=1, **picture),
                    "label": self.io.OneHotPreprocessor(),
                })
            postprocessor = self.io.MultimodalPostprocessor(modalities={
                "audio": self.io.AudioPostprocessor(samples_per_patch=patch),
                "image": self.io.ProjectionPostprocessor(num_outputs=3),
                "label": self.io.ClassificationPostprocessor(num_classes=classes),
            })
            # The video decoder's own output shape is [batch, frames, height, width].
            videos = self.perceiver.BasicVideoAutoencodingDecoder(
                subsampled_index_dims=(len(points["image"]),), output_shape=image.shape[:4], num_z_channels=24,
                concat_preprocessed_input=False, output_num_channels=512, use_query_residual=False, **picture)
            sounds = self.perceiver.BasicDecoder(
                subsampled_index_dims=(len(points["audio"]),), output_index_dims=(samples // patch,), output_num_channels=512,
                **query, **sound)
            labels = self.perceiver.ClassificationDecoder(num_classes=classes, **query, **trainable(40))
            decoder = self.perceiver.MultimodalDecoder(
                concat_preprocessed_input=False, modalities={"audio": sounds, "image": videos, "label": labels},
                subsampled_index_dims={"audio": len(points["audio"]), "image": len(points["image"]), "label": 1},
                num_outputs=None, output_num_channels=16, use_query_residual=False)
            model = self.perceiver.Perceiver(
                encoder=self.perceiver.PerceiverEncoder(name="encoder", **encoder), decoder=decoder,
                input_preprocessor=preprocessor, output_postprocessor=postprocessor)
            inputs = {"audio": audio, "image": image, "label": jnp.zeros((image.shape[0], classes))}
            subsampled = {name: jnp.asarray(index) for name, index in points.items()} | {"label": None}
            return model(inputs, is_training=self.is_training, subsampled_output_points=subsampled)

        inputs = {"audio": rng.normal(size=(2, samples, 1)).astype(np.float32),
                  "image": rng.normal(size=(2, frames, size, size, 3)).astype(np.float32)}
        arguments = dict(num_blocks=1, num_self_attention_heads=3, num_cross_attention_heads=1, num_frames=frames,
                         image_size=[size, size], audio_samples_per_frame=samples_per_frame, output_shape=[1, frames, size, size])
        return apply, arguments, inputs, points


# name -> method of `Models`
FIXTURES_OF = {
    "deepmind-masked-lm": "masked_language_modelling",
    "deepmind-image-learned": "learned_position_encoding",
    "deepmind-image-fourier": "fourier_position_encoding",
    "deepmind-image-conv": "conv_preprocessing",
    "deepmind-optical-flow": "optical_flow",
    "deepmind-video": "video_autoencoding",
}


def randomize(tree, rng):
    """Fill all parameters so that every term shows: peaky attention, gains 1 +- 0.3, offsets +- 0.3, unit tables."""
    def fill(module, name, value):
        uniform = rng.uniform(-1, 1, value.shape)
        if name == "scale":
            return 1 + 0.3 * uniform
        if name in ("b", "offset", "bias"):
            return 0.3 * uniform
        normal = rng.normal(size=value.shape)
        return normal * 1.5 / np.sqrt(np.prod(value.shape[:-1])) if name == "w" else normal
    return {module: {name: fill(module, name, value).astype(np.float32) for name, value in sorted(entries.items())}
            for module, entries in sorted(tree.items())}


def randomize_state(tree, rng):
    """Running statistics of batch norms: means +- 0.3, variances 1 +- 0.3; counters as they are."""
    def fill(module, name, value):
        if name == "counter":
            return np.asarray(value)
        middle = 1.0 if "var" in module else 0.0
        return (middle + 0.3 * rng.uniform(-1, 1, value.shape)).astype(np.float32)
    return {module: {name: fill(module, name, value) for name, value in sorted(entries.items())}
            for module, entries in sorted(tree.items())}


def make(models, fixture):
    """One directory: parameters under Haiku's names, `config.json`, and a reference."""
    method = FIXTURES_OF[fixture]
    rng = np.random.default_rng(zlib.crc32(fixture.encode()))
    apply, arguments, inputs, *points = getattr(models, method)(rng)
    transformed = hk.transform_with_state(apply)
    key = jax.random.PRNGKey(0)
    models.is_training = True
    params, state = transformed.init(key, *inputs.values())
    models.is_training = False
    params, state = randomize(params, rng), randomize_state(state, rng)
    outputs, _ = transformed.apply(params, state, key, *inputs.values())
    directory = FIXTURES / fixture
    directory.mkdir(exist_ok=True)
    entries = [(module, name, array) for tree in (params, state) for module, entry in tree.items() for name, array in entry.items()]
    write_safetensors(directory / "model.safetensors", {f"{module}:{name}": array for module, name, array in entries}, {})
    config = {"library": "deepmind-research/perceiver", "class": method, "args": arguments}
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tensors = {f"input.{name}": array for name, array in inputs.items()}
    tensors |= {f"output.{name}": np.asarray(array) for name, array in outputs.items()}
    tensors |= {f"points.{name}": index for name, index in (points[0] if points else {}).items()}
    stated = {"percio_reference": "1", "framework": f"jax {jax.__version__}, dm-haiku {hk.__version__}", "device": "cpu",
              "dtype": "float32"}
    write_safetensors(directory / "reference.safetensors", tensors, stated)
    shown = ", ".join(f"{name} {list(array.shape)} max {np.abs(array).max():.2f}" for name, array in outputs.items())
    print(f"{fixture}: {shown}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, required=True, help="the directory that holds perceiver.py")
    parser.add_argument("--only", choices=FIXTURES_OF, help="make this one")
    arguments = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_default_matmul_precision", "highest")
    models = Models(arguments.source)
    for fixture in [arguments.only] if arguments.only else FIXTURES_OF:
        make(models, fixture)


if __name__ == "__main__":
    main()
