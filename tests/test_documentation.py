"""The documentation on this machine: every entry names something that exists, and no label leaks."""

import importlib
import random

import pytest

from course_lib.classroom.widgets.searching import read_questions
from course_lib.documentation import (
    GIVEAWAYS,
    PACKAGES,
    Docstring,
    docstrings_in,
    documented_functions,
    first_paragraph,
    labelled_docstrings,
    split_by_module,
)


@pytest.fixture(scope="module")
def functions():
    return documented_functions()


@pytest.fixture(scope="module")
def docstrings():
    return labelled_docstrings()


def resolve(name):
    """What a qualified name stands for."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        break
    else:
        end, found = 0, importlib.import_module("builtins")
    for part in parts[end:]:
        found = getattr(found, part)
    return found


def test_every_entry_names_something_that_can_be_called(functions):
    for name in random.Random(0).sample(sorted(functions), 500):
        assert callable(resolve(name)), name


def test_well_known_functions_are_there(functions):
    for name in ("open", "str.split", "os.path.join", "math.sqrt", "numpy.argsort", "numpy.concat"):
        assert name in functions
    for name in ("torch.gather", "torch.nn.Linear", "matplotlib.pyplot.plot", "pathlib.Path.glob"):
        assert name in functions
    assert "inspect.namedtuple" not in functions and "ValueError" not in functions


def test_every_answer_to_a_question_is_in_the_documentation(functions):
    questions = read_questions()
    assert len(questions) >= 60 and len({each.text for each in questions}) == len(questions)
    assert {name for each in questions for name in each.answers} <= functions.keys()


@pytest.mark.parametrize(
    ("docstring", "wanted"),
    [
        ("Return x.\n\nMore.", "Return x."),
        (
            "gather(input, dim, *, out=None) -> Tensor\n\nGathers values\nalong an axis.",
            "Gathers values along an axis.",
        ),
        ("range(stop) -> range object\nrange(a, b[, c]) -> range object\n\nReturn it.", "Return it."),
        ("array(object,\n    like=None)\n\nCreate an array.", "Create an array."),
        ("f(x)\nDoubles x (twice).", "Doubles x (twice)."),
        ("f(x) doubles x.", "f(x) doubles x."),
        ("f(x)", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_signatures_are_no_sentences(docstring, wanted):
    assert first_paragraph(docstring) == wanted


def test_every_package_has_docstrings_and_none_names_a_package(docstrings):
    assert {each.label for each in docstrings} == set(range(len(PACKAGES)))
    assert not [each for each in docstrings if GIVEAWAYS.search(each.text)]
    assert len({each.text for each in docstrings}) == len(docstrings)


@pytest.mark.parametrize("seed", range(5))
def test_no_module_stands_on_both_sides(docstrings, seed):
    kept, held_out = split_by_module(docstrings, 0.3, seed)
    assert not {each.module for each in kept} & {each.module for each in held_out}
    assert sorted([*kept, *held_out]) == sorted(docstrings)
    assert 0.3 <= len(held_out) / len(docstrings) < 0.4


def test_a_file_that_cannot_be_read_stops_nothing(tmp_path):
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "template.py").write_text("class {{ name }}:", encoding="utf-8")
    assert not [*docstrings_in(tmp_path / "folder.py"), *docstrings_in(tmp_path / "template.py")]


def test_a_split_is_drawn_by_its_seed():
    examples = [Docstring(f"text {i}", i % 2, f"module {i // 3}") for i in range(60)]
    assert split_by_module(examples, 0.5, 1) == split_by_module(examples, 0.5, 1)
    assert split_by_module(examples, 0.5, 1) != split_by_module(examples, 0.5, 2)
