"""From a live model of each library to a comparison, by the installed commands: export, record, `percio compare`.

Usage: python test_commands.py   (`./ci.sh python` sets up what it needs: the packages of requirements-libraries.txt, the folder of
perceiver-io's source code in PERCEIVER_IO, and the program `percio` in PERCIO)
"""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

COMMANDS = Path(sys.executable).parent
HERE = Path(__file__).resolve().parent

LUCIDRAINS = """
    import torch
    from perceiver_pytorch import PerceiverIO
    ARGS = dict(dim=6, queries_dim=8, depth=2, num_latents=5, latent_dim=10, cross_dim_head=4, latent_dim_head=4, latent_heads=3, logits_dim=3)
    def build():
        torch.manual_seed(0)
        return PerceiverIO(**ARGS), ARGS
"""

# What perceiver-io imports for training only is not there.
KRASSERM = f"""
    import os, sys
    sys.path.insert(0, {str(HERE)!r})
    sys.path.insert(0, os.environ["PERCEIVER_IO"])
    import torch
    from krasserm_sources import AbsentFinder
    sys.meta_path.insert(0, AbsentFinder())
    from perceiver.model.core import ClassificationDecoderConfig, PerceiverConfig
    from perceiver.model.image.classifier import ImageClassifier, ImageEncoderConfig
    def build():
        torch.manual_seed(0)
        encoder = ImageEncoderConfig(image_shape=(5, 7, 3), num_frequency_bands=4, num_cross_attention_heads=3,
                                     num_self_attention_heads=3, num_self_attention_layers_per_block=2)
        decoder = ClassificationDecoderConfig(num_classes=5, num_output_query_channels=15, num_cross_attention_heads=3)
        config = PerceiverConfig(encoder, decoder, num_latents=7, num_latent_channels=12)
        return ImageClassifier(config), dict(config=config)
"""


def run(*command):
    """The output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def exported_and_compared(self, model, inputs, *options):
        """Two commands write the model and its reference, the third compares; returns what the reference states."""
        directory, given = self.folder / "exported", self.folder / "inputs.safetensors"
        reference = directory / "reference.safetensors"
        save_file(inputs, given)
        run(COMMANDS / "percio-export", model, "-o", directory)
        run(COMMANDS / "percio-reference", model, "--inputs", given, "-o", reference, "--device", "cpu", "--latency-runs", 3, *options)
        report = json.loads(run(os.environ["PERCIO"], "compare", directory, "--reference", reference, "--format", "json"))
        self.assertTrue(report["passed"])
        return reference, report

    def written(self, code):
        file = self.folder / "model.py"
        file.write_text(textwrap.dedent(code))
        return f"{file}:build"

    def test_transformers(self):
        config = transformers.PerceiverConfig(
            num_latents=5, d_latents=12, d_model=16, num_self_attends_per_block=2, num_blocks=2, num_self_attention_heads=3,
            num_cross_attention_heads=2, vocab_size=19, max_position_embeddings=7, initializer_range=0.2)
        torch.manual_seed(0)
        transformers.PerceiverForMaskedLM(config).save_pretrained(self.folder / "trained")
        inputs = {"input_ids": torch.randint(19, (3, 7)), "attention_mask": torch.tensor([[1] * 7, [1] * 5 + [0] * 2, [1] * 7])}
        reference, report = self.exported_and_compared(self.folder / "trained", inputs)
        stages = [stage["name"] for run in report["runs"] for stage in run["stages"]]
        self.assertIn("encoder.layers.1#2", stages)
        from safetensors import safe_open

        with safe_open(reference, "pt") as file:
            stated = file.metadata()
        self.assertEqual([stated[key] for key in ("device", "dtype", "tf32", "deterministic", "batch", "latency_runs")],
                         ["cpu", "float32", "false", "false", "3", "3"])
        self.assertGreater(float(stated["latency_ms"]), 0)
        again = self.folder / "double.safetensors"
        run(COMMANDS / "percio-reference", self.folder / "trained", "--inputs", reference, "-o", again, "--device", "cpu",
            "--precision", "fp64", "--deterministic")
        with safe_open(again, "pt") as file:
            self.assertEqual((file.metadata()["dtype"], file.metadata()["deterministic"]), ("float64", "true"))
        run(os.environ["PERCIO"], "compare", self.folder / "exported", "--reference", again, "--reference", reference)

    def test_perceiver_pytorch(self):
        self.exported_and_compared(self.written(LUCIDRAINS), {"data": torch.randn(3, 7, 6), "queries": torch.randn(3, 4, 8)})

    def test_perceiver_io(self):
        self.exported_and_compared(self.written(KRASSERM), {"x": torch.randn(3, 5, 7, 3)})

    def test_native(self):
        model = HERE.parents[1] / "examples" / "models" / "motion"
        report = run(COMMANDS / "percio-reference", model, "--inputs", model / "reference.safetensors", "-o",
                     self.folder / "again.safetensors", "--device", "cpu", "--latency-runs", 0)
        self.assertIn("logits [48, 7], computed on cpu in fp32", report)
        run(os.environ["PERCIO"], "compare", model, "--reference", self.folder / "again.safetensors")

    def test_mistakes_are_sentences(self):
        given = self.folder / "inputs.safetensors"
        save_file({"x": torch.zeros(1, 2)}, given)
        (self.folder / "empty.py").write_text("")
        for options, sentence in [
            (["percio-export", f"{self.folder}/absent.py:build", "-o", "out"], "absent.py is not a file"),
            (["percio-export", f"{self.folder}/empty.py:build", "-o", "out"], "has no 'build'"),
            (["percio-reference", self.written(LUCIDRAINS), "--inputs", given, "-o", "out", "--device", "cpu", "--precision", "tf32"],
             "TF32 is a mode of NVIDIA's GPUs and this runs on cpu"),
            (["percio-train", "motion", "--set", "beauty=1"], "'beauty' is no setting"),
        ]:
            done = subprocess.run([COMMANDS / options[0], *options[1:]], capture_output=True, text=True, cwd=self.folder)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(sentence, done.stderr)
            self.assertFalse((self.folder / "out").exists(), "nothing is half-written")


if __name__ == "__main__":
    unittest.main()
