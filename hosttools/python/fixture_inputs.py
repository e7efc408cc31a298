"""Inputs of the transformers fixtures: suffix of the reference file -> keyword arguments of the model's forward.

Every function takes the configuration and a random generator; batches are larger than one.
"""

import torch


def normal(generator, *shape):
    return torch.randn(shape, generator=generator)


def mask_of(length, generator, batch=3):
    """Keeps all tokens, some, none."""
    mask = torch.ones(batch, length, dtype=torch.int64)
    mask[1] = torch.rand(length, generator=generator) < 0.6
    mask[2] = 0
    return mask


def text(config, generator):
    """Ids at full length, with a mask that keeps all, some, none of the tokens; and fewer ids without a mask."""
    length = config.max_position_embeddings
    ids = torch.randint(config.vocab_size, (3, length), generator=generator)
    mask = torch.ones(3, length, dtype=torch.int64)
    mask[1, length // 2 :] = 0
    mask[1, 1] = 0
    mask[2] = 0
    return {"": {"input_ids": ids, "attention_mask": mask}, "-short": {"input_ids": ids[:2, : length - 4]}}


def pixels(*shape):
    return lambda config, generator: {"": {"pixel_values": normal(generator, 2, *shape)}}


def masked_pixels(*shape):
    """Pixels, and again with a mask over the tokens, one a pixel."""

    def make(config, generator):
        plain = pixels(*shape)(config, generator)
        masked = {"pixel_values": normal(generator, 3, *shape), "attention_mask": mask_of(shape[1] * shape[2], generator)}
        return plain | {"-masked": masked}

    return make


def flow(config, generator):
    """Two frames, each with the 3 x 3 neighbourhood of every pixel; and again with a mask over the tokens."""
    height, width = config.train_size
    frames = lambda batch: normal(generator, batch, 2, 27, height, width)
    masked = {"inputs": frames(3), "attention_mask": mask_of(height * width, generator)}
    return {"": {"inputs": frames(2)}, "-masked": masked}


def video(config, generator):
    """Some points of the output; all of it; and some with a mask over the tokens of all modalities."""
    samples = config.num_frames * config.audio_samples_per_frame
    side = 4 * config.image_size
    make = lambda batch: {"audio": normal(generator, batch, samples, 1), "label": normal(generator, batch, config.num_labels),
                          "image": normal(generator, batch, config.num_frames, 3, side, side)}
    patches = samples // config.samples_per_patch
    positions = config.output_shape[1] * config.output_shape[2] * config.output_shape[3]
    some = {"audio": torch.tensor([patches - 1, 0, 3]), "image": torch.tensor([7, 0, positions - 1, 7, positions // 2]), "label": None}
    every = {"audio": torch.arange(patches), "image": torch.arange(positions), "label": None}
    tokens = patches + config.num_frames * config.image_size**2 + 1
    masked = {"inputs": make(3), "attention_mask": mask_of(tokens, generator), "subsampled_output_points": some}
    return {"": {"inputs": make(2), "subsampled_output_points": some}, "-all": {"inputs": make(1), "subsampled_output_points": every},
            "-masked": masked}


def raw(*lengths):
    """Rows of d_model numbers with a mask over them, one file a length; and one row without a mask."""

    def make(config, generator):
        made = {}
        for index, length in enumerate(lengths):
            inputs = {"inputs": normal(generator, 3, length, config.d_model), "attention_mask": mask_of(length, generator)}
            made["" if index == 0 else f"-{length}"] = inputs
        return made | {"-one": {"inputs": normal(generator, 2, 1, config.d_model)}}

    return make
