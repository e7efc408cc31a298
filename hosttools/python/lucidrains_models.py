"""What the goldens of lucidrains' perceiver-pytorch are: odd sizes, every class, every naming of layers, every option."""

from dataclasses import dataclass

# Sizes that every model shares; head widths come out odd.
SIZES = {"num_latents": 7, "latent_dim": 10, "cross_heads": 1, "latent_heads": 3, "cross_dim_head": 5, "latent_dim_head": 3}
FOURIER = {"num_freq_bands": 3, "max_freq": 9.0}


@dataclass(frozen=True)
class Golden:
    """A model of one version and its inputs."""

    version: str
    # The module of the class and its name.
    kind: tuple
    args: dict
    # Shapes of the inputs of numbers, without the batch.
    shapes: dict
    # Whether a mask keeps all, some, none of the tokens of a batch of three.
    masked: bool = False


MAIN, IO = ("perceiver_pytorch", "Perceiver"), ("perceiver_io", "PerceiverIO")

GOLDENS = {
    # An image; two attentions of the latents a layer.
    "lucidrains-perceiver": Golden("0.11.0", MAIN, SIZES | FOURIER | {
        "depth": 2, "self_per_cross_attn": 2, "input_channels": 2, "num_classes": 5}, {"data": (5, 4, 2)}, masked=True),
    # Layers in lists, tied: the weights of the second stand under the third, too.
    "lucidrains-perceiver-tied": Golden("0.8.8", MAIN, SIZES | FOURIER | {
        "depth": 3, "input_axis": 1, "weight_tie_layers": True, "self_per_cross_attn": 2, "cross_heads": 2,
        "num_classes": 4}, {"data": (9, 3)}, masked=True),
    # A video and no head; output layers in lists with a dropout.
    "lucidrains-perceiver-video": Golden("0.7.5", MAIN, SIZES | FOURIER | {
        "depth": 1, "input_axis": 3, "input_channels": 1, "final_classifier_head": False}, {"data": (3, 2, 5, 1)}),
    # Frequencies in powers, the base 10 with a natural logarithm; data without axes but one.
    "lucidrains-perceiver-0.7.2": Golden("0.7.2", MAIN, SIZES | FOURIER | {
        "depth": 1, "input_axis": 1, "max_freq": 5.0, "num_classes": 3}, {"data": (8, 3)}),
    # Frequencies in powers; tied attentions of the latents of one layer.
    "lucidrains-perceiver-0.7.3": Golden("0.7.3", MAIN, SIZES | FOURIER | {
        "depth": 2, "input_axis": 1, "weight_tie_layers": True, "self_per_cross_attn": 2, "num_classes": 3}, {"data": (8, 3)}),
    # The latents' attention beside the cross-attention; frequencies from the base on.
    "lucidrains-perceiver-0.1.20": Golden("0.1.20", MAIN, SIZES | FOURIER | {
        "depth": 2, "input_axis": 1, "weight_tie_layers": True, "num_classes": 3}, {"data": (8, 3)}),
    "lucidrains-gated": Golden("0.8.8", ("gated", "Perceiver"), SIZES | FOURIER | {
        "depth": 2, "num_classes": 5}, {"data": (4, 3, 3)}, masked=True),
    # A cross-attention in every layer.
    "lucidrains-io-0.6.2": Golden("0.6.2", IO, SIZES | {
        "depth": 2, "dim": 9, "queries_dim": 8, "logits_dim": 3, "self_per_cross_attn": 2}, {"data": (6, 9), "queries": (3, 8)}),
    # The softmax of the first of two cross-attentions runs over the latents.
    "lucidrains-perceiver-inverted": Golden("0.11.0", MAIN, SIZES | FOURIER | {
        "depth": 2, "input_axis": 1, "inverted_cross_attn": [True, False], "cross_heads": 2, "num_classes": 4},
        {"data": (9, 3)}, masked=True),
    # The history of the latents is mixed after each of two layers.
    "lucidrains-perceiver-residual": Golden("0.11.0", MAIN, SIZES | FOURIER | {
        "depth": 2, "input_channels": 2, "inverted_cross_attn": [False, True], "attn_residual": True,
        "attn_residual_rank": 6, "num_classes": 5},
        {"data": (3, 4, 2)}, masked=True),
    # The latents are as wide as the data, and among the keys.
    "lucidrains-perceiver-queries": Golden("0.11.0", MAIN, SIZES | FOURIER | {
        "depth": 2, "input_axis": 1, "queries_contribute_kv": True, "inverted_cross_attn": [False, True], "num_classes": 4},
        {"data": (6, 3)}, masked=True),
    "lucidrains-io-residual": Golden("0.11.0", IO, SIZES | {
        "depth": 2, "dim": 9, "queries_dim": 8, "attn_residual": True, "attn_residual_rank": 5, "decoder_ff": True,
        "inverted_cross_attn": True, "cross_heads": 2}, {"data": (6, 9), "queries": (3, 8)}, masked=True),
    # Mixtures without a norm.
    "lucidrains-io-0.10.0": Golden("0.10.0", IO, SIZES | {
        "depth": 2, "dim": 9, "queries_dim": 8, "logits_dim": 3, "attn_residual": True, "attn_residual_rank": 4,
        "weight_tie_layers": True}, {"data": (6, 9), "queries": (3, 8)}),
    "lucidrains-mixed-latents": Golden("0.8.8", ("mixed_latents", "Perceiver"), SIZES | FOURIER | {
        "depth": 2, "input_axis": 1, "num_classes": 5}, {"data": (8, 3)}, masked=True),
    "lucidrains-lm-residual": Golden("0.11.0", ("perceiver_io", "PerceiverLM"), SIZES | {
        "depth": 2, "dim": 9, "num_tokens": 17, "max_seq_len": 12, "inverted_cross_attn": True, "attn_residual": True,
        "attn_residual_rank": 7, "weight_tie_layers": True}, {}, masked=True),
    "lucidrains-lm": Golden("0.9.0", ("perceiver_io", "PerceiverLM"), SIZES | {
        "depth": 2, "dim": 9, "num_tokens": 17, "max_seq_len": 12}, {}, masked=True),
}
