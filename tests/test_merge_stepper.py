"""The stepper shows the very merges of the library, and what they would take next."""

import json
from pathlib import Path

import pytest

from course_lib.classroom.widgets.merge_stepper import NAMES, History, MergeStepper
from course_lib.town import Town
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer
from course_lib.wordpiece_training import RULES, alphabet, characters_of, count_words

COUNTS = {"시장에": 5, "공장에": 4, "카페에": 3, "바나나나나": 2}


@pytest.fixture(scope="module")
def town():
    return count_words(Town("ko").stories(300, seed=1), strip_accents=False)


@pytest.mark.parametrize("rule", RULES)
def test_the_first_candidate_is_the_next_merge(town, rule):
    history = History(town, rule, most=400)
    for step in (0, 1, 7, 50, 399):
        score, pair, frequency, _, _ = history.candidates(step)[0]
        merge = history.merges[step]
        assert (pair, frequency) == ((merge.left, merge.right), merge.frequency)
        assert score == pytest.approx(merge.score)


def test_without_merges_words_are_characters():
    assert History(COUNTS, "frequency", most=3).pieces("시장에", 0) == characters_of("시장에")


def test_after_all_merges_words_are_cut_as_by_replaying_them(town):
    """Greedy encoding may cut otherwise; but all pieces are in the vocabulary and make up the word."""
    history = History(town, "ratio", most=100)
    vocab = {*alphabet(town), *(merge.piece for merge in history.merges)}
    for word in town:
        pieces = history.pieces(word, 100)
        assert vocab.issuperset(pieces)
        assert "".join(piece.removeprefix("##") for piece in pieces) == word
    tokenizer = WordPieceTokenizer([*SPECIAL, *vocab], strip_accents=False)
    same = sum(tokenizer.tokenize(word) == history.pieces(word, 100) for word in town)
    assert same > 0.9 * len(town)


def test_buttons_and_slider_move_together():
    stepper = MergeStepper(COUNTS, watched=["시장에"], most=3)
    assert stepper.back.disabled and not stepper.on.disabled
    for _ in range(5):
        stepper.on.click()
    assert stepper.slider.value == stepper.slider.options[-1] == 3
    assert stepper.on.disabled and not stepper.back.disabled
    stepper.back.click()
    assert stepper.slider.value == 2


def test_one_rule_may_run_out_of_pairs_before_the_other():
    stepper = MergeStepper({"ab": 2}, watched=["ab"], most=50)
    history = stepper.histories["frequency"]
    assert len(history.merges) == 1 and history.candidates(2) == []
    assert "no pair is left" in stepper.rule_html("frequency", history, step=2)


def test_a_watched_word_must_be_among_the_counted_ones():
    with pytest.raises(ValueError, match="우유를 is not"):
        MergeStepper(COUNTS, watched=["시장에", "우유를"])


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_goes_by_the_names_that_the_notebook_gives_it(rule):
    notebook = Path(__file__).parent.parent / "notebooks" / "03_wordpiece.ipynb"
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    prose = " ".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    name, whose = NAMES[rule].rstrip(")").split(" (")
    assert name == rule and whose.removesuffix(" 2012") in " ".join(prose.split())
    assert MergeStepper(COUNTS, watched=["시장에"], most=1).summary().count(NAMES[rule]) == 1
