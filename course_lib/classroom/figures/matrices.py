"""Shaded squares: weights, similarities, images, and what a vocabulary holds."""

from collections import Counter

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from course_lib.classroom.figures.style import (
    BLUE,
    COLOURS,
    HATCHES,
    ORANGE,
    Drawing,
    Picture,
)
from course_lib.wordpiece import SPECIAL


def draw_weights(weights, words, title=""):
    """A matrix of attention weights, each number written into its cell.  weights: (n, n), words: n labels"""
    weights = np.asarray(weights, dtype=float)
    figure = Drawing(figsize=(0.75 * len(words) + 1.2, 0.55 * len(words) + 1.1))
    axes = figure.subplots()
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(words)), words, rotation=30)
    axes.set_yticks(range(len(words)), words)
    axes.set(xlabel="looked at", ylabel="looking", title=title)
    for (row, column), number in np.ndenumerate(weights):
        colour = "white" if number > 0.6 else "black"
        axes.text(column, row, f"{number:.2f}", ha="center", va="center", color=colour)
    figure.tight_layout()
    row, column = np.unravel_index(weights.argmax(), weights.shape)
    largest = f"{weights[row, column]:.2f}, {words[row]} looking at {words[column]}"
    return Picture(
        figure, f"Attention weights as shaded numbers. {title or 'weights'}: the largest is {largest}."
    )


def draw_matrices(matrices, across="pixel that is read", up="pixel that is written"):
    """Numbers side by side, positive ones blue, negative ones orange.

    matrices: {name: (rows, columns)}   across, up: what the columns and the rows are
    """
    figure = Drawing(figsize=(4 * len(matrices), 4))
    all_axes = figure.subplots(1, len(matrices), squeeze=False)
    colours = LinearSegmentedColormap.from_list("course", [ORANGE, "white", BLUE])
    for axes, (name, matrix) in zip(all_axes[0], matrices.items()):
        matrix = np.asarray(matrix, dtype=float)
        axes.imshow(matrix, cmap=colours, vmin=-np.abs(matrix).max(), vmax=np.abs(matrix).max())
        axes.set(title=name, xlabel=across, ylabel=up, xticks=[], yticks=[])
    figure.tight_layout()
    zeros = "; ".join(f"{name}: {np.mean(np.asarray(m) == 0):.0%} zeros" for name, m in matrices.items())
    return Picture(figure, f"Matrices, {up} against {across}. {zeros}.")


def draw_similarities(table):
    """How similar the rows of a table of positions are: on the left every pair, on the right by distance.

    table: (positions, hidden_size)
    """
    table = np.asarray(table, dtype=float)
    table = table / np.linalg.norm(table, axis=1, keepdims=True)
    cosines = table @ table.T
    figure = Drawing(figsize=(9, 4))
    left, right = figure.subplots(1, 2)
    colours = LinearSegmentedColormap.from_list("course", [ORANGE, "white", BLUE])
    figure.colorbar(left.imshow(cosines, cmap=colours, vmin=-1, vmax=1), ax=left)
    left.set(xlabel="position", ylabel="position", title="cosine of each pair")
    by_distance = [cosines.diagonal(distance) for distance in range(len(table))]
    means = np.array([each.mean() for each in by_distance])
    spread = np.array([each.std() for each in by_distance])
    pairs = np.concatenate(by_distance[1:])
    right.plot(means, color=BLUE)
    right.fill_between(range(len(means)), means - spread, means + spread, color=BLUE, alpha=0.2)
    right.set(xlabel="distance", ylabel="cosine, mean and spread", ylim=(-1.05, 1.05))
    figure.tight_layout()
    return Picture(
        figure,
        f"Neighbouring positions have a cosine of {means[1]:.2f}, all pairs {pairs.mean():.2f} on average.",
    )


def draw_digits(images, names, columns=8):
    """Small pictures in rows. images: (n, h, w), numbers from 0 to 1   names: one for each"""
    rows = -(-len(images) // columns)
    figure = Drawing(figsize=(1.2 * columns, 1.5 * rows))
    all_axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in all_axes:
        axes.axis("off")
    for axes, image, name in zip(all_axes, images, names):
        axes.imshow(np.asarray(image), cmap="gray_r", vmin=0, vmax=1)
        axes.axis("on")
        axes.set(title=name, xticks=[], yticks=[])
    figure.tight_layout()
    return Picture(figure, f"{len(images)} images: {', '.join(map(str, names))}.")


def draw_vocabulary(vocab, used, most=15):
    """What a vocabulary is made of: how long its subwords are, and which of them its texts use most.

    vocab: list of subwords   used: Counter of the subwords of the texts
    """
    figure = Drawing(figsize=(11, 4.2))
    left, right = figure.subplots(1, 2)
    plain = [piece for piece in vocab if piece not in SPECIAL]
    lengths = {
        "begins a word": Counter(len(piece) for piece in plain if not piece.startswith("##")),
        "goes on (##)": Counter(len(piece) - 2 for piece in plain if piece.startswith("##")),
    }
    longest = max(max(counts, default=1) for counts in lengths.values())
    bottom = np.zeros(longest)
    for number, (name, counts) in enumerate(lengths.items()):
        heights = np.array([counts[length] for length in range(1, longest + 1)])
        style = dict(color=COLOURS[number], hatch=HATCHES[number], edgecolor="white")
        left.bar(range(1, longest + 1), heights, bottom=bottom, label=name, **style)
        bottom += heights
    left.set(xlabel="characters of a subword", ylabel="subwords in the vocabulary")
    left.legend(frameon=False)
    in_use = [(piece, count) for piece, count in used.most_common() if piece not in SPECIAL]
    long = [(piece, count) for piece, count in in_use if len(piece.removeprefix("##")) > 1]
    names, counts = zip(*long[:most][::-1]) if long else ((), ())
    right.barh(range(len(names)), counts, color=BLUE)
    right.set_yticks(range(len(names)), names)
    right.set(xlabel="times used", title="the most used subwords of two characters or more")
    if not long:
        right.text(0.5, 0.5, "these texts use none of them", ha="center", transform=right.transAxes)
        right.set_xticks([])
    figure.tight_layout()
    begin, go_on = (sum(counts.values()) for counts in lengths.values())
    listed = ", ".join(names[::-1][:5]) or "none of two characters or more"
    words = f"A vocabulary: {begin} subwords begin a word, {go_on} go on; most used: {listed}."
    return Picture(figure, words)


def draw_pieces(kinds, columns=176):
    """Every token of a vocabulary as one point, in the order of the ids, row by row; each kind has a panel.

    kinds: the kind of each token, in the order of the ids
    """
    names = list(dict.fromkeys(kinds))
    rows = -(-len(kinds) // columns)
    figure = Drawing(figsize=(11, 3.2 * -(-len(names) // 4)))
    all_axes = figure.subplots(-(-len(names) // 4), 4, squeeze=False).flatten()
    for axes in all_axes:
        axes.axis("off")
    for axes, name in zip(all_axes, names):
        is_kind = np.zeros(rows * columns)
        is_kind[: len(kinds)] = [kind == name for kind in kinds]
        axes.imshow(is_kind.reshape(rows, columns), cmap="Blues", vmin=0, vmax=1)
        axes.axis("on")
        axes.set(title=f"{name}: {kinds.count(name):,}", xticks=[], yticks=[])
    figure.tight_layout()
    counts = ", ".join(f"{name} {kinds.count(name):,}" for name in names)
    return Picture(
        figure, f"Where in the vocabulary each kind of token lies, first id at the top left. {counts}."
    )
