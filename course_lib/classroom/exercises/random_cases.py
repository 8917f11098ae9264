"""Drawn cases for the checks, the same ones each time.

They stand beside the cases that show something, and nobody would think of them: so an answer cannot have them
by heart.
"""

import random
import unicodedata
from collections import defaultdict
from itertools import chain

import torch


def draw(*shape, seed=0):
    """A tensor of random numbers, the same ones each time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def draw_words(number, letters, longest, seed=0):
    """Different random words of at most `longest` of these letters, the same ones each time."""
    rng, found = random.Random(seed), {}
    while len(found) < number:
        length = 1 + int(rng.random() * longest)
        found["".join(rng.choices(letters, k=length))] = None
    return list(found)


def draw_pieces(word, seed=0):
    """The word, cut at random places; what goes on inside it is written with ##."""
    rng = random.Random(f"{word} {seed}")
    places = [0, *(place for place in range(1, len(word)) if rng.random() < 0.7), len(word)]
    return ["##" * (start > 0) + word[start:end] for start, end in zip(places, places[1:])]


def draw_characters(number, seed=0):
    """Random characters outside ASCII of each category of Unicode, more of punctuation, the same ones each
    time.
    """
    rng, found = random.Random(seed), defaultdict(list)
    for place in chain(range(0x80, 0x3100), range(0xFE10, 0x11800)):
        found[unicodedata.category(chr(place))].append(chr(place))
    for category in ("Cn", "Co"):  # none of a script's own
        found.pop(category, None)
    return [
        character
        for category in sorted(found)
        for character in rng.sample(
            found[category], min(len(found[category]), number * (1 + (category[0] == "P")))
        )
    ]
