"""The native model format of percio (docs/native-format.md) as a torch module: the part of it that one trains from scratch.

`NativeModel(config)` builds a model whose `state_dict` names are exactly the tensor names of that page, so
`save_model` writes a model directory the Rust compiler reads and `load_model` reads one back.

Letters: B batch, N input tokens, C token width, M latents, D latent width, Q output queries.
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from percio.files import write_safetensors

ACTIVATIONS = {
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "relu": F.relu,
    "squared_relu": lambda x: F.relu(x).square(),
    "silu": F.silu,
    "tanh": torch.tanh,
    "identity": lambda x: x,
}

# The fields that this module knows, by section; the format has more, which `percio import` writes.
BLOCK = {"heads", "qk", "v", "widening", "activation"}
FIELDS = {
    "config": {"$schema", "model_type", "format", "name", "summary", "source", "norm_eps", "inputs", "token_width", "latents", "encoder",
               "decoder", "outputs"},
    "inputs": {"name", "kind", "tokens", "samples", "height", "width", "channels", "patch", "layout", "vocabulary", "embedding", "rate_hz",
               "unit", "scale", "project", "position"},
    "position": {"kind", "combine", "width", "bands", "max_resolution", "sine_only", "with_position", "project"},
    "latents": {"count", "width"},
    "encoder": {"cross", "layers"},
    "cross": BLOCK | {"residual"},
    "layers": BLOCK | {"count", "blocks"},
    "decoder": BLOCK | {"residual", "queries"},
    "queries": {"kind", "count", "width", "shape", "bands", "max_resolution", "sine_only", "with_position"},
    "outputs": {"name", "queries", "width", "tied", "labels"},
}
KINDS = {"inputs": {"tokens", "series", "image", "ids"}, "queries": {"learned", "fourier"}}


def check(section, spec):
    """Raise ValueError for what the configuration says and this module does not compute."""
    for name in sorted(spec.keys() - FIELDS[section]):
        raise ValueError(f"`{name}` in `{section}` is not computed here: percio runs such a model, but this module cannot train it")
    kinds = KINDS.get(section, {spec.get("kind")})
    if spec.get("kind") not in kinds or spec.get("residual", True) == "gru" or isinstance(spec.get("tokens"), list):
        raise ValueError(f"`{section}` {spec} is not computed here, expected a plain one of {sorted(map(str, kinds))}")
    for name, part in spec.items():
        if name in FIELDS and name != "queries" or name == "queries" and section == "decoder":
            for entry in part if isinstance(part, list) else [part]:
                check(name, entry)


def fourier_table(shape, spec):
    """Position encodings of a grid: [prod(shape), width], float32, row-major over `shape`.

    Channels are [p | sin of every axis | cos of every axis], as transformers' `generate_fourier_features` orders them.
    """
    resolutions = spec.get("max_resolution", shape)
    axes = [torch.linspace(-1.0, 1.0, n) for n in shape]
    positions = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(shape))
    bands = torch.stack([torch.linspace(1.0, r / 2, spec["bands"]) for r in resolutions])
    angles = math.pi * (positions[:, :, None] * bands[None]).flatten(1)
    parts = [positions] if spec.get("with_position", True) else []
    parts.append(angles.sin())
    if not spec.get("sine_only", False):
        parts.append(angles.cos())
    return torch.cat(parts, -1)


def attention(q, k, v, fused):
    """softmax(q·kᵀ / sqrt(width))·v over [B, heads, n, width]; `fused` is faster and rounds elsewhere, which training may."""
    if fused:
        return F.scaled_dot_product_attention(q, k, v)
    return (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1) @ v


class Mlp(nn.Module):
    """x [.., width] -> down(act(up(LN x))), without the residual."""

    def __init__(self, width, widening, activation, eps):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=eps)
        self.up = nn.Linear(width, widening * width)
        self.down = nn.Linear(widening * width, width)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        return self.down(self.activation(self.up(self.norm(x))))


class Block(nn.Module):
    """An attention block over queries [B, n, q_width] and keys [B, m, kv_width]; self-attention when `kv_width` is None."""

    def __init__(self, spec, q_width, kv_width, eps, residual):
        super().__init__()
        key_width = q_width if kv_width is None else kv_width
        qk = spec["qk"]
        v = spec.get("v", qk)
        self.heads, self.residual = spec.get("heads", 1), residual
        self.norm_q = nn.LayerNorm(q_width, eps=eps)
        self.norm_kv = None if kv_width is None else nn.LayerNorm(kv_width, eps=eps)
        self.q = nn.Linear(q_width, qk)
        self.k = nn.Linear(key_width, qk)
        self.v = nn.Linear(key_width, v)
        self.o = nn.Linear(v, q_width)
        widening = spec.get("widening", 1)
        self.mlp = Mlp(q_width, widening, spec.get("activation", "gelu"), eps) if widening else None
        self.drop = nn.Dropout(0.0)  # training only: on the attention's and the MLP's output

    def forward(self, x, z=None):
        queries = self.norm_q(x)
        keys = queries if z is None else self.norm_kv(z)
        q, k, v = (self._split(p) for p in (self.q(queries), self.k(keys), self.v(keys)))
        a = self.drop(self.o(attention(q, k, v, self.training).transpose(1, 2).flatten(2)))
        if self.residual:
            a = a + x
        return a if self.mlp is None else a + self.drop(self.mlp(a))

    def _split(self, x):
        """[B, n, width] -> [B, heads, n, width / heads]; a head is a contiguous slice of channels."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Input(nn.Module):
    """One modality: raw numbers or ids -> tokens [B, tokens, width]; `fill` adds the padding up to C."""

    def __init__(self, spec):
        super().__init__()
        self.spec, self.kind = spec, spec["kind"]
        self.grid, width = self._shape()
        if self.kind == "ids":
            self.embedding = nn.Parameter(torch.zeros(spec["vocabulary"], width))
        for name in ("offset", "gain") if "scale" in spec else ():
            self.register_buffer(name, torch.tensor(spec["scale"][name], dtype=torch.float32), persistent=False)
        if "project" in spec:
            self.project = nn.Linear(width, spec["project"])
            width = spec["project"]
        self.width = self._add_position(width) if "position" in spec else width

    def _shape(self):
        """The token grid (one or two axes) and the numbers of one token before the projection."""
        s = self.spec
        patch = s.get("patch", 1)
        if self.kind == "ids":
            return [s["tokens"]], s["embedding"]
        if self.kind == "image":
            return [s["height"] // patch, s["width"] // patch], patch * patch * s["channels"]
        if self.kind == "series":
            return [s["samples"] // patch], patch * s["channels"]
        return [s["tokens"]], s["channels"]

    def _add_position(self, width):
        """Make the encoding's tensors; returns the token width after combining."""
        spec = self.spec["position"]
        concat = spec["combine"] == "concat"
        if spec["kind"] == "learned":
            encoding = spec["width"] if concat else width
            self.position = nn.Parameter(torch.zeros(math.prod(self.grid), encoding))
        else:
            table = fourier_table(self.grid, spec)
            encoding = table.shape[1]
            self.register_buffer("position", table, persistent=False)
        if "project" in spec:
            self.position_project = nn.Linear(encoding, spec["project"])
            encoding = spec["project"]
        return width + encoding if concat else width

    def fill(self, token_width):
        """Add the learned padding row when this input is narrower than C."""
        if self.width < token_width:
            self.padding = nn.Parameter(torch.zeros(token_width - self.width))

    def forward(self, raw):
        """raw: [B, tokens] ids, or the raw numbers in the layout the configuration names."""
        x = F.embedding(raw, self.embedding) if self.kind == "ids" else self._patches(raw)
        if "project" in self.spec:
            x = self.project(x)
        if "position" in self.spec:
            position = self.position[: x.shape[1]]
            if "project" in self.spec["position"]:
                position = self.position_project(position)
            concat = self.spec["position"]["combine"] == "concat"
            x = torch.cat([x, position.expand(len(x), -1, -1)], -1) if concat else x + position
        if hasattr(self, "padding"):
            x = torch.cat([x, self.padding.expand(*x.shape[:2], -1)], -1)
        return x

    def _patches(self, x):
        """Scaled tokens [B, tokens, numbers]: samples (then channels) of a patch, or (row, column, channel)."""
        if self.spec.get("layout") == "channels_first":
            x = x.movedim(1, -1)
        if "scale" in self.spec:
            x = (x - self.offset) * self.gain
        p = self.spec.get("patch", 1)
        if self.kind == "series":
            return x.unflatten(1, (-1, p)).flatten(2)
        if self.kind == "image":
            x = x.unflatten(2, (-1, p)).unflatten(1, (-1, p))
            return x.transpose(2, 3).flatten(3).flatten(1, 2)
        return x


class Encoder(nn.Module):
    """Cross-attention from the latents to the tokens, then `blocks` passes over the same self-attention layers."""

    def __init__(self, spec, token_width, width, eps):
        super().__init__()
        layers = spec["layers"]
        self.blocks = layers.get("blocks", 1)
        cross = {"qk": token_width, **spec["cross"]}
        self.cross = Block(cross, width, token_width, eps, cross.get("residual", True))
        own = {"qk": width, "v": width, **layers}
        self.layers = nn.ModuleList(Block(own, width, None, eps, True) for _ in range(layers["count"]))

    def forward(self, latents, tokens):
        x = self.cross(latents, tokens)
        for _ in range(self.blocks):
            for layer in self.layers:
                x = layer(x)
        return x


class Decoder(nn.Module):
    """One cross-attention from the queries to the latents: [B, Q, query width]."""

    def __init__(self, spec, width, eps):
        super().__init__()
        queries = spec["queries"]
        if queries["kind"] == "learned":
            self.queries = nn.Parameter(torch.zeros(queries["count"], queries["width"]))
        else:
            self.register_buffer("queries", fourier_table(queries["shape"], queries), persistent=False)
        spec = {"qk": width, **spec}
        self.cross = Block(spec, self.queries.shape[1], width, eps, spec.get("residual", True))

    def forward(self, latents):
        return self.cross(self.queries.expand(len(latents), -1, -1), latents)


class Head(nn.Module):
    """Marks an output with no tensors of its own (raw rows), or only a bias (tied logits)."""

    def __init__(self, bias=None):
        super().__init__()
        self.bias = None if bias is None else nn.Parameter(torch.zeros(bias))


class NativeModel(nn.Module):
    """forward(<input name>=tensor, ...) -> {<output name>: [B, width] or [B, queries, width]}."""

    def __init__(self, config):
        super().__init__()
        check("config", config)
        self.config = config
        eps, latents = config.get("norm_eps", 1e-5), config["latents"]
        self.inputs = nn.ModuleDict({spec["name"]: Input(spec) for spec in config["inputs"]})
        token_width = config.get("token_width", max(i.width for i in self.inputs.values()))
        for entry in self.inputs.values():
            entry.fill(token_width)
        self.tokens = nn.Identity()  # names the tokens of all inputs, for whoever watches the stages
        self.latents = nn.Parameter(torch.zeros(latents["count"], latents["width"]))
        self.encoder = Encoder(config["encoder"], token_width, latents["width"], eps)
        self.decoder = Decoder(config["decoder"], latents["width"], eps)
        self.outputs = nn.ModuleDict({spec["name"]: self._head(spec) for spec in config["outputs"]})

    def _head(self, spec):
        if "tied" in spec:
            return Head(self.inputs[spec["tied"]].embedding.shape[0])
        return nn.Linear(self.decoder.queries.shape[1], spec["width"]) if "width" in spec else Head()

    def forward(self, **raw):
        tokens = self.tokens(torch.cat([entry(raw[name]) for name, entry in self.inputs.items()], 1))
        latents = self.encoder(self.latents.expand(len(tokens), -1, -1), tokens)
        rows = self.decoder(latents)
        return {spec["name"]: self._output(spec, rows) for spec in self.config["outputs"]}

    def _output(self, spec, rows):
        first, end = spec.get("queries", (0, rows.shape[1]))
        rows, head = rows[:, first:end], self.outputs[spec["name"]]
        if "tied" in spec:
            rows = F.linear(rows, self.inputs[spec["tied"]].embedding, head.bias)
        elif "width" in spec:
            rows = head(rows)
        return rows[:, 0] if end - first == 1 else rows


def save_model(model, directory, dtypes=None):
    """Write `config.json` and `model.safetensors` (names sorted); `dtypes` maps a tensor to the type it is stored in."""
    directory, dtypes = Path(directory), dtypes or {}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(model.config, indent=2) + "\n")
    tensors = {k: v.to(dtypes.get(k, v.dtype)) for k, v in model.state_dict().items()}
    write_safetensors(directory / "model.safetensors", tensors, {"format": "pt"})


def load_model(directory):
    """Read a model directory back; a bias the file lacks is taken as absent, every other tensor must be there."""
    config = json.loads((Path(directory) / "config.json").read_text())
    tensors = load_file(Path(directory) / "model.safetensors")
    model = NativeModel(config)
    for name, module in model.named_modules():
        if getattr(module, "bias", None) is not None and f"{name}.bias" not in tensors:
            module.bias = None
    model.load_state_dict({k: v.to(torch.float32) for k, v in tensors.items()})
    return model.eval()
