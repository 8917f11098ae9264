"""How near our training step comes to the machine's limit: the speed of a large matrix product."""

import torch

from benchmarks.measure import ratios, speeds, spread, table
from benchmarks.steps import full_batches, middle_size, numbered_vocabulary, our_step
from course_lib.pretraining import Training

WANTED = "≥ 75 %"
SIDES = (1024, 2048)  # of square matrices: no one size is the fastest everywhere


def product_flops(rows, columns, inner):
    """Operations of (rows, inner) @ (inner, columns): one product and one sum for each triple."""
    return 2 * rows * columns * inner


def forward_flops(size):
    """Operations of all matrix products on the way forward through one batch of full texts."""
    batch, length, hidden_size, vocab_size = (
        size.batch_size,
        size.max_length,
        size.hidden_size,
        size.vocab_size,
    )
    positions = batch * length
    head_size = hidden_size // size.heads
    projections = 4 * product_flops(positions, hidden_size, hidden_size)  # query, key, value, output
    scores = batch * size.heads * product_flops(length, length, head_size)
    averages = batch * size.heads * product_flops(length, head_size, length)
    # The expected number: from batch to batch it varies, over the rounds it does not matter.
    gaps = Training.mask_probability * batch * (length - 2)  # [CLS] and [SEP] are never hidden
    widen_and_narrow = 2 * product_flops(1, 4 * hidden_size, hidden_size)  # for one position
    feed_forward = ((size.layers - 1) * positions + gaps) * widen_and_narrow  # the last layer: only the gaps
    head = product_flops(gaps, hidden_size, hidden_size) + product_flops(gaps, vocab_size, hidden_size)
    return size.layers * (projections + scores + averages) + feed_forward + head


def step_flops(size):
    """Backward, each product needs two: one for the gradient of either factor."""
    return 3 * forward_flops(size)


def large_product(side, times):
    """A function that multiplies square matrices `times` times and returns the operations that took."""
    left, right = torch.rand(side, side), torch.rand(side, side)
    result = left @ right

    def multiply():
        for _ in range(times):
            torch.matmul(left, right, out=result)
        return times * product_flops(side, side, side)

    return multiply


def our_steps(size, rounds, steps):
    """A function that makes `steps` training steps and returns the operations of their matrix products."""
    step = our_step(size, full_batches(size, 1 + rounds * steps), numbered_vocabulary(size))
    step()  # warms up

    def train():
        for _ in range(steps):
            step()
        return steps * step_flops(size)

    return train


def measure(options):
    rounds, steps, times = (2, 1, 1) if options.quick else (9, 4, 3)
    size = middle_size(128)
    found = speeds(
        {"step": our_steps(size, rounds, steps)} | {side: large_product(side, times) for side in SIDES},
        rounds,
    )
    best_of_rounds = [max(found[side][number] for side in SIDES) for number in range(rounds)]
    best = max(best_of_rounds)
    rows = [
        ("large product, the fastest of each round", spread(giga(best_of_rounds), ".0f"), ""),
        ("our step", spread(giga(found["step"]), ".0f"), ""),
        (
            "our step, share of the fastest of its round",
            "",
            spread(ratios(found["step"], best_of_rounds), ".0%"),
        ),
        ("our step, share of the fastest of all", "", spread([each / best for each in found["step"]], ".0%")),
    ]
    return table(["matrix products at d 256, 128 tokens", "GFLOP/s", f"share (wanted {WANTED})"], rows)


def giga(values):
    return [value / 1e9 for value in values]
