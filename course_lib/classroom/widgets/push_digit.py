"""Push a digit across the canvas and see what each model answers, place by place."""

import base64
import io
from collections import deque
from functools import partial

import ipywidgets as widgets
import matplotlib.image
import torch

from course_lib.classroom.figures import BLUE
from course_lib.classroom.materials.digits import digits
from course_lib.classroom.progress_bar import watch
from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.classroom.widgets.slider import Slider
from course_lib.inductive_bias import CNN, MLP, RNN, Ensemble, PatchTransformer, place, scatter, width_for

MODELS = {"CNN": CNN, "Transformer": PatchTransformer, "RNN": RNN, "MLP": MLP}
TRAINED = range(2)  # the columns in which training digits stand
STEPS = 800
PIXEL = 18  # on the screen


def picture_of(canvas):
    """A canvas of numbers from 0 to 1 as an <img>, black on white."""
    buffer = io.BytesIO()
    options = dict(cmap="gray_r", vmin=0, vmax=1, format="png", metadata={"Software": None})
    matplotlib.image.imsave(buffer, canvas.numpy(), **options)
    side = PIXEL * len(canvas)
    return (
        f"<img alt='the canvas' width='{side}' height='{side}' style='image-rendering:pixelated;"
        f"border:1px solid #666' src='data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}'>"
    )


class PushDigit(Shown, widgets.VBox):
    """A digit to be pushed by sliders, and what each model says about it at every place.

    models: {name: function, (1, canvas, canvas) → logits (1, classes)}
    images: (n, 8, 8), labels: (n,), the digits to choose from   shown: the first one
    trained: the columns of the training digits
    """

    GO_ON = "Run this cell to push the digit."

    def __init__(self, models, images, labels, trained, canvas=12, shown=6):
        self.models, self.images, self.labels = models, images, labels
        self.trained, self.canvas = trained, canvas
        room = canvas - images.shape[-1]
        self.column = Slider("column", range(room + 1), value=0)
        self.row = Slider("row", range(room + 1), value=room // 2)
        names = [(f"a {label}", number) for number, label in enumerate(labels.tolist())]
        self.digit = widgets.Dropdown(options=names, value=shown, description="digit")
        self.picture = widgets.HTML()
        super().__init__([widgets.HTML(STYLE), self.digit, self.column, self.row, self.picture])
        self.add_class("course-card")
        self.digit.observe(lambda _: self.draw(), "value")
        for slider in (self.column, self.row):
            slider.on_change(self.draw)
        self.draw()

    def answers(self, column):
        """{name: (what the model says, its probability for the right digit)} with the digit in `column`."""
        placed = place(self.images[self.digit.value], self.row.value, column, self.canvas)
        with torch.no_grad():
            scores = {name: model(placed[None])[0] for name, model in self.models.items()}
        right = self.labels[self.digit.value]
        return {
            name: (each.argmax().item(), each.softmax(dim=0)[right].item()) for name, each in scores.items()
        }

    def draw(self):
        self.picture.value = self.html()

    def html(self):
        """The canvas, a line where training digits stood, and below it an answer for each model."""
        placed = place(self.images[self.digit.value], self.row.value, self.column.value, self.canvas)
        wide = PIXEL * (max(self.trained) + self.images.shape[-1])
        right = self.labels[self.digit.value].item()
        rows = ""
        for name, (said, probability) in self.answers(self.column.value).items():
            bar = f"<div style='width:{round(120 * probability)}px;height:12px;background:{BLUE}'></div>"
            sign = "✓" if said == right else "✗"
            rows += (
                f"<tr><td style='text-align:left'>{name}</td><td>{sign} says {said}</td>"
                f"<td style='width:130px;text-align:left'>{bar}</td><td>{probability:.2f}</td></tr>"
            )
        return (
            f"<div style='width:{wide}px;border-bottom:4px solid {BLUE}' class='course-small'>"
            f"training digits covered these columns</div>{picture_of(placed)}"
            f"<table><tr><th>model</th><th>answer</th><th colspan='2'>probability of {right}</th></tr>"
            f"{rows}</table>"
        )

    def still(self):
        lines = []
        for column in (0, self.column.options[-1]):
            said = ", ".join(f"{name} says {answer}" for name, (answer, _) in self.answers(column).items())
            lines.append(f"in column {column}, {said}")
        right = self.labels[self.digit.value].item()
        words = f"A {right} pushed across the canvas: " + "; ".join(lines)
        return words, f"<p>{words}.</p>{self.html()}"


def push_digit_demo():
    """Four models of one size, trained on digits in columns 0 and 1, and a digit to push beyond them."""
    (images, labels), (others, answers) = digits()
    generator = torch.Generator().manual_seed(0)
    left = scatter(images, rows=range(5), columns=TRAINED, generator=generator)[None]  # (1, n, 12, 12)
    models = {}
    for name, kind in MODELS.items():
        ensemble = Ensemble(partial(kind, width_for(kind, budget=10_000)), models=1)
        steps = ensemble.train(left, labels[None], [len(labels)], STEPS)
        deque(watch(steps, STEPS, f"training: {name}"), maxlen=0)
        models[name] = lambda canvas, ensemble=ensemble: ensemble.logits(canvas[None])[0]
    one_of_each = [answers.tolist().index(digit) for digit in range(10)]
    return PushDigit(models, others[one_of_each], answers[one_of_each], TRAINED)
