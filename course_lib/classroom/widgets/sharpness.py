"""A slider that makes a softmax sharper: the first widget that a learner turns."""

from html import escape

import ipywidgets as widgets
import torch

from course_lib.classroom.widgets.shown import Shown
from course_lib.classroom.widgets.slider import Slider


class Sharpness(Shown, widgets.VBox):
    """The weights of some words, softmax(sharpness · scores), as bars; a slider makes them sharper."""

    GO_ON = "Run this cell to move the slider."

    def __init__(self, words, scores):
        self.words, self.scores = words, torch.tensor(scores)
        self.slider = Slider("sharpness", [quarter / 4 for quarter in range(21)], value=1.0)
        self.picture = widgets.HTML()
        self.slider.on_change(self.draw)
        self.draw()
        super().__init__([self.slider, self.picture])

    def draw(self):
        self.picture.value = self.bars(self.slider.value)

    def weights(self, sharpness):
        return (sharpness * self.scores).softmax(dim=-1).tolist()

    def bars(self, sharpness):
        rows = "".join(
            f"<tr><td style='text-align:right;padding:2px 8px'>{escape(word)}</td>"
            f"<td style='text-align:left;padding:2px'><div style='display:inline-block;background:#0072b2;"
            f"height:14px;width:{round(320 * weight) + 1}px'></div> {weight:.2f}</td></tr>"
            for word, weight in zip(self.words, self.weights(sharpness))
        )
        return f"<table>{rows}</table>"

    def still(self):
        listed = ", ".join(f"{word} {weight:.2f}" for word, weight in zip(self.words, self.weights(1.0)))
        return f"Weights at sharpness 1: {listed}", f"<p>At sharpness 1:</p>{self.bars(1.0)}"
