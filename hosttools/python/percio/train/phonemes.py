"""Train `phonemes`: the pronunciation of an English word from its spelling, one decoder query for each letter.

Each query tells the chunk of none, one or two phonemes that its letter stands for; what they say one after the other is the
pronunciation. The data is CMU's pronouncing dictionary, split by words' digests into 90 % training, 5 % validation, 5 % test; the
test words are looked at once.
"""

import torch
from torch.nn import functional as F

from percio.data import phonemes as data
from percio.train import common

REFERENCE = 48
SETTINGS = common.SETTINGS | {
    "steps": 24000, "batch": 512, "rate": 4e-3, "warmup": 300, "smoothing": 0.05, "dropout": 0.02, "weight_decay": 0.02, "average": 0.997,
}


def configuration(labels):
    """The native configuration; a class for each chunk of phonemes."""
    block = {"qk": 64, "v": 64, "widening": 2, "activation": "gelu"}
    return {
        "model_type": "percio", "format": 1, "name": "phonemes",
        "summary": "Says how an English word is pronounced: for each letter the phonemes that it stands for.",
        "inputs": [{"name": "letters", "kind": "ids", "vocabulary": len(data.LETTERS), "tokens": data.LONGEST, "embedding": 64,
                    "position": {"kind": "learned", "combine": "add"}}],
        "latents": {"count": data.LONGEST, "width": 64},
        "encoder": {"cross": {"heads": 4, **block, "residual": True}, "layers": {"count": 3, "blocks": 1, "heads": 4, **block}},
        "decoder": {"queries": {"kind": "learned", "count": data.LONGEST, "width": 64}, "heads": 4, **block, "residual": True},
        "outputs": [{"name": "phonemes", "width": len(labels), "labels": labels}],
    }


def distance(a, b):
    """The edit distance of two sequences: insertions, deletions and replacements."""
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


def spoken(classes, labels):
    """The phonemes that a row of classes says."""
    return [phoneme for c in classes for phoneme in labels[c].split() if phoneme != "_"]


@torch.no_grad()
def evaluate(model, letters, classes, labels):
    """(edits per true phoneme, the share of words that are right in every phoneme)."""
    told = torch.cat([model(letters=part)["phonemes"].argmax(-1) for part in letters.split(500)])
    edits, length, right = 0, 0, 0
    for ours, theirs in zip(told.tolist(), classes.tolist()):
        ours, theirs = spoken(ours, labels), spoken(theirs, labels)
        edits, length, right = edits + distance(ours, theirs), length + len(theirs), right + (ours == theirs)
    return edits / length, right / len(letters)


def baseline(words):
    """Edits per phoneme and right words of the test when each letter says what it says most often in training."""
    letters, classes = words.of("train")
    counts = torch.zeros(len(data.LETTERS), len(words.labels))
    counts.index_put_((letters.flatten(), classes.flatten()), torch.ones(letters.numel()), accumulate=True)
    best = counts.argmax(1)
    told = lambda letters: {"phonemes": F.one_hot(best[letters], len(words.labels))}
    return evaluate(told, *words.of("test"), words.labels)


def arguments(parser):
    """The options of this training alone."""
    parser.add_argument("--validate", action="store_true", help="do not look at the test words; export nothing")


def run(device, settings, options, report):
    """Train and test; returns the model and what its reference holds, None when there is nothing to export."""
    words = data.Words()
    report(f"{len(words.spelling)} words, {words.left_out} left out, {len(words.labels)} classes")
    (letters, classes), held = (tuple(t.to(device) for t in words.of(part)) for part in ("train", "validation"))
    generator = torch.Generator().manual_seed(settings["seed"])

    def sample():
        chosen = torch.randint(len(letters), (settings["batch"],), generator=generator).to(device)
        return letters[chosen], classes[chosen]

    def loss(model, letters, classes):
        logits = model(letters=letters)["phonemes"]
        return F.cross_entropy(logits.flatten(0, 1), classes.flatten(), label_smoothing=settings["smoothing"])

    def progress(average, text):
        report(f"{text}, held-out: " + shown(evaluate(average, held[0][::4], held[1][::4], words.labels)))

    model = common.fit(configuration(words.labels), sample, loss, settings, device, progress)
    report("held-out: " + shown(evaluate(model, *held, words.labels)))
    if options.validate:
        return model, None
    letters, classes = (t.to(device) for t in words.of("test"))
    report(f"test, {len(letters)} words: {shown(evaluate(model, letters, classes, words.labels))}")
    report(f"each letter for itself: {shown(baseline(words))}")
    some = torch.linspace(0, len(letters) - 1, REFERENCE).round().long()
    return model, ({"letters": letters[some]}, {"label.phonemes": classes[some].to(torch.int32)}, {"metric": "sequence_error"})


def shown(result):
    return f"phoneme error {100 * result[0]:.2f} %, whole words {100 * result[1]:.2f} %"
