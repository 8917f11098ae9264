"""The pictures: colours that all eyes tell apart, Hangul without boxes, words for who does not see."""

import base64
import itertools
import re
import warnings
from collections import Counter

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg

from course_lib.classroom import figures
from course_lib.classroom.cards.predictions import predict
from course_lib.classroom.figures.style import COLOURS
from course_lib.classroom.widgets.saturation import Saturation
from course_lib.classroom.widgets.sharpness import Sharpness

matplotlib.use("Agg")

# What an eye without one kind of cone sees, in linear RGB. Machado, Oliveira and Fernandes 2009, severity 1.
EYES = {
    "all cones": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}


def linear(colour):
    """#rrggbb → linear RGB, (3,)"""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Linear RGB → CIELAB, in which distances are what an eye tells apart; white point D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089] + 1e-9)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", EYES)
def test_colours_are_told_apart(eye):
    seen = [lab(np.array(EYES[eye]) @ linear(colour)) for colour in COLOURS]
    distances = [np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)]
    assert min(distances) > 12  # 2.3 is what an eye just notices side by side


def test_colours_stand_out_from_white():
    """Contrast of at least 3 : 1, what WCAG 2.1 asks of graphics."""
    for colour in COLOURS:
        luminance = linear(colour) @ [0.2126, 0.7152, 0.0722]
        assert 1.05 / (luminance + 0.05) >= 3


def test_six_lines_look_different(monkeypatch):
    drawn = []
    monkeypatch.setattr(figures.charts, "Picture", lambda figure, words: drawn.append(figure))
    figures.draw_lines({str(number): [0, number] for number in range(6)}, [1, 2], "x", "y")
    lines = [container.lines[0] for container in drawn[0].axes[0].containers]
    for look in ("color", "linestyle", "marker"):
        looks = {str(matplotlib.artist.getp(line, look)) for line in lines}
        assert len(looks) >= (4 if look == "linestyle" else 6), look  # all dashes of one's own count as "--"


def test_hangul_and_signs_are_drawn_without_a_missing_glyph():
    figures.use_course_style()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each glyph that no font has
        figures.draw_weights([[0.5, 0.5], [0.1, 0.9]], ["배를", "깎았다"], title="가중치 √d − ½ α")


def test_a_sign_that_no_font_has_is_a_box_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.use_course_style()
        with_box = figures.draw_weights(np.eye(2), ["𝒜", "b"], title="one 🫠")
    assert with_box.png != figures.draw_weights(np.eye(2), ["", "b"], title="one ").png


def test_a_label_longer_than_the_picture_makes_it_larger_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.use_course_style()
        long, short = (figures.draw_weights(np.eye(2), [word, "b"]) for word in ("a" * 300, "a"))
    assert width(long) > width(short) + 1000


def width(picture):
    return int.from_bytes(picture.png[16:20], "big")


PICTURES = {
    "ladder": lambda: figures.draw_ladder([5.0, 3.0], {"floor": 0.25}, [(2, 3.1)]),
    "weights": lambda: figures.draw_weights(np.eye(2), ["a", "b"], title="one"),
    "lines": lambda: figures.draw_lines(
        {"one": [1, 2], "two": [2, 4]}, [1, 2], "n", "seconds", logarithmic="xy"
    ),
    "bars": lambda: figures.draw_bars({"same": [1, 0.9], "other": [0.5, 0.4]}, ["배", "눈"], "cosine"),
    "bars with errors": lambda: figures.draw_bars({"one": [[1, 2], [2, 4]]}, ["a", "b"], "s"),
    "shares": lambda: figures.draw_shares({"all": {"배": 3e6, "눈": 1e6}}, "numbers, in millions", unit=1e6),
    "table": lambda: figures.draw_table({"배": [0.1, -0.2], "눈": [0.0, 0.3]}, ["x", "y"], "numbers"),
    "fits": lambda: figures.draw_fits([0, 1], [1, 2], {"line": [1, 2, 3], "flat": [1, 2, 2]}, [0, 1, 2]),
    "all weights": lambda: figures.draw_matrices({"one": np.eye(3), "other": -np.ones((2, 3))}),
    "digits": lambda: figures.draw_digits(np.eye(4)[None].repeat(9, axis=0), range(9)),
    "places": lambda: figures.draw_places({"after": {"pear": np.eye(2), "ship": -np.eye(2)}}, "배"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_says_in_words_what_it_shows(name):
    picture = PICTURES[name]()
    bundle = picture._repr_mimebundle_()
    alt = re.search(r'alt="([^"]{20,})"', bundle["text/html"])
    assert alt and (name == "places" or any(character.isdigit() for character in picture.alt))
    assert base64.b64decode(re.search(r"base64,([^\"]+)", bundle["text/html"])[1]).startswith(b"\x89PNG")
    assert bundle["text/plain"].startswith("[picture: ")
    assert not plt.get_fignums(), "an open figure would be shown twice"


WORD = r"$x_{$ 가 \$"  # to matplotlib a formula, and one that cannot be read
PICTURES_OF_WORDS = {
    "ladder": lambda: figures.draw_ladder([5.0, 3.0], {WORD: 0.25}, [(2, 3.1)]),
    "weights": lambda: figures.draw_weights(np.eye(2), [WORD, "b"], title=WORD),
    "lines": lambda: figures.draw_lines({WORD: [0.001, 20]}, [1, 2], WORD, WORD, WORD, "xy", (1, WORD)),
    "bars": lambda: figures.draw_bars({WORD: [1, 0.9], "b": [1, 2]}, [WORD, "c"], WORD, title=WORD),
    "shares": lambda: figures.draw_shares({WORD: {WORD: 3, "b": 1}}, WORD, title=WORD),
    "table": lambda: figures.draw_table({WORD: [0.1, -0.2]}, [WORD, "y"], WORD),
    "fits": lambda: figures.draw_fits([0, 1], [1, 2], {WORD: [1, 2, 3]}, [0, 1, 2]),
    "all weights": lambda: figures.draw_matrices({WORD: np.eye(3)}, WORD, WORD),
    "digits": lambda: figures.draw_digits(np.eye(4)[None], [WORD]),
    "places": lambda: figures.draw_places({WORD: {WORD: np.eye(2)}}, WORD),
    "vocabulary": lambda: figures.draw_vocabulary(["a", WORD], Counter({WORD: 3})),
    "pieces": lambda: figures.draw_pieces([WORD, WORD, "b"]),
}


@pytest.fixture
def drawn(monkeypatch):
    """The texts that are drawn, as [(text, is it a formula?)]."""
    texts = []

    def record(self, gc, x, y, words, prop, angle, ismath=False, mtext=None):
        texts.append((words, ismath))

    monkeypatch.setattr(RendererAgg, "draw_text", record)
    return texts


@pytest.mark.parametrize("name", PICTURES_OF_WORDS)
def test_a_word_with_dollars_is_drawn_as_it_is(name, drawn):
    figures.use_course_style()
    PICTURES_OF_WORDS[name]()
    assert any(WORD in words for words, _ in drawn) and not any(is_formula for _, is_formula in drawn)


def test_a_logarithmic_axis_has_numbers_and_no_formulas(drawn):
    figures.draw_lines({"a": [0.001, 20]}, [1, 2], "n", "s", logarithmic="xy")
    assert {"0.001", "0.1", "10"} <= {words for words, _ in drawn}
    assert not [words for words, _ in drawn if "$" in words]


def test_a_vocabulary_that_its_texts_do_not_use_is_no_empty_picture():
    picture = figures.draw_vocabulary(["[UNK]", "a", "the", "##s"], Counter({"[UNK]": 3, "##s": 1}))
    assert "most used: none of two characters or more" in picture.alt


def test_equal_pictures_are_equal_bytes():
    assert PICTURES["bars"]().png == PICTURES["bars"]().png


WIDGETS = {
    "prediction": lambda: predict("test", "How?", ["a", "b"]),
    "saturation": Saturation,
    "sharpness": lambda: Sharpness(["가", "나"], [1.0, 2.0]),
}


@pytest.mark.parametrize("name", WIDGETS)
def test_every_widget_leaves_a_still_form_that_is_the_same_each_time(name):
    one, other = WIDGETS[name]()._repr_mimebundle_(), WIDGETS[name]()._repr_mimebundle_()
    for kind in ("text/plain", "text/html"):
        assert one[kind] == other[kind] and len(one[kind]) > 20 and "model_id" not in one[kind]
