"""Make codegen/core/tests/checkpoints: the same small tensors in every format that is read, and files that are refused.

Rerunning makes every file again bit for bit (same versions). Nothing here is run when a file is read; `refused-call.pt`
would run `true` in a shell if it were.
Usage: python make_checkpoints.py
"""

import argparse
import collections
import dataclasses
import io
import os
import pathlib
import pickle
import re
import struct
import sys
import types
import zipfile

import numpy
import torch

from percio.files import write_safetensors

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "codegen" / "core" / "tests" / "checkpoints"


def numbers(*shape):
    """Fractions that every float type holds exactly, different at each place of a small array."""
    count = int(numpy.prod(shape))
    return ((torch.arange(count) * 7 + len(shape)) % 61 - 30).float().div(8).reshape(shape)


def tensors():
    """Every number type, and every way in which a tensor lies in a storage."""
    matrix = numbers(3, 5)
    return {
        "matrix": matrix,
        "tied": matrix,
        "transposed": matrix.t(),
        "columns": matrix[:, 1:3],
        "step": numbers(4, 6)[1::2, ::3],
        "cube": numbers(2, 3, 4).permute(2, 0, 1),
        "f16": numbers(4).half(),
        "bf16": numbers(2, 2).bfloat16(),
        "f64": numbers(3).double(),
        "i64": torch.tensor(-5),
        "i32": torch.tensor([[1, -2], [3, 1 << 20]], dtype=torch.int32),
        "i16": torch.tensor([-300, 300], dtype=torch.int16),
        "i8": torch.tensor([-1, 127], dtype=torch.int8),
        "u8": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "empty": torch.zeros(0, 4),
    }


def expected(named):
    """The tensors row-major, as `arrays.safetensors` and every reader should give them."""
    return {name: tensor.detach().float().contiguous() for name, tensor in named.items()}


def module(name, **members):
    """A module of this name, so that pickles can name its members."""
    for end in [match.start() for match in re.finditer(r"\.", name)]:
        sys.modules.setdefault(name[:end], types.ModuleType(name[:end]))
    made = types.ModuleType(name)
    for key, member in members.items():
        member.__module__, member.__qualname__ = name, key
        setattr(made, key, member)
    sys.modules[name] = made


@dataclasses.dataclass
class EncoderConfig:
    """Stands for a configuration of krasserm's library."""

    num_latents: int = 7
    dropout: float = 0.5
    freeze: bool = False
    image_shape: tuple = (9, 11, 3)


@dataclasses.dataclass(frozen=True)
class Frozen:
    """An object within an object."""

    inner: EncoderConfig = dataclasses.field(default_factory=EncoderConfig)
    none: None = None


class Attributes(dict):
    """A dictionary of a class of its own, as Lightning's AttributeDict."""


class DictConfig:
    """A dictionary of OmegaConf, which knows what it is in."""

    def __init__(self, parent, content):
        self._parent, self._content = parent, content


class AnyNode:
    """A value of OmegaConf."""

    def __init__(self, parent, value):
        self._parent, self._val = parent, value


def omegaconf():
    """A dictionary with a value and a dictionary in it."""
    outer = DictConfig(None, {})
    inner = DictConfig(outer, {})
    inner._content["rate"] = AnyNode(inner, 0.5)
    outer._content |= {"heads": AnyNode(outer, 8), "decoder": inner}
    return outer


class Shell:
    """Asks whoever loads it to run a command."""

    def __reduce__(self):
        return os.system, ("true",)


class Opaque:
    """Asks whoever loads it to make an object of an unknown class with arguments."""

    def __reduce__(self):
        return Opaque, (1, 2)


class FlatMapping(dict):
    """Haiku's dictionary, as `haiku._src.data_structures.FlatMapping.__reduce__` writes it."""

    def __reduce__(self):
        return FlatMapping, (dict(self),)


def _reconstruct_array(*_):
    """The name that `jax.Array.__reduce__` writes."""


class JaxArray:
    """An array as `jax.Array.__reduce__` writes it."""

    def __init__(self, array):
        self.array = array

    def __reduce__(self):
        return _reconstruct_array, (*self.array.__reduce__(), {"weak_type": False})


class bfloat16:
    """The class that the package ml_dtypes registers with NumPy."""


class Bfloat16Type:
    """NumPy's type for it, as `numpy.dtype(ml_dtypes.bfloat16).__reduce__` writes it."""

    def __reduce__(self):
        return numpy.dtype, (bfloat16, False, True), (3, "<", None, None, None, 2, 2, 64)


class Bfloat16Array:
    """An array of that type, from its bits."""

    def __init__(self, bits):
        self.bits = bits

    def __reduce__(self):
        function, arguments, (version, shape, _, order, data) = self.bits.__reduce__()
        return function, arguments, (version, shape, Bfloat16Type(), order, data)


module("library.config", EncoderConfig=EncoderConfig, Frozen=Frozen, Attributes=Attributes, Opaque=Opaque)
module("omegaconf.dictconfig", DictConfig=DictConfig)
module("omegaconf.nodes", AnyNode=AnyNode)
module("haiku._src.data_structures", FlatMapping=FlatMapping)
module("jax._src.array", _reconstruct_array=_reconstruct_array)
module("ml_dtypes", bfloat16=bfloat16)


def save(name, value):
    """`torch.save`, which names the archive's directory after the file."""
    torch.save(value, FIXTURES / name)


def save_legacy(name, value):
    """The format before torch 1.6. Keys of storages are addresses there: they become 0, 1, …, in order of appearance."""
    file = io.BytesIO()
    torch.serialization.sorted = list
    torch.save(value, file, _use_new_zipfile_serialization=False)
    del torch.serialization.sorted
    keys = {}

    def renamed(match):
        key = str(keys.setdefault(match[1], len(keys))).encode()
        return b"X" + struct.pack("<I", len(key)) + key

    (FIXTURES / name).write_bytes(re.sub(rb"X[\x0a-\x14]\0\0\0(\d{10,20})", renamed, file.getvalue()))


def rewrite(source, name, method=zipfile.ZIP_STORED, change=lambda name, data: data):
    """An archive with the same files, packed by `method` and changed."""
    with zipfile.ZipFile(FIXTURES / source) as old, zipfile.ZipFile(FIXTURES / name, "w") as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), change(entry.filename, old.read(entry)), method)


def big_endian(widths):
    """What a machine with the most significant byte first would have written."""
    def change(name, data):
        if name.endswith("/byteorder"):
            return b"big"
        width = widths.get(name.rpartition("/data/")[2])
        return numpy.frombuffer(data, f"V{width}").view(f"u{width}").byteswap().tobytes() if width else data
    return change


def zip64(path, name, data):
    """An archive of one stored file with all sizes and places in 64 bits, as beyond 4 GiB."""
    name, full = name.encode(), 0xFFFFFFFF
    crc = zipfile.crc32(data)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 45, 0, 0, 0, 33, crc, full, full, len(name), 20)
    local += name + struct.pack("<2H2Q", 1, 16, len(data), len(data))
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 45, 45, 0, 0, 0, 33, crc, full, full, len(name), 28, 0, 0, 0, 0, full)
    entry += name + struct.pack("<2H3Q", 1, 24, len(data), len(data), 0)
    start = len(local) + len(data)
    end = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), start)
    end += struct.pack("<4sIQI", b"PK\6\7", 0, start + len(entry), 1)
    end += struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, full, full, 0)
    path.write_bytes(local + data + entry + end)


def make_torch():
    """Files of `torch.save`."""
    named = tensors()
    write_safetensors(FIXTURES / "arrays.safetensors", expected(named), {})
    named["matrix"] = torch.nn.Parameter(named["matrix"], requires_grad=False)
    named["f16"] = torch.nn.Parameter(named["f16"], requires_grad=False)
    named["f16"].note = named["f64"].note = "a tensor with an attribute is written in another way"
    state_dict = collections.OrderedDict(named)
    state_dict._metadata = collections.OrderedDict({"": {"version": 1}})
    save("torch.pt", state_dict)
    save_legacy("torch-legacy.pt", state_dict)
    rewrite("torch.pt", "torch-deflated.pt", zipfile.ZIP_DEFLATED)
    storages = {tensor.untyped_storage().data_ptr(): tensor.element_size() for tensor in named.values()}
    widths = {str(key): width for key, width in enumerate(storages.values())}
    rewrite("torch.pt", "torch-big-endian.pt", change=big_endian(widths))


def make_lightning():
    """A checkpoint of a trainer: more than tensors, settings of unknown classes among it."""
    weight = numbers(2, 3)
    itself = [1]
    itself.append(itself)
    parameters = {
        "encoder": EncoderConfig(), "decoder": Frozen(), "space": argparse.Namespace(rate=0.25, layers=[1, 2]),
        "attributes": Attributes(a=1), "path": pathlib.PurePosixPath("data/set"), "dtype": torch.bfloat16,
        "size": weight.shape, "device": torch.device("cpu"), "numpy": numpy.float32(1.5), "nothing": None, 7: "seven",
        "omega": omegaconf(), "infinite": float("inf"), "large": 1 << 70, "set": {3}, "itself": itself,
        "ordered": collections.OrderedDict(z=1, a=2),
    }
    save("lightning.ckpt", {
        "epoch": 3, "global_step": 40, "pytorch-lightning_version": "2.0.0",
        "state_dict": collections.OrderedDict({"model.weight": weight, "model.bias": numbers(2)}),
        "hyper_parameters": parameters, "hparams_name": "kwargs",
        "optimizer_states": [{"state": {0: {"step": torch.tensor(40.0), "exp_avg": weight}}, "param_groups": [{"lr": 1}]}],
        "callbacks": {"Checkpoint": {"best": torch.tensor(0.5), "counts": collections.Counter(a=2)}},
    })


def make_refused():
    """Files of torch that hold no weights, or more than data."""
    weight = numbers(2, 3)
    save("refused-call.pt", {"weight": weight, "extra": [Shell(), Opaque(), Shell()]})
    save("refused-settings.ckpt", {"state_dict": {"weight": weight}, "hyper_parameters": {"shell": Shell()}})
    save("refused-module.pt", torch.nn.ReLU())
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), FIXTURES / "refused-program.pt")
    save("refused-tensor.pt", weight)
    save("refused-groups.pt", {"model": {"weight": weight}, "average": {"weight": weight}})
    save("refused-entries.pt", {"weight": weight, "epoch": 3, "note": "x", 5: weight, "c": numbers(2) + 1j,
                                "f8": numbers(2).to(torch.float8_e4m3fn), "wide": numbers(1, 1).expand(9, 9)})
    save("refused-nothing.pt", {"epoch": 3, "state_dict": {}})
    save("not-finite.pt", {"a": numbers(3), "b": torch.tensor([[1.0, float("nan")], [float("inf"), 1.0]])})


def arrays():
    """The tensors as NumPy holds them; the bits of bf16, which NumPy does not know."""
    named = {name: tensor.view(torch.int16) if name == "bf16" else tensor for name, tensor in tensors().items()}
    return {name: tensor.numpy() for name, tensor in named.items()}


def haiku(change=lambda array: array):
    """Parameters and state of Haiku modules."""
    named = {name: change(Bfloat16Array(array) if name == "bf16" else array) for name, array in arrays().items()}
    state = {name: named.pop(name) for name in ("bool", "i64")}
    return {"params": FlatMapping({"net/~/linear": named}), "state": FlatMapping({"net/~/norm": state})}


def make_haiku():
    """Pickles of every protocol that writes arrays in its own way."""
    for protocol in (2, 4, 5):
        (FIXTURES / f"haiku-{protocol}.pickle").write_bytes(pickle.dumps(haiku(), protocol))
    change = lambda array: array if isinstance(array, Bfloat16Array) else JaxArray(array)
    (FIXTURES / "jax.pystate").write_bytes(pickle.dumps(haiku(change), 4))
    swapped = {"module": {name: array.astype(array.dtype.newbyteorder(">")) for name, array in arrays().items()}}
    (FIXTURES / "haiku-big-endian.pickle").write_bytes(pickle.dumps(swapped, 4))
    wrong = {"a": {"w": numpy.array(["x"]), "b": 3, 5: numpy.zeros(2), "deep": {"c": numpy.complex64(1)}}, "list": [1]}
    (FIXTURES / "refused-entries.pickle").write_bytes(pickle.dumps(wrong, 4))
    (FIXTURES / "refused-call.pickle").write_bytes(pickle.dumps({"a": {"w": Shell()}}, 4))
    (FIXTURES / "refused-protocol.pickle").write_bytes(b"\x80\x02" + pickle.dumps({"a": 1}, 0))


def make_npz():
    """NumPy's archives. One is column-major, one big-endian, and one has sizes of 64 bits."""
    named = {name: array for name, array in arrays().items() if name != "bf16"}
    numpy.savez(FIXTURES / "numpy.npz", **named)
    numpy.savez_compressed(FIXTURES / "numpy-deflated.npz", **named)
    numpy.savez(FIXTURES / "numpy-big-endian.npz", **{n: a.astype(a.dtype.newbyteorder(">")) for n, a in named.items()})
    one = io.BytesIO()
    numpy.save(one, named["matrix"])
    zip64(FIXTURES / "numpy-64-bit.npz", "matrix.npy", one.getvalue())
    numpy.save(FIXTURES / "numpy.npy", named["transposed"])
    numpy.savez(FIXTURES / "refused-entries.npz", text=numpy.array(["x"]), fields=numpy.zeros(2, "f4,i4"))


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    make_torch()
    make_lightning()
    make_refused()
    make_haiku()
    make_npz()
    for path in sorted(FIXTURES.iterdir()):
        print(f"{path.stat().st_size:7} {path.name}")


if __name__ == "__main__":
    main()
