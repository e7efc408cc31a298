"""Train `flow`: where each pixel of one small frame goes in the next, one decoder query for each pixel.

The data is cut from photographs with random known motion, half of the pairs with one motion and half with two; photographs are
split whole into training, validation and test. No model is bundled: 800 steps do not reach block matching, and more were not tried.
"""

import torch
from torch.nn import functional as F

from percio.data import flow as data
from percio.train import common

REFERENCE = 32
SETTINGS = common.SETTINGS | {
    "steps": 30000, "batch": 256, "rate": 3e-3, "warmup": 300, "dropout": 0.0, "weight_decay": 0.02, "average": 0.997, "noise": 0.01,
}


def configuration():
    """The native configuration."""
    block = {"qk": 64, "v": 64, "activation": "gelu"}
    position = {"kind": "fourier", "bands": 6}
    return {
        "model_type": "percio", "format": 1, "name": "flow",
        "summary": "Says where each pixel of a frame of 16 x 16 goes in the next frame.",
        "inputs": [{"name": "frames", "kind": "image", "height": data.SIDE, "width": data.SIDE, "channels": 2, "patch": 4,
                    "unit": "grey value, 0 to 1; first and second frame", "scale": {"offset": [0.45, 0.45], "gain": [4.0, 4.0]},
                    "project": 64, "position": {**position, "combine": "add", "project": 64}}],
        "latents": {"count": 24, "width": 64},
        "encoder": {"cross": {"heads": 4, **block, "widening": 2, "residual": True},
                    "layers": {"count": 3, "blocks": 1, "heads": 4, **block, "widening": 2}},
        "decoder": {"queries": {**position, "shape": [data.SIDE, data.SIDE]}, "heads": 2, "qk": 32, "v": 64, "widening": 1,
                    "activation": "gelu", "residual": True},
        "outputs": [{"name": "flow", "width": 2}],
    }


def error(told, flow):
    """The mean length of the difference of two flows, in pixels, where the true one is known: the end-point error."""
    return (told - flow).square().sum(-1).sqrt().nanmean().item()


@torch.no_grad()
def evaluate(model, image, flow):
    return error(torch.cat([model(frames=part)["flow"] for part in image.split(200)]), flow)


def block_matching(image, reach=4, side=7):
    """Each pixel's whole-pixel motion: the offset at which the square around it differs least, [n, 256, 2]."""
    first, second = image[..., 0], image[..., 1]
    costs, offsets = [], []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            moved = F.pad(second[:, None], [reach] * 4, mode="replicate")
            moved = moved[:, 0, reach + dy : reach + dy + data.SIDE, reach + dx : reach + dx + data.SIDE]
            cost = F.avg_pool2d((first - moved).abs()[:, None], side, 1, side // 2, count_include_pad=False)[:, 0]
            costs.append(cost.flatten(1))
            offsets.append([dx, dy])
    return torch.tensor(offsets, dtype=torch.float32)[torch.stack(costs).argmin(0)]


def arguments(parser):
    """The options of this training alone."""
    parser.add_argument("--validate", action="store_true", help="do not look at the test photographs; export nothing")


def run(device, settings, options, report):
    """Train and test; returns the model and what its reference holds, None when there is nothing to export."""
    # On CUDA the pairs are made inside the recorded step, for which the default generator is known.
    generator = torch.cuda.default_generators[0] if device.type == "cuda" else torch.Generator()
    generator.manual_seed(settings["seed"])
    sources = [data.Pairs("train", generator, motions) for motions in (1, 2)]
    held = [tuple(t.to(device) for t in data.fixed("validation", 500, motions)) for motions in (1, 2)]

    def loss(model):
        image, flow = (torch.cat(parts) for parts in zip(*(source.batch(settings["batch"] // 2) for source in sources)))
        image = image + settings["noise"] * torch.randn(image.shape, generator=generator, device=device)
        told = model(frames=image)["flow"]
        return (told - flow).square().sum(-1).add(1e-4).sqrt().mean()

    def progress(average, text):
        report(f"{text}, held-out: " + ", ".join(f"{evaluate(average, *pairs):.3f}" for pairs in held))

    model = common.fit(configuration(), tuple, loss, settings, device, progress)
    if options.validate:
        return model, None
    tests = {"one motion": data.fixed("test", data.TEST_PAIRS), "two motions": data.fixed("test", data.TEST_PAIRS, 2),
             "motorcycle": data.motorcycle()}
    for name, (image, flow) in tests.items():
        ours = evaluate(model, image.to(device), flow.to(device))
        report(f"{name}, {len(image)} pairs: {ours:.4f} px; block matching {error(block_matching(image), flow):.4f}; "
               f"no motion {error(torch.zeros_like(flow), flow):.4f}")
    image, flow = (t[:REFERENCE].to(device) for t in tests["one motion"])
    return model, ({"frames": image}, {"truth.flow": flow})
