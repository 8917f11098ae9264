"""Lines, bars, points: numbers against something."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import ScalarFormatter

from course_lib.classroom.figures.style import (
    BLUE,
    COLOURS,
    GREY,
    HATCHES,
    LINES,
    ORANGE,
    SHAPES,
    Drawing,
    Picture,
    PlainLogFormatter,
)


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
    axes.set(xlabel="step", ylabel="loss (nats per hidden token)", ylim=(lowest / 2, 1.3 * highest))
    axes.set_xlim(0, max(10, len(losses), *(step for step, _ in held_out)) * 1.03)
    if losses:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    now = f"; after {len(losses)} steps it is at {losses[-1]:.2f}" if losses else ""
    now += f", held out at {held_out[-1][1]:.2f}" if held_out else ""
    listed = ", ".join(f"{name} {nats:.2f}" for name, nats in rungs.items())
    return Picture(figure, f"Loss against step, falling past the rungs {listed}{now}.")


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
        style = dict(color=COLOURS[number % 6], linestyle=LINES[number % 6], marker=SHAPES[number % 6])
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
        style = dict(color=COLOURS[number % 6], capsize=3)
        bars = axes.bar(places, values, width * 0.92, label=name, yerr=spread, **style)
        axes.bar_label(bars, fmt="%.2f", fontsize=9)
        for bar in bars:
            bar.set_hatch(HATCHES[number % 6])
            bar.set_edgecolor("white")
    axes.set_xticks(range(len(names)), names, rotation=20 if sum(map(len, names)) > 55 else 0)
    axes.set(ylabel=up, title=title)
    if len(groups) > 1:
        columns = (
            len(groups) if sum(map(len, groups)) < 70 else 2
        )  # in one line they would be wider than the axes
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.02), ncols=columns)
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
            style = dict(color=COLOURS[number % 6], hatch=HATCHES[number % 6], edgecolor="white")
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
        axes.plot(at, values, label=name, color=COLOURS[number % 6], linestyle=LINES[number % 6])
    axes.plot(x, y, "o", color="black", label="the points")
    reach = max(y) - min(y)
    axes.set(xlabel="x", ylabel="y", ylim=(min(y) - 1.2 * reach, max(y) + 1.2 * reach))
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    ends = "; ".join(f"{name} {values[-1]:.3g}" for name, values in curves.items())
    return Picture(figure, f"The same points under {len(curves)} models. At x = {at[-1]:.3g}: {ends}.")


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
            style = dict(color=COLOURS[number % 6], marker=SHAPES[number % 6])
            axes.scatter(*np.asarray(points, dtype=float).T, label=group, alpha=0.75, s=36, **style)
        axes.set(title=name, xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[])
        axes.set(xlabel="first main direction", ylabel="second main direction")
    all_axes[0, -1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    figure.suptitle(title)
    figure.tight_layout()
    listed = "; ".join(f"{name}: {', '.join(groups)}" for name, groups in panels.items())
    return Picture(figure, f"{title or 'Vectors in the plane'}. {listed}.")


def draw_calibration(predicted, true, bins):
    """What a model said of its answers against the truth about them: a point for each answer, a line of the
    means.

    predicted, true: (n,) probabilities   bins: [(mean of predicted, mean of true, count), …]
    """
    figure = Drawing(figsize=(5.6, 5))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=0.8, label="as sure as it should be")
    axes.scatter(np.asarray(predicted), np.asarray(true), color=BLUE, s=10, alpha=0.25, label="one gap")
    said, was, _ = zip(*bins)
    axes.plot(said, was, color=ORANGE, marker="s", label="mean of each bin")
    axes.set(xlabel="what the model says of its answer", ylabel="the true probability of that answer")
    axes.legend(frameon=False, loc="lower right")
    words = "; ".join(f"{mean:.2f} against {truth:.2f} ({count})" for mean, truth, count in bins)
    return Picture(figure, f"What the model says against the truth, in bins: {words}.")
