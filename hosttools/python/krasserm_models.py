"""What the goldens of krasserm/perceiver-io are: one of each class and of each way of naming tensors, odd sizes throughout.

A recipe returns the module and what `config.json` holds as its `model_config`; nothing, when the module saves itself.
"""

import contextlib
import dataclasses
from importlib import import_module

LATENTS = {"num_latents": 7, "num_latent_channels": 12}
# Two cross-attentions in three blocks of two layers.
ENCODER = {"num_cross_attention_heads": 2, "num_self_attention_heads": 3, "num_self_attention_layers_per_block": 2,
           "num_self_attention_blocks": 3, "num_cross_attention_layers": 2}
DECODER = {"num_cross_attention_heads": 3}
TEXT = {"vocab_size": 23, "max_seq_len": 11}
# Tokens of 3 colours and 2 · (2 · 4 + 1) numbers of their place.
IMAGE = {"image_shape": (5, 7, 3), "num_frequency_bands": 4}
FLOW = {"image_shape": (5, 6)}
CLASSES = {"num_classes": 5}


def first(kind):
    """0.1 has no configuration of a whole model: this is what its Lightning modules keep."""
    model, adapter = import_module("perceiver.model.model"), import_module("perceiver.model.adapter")
    width = LATENTS["num_latent_channels"]
    parts = {"encoder": {"num_layers": 3, "num_cross_attention_heads": 2, "num_self_attention_heads": 3,
                         "num_self_attention_layers_per_block": 2}, "decoder": DECODER}
    if kind == "image":
        tokens = adapter.ImageInputAdapter(**IMAGE)
        head = adapter.ClassificationOutputAdapter(**CLASSES, num_output_channels=width)
    else:
        tokens = adapter.TextInputAdapter(**TEXT, num_input_channels=width)
        head = adapter.TextOutputAdapter(**TEXT, num_output_channels=width)
    encoder = model.PerceiverEncoder(tokens, **LATENTS, **parts["encoder"])
    decoder = model.PerceiverDecoder(head, width, **DECODER)
    if kind == "image":
        return model.PerceiverIO(encoder, decoder), LATENTS | parts | IMAGE | CLASSES
    return model.PerceiverMLM(encoder, decoder, model.TextMasking(TEXT["vocab_size"])), LATENTS | parts | TEXT


def perceiver_io(module, make, encoder, decoder):
    """0.2 and later: `make` of `module` builds the model from the configurations of its parts."""
    names = {}
    for code in ("perceiver.model.core", "perceiver.model.core.classifier", module, f"{module}.backend"):
        with contextlib.suppress(ModuleNotFoundError):
            names |= vars(import_module(code))
    config = names.get("PerceiverIOConfig") or names["PerceiverConfig"]
    config = config(encoder(names), decoder(names), **LATENTS, activation_checkpointing=False)
    return names[make](config), dataclasses.asdict(config)


def part(name, **fields):
    """The configuration `name` of a part."""
    return lambda names: names[name](**fields)


def text(**fields):
    return part("TextEncoderConfig", **TEXT, num_input_channels=12, **ENCODER | fields)


def image(**fields):
    return part("ImageEncoderConfig", **IMAGE, **ENCODER | {"num_cross_attention_heads": 3} | fields)


def flow(**fields):
    return part("OpticalFlowEncoderConfig", **FLOW, num_patch_input_channels=4, num_patch_hidden_channels=9,
                num_frequency_bands=3, **ENCODER | {"num_cross_attention_heads": 1} | fields)


def tokens(**fields):
    return part("TextDecoderConfig", **TEXT, **DECODER | fields)


def classes(**fields):
    return part("ClassificationDecoderConfig", **CLASSES, **DECODER | {"num_output_query_channels": 15} | fields)


def pixels(**fields):
    return part("OpticalFlowDecoderConfig", **FLOW, rescale_factor=7.0, **{"num_cross_attention_heads": 1} | fields)


def autoregressive(module, kind, **fields):
    code = import_module(module)
    fields = {"num_channels": 12, "num_heads": 2, "num_self_attention_layers": 3} | fields
    config = getattr(code, f"{kind}Config")(**TEXT, **fields)
    return getattr(code, kind)(config), dataclasses.asdict(config)


def pretrained(module, kind, recipe):
    """The model inside the class of transformers that saves it with `save_pretrained`."""
    model, _ = recipe
    code = import_module(f"{module}.huggingface")
    wrapper = getattr(code, kind)
    wrapper = wrapper(wrapper.config_class(model.config))
    wrapper.backend_model = model
    return wrapper, None


SHARED = {"first_cross_attention_layer_shared": True}
UNSHARED = {"first_self_attention_block_shared": False}
WIDTHS = {"num_cross_attention_qk_channels": 18, "num_cross_attention_v_channels": 24, "num_self_attention_qk_channels": 15,
              "num_self_attention_v_channels": 12, "cross_attention_widening_factor": 2, "self_attention_widening_factor": 3}
DECODER_WIDTHS = {"num_cross_attention_qk_channels": 9, "num_cross_attention_v_channels": 6, "cross_attention_widening_factor": 2}
BARE = {"cross_attention_residual": False}

MLM, CLF, IMG = "perceiver-io-masked-language-model", "perceiver-io-text-classifier", "perceiver-io-image-classifier"
FLW, CLM, SAM = "perceiver-io-optical-flow", "perceiver-ar-causal-language-model", "perceiver-ar-symbolic-audio-model"
# name -> version, type of the model, recipe
MODELS = {
    "krasserm-01-image": ("0.1.1", IMG, lambda: first("image")),
    "krasserm-01-masked-lm": ("0.1.1", MLM, lambda: first("text")),
    "krasserm-02-image": ("0.2.1", IMG, lambda: perceiver_io(
        "perceiver.model.config", "create_image_classifier", image(**SHARED), classes())),
    "krasserm-02-masked-lm": ("0.2.1", MLM, lambda: perceiver_io(
        "perceiver.model.config", "create_masked_lm", text(), tokens())),
    "krasserm-03-text-classifier": ("0.3.0", CLF, lambda: perceiver_io(
        "perceiver.model.text.classifier", "TextClassifier", text(**UNSHARED), classes())),
    "krasserm-04-masked-lm": ("0.4.0", MLM, lambda: perceiver_io(
        "perceiver.model.text.language", "LanguageModel", text(**WIDTHS), tokens())),
    "krasserm-05-masked-lm": ("0.5.1", MLM, lambda: perceiver_io(
        "perceiver.model.text.language", "LanguageModel", text(**SHARED), tokens(**BARE, **DECODER_WIDTHS))),
    "krasserm-06-image": ("0.6.0", IMG, lambda: perceiver_io(
        "perceiver.model.image.classifier", "ImageClassifier", image(**UNSHARED), classes(num_output_queries=2))),
    "krasserm-06-causal-lm": ("0.6.0", CLM, lambda: autoregressive(
        "perceiver.model.text.clm", "CausalLanguageModel", num_latents=5, widening_factor=2)),
    "krasserm-07-masked-lm": ("0.7.0", MLM, lambda: perceiver_io(
        "perceiver.model.text.mlm", "MaskedLanguageModel", text(), tokens(num_output_query_channels=15))),
    "krasserm-07-optical-flow": ("0.7.0", FLW, lambda: perceiver_io(
        "perceiver.model.vision.optical_flow", "OpticalFlow", flow(), pixels(**BARE))),
    "krasserm-07-causal-lm": ("0.7.0", CLM, lambda: autoregressive(
        "perceiver.model.text.clm", "CausalLanguageModel", num_latents=5, random_min_seq_len=2)),
    "krasserm-08-causal-lm": ("0.8.2", CLM, lambda: autoregressive(
        "perceiver.model.text.clm", "CausalLanguageModel", max_latents=5, output_norm=True)),
    "krasserm-11-image": ("0.11.1", IMG, lambda: perceiver_io(
        "perceiver.model.vision.image_classifier", "ImageClassifier", image(**WIDTHS | UNSHARED), classes(**BARE))),
    "krasserm-11-text-classifier": ("0.11.1", CLF, lambda: perceiver_io(
        "perceiver.model.text.classifier", "TextClassifier", text(), classes())),
    "krasserm-11-causal-lm": ("0.11.1", CLM, lambda: autoregressive(
        "perceiver.model.text.clm", "CausalLanguageModel", max_latents=5, num_self_attention_rotary_layers=2, output_norm=True,
        output_bias=False, abs_pos_emb=False, cross_attention_widening_factor=2, self_attention_widening_factor=3)),
    "krasserm-11-pretrained-masked-lm": ("0.11.1", MLM, lambda: pretrained(
        "perceiver.model.text.mlm", "PerceiverMaskedLanguageModel", perceiver_io(
            "perceiver.model.text.mlm", "MaskedLanguageModel", text(**SHARED), tokens()))),
    "krasserm-11-pretrained-image": ("0.11.1", IMG, lambda: pretrained(
        "perceiver.model.vision.image_classifier", "PerceiverImageClassifier", perceiver_io(
            "perceiver.model.vision.image_classifier", "ImageClassifier", image(num_cross_attention_layers=1), classes()))),
    "krasserm-11-pretrained-symbolic-audio": ("0.11.1", SAM, lambda: pretrained(
        "perceiver.model.audio.symbolic", "PerceiverSymbolicAudioModel", autoregressive(
            "perceiver.model.audio.symbolic", "SymbolicAudioModel", max_latents=5, num_heads=3,
            num_self_attention_rotary_layers=-1))),
}
