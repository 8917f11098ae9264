"""The fast way of the tokenizer against its own steps, and that what it remembers is never out of date."""

import sys
import unicodedata
from pathlib import Path

import pytest

from course_lib import stretches
from course_lib.classroom.judging.own_code import replaced
from course_lib.stretches import STRETCH, Remembered
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer, clean, read

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from fuzz_wordpiece import SETTINGS, compare_steps, step_by_step

LETTERS = "abcdefghijklmnoprst.[]漢\u0301\u0323한\u302e\U0001d16d"
VOCAB = [*SPECIAL, *LETTERS, *("##" + letter for letter in LETTERS), "mask", "the"]
KOREAN = dict(lowercase=True, strip_accents=False)


def test_6_000_strings_have_the_pieces_and_places_of_the_steps():
    compared, difference = compare_steps(6_000, seed=1)
    assert difference is None and compared == 6_000


@pytest.mark.parametrize("lowercase, accents", SETTINGS)
@pytest.mark.parametrize(
    "text",
    [
        "a \u0301b",  # a mark behind a blank
        "a\u0301\u0323 \u0323\u0301b",  # marks that change places, on both sides of a blank
        "\u0345\u0344\u0323a b\u0344",  # one sign that stands for two marks
        "a\x1cb a\x85b a\x0bb",  # control characters that Python takes for blanks
        "a\u2028b\u2029c\u3000d\u00a0e",  # blanks that are no spaces
        "\u200b \u200ba\u200d b",  # what cannot be seen
        "漢字 a漢b",
        unicodedata.normalize("NFD", "한국 한"),
        "[MASK]\u200ba [MASK]a [MASK].a [MASK] a",
        "İSTANBUL ΑΣ",
        "a\U0001d16d\u302e",  # two that change places and are no accents
    ],
)
def test_what_stands_beside_a_blank_is_read_as_by_the_steps(text, lowercase, accents):
    tokenizer = WordPieceTokenizer(VOCAB, lowercase, accents)
    for continue_masks in (False, True):
        for split in (False, True):
            options = dict(continue_masks=continue_masks, split_special_tokens=split)
            assert list(tokenizer.pieces(text, **options)) == step_by_step(tokenizer, text, **options)


def test_a_stretch_ends_where_the_tokenizer_sees_a_blank():
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    for space in filter(str.isspace, every):
        is_blank = [each.text for each in clean(read(space))] == [" "]
        assert (STRETCH.match(space) is None) == is_blank, hex(ord(space))
    assert STRETCH.fullmatch("".join(each for each in every if not each.isspace()))


def characters_alone(word, vocab, continues=False):
    return ["##" + letter if place or continues else letter for place, letter in enumerate(word)]


def letters_are_marks(character):
    return character in "abc"


@pytest.mark.parametrize(
    ("name", "mine", "wanted"),
    [
        ("longest_match", characters_alone, ["t", "##h", "##e", "a", "##b"]),
        ("is_punctuation", letters_are_marks, ["the", "a", "b"]),
    ],
)
def test_a_function_that_is_exchanged_runs_at_once_and_until_it_is_put_back(name, mine, wanted):
    tokenizer = WordPieceTokenizer(VOCAB, **KOREAN)
    before = tokenizer.tokenize("the ab")
    undo = replaced(f"course_lib.wordpiece.{name}", mine)
    try:
        inside = tokenizer.tokenize("the ab")
    finally:
        undo()
    assert inside == wanted != before == tokenizer.tokenize("the ab")


def test_a_setting_that_is_changed_counts_at_once():
    tokenizer = WordPieceTokenizer(VOCAB, **KOREAN)
    assert tokenizer.tokenize("a\u0301") == ["a", "##\u0301"]
    tokenizer.strip_accents = True
    assert tokenizer.tokenize("a\u0301") == ["a"]


def test_what_is_remembered_stays_small_and_right(monkeypatch):
    monkeypatch.setattr(stretches, "MOST_REMEMBERED", 50)
    small, large = (WordPieceTokenizer(VOCAB, **KOREAN) for _ in range(2))
    texts = [f"{a}{b} the" for a in "abcdefgh" for b in "abcdefgh"]
    for text in texts:
        assert small.encode(text) == large.encode(text) == WordPieceTokenizer(VOCAB, **KOREAN).encode(text)
        assert sum(map(len, small.remembered)) < 50 + len("the")


def test_what_is_remembered_is_worked_out_once():
    asked = []
    remembered = Remembered(lambda text: asked.append(text) or text.upper())
    assert [remembered[text] for text in ("a", "b", "a")] == ["A", "B", "A"] and asked == ["a", "b"]
