"""A slider of the browser's own kind: every keyboard moves it, a screen reader says its name and value."""

from pathlib import Path

import anywidget
import traitlets


class Slider(anywidget.AnyWidget):
    """description: its name   options: what can be chosen, from left to right   value: the first choice

    `value` is always the option that is chosen now; `on_change` says what to do when it becomes another.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")
    description = traitlets.Unicode().tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    place = traitlets.Int().tag(sync=True)  # of the chosen one among the options

    def __init__(self, description, options, value):
        self.options = list(options)
        labels = [f"{option}" for option in self.options]
        super().__init__(description=description, labels=labels, place=self.options.index(value))

    @property
    def value(self):
        return self.options[self.place]

    @value.setter
    def value(self, option):
        self.place = self.options.index(option)

    def on_change(self, draw):
        self.observe(lambda _: draw(), "place")
