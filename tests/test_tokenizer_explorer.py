"""The tokenizer explorer answers what is typed, with the tokenizer's own pieces and places."""

import pytest

from course_lib.classroom.widgets.tokenizer_explorer import LONGEST, TokenizerExplorer
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

PIECES = WordPieceTokenizer([*SPECIAL, "슈퍼", "##에", "caf", "##e", "."], strip_accents=True)
WORDS = WordPieceTokenizer([*SPECIAL, "슈퍼에"], strip_accents=False)


@pytest.fixture
def explorer():
    return TokenizerExplorer({"pieces": PIECES, "words": WORDS}, "슈퍼에")


def test_each_row_is_what_the_tokenizer_says(explorer):
    explorer.text = "Café."
    pieces, words = explorer.rows
    assert [(each["text"], each["start"], each["end"]) for each in pieces["pieces"]] == [
        ("caf", 0, 3), ("##e", 3, 4), (".", 4, 5),
    ]  # fmt: skip
    assert [each["known"] for each in words["pieces"]] == [False, False]
    assert words["says"] == "2 tokens, 2 unknown; a vocabulary of 6"
    assert {row["text"] for row in explorer.rows} == {"Café."}


def test_ids_are_those_of_the_vocabulary(explorer):
    assert [each["id"] for each in explorer.rows[0]["pieces"]] == PIECES.encode("슈퍼에").ids[1:-1]


def test_places_count_characters_that_javascript_counts_twice(explorer):
    explorer.text = "😀 ."
    assert explorer.rows[0]["pieces"][-1]["start"] == 2


def test_long_texts_are_cut(explorer):
    explorer.text = "a" * (LONGEST + 50)
    assert len(explorer.text) == LONGEST


@pytest.mark.parametrize("text", ["", "   ", "\u200b"])
def test_a_text_of_nothing_has_no_pieces(explorer, text):
    explorer.text = text
    assert [row["pieces"] for row in explorer.rows] == [[], []]


def test_no_tokenizer_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        TokenizerExplorer({}, "text")


def test_the_still_form_says_the_same_and_escapes_it(explorer):
    explorer.text = "<b>"
    bundle, _ = explorer._repr_mimebundle_()
    assert "<b>" not in bundle["text/html"].replace("<b>pieces</b>", "").replace("<b>words</b>", "")
    assert bundle["text/plain"].splitlines()[2].startswith("words (3 tokens, 3 unknown; a vocabulary of 6)")
