"""Move through a training: a table of positions at each step that was kept."""

import ipywidgets as widgets

from course_lib.classroom.figures import draw_similarities
from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.classroom.widgets.slider import Slider


class Scrubber(Shown, widgets.VBox):
    """How similar positions are to each other, step by step.

    snapshots: {step: table (positions, hidden_size)}, in the order of training
    """

    GO_ON = "Run this cell to see the steps in between."

    def __init__(self, snapshots):
        self.pictures = {step: draw_similarities(table) for step, table in snapshots.items()}
        self.slider = Slider("after step", snapshots, value=next(iter(snapshots)))
        self.picture = widgets.HTML()
        self.slider.on_change(self.draw)
        super().__init__([widgets.HTML(STYLE), self.slider, self.picture])
        self.add_class("course-card")
        self.draw()

    def draw(self):
        self.picture.value = self.pictures[self.slider.value].html()

    def still(self):
        first, last = (self.pictures[self.slider.options[place]] for place in (0, -1))
        words = f"[first] {first}\n[last] {last}"
        return words, f"<p>At the beginning:</p>{first.html()}<p>At the end:</p>{last.html()}"
