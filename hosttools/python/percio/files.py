"""Safetensors files of percio: model weights and reference files, written the same bit for bit every time."""

import importlib.metadata
import json
import struct
import time

import torch

DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
          torch.int64: "I64", torch.int32: "I32", torch.bool: "BOOL"}


def pick_device():
    """CUDA when there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name(device):
    """What a reference file states about where it ran: `cpu`, or `cuda (name of the GPU)`."""
    return "cpu" if device.type == "cpu" else f"{device.type} ({torch.cuda.get_device_name(device)})"


def write_safetensors(path, tensors, metadata):
    """Write name -> tensor with names and metadata sorted and the header padded to 8 bytes.

    The safetensors package orders metadata at random, so files made with it differ from run to run.
    """
    header, blobs, offset = {"__metadata__": dict(sorted(metadata.items()))}, [], 0
    for name, tensor in sorted(tensors.items()):
        tensor = tensor.detach().cpu().contiguous()
        blob = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def framework(*distributions):
    """The versions of torch and of these packages, as a reference file states them."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in distributions if name != "torch"]
    return ", ".join([f"torch {torch.__version__.split('+')[0]}", *versions])


def write_reference(path, inputs, outputs, device, extra=None, metadata=None):
    """Write a reference file: `input.<name>` and `output.<name>` with a leading batch axis.

    `extra` holds tensors stored under their own names; `metadata` holds further text entries.
    """
    tensors = {f"input.{k}": v for k, v in inputs.items()}
    tensors |= {f"output.{k}": v for k, v in outputs.items()}
    tensors |= extra or {}
    stated = {
        "percio_reference": "1",
        "device": device_name(device),
        "dtype": "float32",
    }
    metadata = {"framework": framework()} | (metadata or {})
    write_safetensors(path, tensors, stated | metadata)


def median_latency(call, device, runs):
    """Median milliseconds of `call()` over `runs`, after a tenth of them as warm-up; CUDA events where there is CUDA."""
    for _ in range(max(3, runs // 10)):
        call()
    times = []
    for _ in range(runs):
        if device.type == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            call()
            end.record()
            end.synchronize()
            times.append(start.elapsed_time(end))
        else:
            start = time.perf_counter()
            call()
            times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)[runs // 2]
