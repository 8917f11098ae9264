"""What is written on cards: three marks become HTML, and all that a learner wrote stays as it is."""

import re
from html import escape, unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.classroom import check
from course_lib.classroom.cards.card import verdict_html
from course_lib.classroom.markdown import code, plain, text

MARKED = st.text(st.sampled_from("*`_\\ <>&\"'[]()!#$~-|:/\n1.aB가")) | st.text()
TAGS = r"</?(?:b|i|code)>"


def seen(html):
    """What a reader sees of it."""
    return unescape(re.sub(TAGS, "", html))


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**a** and *b* and `c`", "<b>a</b> and <i>b</i> and <code>c</code>"),
        ("**bold with `code * in * it`**", "<b>bold with <code>code * in * it</code></b>"),
        ("`a * b * c`", "<code>a * b * c</code>"),
        ("`**kwargs`, `*args`", "<code>**kwargs</code>, <code>*args</code>"),
        ("one\ntwo", "one two"),
    ],
)
def test_marks_become_html(markdown, html):
    assert text(markdown) == html


@pytest.mark.parametrize(
    "words",
    [
        "2 * 3 < 7",
        "def f(*args, **kwargs)",
        "an `open mark, and an *open one",
        "__init__, _own_ and attention_weights",
        "<b>HTML</b> &amp; <!-- a comment -->",
        "[a link](https://example.org), ![a picture](x.png) and <https://example.org>",
        "https://example.org?a=1&b=2",
        "$x_1$ and ~~gone~~ and C:\\new \\# \\_",
        "# a heading",
        "- a list",
        "1. a list",
        "    code",
        "> said | in | a table",
        "",
    ],
)
def test_everything_else_stays_as_it_is_written(words):
    assert text(words) == escape(words)


@given(MARKED)
def test_any_text_in_code_comes_out_as_it_is(said):
    shown = (said or " ").replace("\n", " ")
    assert text(f"It says {code(said)}.") == f"It says <code>{escape(shown)}</code>."


@given(MARKED)
def test_any_plain_text_comes_out_as_it_is(said):
    assert seen(text(f"**It** says {plain(said)}.")) == f"It says {said}.".replace("\n", " ")


@given(MARKED)
def test_no_other_tag_is_ever_made(markdown):
    assert not re.search("[<>]", re.sub(TAGS, "", text(markdown)))


@given(MARKED)
def test_marks_are_all_that_is_taken_away(markdown):
    def letters(words):
        return re.sub(r"[*`\s]", "", words)

    assert letters(seen(text(markdown))) == letters(markdown)


LINE = "raise ValueError('`a` * b * c', \"**d** <i>\")  # `e`"


@pytest.mark.parametrize(
    ("exercise_id", "source", "shown"),
    [
        ("0.2", f"def average_vector(vectors):\n    {LINE}\n", LINE),
        ("0.2", f"def average_vector(vectors):\n    {LINE}\n", "('`a` * b * c', '**d** <i>')"),
        ("0.2", "def average_vector(vectors):\n    return `vectors` * 2 * 3\n", "return `vectors` * 2 * 3"),
        ("3.3", "def count_pairs(split, counts):\n    return {'`*a*`': 1}\n", "'`*a*`'"),
    ],
)
def test_what_a_learner_wrote_is_quoted_whole(exercise_id, source, shown):
    assert f"{escape(shown)}</code>" in verdict_html(check(exercise_id, source))
