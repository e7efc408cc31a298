"""Write a live torch Perceiver as a model directory, and what it computes as a reference file.

Run it where the model was trained, with or without a GPU:

    from percio_export import export, reference
    export(model, "models/mine")                     # config.json + model.safetensors
    reference(model, {"input_ids": ids}, "models/mine/reference.safetensors")

Libraries whose modules keep nothing of their configuration need `args=`, the keyword arguments of the constructor.
`percio compare models/mine --reference models/mine/reference.safetensors` then compares the device with this machine.

Command line, for Hugging Face checkpoints: python percio_export.py MODEL -o DIR --inputs FILE.safetensors [--device cuda]
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from percio_files import framework, pick_device, write_reference, write_safetensors
from percio_libraries import ExportError, library_of, stage_modules


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


def reference(module, inputs, path, *, device=None, latency_runs=0, stages=True, metadata=None):
    """Run `module` on `inputs` (name -> tensor with a batch axis, or anything else its forward takes) and write a reference file.

    Tensors go to `device` (default: where the module is). `latency_runs` > 0 also states the median time of that many runs
    after warming up. `stages` adds what each part computes. Arguments that are no tensors go into the metadata.
    """
    device = torch.device(device) if device else next(module.parameters()).device
    module = module.to(device).eval()
    on_device = {name: to(value, device) for name, value in inputs.items()}
    with torch.no_grad(), Stages(module, stages) as captured:
        outputs = named(module(**on_device))
    extra = {f"stage.{name}": tensor for name, tensor in captured.tensors.items()}
    extra |= {f"points.{name}": value for name, value in points(inputs).items()}
    stated = {name: json.dumps(value) for name, value in inputs.items() if is_plain(value)}
    stated |= settings(device) | {"framework": framework(library_of(module)[0].distribution)}
    if latency_runs:
        stated["latency_ms"] = f"{latency(module, on_device, latency_runs, device):.4f}"
    write_reference(Path(path), tensors(inputs), outputs, device, extra, stated | (metadata or {}))
    return outputs


def to(value, device):
    """`value` with every tensor in it on `device`."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    return {name: to(part, device) for name, part in value.items()} if isinstance(value, dict) else value


def is_plain(value):
    return isinstance(value, (bool, int, float, str))


def tensors(inputs):
    """Name -> tensor of `inputs`; the parts of a dictionary (modalities) under their own names."""
    found = {name: value for name, value in inputs.items() if isinstance(value, torch.Tensor)}
    for name, value in inputs.items():
        if isinstance(value, dict) and name != POINTS:
            found |= {part: tensor for part, tensor in value.items() if tensor is not None}
    return found


# The argument of transformers' multimodal model that names the output indices asked for.
POINTS = "subsampled_output_points"


def points(inputs):
    return {name: index for name, index in inputs.get(POINTS, {}).items() if index is not None}


def named(outputs):
    """Name -> tensor of what a forward returned."""
    if isinstance(outputs, torch.Tensor):
        return {"logits": outputs}
    if isinstance(outputs, (tuple, list)):
        return named(outputs[0])
    value = outputs.get("logits")
    if value is None:
        value = outputs.get("last_hidden_state")
        return {"last_hidden_state": value} if value is not None else dict(outputs)
    return dict(value) if isinstance(value, dict) else {"logits": value}


class Stages:
    """Keeps what each stage's part computes while it is entered; the second run of a part is called `name#2`."""

    def __init__(self, module, wanted):
        self.parts = list(stage_modules(module, library_of(module)[0])) if wanted else []
        self.tensors, self.hooks = {}, []

    def __enter__(self):
        self.hooks = [part.register_forward_hook(self.keeper(name)) for name, part in self.parts]
        return self

    def __exit__(self, *_):
        for hook in self.hooks:
            hook.remove()

    def keeper(self, name):
        runs = []

        def keep(_module, _inputs, output):
            runs.append(None)
            output = output[0] if isinstance(output, (tuple, list)) else getattr(output, "last_hidden_state", output)
            self.tensors[name if len(runs) == 1 else f"{name}#{len(runs)}"] = output.detach().cpu()

        return keep


def settings(device):
    """What decides how exact and how fast this machine computes."""
    stated = {"tf32": str(torch.backends.cuda.matmul.allow_tf32).lower(),
              "deterministic": str(torch.are_deterministic_algorithms_enabled()).lower(),
              "threads": str(torch.get_num_threads())}
    if device.type == "cuda":
        stated["cuda"] = torch.version.cuda
    return stated


def latency(module, inputs, runs, device):
    """Median milliseconds of a forward."""
    times = []
    with torch.no_grad():
        for run in range(runs + 3):
            if device.type == "cuda":
                start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                start.record()
                module(**inputs)
                end.record()
                torch.cuda.synchronize()
                milliseconds = start.elapsed_time(end)
            else:
                start = time.perf_counter()
                module(**inputs)
                milliseconds = (time.perf_counter() - start) * 1e3
            if run >= 3:
                times.append(milliseconds)
    return statistics.median(times)


def load_hugging_face(name):
    """The module of a checkpoint of transformers, by the class its configuration names."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(name)
    architectures = config.architectures or ["PerceiverModel"]
    return getattr(transformers, architectures[0]).from_pretrained(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a directory of save_pretrained, or a name on the hub")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the model directory to write")
    parser.add_argument("--inputs", type=Path, help="safetensors file: argument name -> tensor with a batch axis")
    parser.add_argument("--device", default=str(pick_device()), help="where to run (default: CUDA when there is one)")
    parser.add_argument("--latency-runs", type=int, default=20)
    options = parser.parse_args()
    try:
        module = load_hugging_face(options.model)
        export(module, options.output)
        if options.inputs:
            reference(module, load_file(options.inputs), options.output / "reference.safetensors", device=options.device,
                      latency_runs=options.latency_runs)
    except (ExportError, OSError) as error:
        sys.exit(f"percio_export: {error}")


if __name__ == "__main__":
    main()
