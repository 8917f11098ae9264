"""The pictures of the course, in one style. Hangul renders on every system: the font comes with a package.

Every function returns a `Picture`, which carries its description for readers who do not see it.
"""

import base64
import io
import warnings
from collections import Counter
from html import escape
from pathlib import Path

import matplotlib
import numpy as np
import pylopdf_fonts_ko
from cycler import cycler
from matplotlib import font_manager
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, ScalarFormatter

from course_lib.wordpiece import SPECIAL

# Okabe and Ito 2008: told apart with every common kind of colour blindness, which a test simulates. Lines and
# points differ by style and shape too.
BLUE, ORANGE, GREEN, GREY, BLACK = "#0072b2", "#d55e00", "#009e73", "#666666", "#000000"
COLOURS = (BLUE, ORANGE, GREEN, GREY, BLACK)
LINES, SHAPES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1))), ("o", "s", "^", "D", "v")
HATCHES = ("", "//", "..", "xx", "--")


def use_course_style():
    """Set fonts and colours once, before the first picture."""
    for path in sorted(Path(pylopdf_fonts_ko.__file__).parent.rglob("NotoSansKR*.[ot]tf")):
        font_manager.fontManager.addfont(path)
    matplotlib.rcParams.update(
        {
            "font.family": ["DejaVu Sans", "Noto Sans KR"],
            "font.size": 11,
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.unicode_minus": False,
            "figure.figsize": (8, 4),
            "figure.dpi": 100,
        }
    )
    # A sign that no font has is drawn as a box, and a label that is too long for its place makes the picture
    # larger. Both are to be seen in it, and nothing that a learner could mend.
    for message in (r"Glyph \d+ .* missing from font", "Tight layout not applied"):
        warnings.filterwarnings("ignore", message, UserWarning)


class Drawing(Figure):
    """A figure that draws every text as it is: otherwise a $ in a name or a piece could begin a formula."""

    def as_it_is(self):
        for text in self.findobj(Text):
            text.set_parse_math(False)

    def tight_layout(self, **options):
        self.as_it_is()
        super().tight_layout(**options)

    def draw(self, renderer):
        self.as_it_is()
        super().draw(renderer)


class PlainLogFormatter(LogFormatter):
    """Labels where matplotlib has them on a logarithmic axis; 0.001, where it would write a formula."""

    def __call__(self, x, pos=None):
        return f"{x:g}" if super().__call__(x, pos) else ""


class Picture:
    """A drawn figure and, in `alt`, what it shows in words.

    Figures are made without pyplot, which keeps each one in a list that threads should not share.
    """

    def __init__(self, figure: Drawing, alt):
        self.alt = alt
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
        self.png = buffer.getvalue()

    def html(self):
        data = base64.b64encode(self.png).decode()
        return f'<img alt="{escape(self.alt)}" src="data:image/png;base64,{data}">'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html(), "text/plain": f"[picture: {self.alt}]"}

    def __repr__(self):
        return f"[picture: {self.alt}]"


def draw_ladder(losses, rungs, held_out=()):
    """The losses of a training, falling past the rungs of the ladder.

    losses: one per step   rungs: {name: nats}   held_out: pairs (step, loss on held-out texts)
    """
    figure = Drawing()
    axes = figure.subplots()
    axes.plot(range(1, len(losses) + 1), losses, color=BLUE, linewidth=0.8, alpha=0.6, label="each batch")
    if held_out:
        axes.plot(*zip(*held_out), color=ORANGE, marker="o", label="held-out stories")
    for name, nats in rungs.items():
        axes.axhline(nats, color=GREY, linewidth=0.8, linestyle="--")
        place = axes.get_yaxis_transform()  # across in shares of the picture, upwards in nats
        axes.text(1.01, nats, f"{name}: {nats:.2f}", transform=place, va="center", color=GREY)
    # In this scale the rungs stand apart, and the last stretch to the floor can be seen.
    lowest, highest = min(rungs.values()), max(rungs.values())
    axes.set_yscale("log", base=2)
    axes.set_yticks([2.0**power for power in range(-6, 5) if lowest / 2 < 2.0**power < 1.4 * highest])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="step", ylabel="loss (nats per hidden piece)", ylim=(lowest / 2, 1.3 * highest))
    axes.set_xlim(0, max(10, len(losses), *(step for step, _ in held_out)) * 1.03)
    if losses:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    now = f"; after {len(losses)} steps it is at {losses[-1]:.2f}" if losses else ""
    now += f", held out at {held_out[-1][1]:.2f}" if held_out else ""
    listed = ", ".join(f"{name} {nats:.2f}" for name, nats in rungs.items())
    return Picture(figure, f"Loss against step, falling past the rungs {listed}{now}.")


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


def mean_and_spread(values):
    """(values, None), or of (values, runs) the means and the standard deviations."""
    values = np.asarray(values, dtype=float)
    return (values.mean(axis=1), values.std(axis=1, ddof=1)) if values.ndim == 2 else (values, None)


def draw_lines(lines, x, across, up, title="", logarithmic="", level=None):
    """Several curves over the same x.

    lines: {name: values, or (values, runs) where an experiment ran more than once}
    across, up: what the axes show   logarithmic: which of them, "x" or "xy"
    level: a horizontal line, as a pair (y, its name)
    """
    figure = Drawing()
    axes = figure.subplots()
    lines = {name: mean_and_spread(values) for name, values in lines.items()}
    for number, (name, (values, spread)) in enumerate(lines.items()):
        style = dict(color=COLOURS[number % 5], linestyle=LINES[number % 5], marker=SHAPES[number % 5])
        axes.errorbar(x, values, yerr=spread, label=name, markersize=5, capsize=3, **style)
    if level is not None:
        axes.axhline(level[0], color=GREY, linewidth=0.8)
        axes.text(1.01, level[0], level[1], transform=axes.get_yaxis_transform(), va="center", color=GREY)
    if "y" in logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(PlainLogFormatter())
        axes.yaxis.set_minor_formatter(PlainLogFormatter())
    if "x" in logarithmic:
        axes.set_xscale("log", base=2)
    if logarithmic or len(x) <= 10:
        axes.set_xticks(x)
        axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set(xlabel=across, ylabel=up, title=title)
    axes.legend(frameon=False)
    ends = "; ".join(
        f"{name} from {values[0]:.3g} to {values[-1]:.3g}" for name, (values, _) in lines.items()
    )
    return Picture(figure, f"{up} against {across}: {ends}.")


def draw_bars(groups, names, up, title=""):
    """Bars side by side.

    groups: {name of the group: one value for each of `names`, or (names, runs) where there was more than one}
    """
    figure = Drawing()
    axes = figure.subplots()
    width = 0.8 / len(groups)
    groups = {name: mean_and_spread(values) for name, values in groups.items()}
    for number, (name, (values, spread)) in enumerate(groups.items()):
        places = [place + (number - (len(groups) - 1) / 2) * width for place in range(len(names))]
        style = dict(color=COLOURS[number % 5], capsize=3)
        bars = axes.bar(places, values, width * 0.92, label=name, yerr=spread, **style)
        axes.bar_label(bars, fmt="%.2f", fontsize=9)
        for bar in bars:
            bar.set_hatch(HATCHES[number % 5])
            bar.set_edgecolor("white")
    axes.set_xticks(range(len(names)), names, rotation=20 if sum(map(len, names)) > 55 else 0)
    axes.set(ylabel=up, title=title)
    if len(groups) > 1:
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.02), ncols=len(groups))
    words = "; ".join(
        f"{name}: " + ", ".join(f"{n} {v:.2f}" for n, v in zip(names, values))
        for name, (values, _) in groups.items()
    )
    return Picture(figure, f"{title or up}. {words}.")


def draw_shares(totals, across, title="", unit=1):
    """What wholes are made of: one bar each, its parts side by side in it.

    totals: {name of the whole: {name of the part: amount}}   unit: the axis counts amounts in these
    """
    figure = Drawing(figsize=(9, 1.2 + 0.8 * len(totals)))
    axes = figure.subplots()
    for row, parts in enumerate(totals.values()):
        left = 0
        for number, (part, amount) in enumerate(parts.items()):
            style = dict(color=COLOURS[number % 5], hatch=HATCHES[number % 5], edgecolor="white")
            axes.barh(row, amount / unit, left=left / unit, label=part if row == 0 else None, **style)
            share = amount / sum(parts.values())
            if share > 0.05:
                box = dict(facecolor="white", edgecolor="none", pad=1.5)
                axes.text((left + amount / 2) / unit, row, f"{share:.0%}", ha="center", va="center", bbox=box)
            left += amount
    axes.set_yticks(range(len(totals)), totals)
    axes.invert_yaxis()
    axes.set(xlabel=across, title=title)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    words = "; ".join(
        f"{name}: "
        + ", ".join(f"{part} {amount / sum(parts.values()):.1%}" for part, amount in parts.items())
        for name, parts in totals.items()
    )
    return Picture(figure, f"{title or across}. {words}.")


def draw_table(rows, columns, title=""):
    """Numbers in a table, the large ones shaded: blue above 0, orange below. rows: {name: one per column}"""
    numbers = np.asarray(list(rows.values()), dtype=float)
    figure = Drawing(figsize=(1.2 * len(columns) + 1.5, 0.6 * len(rows) + 1.4))
    axes = figure.subplots()
    colours = LinearSegmentedColormap.from_list("course", [ORANGE, "white", BLUE])
    reach = np.abs(numbers).max()
    axes.imshow(numbers, cmap=colours, vmin=-1.5 * reach, vmax=1.5 * reach, aspect="auto")
    for (row, column), number in np.ndenumerate(numbers):
        axes.text(column, row, f"{number:.2f}", ha="center", va="center")
    axes.set_xticks(range(len(columns)), columns, rotation=30, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.set(title=title)
    largest = "; ".join(
        f"{name}: {columns[values.argmax()]} {values.max():.2f}" for name, values in zip(rows, numbers)
    )
    return Picture(figure, f"{title}. The largest: {largest}.")


def draw_fits(x, y, curves, at):
    """Points, and what each of several models says in between and beyond.

    curves: {name: values at `at`}
    """
    figure = Drawing()
    axes = figure.subplots()
    axes.axvspan(min(x), max(x), color="#eeeeee", label="where the points are")
    for number, (name, values) in enumerate(curves.items()):
        axes.plot(at, values, label=name, color=COLOURS[number % 5], linestyle=LINES[number % 5])
    axes.plot(x, y, "o", color="black", label="the points")
    reach = max(y) - min(y)
    axes.set(xlabel="x", ylabel="y", ylim=(min(y) - 1.2 * reach, max(y) + 1.2 * reach))
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    ends = "; ".join(f"{name} {values[-1]:.3g}" for name, values in curves.items())
    return Picture(figure, f"The same points under {len(curves)} models. At x = {at[-1]:.3g}: {ends}.")


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
    """How similar the rows of a table of positions are: every pair, and on the right by distance.

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
    right.plot(means, color=BLUE)
    right.fill_between(range(len(means)), means - spread, means + spread, color=BLUE, alpha=0.2)
    right.set(xlabel="distance", ylabel="cosine, mean and spread", ylim=(-1.05, 1.05))
    figure.tight_layout()
    return Picture(
        figure,
        f"Positions beside each other have the cosine {means[1]:.2f}; on average all {means[1:].mean():.2f}.",
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


def draw_places(panels, title=""):
    """Vectors as points in the plane, one panel beside the other.

    panels: {title: {name of the group: points (n, 2)}}
    """
    figure = Drawing(figsize=(4.6 * len(panels), 4.2))
    all_axes = figure.subplots(1, len(panels), squeeze=False)
    everything = [np.asarray(points) for groups in panels.values() for points in groups.values()]
    reach = 1.15 * max(np.abs(points).max() for points in everything)  # the same scale in every panel
    for axes, (name, groups) in zip(all_axes[0], panels.items()):
        for number, (group, points) in enumerate(groups.items()):
            style = dict(color=COLOURS[number % 5], marker=SHAPES[number % 5])
            axes.scatter(*np.asarray(points, dtype=float).T, label=group, alpha=0.75, s=36, **style)
        axes.set(title=name, xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[])
        axes.set(xlabel="first main direction", ylabel="second main direction")
    all_axes[0, -1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    figure.suptitle(title)
    figure.tight_layout()
    listed = "; ".join(f"{name}: {', '.join(groups)}" for name, groups in panels.items())
    return Picture(figure, f"{title or 'Vectors in the plane'}. {listed}.")


def draw_vocabulary(vocab, used, most=15):
    """What a vocabulary is made of: how long its pieces are, and which of them its texts use most.

    vocab: list of pieces   used: Counter of the pieces of the texts
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
    left.set(xlabel="characters of a piece", ylabel="pieces in the vocabulary")
    left.legend(frameon=False)
    in_use = [(piece, count) for piece, count in used.most_common() if piece not in SPECIAL]
    long = [(piece, count) for piece, count in in_use if len(piece.removeprefix("##")) > 1]
    names, counts = zip(*long[:most][::-1]) if long else ((), ())
    right.barh(range(len(names)), counts, color=BLUE)
    right.set_yticks(range(len(names)), names)
    right.set(xlabel="times used", title="pieces of two characters and more, by use")
    if not long:
        right.text(0.5, 0.5, "these texts use none of them", ha="center", transform=right.transAxes)
        right.set_xticks([])
    figure.tight_layout()
    begin, go_on = (sum(counts.values()) for counts in lengths.values())
    listed = ", ".join(names[::-1][:5]) or "none of two characters and more"
    words = f"A vocabulary: {begin} pieces begin a word, {go_on} go on; most used: {listed}."
    return Picture(figure, words)


def draw_pieces(kinds, columns=176):
    """Every piece of a vocabulary as one point, in the order of the ids, row by row; each kind has a panel.

    kinds: the kind of each piece, in the order of the ids
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
        figure, f"Where in the vocabulary each kind of piece lies, first id at the top left. {counts}."
    )
