"""The clocks of sinusoidal positions: two positions, their hands, and how similar they are."""

import math

import ipywidgets as widgets

from course_lib.classroom.figures import BLUE, ORANGE
from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.classroom.widgets.slider import Slider
from course_lib.embeddings import clock_angles

LAST = 511  # BERT's last position
SHOWN = 8  # clocks
RADIUS = 30


class Clocks(Shown, widgets.VBox):
    """Two positions to be moved by sliders, each seen as the hands of hidden_size / 2 clocks.

    hidden_size: numbers in a vector; its clocks are shown from the fastest to the slowest
    """

    GO_ON = "Run this cell to move the sliders."

    def __init__(self, hidden_size=16, position=3, other=5):
        self.angles = clock_angles(LAST + 1, hidden_size)  # (512, hidden_size / 2)
        self.position = Slider("position", range(LAST + 1), value=position)
        self.other = Slider("another position", range(LAST + 1), value=other)
        self.picture = widgets.HTML()
        for slider in (self.position, self.other):
            slider.on_change(self.draw)
        super().__init__([widgets.HTML(STYLE), self.position, self.other, self.picture])
        self.add_class("course-card")
        self.draw()

    def draw(self):
        self.picture.value = self.html()

    def similarity(self):
        """The cosine of the angle between the two positions' vectors: the clocks' agreement, averaged."""
        one, other = self.angles[self.position.value], self.angles[self.other.value]
        return (one - other).cos().mean().item()

    def html(self):
        one, other = self.angles[self.position.value].tolist(), self.angles[self.other.value].tolist()
        faces = "".join(face(a, b) for a, b in zip(one[:SHOWN], other[:SHOWN]))
        return (
            f"<div style='display:flex;flex-wrap:wrap'>{faces}</div><div role='status'>{self.words()}</div>"
        )

    def words(self):
        return (
            f"Position {self.position.value} (solid, blue) and position {self.other.value} (dashed, orange): "
            f"similarity {self.similarity():.2f}."
        )

    def still(self):
        return f"[{self.angles.shape[1]} clocks] {self.words()}", self.html()


def face(one, other):
    """A clock with two hands, as SVG. An angle of 0 points up, and the hands turn to the right."""

    def hand(angle, colour, dashes):
        x, y = RADIUS * 0.85 * math.sin(angle), -RADIUS * 0.85 * math.cos(angle)
        return (
            f"<line x1='0' y1='0' x2='{x:.1f}' y2='{y:.1f}' stroke='{colour}' stroke-width='3' "
            f"stroke-dasharray='{dashes}'/>"
        )

    size = RADIUS + 4
    return (
        f"<svg width='{2 * size}' height='{2 * size}' viewBox='-{size} -{size} {2 * size} {2 * size}'>"
        f"<circle r='{RADIUS}' fill='none' stroke='currentColor'/>"
        f"{hand(other, ORANGE, '5 3')}{hand(one, BLUE, 'none')}</svg>"
    )
