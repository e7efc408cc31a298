"""From what a user names on the command line to a live module."""

import importlib.util
import json
import sys
from pathlib import Path

import torch

from percio.libraries import ExportError

MODEL_HELP = ("a directory written by save_pretrained or by percio-export, a name on Hugging Face's hub, or FILE.py:NAME, "
              "a function without arguments (or a variable) in a Python file that gives the module, or the pair of the module "
              "and the keyword arguments of its constructor")


def load(name):
    """(module, keyword arguments of its constructor or None) of what `MODEL_HELP` describes."""
    path, _, attribute = name.rpartition(":")
    if path.endswith(".py"):
        return from_file(Path(path), attribute)
    config = Path(name) / "config.json"
    if config.is_file() and json.loads(config.read_text()).get("model_type") == "percio":
        from percio.native import load_model

        return load_model(name), None
    return from_hugging_face(name), None


def from_file(path, attribute):
    """Run the Python file `path` and take `attribute` of it."""
    if not path.is_file():
        raise ExportError(f"{path} is not a file: name a Python file, a colon, and what gives the module in it")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    file = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(file)
    made = getattr(file, attribute, None)
    if made is None:
        raise ExportError(f"{path} has no {attribute!r}: name a function or a variable that gives the module")
    if callable(made) and not isinstance(made, torch.nn.Module):
        made = made()
    module, args = made if isinstance(made, tuple) else (made, None)
    if not isinstance(module, torch.nn.Module):
        raise ExportError(f"{attribute} of {path} gives {type(module).__name__}, expected a torch module, or a pair of it and a dict")
    return module.eval(), args


def from_hugging_face(name):
    """The module of a checkpoint of transformers, by the class that its configuration names."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(name)
    architecture = (config.architectures or ["PerceiverModel"])[0]
    return getattr(transformers, architecture).from_pretrained(name)
