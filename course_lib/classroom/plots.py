"""The pictures of the course, in one style. Hangul renders on every system: the font comes with a package."""

from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
import pylopdf_fonts_ko
from IPython.display import HTML
from matplotlib import font_manager

BLUE, ORANGE, GREEN, GREY = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#666666",
)  # told apart by colour-blind readers too


def use_course_style():
    """Set fonts and colours once, before the first picture."""
    for path in sorted(Path(pylopdf_fonts_ko.__file__).parent.rglob("NotoSansKR*.[ot]tf")):
        font_manager.fontManager.addfont(path)
    plt.rcParams.update(
        {
            "font.family": ["DejaVu Sans", "Noto Sans KR"],
            "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, GREY]),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.figsize": (8, 4),
            "figure.dpi": 100,
        }
    )


def draw_ladder(losses, rungs, held_out=()):
    """The losses of a training, falling past the rungs of the ladder.

    losses: one per step   rungs: {name: nats}   held_out: pairs (step, loss on texts never seen)
    """
    figure, axes = plt.subplots()
    axes.plot(
        range(1, len(losses) + 1), losses, color=BLUE, linewidth=0.8, alpha=0.6, label="loss of each batch"
    )
    if held_out:
        axes.plot(*zip(*held_out), color=ORANGE, marker="o", label="loss on held-out stories")
    for name, nats in rungs.items():
        axes.axhline(nats, color=GREY, linewidth=0.8, linestyle="--")
        place = axes.get_yaxis_transform()  # across in shares of the picture, upwards in nats
        axes.text(1, nats, f"{name}: {nats:.2f}", transform=place, ha="right", va="bottom", color=GREY)
    axes.set(xlabel="step", ylabel="loss (nats per hidden piece)", ylim=(0, None))
    axes.legend(loc="center right")
    figure.tight_layout()
    return figure


def show_masking(tokens, hidden, labels, ignore):
    """A text with its gaps: what is hidden is framed, and below it stands what became of it.

    tokens, hidden: the pieces before and after masking   labels: what the loss asks for, or `ignore`
    """
    cells = []
    for token, now, label in zip(tokens, hidden, labels):
        if label == ignore:
            cells.append(f"<span style='padding:4px'>{escape(token)}<br>&nbsp;</span>")
            continue
        fate = "kept" if now == token else "→ " + now
        color = {"kept": GREEN, "→ [MASK]": BLUE}.get(fate, ORANGE)
        style = f"padding:4px;border:2px solid {color};border-radius:4px"
        cells.append(f"<span style='{style}'>{escape(token)}<br><small>{escape(fate)}</small></span>")
    return HTML(
        "<div style='display:flex;flex-wrap:wrap;gap:4px;text-align:center'>" + "".join(cells) + "</div>"
    )


def show_answers(text, answers, exact=None):
    """The likeliest pieces for each gap of a text, beside the exact ones where they are known.

    answers, exact: for each gap a list of (piece, probability)
    """

    def cell(found):
        return "<br>".join(f"{probability:.2f}&nbsp;&nbsp;{escape(piece)}" for piece, probability in found)

    exact = exact or [[]] * len(answers)
    rows = "".join(
        f"<tr><td>{number}</td><td style='text-align:left'>{cell(found)}</td>"
        f"<td style='text-align:left'>{cell(true) or 'not a story of the town'}</td></tr>"
        for number, (found, true) in enumerate(zip(answers, exact), 1)
    )
    head = "<tr><th>gap</th><th>the model says</th><th>the grammar knows</th></tr>"
    return HTML(f"<p>{escape(text)}</p><table>{head}{rows}</table>")
