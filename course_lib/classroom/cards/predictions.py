"""Predict first: commit to a guess, then the measured result appears beside it."""

from html import escape

import ipywidgets as widgets
from IPython.display import HTML

from course_lib.classroom.cards.card import BY_KEYBOARD, STYLE
from course_lib.classroom.judging.store import STORE
from course_lib.classroom.markdown import text
from course_lib.classroom.widgets.shown import Shown


class Prediction(Shown, widgets.VBox):
    """A question with choices. The choice is kept; it can be changed until the result is shown."""

    GO_ON = "Run this cell to choose, and to see what you chose."

    def __init__(self, key, question, choices):
        self.key, self.question, self.choices = key, question, list(choices)
        kept = STORE.read()["predictions"].get(key)
        self.choice = widgets.RadioButtons(
            options=self.choices, value=kept if kept in self.choices else None, layout={"width": "auto"}
        )
        self.line = widgets.HTML()
        button = widgets.Button(description="Commit", button_style="primary", tooltip=BY_KEYBOARD)
        button.on_click(lambda _: self.commit(self.choice.value))
        head = f"{STYLE}<div class='course-title'>Your prediction</div><div>{text(question)}</div>"
        super().__init__([widgets.HTML(head), self.choice, button, self.line])
        self.add_class("course-card")
        self.say()

    @property
    def committed(self):
        """The choice that was committed to, or None."""
        kept = STORE.read()["predictions"].get(self.key)
        return kept if kept in self.choices else None

    def commit(self, choice):
        """Keep a choice. Nothing happens where none is made."""
        if choice is not None:
            STORE.update(lambda known: known["predictions"].update({self.key: choice}))
        self.say()

    def say(self):
        words = (
            f"Noted: {escape(self.committed)}. Run the next cells."
            if self.committed
            else "Choose, then commit."
        )
        self.line.value = f"<div role='status' class='course-small'>{words}</div>"

    def beside(self, measured):
        """The prediction and, beside it, what was measured (a text with numbers from the cells above)."""
        mine = self.committed or "no prediction made"
        return Beside(self.question, mine, measured)

    def still(self):
        listed = "".join(f"<li>{text(each)}</li>" for each in self.choices)
        words = f"Your prediction: {self.question} ({' / '.join(self.choices)})"
        return words, f"<div><b>Your prediction</b>: {text(self.question)}<ul>{listed}</ul></div>"


class Beside(HTML):
    """Two columns: what was predicted, what was measured."""

    def __init__(self, question, predicted, measured):
        cell = "border:1px solid #bbb;padding:6px 12px;text-align:left;vertical-align:top"
        super().__init__(
            f"<div>{text(question)}</div><table>"
            f"<tr><th style='{cell}'>you predicted</th><th style='{cell}'>measured</th></tr>"
            f"<tr><td style='{cell}'>{text(predicted)}</td><td "
            f"style='{cell}'>{text(measured)}</td></tr></table>"
        )
        self.words = f"you predicted: {predicted}; measured: {measured}"

    def __repr__(self):
        return self.words


def predict(key, question, choices):
    """A prediction to commit to. key: unique in the course, "2-variance"; the choice is kept under it."""
    return Prediction(key, question, choices)
