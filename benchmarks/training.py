"""Tokens a second of our pre-training step and of transformers', on texts of one length and of many."""

import tempfile
from pathlib import Path

import torch

from benchmarks.measure import ratios, speeds, spread, table
from benchmarks.steps import (
    Size,
    full_batches,
    middle_size,
    numbered_vocabulary,
    our_step,
    repeated,
    their_step,
)
from benchmarks.texts import town_stories
from course_lib.corpus import Batches, Examples, pad, tokenized
from course_lib.masking import Vocabulary

WANTED = "≥ 1.80"


def compare(ours, theirs, rounds, steps):
    """(our speeds, their speeds), one for each round of `steps` steps, after a step that warms up."""
    ours(), theirs()
    found = speeds({"ours": repeated(ours, steps), "theirs": repeated(theirs, steps)}, rounds)
    return found["ours"], found["theirs"]


def one_length(length, rounds, steps):
    """Both on the same batches of texts of exactly `length` tokens."""
    size = middle_size(length)
    batches, vocabulary = full_batches(size, 1 + rounds * steps), numbered_vocabulary(size)
    return compare(our_step(size, batches, vocabulary), their_step(size, batches, vocabulary), rounds, steps)


def in_random_order(examples, batch_size, pad_id):
    """Batches without end in the usual way: shuffled, each padded to its longest text."""
    generator = torch.Generator().manual_seed(0)
    while True:
        order = torch.randperm(len(examples), generator=generator).tolist()
        for start in range(0, len(order) - batch_size + 1, batch_size):
            yield pad(examples.read(order[start : start + batch_size]), pad_id)


def many_lengths(rounds, steps):
    """The Korean town's stories: ours sorted by length within windows, theirs in random order."""
    stories, tokenizer = town_stories()
    vocabulary = Vocabulary(tokenizer.vocab)
    size = Size(
        hidden_size=128, layers=3, heads=4, vocab_size=len(tokenizer.vocab), max_length=128, batch_size=128
    )
    with tempfile.TemporaryDirectory() as folder:
        examples = Examples.write(Path(folder) / "town", tokenized(stories, tokenizer, size.max_length))
        ours = our_step(size, Batches(examples, size.batch_size, vocabulary.pad_id), vocabulary)
        theirs = their_step(size, in_random_order(examples, size.batch_size, vocabulary.pad_id), vocabulary)
        return compare(ours, theirs, rounds, steps)


def measure(options):
    rounds, steps = (2, 1) if options.quick else (9, 4)
    texts = {
        "64 tokens each, d 256": one_length(64, rounds, steps),
        "128 tokens each, d 256": one_length(128, rounds, steps),
        "stories of the Korean town, d 128": many_lengths(rounds, 2 * steps),
    }
    rows = [
        (name, spread(ours, ",.0f"), spread(theirs, ",.0f"), spread(ratios(ours, theirs)), WANTED)
        for name, (ours, theirs) in texts.items()
    ]
    return table(["texts", "our tokens/s", "transformers' tokens/s", "ratio", "wanted"], rows)
