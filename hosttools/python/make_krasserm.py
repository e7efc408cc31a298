"""Make the goldens of krasserm/perceiver-io under tests/fixtures: random tiny models and what the library computes with them.

The library's versions exclude one another: SOURCES holds a folder for each version, as requirements-krasserm.txt says.
Rerunning makes every file again bit for bit (same versions, same CPU family).
Usage: python make_krasserm.py SOURCES [--only NAME]
"""

import argparse
import dataclasses
import itertools
import json
import math
from pathlib import Path

import torch

import krasserm_models
import krasserm_sources
from make_fixtures import DEVICE, FIXTURES, rounding, seeded
from percio.files import framework, write_reference, write_safetensors
CHECKPOINTS = FIXTURES.parents[1] / "codegen" / "core" / "tests" / "checkpoints"
# The golden that is also saved as a trainer saves it.
TRAINED = "krasserm-11-text-classifier"


@torch.no_grad()
def randomize(model, generator):
    """Fill all parameters so that every term shows: peaky attention, gains 1 ± 0.3, offsets ± 0.3, unit tables."""
    gains = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.LayerNorm)}
    tables = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Embedding)}
    for name, tensor in sorted(model.named_parameters()):
        uniform = torch.rand(tensor.shape, generator=generator) * 2 - 1
        normal = torch.randn(tensor.shape, generator=generator)
        if id(tensor) in gains:
            tensor.copy_(1 + 0.3 * uniform)
        elif name.endswith("bias"):
            tensor.copy_(0.3 * uniform)
        elif "weight" in name and id(tensor) not in tables:
            tensor.copy_(normal * 1.5 / math.sqrt(tensor[0].numel()))
        else:
            tensor.copy_(normal)


class Call(torch.nn.Module):
    """A model's forward with the arguments that are no tensors; gives name -> tensor."""

    def __init__(self, model, plain):
        super().__init__()
        self.model, self.plain = model, plain

    def forward(self, **tensors):
        first, *rest = tensors.items()
        # Containers of the older versions take no names.
        named = "prefix_len" in self.plain
        outputs = self.model(first[1], *() if named else dict(rest).values(), **self.plain, **dict(rest) if named else {})
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs
        return {"logits": outputs["logits"] if isinstance(outputs, dict) else outputs}


def as_transformers_names(tensors):
    """Inputs as the classes of transformers around the models take them."""
    renamed = {}
    for name, tensor in tensors.items():
        if name == "pad_mask":
            renamed["attention_mask"] = (~tensor).long()
        else:
            renamed["pixel_values" if tensor.is_floating_point() else "input_ids"] = tensor
    return renamed


class Golden:
    """A random model and what it computes."""

    def __init__(self, name, version, kind, recipe):
        self.directory, self.version, self.kind = FIXTURES / name, version, kind
        self.generator = seeded(name)
        self.model, self.config = recipe()
        randomize(self.model.eval(), self.generator)

    def write(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.directory.name == TRAINED:
            self.write_lightning(CHECKPOINTS / "krasserm-text-classifier.ckpt")
        if self.config:
            config = {"library": "krasserm/perceiver-io", "version": self.version, "model_type": self.kind,
                      "model_config": self.config}
            (self.directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
            write_safetensors(self.directory / "model.safetensors", self.model.state_dict(), {"format": "pt"})
        else:
            self.model.save_pretrained(self.directory)
            (self.directory / "model.safetensors").chmod(0o644)
        for label, (tensors, plain) in self.inputs().items():
            tensors = tensors if self.config else as_transformers_names(tensors)
            self.reference(self.directory / f"reference{label}.safetensors", tensors, plain)
        if self.kind in (krasserm_models.CLM, krasserm_models.SAM):
            self.write_generated()

    @torch.no_grad()
    def write_generated(self):
        """A prompt and what follows it when the likeliest token is always taken, until the first tokens have left."""
        model = getattr(self.model, "backend_model", self.model)
        length, vocabulary, count = krasserm_models.TEXT["max_seq_len"], krasserm_models.TEXT["vocab_size"], 13
        latents = None if self.before(0, 8) else 1
        if self.before(0, 8):
            prompt = self.ids(1, 2)
            made = model.generate(count, prompt, threshold=1 - 1.5 / vocabulary)
        elif self.before(0, 9):
            # With the longest prefix from the start: with a shorter one this version leaves one latent unused for a while.
            prompt = self.ids(1, model.max_prefix_len + 1)
            made = model.generate(prompt, num_tokens=count, num_latents=latents, top_k=1, pbar=False)
        else:
            # Later versions leave the loop to transformers of their day, and what the loop does to their documentation: latents
            # grow until there are as many as can be, then the prefix does, then the first token leaves.
            prompt = made = self.ids(1, 3)
            for _ in range(count):
                read = made[:, -length:]
                before = max(prompt.shape[1] - latents, read.shape[1] - model.max_latents)
                logits = model(read, prefix_len=before).logits[:, -1]
                made = torch.cat((made, logits.argmax(-1, keepdim=True)), dim=-1)
            made = made[:, prompt.shape[1] :]
        written = {"prompt": prompt[0].tolist(), "latents": latents, "generated": made[0].tolist()}
        (self.directory / "generated.json").write_text(json.dumps(written) + "\n")

    def write_lightning(self, path):
        """What a trainer saves: the state of the module around the model, and the arguments that the module was made with."""
        parameters = {field.name: getattr(self.model.config, field.name) for field in dataclasses.fields(self.model.config)}
        state = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        torch.save({"epoch": 3, "global_step": 40, "pytorch-lightning_version": "2.0.9", "state_dict": state,
                    "hparams_name": "kwargs", "hyper_parameters": parameters | {"params": None}}, path)

    def before(self, *version):
        return tuple(map(int, self.version.split("."))) < version

    def normal(self, *shape):
        return torch.randn(shape, generator=self.generator)

    def ids(self, batch, count):
        return torch.randint(krasserm_models.TEXT["vocab_size"], (batch, count), generator=self.generator)

    def inputs(self):
        """Label of a reference file -> tensors and further arguments of `forward`."""
        match self.kind:
            case krasserm_models.IMG:
                return {"": ({"x": self.normal(2, *krasserm_models.IMAGE["image_shape"])}, {})}
            case krasserm_models.FLW:
                return {"": ({"x": self.normal(2, 2, 4, *krasserm_models.FLOW["image_shape"])}, {})}
            case krasserm_models.CLM | krasserm_models.SAM:
                return self.sequences()
        return self.texts()

    def texts(self):
        """All tokens with none, some and all of them padding; a few tokens; one token."""
        length = krasserm_models.TEXT["max_seq_len"]
        padding = torch.zeros(3, length, dtype=torch.bool)
        padding[1, length // 2 :] = True
        padding[1, 1] = True
        # Of nothing but padding, PyTorch's own attention, which 0.1 uses, makes no numbers.
        padding[2, 1 if self.before(0, 2) else 0 :] = True
        masks = self.kind == krasserm_models.MLM
        name = "x" if not masks else "x_input" if self.before(0, 4) else "x_masked"
        plain = {"masking": False} if masks and self.before(0, 4) else {}
        return {"": ({name: self.ids(3, length), "pad_mask": padding}, plain),
                "-short": ({name: self.ids(2, length - 4)}, plain), "-one": ({name: self.ids(1, 1)}, plain)}

    def sequences(self):
        """A prefix before the latents; fewer tokens; no prefix; one token; padding, in the prefix, in the latents, everywhere."""
        length = krasserm_models.TEXT["max_seq_len"]
        if self.before(0, 8):
            return {label: ({"x": self.ids(2, count)}, {}) for label, count in {"": length, "-short": 7, "-one": 1}.items()}
        padding = torch.arange(length) < torch.tensor([[0], [3], [8], [length]])
        prefix = {"": (length, 6), "-short": (7, 4), "-whole": (5, 0), "-one": (1, 0)}
        files = {label: ({"x": self.ids(2, count)}, {"prefix_len": before}) for label, (count, before) in prefix.items()}
        return files | {"-padded": ({"x": self.ids(4, length), "pad_mask": padding}, {"prefix_len": 6})}

    @torch.no_grad()
    def reference(self, path, tensors, plain):
        """Run in float32 and write what went in and came out; prints sizes and the rounding error."""
        call = Call(self.model, plain)
        outputs = call(**tensors)
        stated = {"framework": f"{framework()}, perceiver-io {self.version}"} | {name: str(value) for name, value in plain.items()}
        write_reference(path, tensors, outputs, DEVICE, metadata=stated)
        (shape, most), = ((list(v.shape), v.abs().max()) for v in outputs.values())
        error = rounding(call, tensors, lambda out: out)
        print(f"{path.parent.name}/{path.name}: {shape} max {most:.2f}; float32 rounding {error:.1e}")


def main():
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, help="the folder of the folders with each version's source code")
    parser.add_argument("--only", help="make just this fixture")
    options = parser.parse_args()
    wanted = [(name, *model) for name, model in krasserm_models.MODELS.items() if options.only in (None, name)]
    for version, models in itertools.groupby(wanted, key=lambda model: model[1]):
        with krasserm_sources.version(options.sources / version):
            for model in models:
                Golden(*model).write()


if __name__ == "__main__":
    main()
