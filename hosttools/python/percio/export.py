"""Write a live torch Perceiver as a model directory.

Run it where the model was trained, with or without a GPU:

    from percio.export import export
    from percio.reference import reference
    export(model, "models/mine")                     # config.json + model.safetensors
    reference(model, {"input_ids": ids}, "models/mine/reference.safetensors")

Libraries whose modules keep nothing of their configuration need `args=`, the keyword arguments of the constructor.
`percio compare models/mine --reference models/mine/reference.safetensors` then compares the device with this machine.
"""

import argparse
import json
from pathlib import Path

from percio.files import write_safetensors
from percio.libraries import library_of
from percio.loading import MODEL_HELP, load


def export(module, directory, args=None):
    """Write `config.json` and `model.safetensors` of `module` into `directory`, which is made when it is not there."""
    library, version = library_of(module)
    config = library.config(module, args, version)
    state = {name: tensor for name, tensor in module.state_dict().items()}
    text = json.dumps(config, indent=2, default=str) + "\n"
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    write_safetensors(directory / "model.safetensors", state, {"format": "pt"})
    (directory / "config.json").write_text(text)


def main():
    """The command `percio-export`."""
    parser = argparse.ArgumentParser(prog="percio-export", description="Write a torch Perceiver as a model directory of percio.",
                                     epilog="Then: percio-reference MODEL --inputs FILE -o DIR/reference.safetensors")
    parser.add_argument("model", help=MODEL_HELP)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the model directory to write")
    options = parser.parse_args()
    module, args = load(options.model)
    export(module, options.output, args)
    print(f"wrote {options.output}: {type(module).__name__}, {sum(p.numel() for p in module.parameters()):,} parameters")
