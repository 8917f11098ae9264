"""A slider over d: one row of attention weights, with and without the division by √d."""

import ipywidgets as widgets
import torch

from course_lib.classroom.widgets.shown import Shown
from course_lib.classroom.widgets.slider import Slider

WORDS = 8
SIZES = [4, 8, 16, 32, 64, 128, 256, 512, 1024]


def rows(size, seed=19):
    """The weights of one query over eight keys of `size` numbers: (8,) from raw scores, (8,) from divided."""
    generator = torch.Generator().manual_seed(seed)
    query, *keys = torch.randn(WORDS + 1, SIZES[-1], generator=generator)[:, :size]
    scores = torch.stack(keys) @ query  # (8,)
    return scores.softmax(dim=-1), (scores / size**0.5).softmax(dim=-1)


def bars(size):
    """Both rows as bars of text blocks, so that nothing rests on colour."""
    lines = ""
    for name, weights in zip(("scores as they are", "divided by √d"), rows(size)):
        cells = "".join(
            f"<div style='display:inline-block;width:76px;vertical-align:bottom;text-align:center'>"
            f"<div style='height:{round(70 * weight) + 1}px;background:#0072b2;margin:0 8px'></div>"
            f"<span class='course-weight' style='font-size:13px'>{weight:.2f}</span></div>"
            for weight in weights.tolist()
        )
        lines += f"<div style='margin-top:8px;font-size:13px'>{name}</div>"
        lines += f"<div style='height:104px;display:flex;align-items:flex-end'>{cells}</div>"
    return lines


class Saturation(Shown, widgets.VBox):
    """How a row of attention weights hardens as the vectors get longer: a slider and two rows of bars."""

    GO_ON = "Run this cell to move the slider."

    def __init__(self):
        self.slider = Slider("d =", SIZES, value=4)
        self.picture = widgets.HTML()
        self.slider.on_change(self.draw)
        self.draw()
        super().__init__([self.slider, self.picture])

    def draw(self):
        self.picture.value = bars(self.slider.value)

    def still(self):
        largest = {size: [row.max().item() for row in rows(size)] for size in (4, 1024)}
        words = "The largest of eight weights: " + "; ".join(
            f"d = {size}: {raw:.2f}, divided by √d {divided:.2f}" for size, (raw, divided) in largest.items()
        )
        return words, f"<p>{words}.</p><p>d = 1024:</p>{bars(1024)}"
