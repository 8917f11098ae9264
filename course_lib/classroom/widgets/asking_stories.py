"""Ask a model about a story: with which token does the answer begin, with which one does it end?"""

from html import escape
from typing import NamedTuple

import ipywidgets as widgets
import torch

from course_lib import spans
from course_lib.classroom.experiments.town_asked import story_places
from course_lib.classroom.figures import BLUE
from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.files import composed
from course_lib.finetuning import Example, ask, read_as_data
from course_lib.tasks import NO_ANSWER, BertForQuestionAnswering

COLUMNS = ("token", "begins here", "ends here", "answer")
NAMED = 5  # unknown words that are named; how many more there are is said
BAR = 120  # pixels of a bar whose probability is 1


class Answer(NamedTuple):
    """What a model says to a question about a story.

    tokens: [CLS], which stands for "no answer", and those of the story
    starts, ends: for each of them, the probability that the answer begins there, and that it ends there
    span: the first and the last token of the answer, counted in `tokens`; or None
    text: the answer as it stands in the story; or None
    unknown: the words of story and question that the model reads as [UNK]
    """

    tokens: list
    starts: list
    ends: list
    span: tuple | None
    text: str | None
    unknown: list


# -- from texts to an answer


def encode_question(tokenizer, story, question, positions):
    """[CLS] question [SEP] story [SEP] as an Encoding. ValueError, a sentence for learners, where one of the
    two is empty, or where both together are longer than `positions`, the most tokens that the model reads.
    """
    encoding = read_as_data(tokenizer, question, story)
    in_story = len(story_places(encoding))
    in_question = len(encoding.ids) - in_story - 3  # [CLS] and two [SEP]
    if not in_story:
        raise ValueError("There is no story: type one.")
    if not in_question:
        raise ValueError("There is no question: type one.")
    fit = positions - in_question - 3
    limit = f"the model reads {positions} tokens at once, [CLS] and both [SEP] included"
    if fit < 1:
        raise ValueError(f"The question has {in_question} tokens, and no story fits beside it: {limit}.")
    if in_story > fit:
        raise ValueError(
            f"The story has {in_story} tokens, and beside this question {fit} fit: {limit}. "
            "Type a shorter story."
        )
    return encoding


def read_scores(encoding, story, question, start_logits, end_logits):
    """The Answer that a model's scores give.

    encoding: of `encode_question`   story, question: the texts, composed   start_logits, end_logits: (n,)
    Only [CLS] and the tokens of the story can be chosen, so the softmax is over these alone.
    """
    places = story_places(encoding)
    chosen_from = [NO_ANSWER, *places]
    starts, ends = (logits[chosen_from].softmax(dim=-1) for logits in (start_logits, end_logits))
    if not (starts + ends).isfinite().all():
        raise ValueError("The model's scores are not numbers (NaN): its training has failed. Train it anew.")
    inside = set(places)
    allowed = [place in inside for place in range(len(encoding.ids))]
    # Asked by its module's name: under `my_code` it is the learner's own.
    span = spans.best_span(start_logits.tolist(), end_logits.tolist(), allowed)
    first, last = (NO_ANSWER, NO_ANSWER) if span is None else span
    return Answer(
        tokens=[encoding.tokens[place] for place in chosen_from],
        starts=starts.tolist(),
        ends=ends.tolist(),
        span=None if span is None else (chosen_from.index(first), chosen_from.index(last)),
        text=None if span is None else story[encoding.offsets[first][0] : encoding.offsets[last][1]],
        unknown=unknown_words(encoding, question, story),
    )


def unknown_words(encoding, question, story):
    """The words that are [UNK] to the tokenizer, each of them once, in the order of the tokens."""
    texts = (question, story)
    cells = zip(encoding.tokens, encoding.type_ids, encoding.offsets, strict=True)
    return list(
        dict.fromkeys(texts[kind][start:end] for token, kind, (start, end) in cells if token == "[UNK]")
    )


def ask_story(model, tokenizer, story, question):
    """The Answer of a BertForQuestionAnswering. Both texts are composed (NFC); ValueError as above.

    A training in another thread waits so long.
    """
    story, question = composed(story), composed(question)
    encoding = encode_question(tokenizer, story, question, model.config.max_position_embeddings)
    example = Example(encoding.ids, encoding.type_ids)
    both = ask(model, [example], lambda output: torch.stack([output.start_logits, output.end_logits], dim=1))
    start_logits, end_logits = both[0]  # (n,) each
    return read_scores(encoding, story, question, start_logits, end_logits)


# -- from an answer to words and a table


def words_of(answer):
    """The answer in a sentence."""
    return "No answer in this story." if answer.text is None else f"Answer: “{answer.text}”."


def unknown_words_of(answer):
    """The words that the model does not know, in a sentence; "" where it knows all."""
    if not answer.unknown:
        return ""
    named = ", ".join(f"“{word}”" for word in answer.unknown[:NAMED])
    more = len(answer.unknown) - NAMED
    return f"Not in the vocabulary, so read as [UNK]: {named}{f' and {more} more' if more > 0 else ''}."


def table_of(answer):
    """A row for each token, with both probabilities as numbers and bars; the best span has a frame.

    The frame is the border of a tbody of its own: the rows before the span, the span, the rows behind it.
    """
    first, last = answer.span or (0, 0)
    rows = [row_of(answer, place, first, last) for place in range(len(answer.tokens))]
    groups = [(rows[:first], ""), (rows[first : last + 1], "border:3px solid"), (rows[last + 1 :], "")]
    bodies = "".join(f"<tbody style='{style}'>{''.join(group)}</tbody>" for group, style in groups if group)
    head = "".join(f"<th scope='col' style='{CELL}'>{name}</th>" for name in COLUMNS)
    table = f"<table style='border-collapse:collapse'><thead><tr>{head}</tr></thead>{bodies}</table>"
    return f"{table}<small>The frame is around the best answer; around [CLS] it means “no answer”.</small>"


CELL = "text-align:left;vertical-align:middle;padding:0 10px;font-size:13px;line-height:1.3"


def row_of(answer, place, first, last):
    """A token's row of the table; first, last: the best span. Its last cell says the frame in words."""
    part = ""
    if first <= place <= last:
        part = "begins" if place == first else "ends" if place == last else "goes on"
        part = "begins and ends" if first == last else part
        part = "no answer" if answer.span is None else part
    token = f"<th scope='row' style='{CELL};overflow-wrap:anywhere'>{escape(answer.tokens[place])}</th>"
    numbers = "".join(
        f"<td style='{CELL};white-space:nowrap'>{bar(values[place])}</td>"
        for values in (answer.starts, answer.ends)
    )
    return f"<tr>{token}{numbers}<td style='{CELL}'>{part}</td></tr>"


def bar(probability):
    """A probability as a number and a bar."""
    frame = f"display:inline-block;width:{BAR}px;height:9px;border:1px solid #888"
    filled = f"display:block;width:{100 * probability:.1f}%;height:9px;background:{BLUE}"
    return f"{probability:.2f} <span style='{frame}'><span style='{filled}'></span></span>"


# -- the widget


class AskingStories(Shown, widgets.VBox):
    """Two fields, for a story and for a question about it; below them the answer, token by token.

    model: a BertForQuestionAnswering; it answers as it is trained at the moment of asking
    tokenizer: the one that it was trained with   story, question: what stands in the fields at first
    """

    GO_ON = "Run this cell to ask about a story of your own."

    def __init__(self, model, tokenizer, story, question):
        if not isinstance(model, BertForQuestionAnswering):
            raise ValueError(f"model must be a BertForQuestionAnswering, got a {type(model).__name__}")
        self.model, self.tokenizer = model, tokenizer
        # A field tells its text when Enter is pressed, or when it is left: also before a click on Ask.
        options = dict(continuous_update=False, layout={"width": "98%"})
        self.story = widgets.Text(value=story, description="story", **options)
        self.question = widgets.Text(value=question, description="question", **options)
        for field in (self.story, self.question):
            field.observe(lambda _: self.ask(), "value")
        self.button = widgets.Button(description="Ask", button_style="primary")
        self.button.on_click(lambda _: self.ask())
        self.said, self.table = widgets.HTML(), widgets.HTML()
        head = widgets.HTML(f"{STYLE}<div class='course-title'>Ask about a story</div>")
        super().__init__([head, self.story, self.question, self.button, self.said, self.table])
        self.add_class("course-card")
        self.ask()

    def ask(self):
        """Answer what stands in the fields; what cannot be asked gets a sentence."""
        try:
            answer = ask_story(self.model, self.tokenizer, self.story.value, self.question.value)
        except ValueError as error:
            self.say(str(error))
        else:
            self.say(words_of(answer), unknown_words_of(answer), table_of(answer))

    def say(self, words, more="", table=""):
        self.words, self.table.value = words, table
        self.said.value = f"<div role='status'><b>{escape(words)}</b> {escape(more)}</div>"

    def still(self):
        story, question = composed(self.story.value), composed(self.question.value)
        asked = f"<p>{escape(story)}<br><b>{escape(question)}</b></p>"
        return f"[Ask: {story} | {question} → {self.words}]", f"{asked}{self.said.value}{self.table.value}"
