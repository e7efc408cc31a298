"""Models of transformers made to compute what DeepMind's original computes with the same weights."""

import torch
from torch.nn import functional as F
from transformers.models.perceiver import modeling_perceiver as hf


def faithful(model, mask):
    """Changes `model` in place, and what it does with this mask `[batch, tokens]` (or none).

    The tanh form of GELU; "same" padding of the convolutional stem, whose kernel the conversion to transformers has turned;
    no query residual in the decoder of learned positions; rows without a key to attend to are zero; the masked language
    model's decoder masks its queries.
    """
    for module in model.modules():
        if isinstance(module, hf.PerceiverMLP):
            module.intermediate_act_fn = torch.nn.GELU(approximate="tanh")
        if isinstance(module, hf.Conv2DDownsample):
            module.forward = lambda pixels, stem=module: downsample(stem, pixels)
    perceiver = model.perceiver
    if isinstance(model, hf.PerceiverForImageClassificationLearned):
        perceiver.decoder.decoder.decoding_cross_attention.attention.use_query_residual = False
    if mask is not None:
        empty = ~mask.bool().any(1)[:, None]
        wipe(perceiver.encoder.cross_attention.attention.self, empty)
        if isinstance(model, hf.PerceiverForMaskedLM):
            wipe(perceiver.decoder.decoding_cross_attention.attention.self, ~mask.bool())
    return model


def wipe(attention, rows):
    """Zeros what the queries `rows` `[batch, queries]` of `attention` gather."""
    attention.register_forward_hook(lambda _, __, output: (output[0].masked_fill(rows[:, :, None], 0.0), *output[1:]))


def same(x, kernel, stride, value):
    """Pads the last two axes so that there are as many windows as strides begin; an odd row or column comes last."""
    for axis in (-1, -2):
        length = x.shape[axis]
        total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        pad = [total // 2, total - total // 2]
        x = F.pad(x, pad if axis == -1 else [0, 0, *pad], value=value)
    return x


def downsample(stem, pixels):
    """The convolutional stem as TensorFlow pads it."""
    kernel = stem.conv.weight.transpose(2, 3)
    x = F.conv2d(same(pixels, 7, 2, 0.0), kernel, stride=2)
    x = stem.relu(stem.batchnorm(x))
    return F.max_pool2d(same(x, 3, 2, float("-inf")), 3, 2)
