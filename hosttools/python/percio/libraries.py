"""What percio's importers need to know of a live torch module: its library, class and configuration, and where its stages are."""

import dataclasses
import importlib.metadata
import re
from dataclasses import dataclass, field
from typing import Callable


class ExportError(ValueError):
    """A module that cannot be exported; the message says what to change."""


@dataclass(frozen=True)
class Library:
    """One implementation."""

    # The importable package whose modules these are.
    package: str
    # What `config.json` says, given the module, its constructor's arguments (or None) and the package's version.
    config: Callable
    # (regular expression over submodule paths, or over the module's class, a colon and the path; name of the stage that the submodule computes; `{0}` is the first group), and a third
    # entry "input" where the stage is what the submodule reads. Names are those that `percio compare` knows (docs/compare.md).
    stages: list = field(default_factory=list)
    # Its name in the package index.
    distribution: str = ""


def huggingface_config(module, _args, _version):
    if module.config.model_type != "perceiver":
        raise ExportError(f"{type(module).__name__} is a {module.config.model_type!r} model of transformers, expected a Perceiver")
    return module.config.to_dict() | {"architectures": [type(module).__name__]}


def krasserm_config(module, args, version):
    """The dataclass that the module was built from; older versions do not keep it, so it may be given as `args["config"]`."""
    config = (args or {}).get("config", getattr(module, "config", None))
    if config is None:
        raise ExportError(f"perceiver-io {version} does not keep the configuration of {type(module).__name__}: "
                          "pass args={'config': the dataclass it was built from}")
    name = type(module).__name__
    if name not in KRASSERM_TYPES:
        raise ExportError(f"{name} is none of {', '.join(sorted(KRASSERM_TYPES))}: export one of these")
    return {"library": "krasserm/perceiver-io", "version": version, "model_type": KRASSERM_TYPES[name],
            "model_config": dataclasses.asdict(config) if dataclasses.is_dataclass(config) else dict(config)}


KRASSERM_TYPES = {
    "MaskedLanguageModel": "perceiver-io-masked-language-model",
    "TextClassifier": "perceiver-io-text-classifier",
    "ImageClassifier": "perceiver-io-image-classifier",
    "OpticalFlow": "perceiver-io-optical-flow",
    "CausalLanguageModel": "perceiver-ar-causal-language-model",
    "SymbolicAudioModel": "perceiver-ar-symbolic-audio-model",
}


def constructor_config(library):
    """For libraries whose modules keep nothing of their configuration."""

    def config(module, args, version):
        if args is None:
            raise ExportError(f"{library} does not keep how {type(module).__name__} was built: pass args={{…}} with the keyword "
                              "arguments of its constructor")
        return {"library": library, "version": version, "class": type(module).__name__, "args": args}

    return config


def lucidrains(package, distribution, stages):
    return Library(package, constructor_config(distribution), stages, distribution)


def native_config(module, _args, _version):
    return module.config


LIBRARIES = [
    Library("percio", native_config, [
        (r"tokens", "tokens"),
        (r"encoder\.cross", "encoder.cross"),
        (r"encoder\.layers\.(\d+)", "encoder.layers.{0}"),
        (r"decoder\.cross", "decoder.cross"),
    ], "torch"),
    Library("transformers", huggingface_config, [
        (r"(?:perceiver\.)?input_preprocessor\.embeddings", "embedding"),
        (r"(?:perceiver\.)?input_preprocessor", "tokens"),
        (r"(?:perceiver\.)?encoder\.cross_attention", "encoder.cross"),
        (r"(?:perceiver\.)?encoder\.self_attends\.(\d+)", "encoder.layers.{0}"),
        (r"(?:perceiver\.)?decoder(?:\.decoder)?\.decoding_cross_attention", "decoder.cross"),
    ], "transformers"),
    Library("perceiver", krasserm_config, [
        (r"(?:0\.)?input_adapter", "tokens"),
        (r"0\.cross_attn_1", "encoder.cross"),
        (r"0\.cross_attn_n", "encoder.cross_n"),
        (r"0\.self_attn_1\.(\d+)", "encoder.layers.{0}"),
        (r"0\.self_attn_n\.(\d+)", "encoder.layers_n.{0}"),
        (r"cross_attention", "encoder.cross"),
        (r"self_attention\.(\d+)", "encoder.layers.{0}"),
        (r"1\.cross_attn", "decoder.cross"),
    ], "perceiver-io"),
    # Version 0.11; blocks of `Perceiver` read the input again, those of `PerceiverIO` do not. A tied block has one path and several runs.
    lucidrains("perceiver_pytorch", "perceiver-pytorch", [
        (r"PerceiverLM:token_emb", "embedding"),
        (r"PerceiverLM:perceiver_io", "tokens", "input"),
        (r"(?:perceiver_io\.)?cross_attend_block", "encoder.cross"),
        (r"Perceiver:layers\.(\d+)\.self_attns\.0\.0", "encoder.layers.{0}.cross", "input"),
        (r"(?:perceiver_io\.)?layers\.(\d+)", "encoder.layers.{0}.latents.0"),
        (r"PerceiverIO:to_logits|PerceiverLM:perceiver_io\.to_logits", "decoder.cross", "input"),
    ]),
    lucidrains("perceiver_ar_pytorch", "perceiver-ar-pytorch", []),
    lucidrains("flamingo_pytorch", "flamingo-pytorch", []),
    lucidrains("open_flamingo", "open_flamingo", []),
]


def library_of(module):
    """The library that `module` comes from, and its version."""
    package = type(module).__module__.split(".")[0]
    for library in LIBRARIES:
        if library.package == package:
            return library, importlib.metadata.version(library.distribution)
    known = ", ".join(library.distribution for library in LIBRARIES if library.package != "percio")
    raise ExportError(f"{type(module).__name__} comes from the package {package!r}, expected one of {known}: export the Perceiver "
                      "inside it, or write percio's own format with percio.native")


def stage_modules(module, library):
    """(name of the stage, submodule, whether it reads the stage rather than computes it) for each stage of `module`."""
    for path, part in module.named_modules():
        for pattern, name, *side in library.stages:
            if match := re.fullmatch(pattern, path) or re.fullmatch(pattern, f"{type(module).__name__}:{path}"):
                yield name.format(*match.groups()), part, bool(side)
