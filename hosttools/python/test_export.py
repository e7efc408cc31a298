"""The exporter against the real libraries: what it writes is what the importers expect.

Usage: python test_export.py   (needs requirements.txt and perceiver-pytorch, perceiver-ar-pytorch, einops)
"""

import json
import tempfile
import unittest
from pathlib import Path

import torch
import transformers
from perceiver_ar_pytorch import PerceiverAR
from perceiver_pytorch import Perceiver, PerceiverIO
from safetensors import safe_open

from percio.export import export
from percio.reference import reference
from percio.libraries import ExportError

TEXT = transformers.PerceiverConfig(
    num_latents=5, d_latents=12, d_model=16, num_self_attends_per_block=2, num_blocks=2, num_self_attention_heads=3,
    num_cross_attention_heads=2, vocab_size=19, max_position_embeddings=7)


class Export(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = Path(folder.name) / "model"
        self.reference = self.directory / "reference.safetensors"

    def config(self):
        return json.loads((self.directory / "config.json").read_text())

    def test_hugging_face(self):
        model = transformers.PerceiverForMaskedLM(TEXT)
        export(model, self.directory)
        self.assertEqual(self.config()["architectures"], ["PerceiverForMaskedLM"])
        again = transformers.PerceiverForMaskedLM.from_pretrained(self.directory)
        for name, tensor in model.state_dict().items():
            self.assertTrue(torch.equal(tensor, again.state_dict()[name]), name)
        ids, mask = torch.randint(19, (2, 7)), torch.ones(2, 7, dtype=torch.int64)
        outputs = reference(model, {"input_ids": ids, "attention_mask": mask}, self.reference, latency_runs=2)
        with safe_open(self.reference, "pt") as file:
            self.assertTrue(torch.equal(file.get_tensor("output.logits"), outputs["logits"]))
            self.assertTrue(torch.equal(file.get_tensor("input.input_ids"), ids))
            stages = {name for name in file.keys() if name.startswith("stage.")}
            stated = file.metadata()
        layers = {f"stage.encoder.layers.{layer}{run}" for layer in range(2) for run in ("", "#2")}
        self.assertEqual(stages, {"stage.embedding", "stage.tokens", "stage.encoder.cross", "stage.decoder.cross"} | layers)
        self.assertEqual((stated["percio_reference"], stated["device"], stated["dtype"]), ("1", "cpu", "float32"))
        self.assertGreater(float(stated["latency_ms"]), 0)
        self.assertIn("transformers", stated["framework"])

    def test_modalities_have_their_own_names(self):
        config = transformers.PerceiverConfig(
            num_latents=4, d_latents=16, d_model=397, num_blocks=1, num_self_attends_per_block=1, num_self_attention_heads=2,
            num_cross_attention_heads=1, image_size=8, num_frames=2, audio_samples_per_frame=16, samples_per_patch=8,
            output_shape=[1, 2, 8, 8], output_num_channels=6, _label_trainable_num_channels=12, num_labels=700)
        model = transformers.PerceiverForMultimodalAutoencoding(config)
        inputs = {"audio": torch.randn(1, 32, 1), "image": torch.randn(1, 2, 3, 8, 8), "label": torch.zeros(1, 700)}
        points = {"audio": torch.tensor([0, 3]), "image": torch.tensor([5, 77]), "label": None}
        reference(model, {"inputs": inputs, "subsampled_output_points": points}, self.reference_in(model), stages=False)
        with safe_open(self.reference, "pt") as file:
            names = set(file.keys())
        expected = {f"{kind}.{name}" for kind in ("input", "output") for name in inputs} | {"points.audio", "points.image"}
        self.assertEqual(names, expected)

    def reference_in(self, model):
        export(model, self.directory)
        return self.reference

    def test_constructor_arguments(self):
        args = {"dim": 6, "queries_dim": 8, "depth": 1, "num_latents": 4, "latent_dim": 10, "cross_dim_head": 4,
                "latent_dim_head": 4, "latent_heads": 2, "logits_dim": 3}
        model = PerceiverIO(**args)
        with self.assertRaisesRegex(ExportError, "does not keep how PerceiverIO was built: pass args="):
            export(model, self.directory)
        self.assertFalse(self.directory.exists(), "nothing is half-written")
        export(model, self.directory, args=args)
        config = self.config()
        self.assertEqual((config["library"], config["class"], config["args"]), ("perceiver-pytorch", "PerceiverIO", args))
        reference(model, {"data": torch.randn(2, 5, 6), "queries": torch.randn(2, 3, 8)}, self.reference)
        with safe_open(self.reference, "pt") as file:
            self.assertEqual(list(file.get_tensor("output.logits").shape), [2, 3, 3])
            stages = {name: list(file.get_tensor(name).shape) for name in file.keys() if name.startswith("stage.")}
        latents = dict.fromkeys(["stage.encoder.cross", "stage.encoder.layers.0.latents.0"], [2, 4, 10])
        self.assertEqual(stages, latents | {"stage.decoder.cross": [2, 3, 8]})

    def test_stages_of_a_perceiver_that_reads_again(self):
        args = {"input_channels": 3, "input_axis": 1, "num_freq_bands": 2, "max_freq": 4.0, "depth": 2, "num_latents": 4,
                "latent_dim": 10, "cross_dim_head": 4, "latent_dim_head": 4, "latent_heads": 2, "num_classes": 3}
        model = Perceiver(**args)
        export(model, self.directory, args=args)
        reference(model, {"data": torch.randn(2, 5, 3)}, self.reference)
        with safe_open(self.reference, "pt") as file:
            stages = {name for name in file.keys() if name.startswith("stage.")}
        self.assertEqual(stages, {f"stage.encoder.layers.{layer}.{part}" for layer in range(2) for part in ("cross", "latents.0")})

    def test_perceiver_ar(self):
        args = {"num_tokens": 11, "dim": 6, "depth": 1, "max_seq_len": 9, "cross_attn_seq_len": 4, "heads": 2, "dim_head": 32}
        model = PerceiverAR(**args)
        export(model, self.directory, args=args)
        config = self.config()
        self.assertEqual((config["library"], config["class"], config["args"]), ("perceiver-ar-pytorch", "PerceiverAR", args))
        inputs = {"x": torch.randint(11, (2, 8)), "prefix_mask": torch.tensor([[True] * 4, [False] * 3 + [True]])}
        reference(model, inputs, self.reference)
        with safe_open(self.reference, "pt") as file:
            self.assertEqual(list(file.get_tensor("output.logits").shape), [2, 4, 11])
            self.assertEqual(list(file.get_tensor("input.prefix_mask").shape), [2, 4])

    def test_other_modules_are_refused(self):
        with self.assertRaisesRegex(ExportError, "comes from the package 'torch', expected one of transformers"):
            export(torch.nn.Linear(2, 2), self.directory)


if __name__ == "__main__":
    unittest.main()
