"""Record what a live torch Perceiver computes, stage by stage, where it runs: a reference file for `percio compare`."""

import argparse
import contextlib
import json
import subprocess
from pathlib import Path

import torch
from safetensors.torch import load_file

from percio.files import framework, median_latency, pick_device, write_reference
from percio.libraries import ExportError, library_of, stage_modules
from percio.loading import MODEL_HELP, load

# What `--precision` sets: the modules' type, and whether matrix products of float32 may use TF32.
PRECISIONS = {"fp32": (torch.float32, False), "tf32": (torch.float32, True), "bf16": (torch.bfloat16, False),
              "fp16": (torch.float16, False), "fp64": (torch.float64, False)}


def reference(module, inputs, path, *, device=None, precision=None, latency_runs=0, stages=True, extra=None, metadata=None):
    """Run `module` on `inputs` (name -> tensor with a batch axis, or anything else its forward takes) and write a reference file.

    Tensors go to `device` (default: where the module is). `precision` is one of PRECISIONS (default: as the module and torch are
    set); what is computed in another type is stored as float32. `latency_runs` > 0 also states the median time of that many
    runs of the whole batch after warming up. `stages` adds what each part computes. Arguments that are no tensors go into the
    metadata. `extra` holds further tensors, labels say, under their own names.
    """
    device = torch.device(device) if device else next(module.parameters()).device
    module = module.to(device).eval()
    if precision:
        module = module.to(PRECISIONS[precision][0])
    dtype = next(module.parameters()).dtype
    on_device = {name: to(value, device, dtype) for name, value in inputs.items()}
    with torch.no_grad(), matrix_precision(precision, device), Stages(module, stages) as captured:
        outputs = named(module(**on_device))
        stated = {name: json.dumps(value) for name, value in inputs.items() if is_plain(value)}
        stated |= settings(device) | {"framework": framework(library_of(module)[0].distribution)}
        stated |= {"dtype": str(dtype).removeprefix("torch."), "batch": str(batch(inputs))}
        captured.stop()
        if latency_runs:
            stated["latency_ms"] = f"{median_latency(lambda: module(**on_device), device, latency_runs):.4f}"
            stated["latency_runs"] = str(latency_runs)
    extra = (extra or {}) | {f"stage.{name}": stored(tensor) for name, tensor in captured.tensors.items()}
    extra |= {f"points.{name}": value for name, value in points(inputs).items()}
    outputs = {name: stored(tensor) for name, tensor in outputs.items()}
    write_reference(Path(path), tensors(inputs), outputs, device, extra, stated | (metadata or {}))
    return outputs


def to(value, device, dtype):
    """`value` with every tensor in it on `device`, and floating-point ones of type `dtype`."""
    if isinstance(value, torch.Tensor):
        return value.to(device, dtype) if value.is_floating_point() else value.to(device)
    return {name: to(part, device, dtype) for name, part in value.items()} if isinstance(value, dict) else value


def stored(tensor):
    """What a reference file holds of a computed tensor: float32 on the CPU, integers as they are."""
    return tensor.detach().cpu().float() if tensor.is_floating_point() else tensor.detach().cpu()


@contextlib.contextmanager
def matrix_precision(precision, device):
    """TF32 on or off as `precision` wants; without one, as torch is set."""
    if precision is None:
        yield
        return
    wanted = PRECISIONS[precision][1]
    if wanted and device.type != "cuda":
        raise ExportError(f"TF32 is a mode of NVIDIA's GPUs and this runs on {device.type}: choose another precision")
    switches = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [switch.allow_tf32 for switch in switches]
    try:
        for switch in switches:
            switch.allow_tf32 = wanted
        yield
    finally:
        for switch, value in zip(switches, before):
            switch.allow_tf32 = value


def batch(inputs):
    """The length of the leading axis of the first tensor."""
    return next((len(tensor) for tensor in tensors(inputs).values()), 0)


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
        for name, part, is_read in self.parts:
            keep = self.keeper(name)
            if is_read:
                hook = part.register_forward_pre_hook(lambda module, inputs, keep=keep: keep(module, inputs, inputs))
            else:
                hook = part.register_forward_hook(keep)
            self.hooks.append(hook)
        return self

    def stop(self):
        """Keep nothing of the runs that follow."""
        for hook in self.hooks:
            hook.remove()

    def __exit__(self, *_):
        self.stop()

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
        stated |= {"cuda": torch.version.cuda, "driver": driver(), "cudnn": str(torch.backends.cudnn.version()),
                   "cudnn_deterministic": str(torch.backends.cudnn.deterministic).lower()}
    return stated


def driver():
    """The version of NVIDIA's driver, as nvidia-smi says it."""
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.split("\n")[0].strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def main():
    """The command `percio-reference`."""
    parser = argparse.ArgumentParser(prog="percio-reference", description=__doc__,
                                     epilog="Then, where percio is: percio compare DIRECTORY --reference FILE")
    parser.add_argument("model", help=MODEL_HELP)
    parser.add_argument("--inputs", type=Path, required=True,
                        help="safetensors file: name of an argument -> tensor with a batch axis; `input.` before a name is taken off")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the reference file to write")
    parser.add_argument("--device", default=str(pick_device()), help="where to run (default: CUDA when there is one; here: %(default)s)")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32", help="default: fp32, which turns TF32 off")
    parser.add_argument("--latency-runs", type=int, default=50, metavar="N", help="median of N runs (default: 50; 0: none)")
    parser.add_argument("--deterministic", action="store_true", help="allow deterministic algorithms only")
    parser.add_argument("--no-stages", action="store_true", help="leave out what each part computes")
    options = parser.parse_args()
    module, _ = load(options.model)
    torch.use_deterministic_algorithms(options.deterministic)
    outputs = reference(module, read_inputs(options.inputs), options.output, device=options.device, precision=options.precision,
                        latency_runs=options.latency_runs, stages=not options.no_stages)
    shapes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in outputs.items())
    print(f"wrote {options.output}: {shapes}, computed on {options.device} in {options.precision}")


def read_inputs(path):
    """Name of an argument -> tensor; a reference file's other tensors are left out."""
    tensors = load_file(path)
    named = {name.removeprefix("input."): tensor for name, tensor in tensors.items() if name.startswith("input.")}
    inputs = named or tensors
    if not inputs:
        raise ExportError(f"{path} holds no tensors: write one for each argument of the model's forward")
    return inputs
