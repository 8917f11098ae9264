"""A cell that is run again leaves nothing behind: what it showed before is closed, and only that."""

from collections import Counter

import pytest
import torch
from ipywidgets.widgets.widget import _instances as LIVING  # no public name: Widget.widgets is deprecated
from small_bert import small_reader

from course_lib.classroom import predict
from course_lib.classroom.cards.answered_here import card
from course_lib.classroom.cards.card import CodeCard
from course_lib.classroom.exercises.base import find
from course_lib.classroom.widgets import shown
from course_lib.classroom.widgets.asking_stories import AskingStories
from course_lib.classroom.widgets.attention_explorer import AttentionExplorer
from course_lib.classroom.widgets.clocks import Clocks
from course_lib.classroom.widgets.masking_explorer import MaskingExplorer
from course_lib.classroom.widgets.merge_stepper import MergeStepper
from course_lib.classroom.widgets.own_tokenizer import OwnTokenizer
from course_lib.classroom.widgets.saturation import Saturation
from course_lib.classroom.widgets.scrubber import Scrubber
from course_lib.classroom.widgets.sharpness import Sharpness
from course_lib.classroom.widgets.tokenizer_explorer import TokenizerExplorer
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

TOKENIZER = WordPieceTokenizer([*SPECIAL, *"abc"], lowercase=True, strip_accents=False)
WIDGETS = {
    "prediction": lambda: predict("test", "How?", ["a", "b"]),
    "quiz": lambda: card("0.1"),
    "sorting": lambda: card("1.1"),
    "ordering": lambda: card("2.5"),
    "matrix": lambda: card("2.1"),
    "code": lambda: CodeCard(find("0.2")),
    "sharpness": lambda: Sharpness(["a", "b"], [1.0, 2.0]),
    "saturation": Saturation,
    "clocks": Clocks,
    "scrubber": lambda: Scrubber({step: torch.eye(3) for step in (0, 40)}),
    "attention": lambda: AttentionExplorer(["a", "b"], [torch.full((1, 2, 2), 0.5)]),
    "tokenizers": lambda: TokenizerExplorer({"characters": TOKENIZER}, "a b c"),
    "merges": lambda: MergeStepper(Counter(abab=5, abc=4), watched=["abab"], most=2),
    "masking": lambda: MaskingExplorer(TOKENIZER, "a b c"),
    "own tokenizer": OwnTokenizer,
    "asking stories": lambda: AskingStories(small_reader(), TOKENIZER, "a b c", "a"),
}


@pytest.fixture
def run(monkeypatch):
    """Run a cell: what it shows is given, as the display of a notebook would ask for it."""
    monkeypatch.setattr(shown, "SHOWN", {})

    def run_cell(cell, *widgets):
        monkeypatch.setattr(shown, "running_cell", lambda: cell)
        shown.start_of_cell()
        for widget in widgets:
            widget() if callable(widget) else widget._repr_mimebundle_()
        shown.end_of_cell()

    return run_cell


def is_open(widget):
    return widget.comm is not None and widget in LIVING.values()


@pytest.mark.parametrize("name", WIDGETS)
def test_ten_runs_leave_as_many_models_as_one(name, run):
    before = set(LIVING)
    run("a", WIDGETS[name]())
    after_one = len(LIVING)
    for _ in range(10):
        run("a", WIDGETS[name]())
    assert len(LIVING) == after_one
    run("a")
    assert set(LIVING) == before


def test_the_same_exercise_in_another_cell_stays_open(run):
    first, second = card("0.1"), card("0.1")
    run("a", first)
    run("b", second)
    run("a", card("0.1"))
    assert not is_open(first) and is_open(second) and is_open(second.choice)


def test_a_widget_that_its_cell_shows_again_stays_open(run):
    kept, other = card("0.1"), card("0.1")
    run("a", other, kept)
    run("a", kept)
    assert is_open(kept) and is_open(kept.choice) and not is_open(other)


def test_a_widget_that_another_cell_shows_stays_open_until_that_one_is_run(run):
    kept = card("0.1")
    run("a", kept)
    run("b", kept)
    run("a", card("0.1"))
    assert is_open(kept)
    run("b")
    assert not is_open(kept)


def test_outside_a_cell_nothing_is_closed(run):
    kept = card("0.1")
    run("a", kept)
    run(None, card("0.1"))
    run(None)
    assert is_open(kept)


def test_what_goes_on_in_the_background_rests_before_the_cell_makes_something_new(run):
    """Else the new training would begin at what the old one kept last, and not at what it has trained."""
    shown_first = card("0.1")
    order = []
    shown_first.rest = lambda: order.append("rested")
    run("a", shown_first)
    run("b")
    assert order == []

    def make_new():
        order.append("made")

    run("a", make_new)
    assert order == ["rested", "made"]


def test_outside_a_notebook_there_is_no_cell():
    assert shown.running_cell() is None
