"""Ask a BERT: a sentence with gaps, the model's answers, and beside them what the grammar knows."""

from html import escape

import ipywidgets as widgets

from course_lib.classroom.tables import show_answers
from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.files import composed
from course_lib.fill_mask import fill_mask


def exact_answers(town, text, top=5):
    """For each gap the `top` likeliest tokens of the grammar, as [(token, probability), …]. ValueError where
    the town tells no such story.
    """
    posterior = town.posterior(town.tokenizer.tokenize(composed(text), continue_masks=True))
    return [list(answer.items())[:top] for answer in posterior.values()]


def ask(model, town, text, top=5):
    """The model's answers beside the exact ones, or the reason why there are none. ValueError where the text
    has no [MASK].
    """
    answers = fill_mask(model, town.tokenizer, text, top)
    try:
        return show_answers(text, answers, exact_answers(town, text, top))
    except ValueError as error:
        return show_answers(text, answers, reason=str(error))


class Asking(Shown, widgets.VBox):
    """A field for a question in the language of the town; the answers below it follow what is typed.

    The model answers as it is trained at the moment of asking.
    """

    GO_ON = "Run this cell to ask your own question."

    def __init__(self, model, town, text):
        self.model, self.town = model, town
        self.text = widgets.Text(value=text, description="ask", layout={"width": "620px"})
        self.text.observe(lambda _: self.answer(), "value")
        self.shown = widgets.HTML()
        head = f"{STYLE}<div class='course-title'>Ask it</div>"
        super().__init__([widgets.HTML(head), self.text, self.shown])
        self.add_class("course-card")
        self.answer()

    def answer(self):
        """Answer what stands in the field; a question that cannot be asked gets a sentence."""
        try:
            self.shown.value = ask(self.model, self.town, self.text.value).data
        except ValueError as error:
            self.shown.value = f"<div role='status'>{escape(str(error))}</div>"

    def still(self):
        return f"[Ask: {self.text.value}]", self.shown.value
