"""A learner's function is taken along with all that it uses, or it is said what cannot be taken."""

import linecache
import types

import pytest

from course_lib.classroom import check
from course_lib.classroom.judging.sources import (
    NotSelfContained,
    Written,
    is_untouched,
    self_contained,
    written_under,
)


def notebook(source):
    """The globals after running `source` as cells of a notebook, where inspect finds the code again."""
    filename = "<cell of a test>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = vars(types.ModuleType("__main__"))
    exec(compile(source, filename, "exec"), scope)
    return scope


def runs_alone(source, name):
    """The function of this name, made from a source in an empty namespace."""
    scope = {}
    exec(source, scope)
    return scope[name]


def test_imports_constants_and_helpers_are_taken_along():
    scope = notebook(
        "import math\n"
        "import torch as t\n"
        "from statistics import median\n"
        "SCALE = 2\n"
        "def twice(x):\n    return SCALE * x\n"
        "def answer(x):\n    return median([twice(math.floor(x)), t.tensor(3).item()])\n"
    )
    source = self_contained(scope["answer"])
    assert (
        "import torch as t" in source and "from statistics import median" in source and "SCALE = 2" in source
    )
    assert runs_alone(source, "answer")(4.5) == scope["answer"](4.5) == 5.5


def test_the_decorator_of_the_course_is_left_out():
    scope = notebook(
        "def exercise(id):\n    return lambda f: f\n@exercise('0.2')\ndef answer(x):\n    return x\n"
    )
    assert self_contained(scope["answer"]) == "def answer(x):\n    return x\n"


def test_a_decorator_of_the_learners_own_is_taken_along():
    scope = notebook("def mark(f):\n    return lambda x: f(x) + 1\n@mark\ndef answer(x):\n    return x\n")
    written = Written("@mark\ndef answer(x):\n    return x\n", scope)
    assert runs_alone(self_contained(written), "answer")(1) == scope["answer"](1) == 2


def test_what_stands_under_exercise_is_found_whatever_a_decorator_made_of_it():
    cell = (
        "import sys\n"
        "def exercise(id):\n    return lambda f: written_under(sys._getframe(1), id)\n"
        "def timed(f):\n    def wrapper(*args):\n        return f(*args)\n    return wrapper\n"
        "@exercise('0.1')\ndef other(x):\n    return 0\n"
        "@exercise('0.2')\n@timed\ndef answer(x):\n    return x\n"
    )
    filename = "<cell of a test>"
    linecache.cache[filename] = (len(cell), None, cell.splitlines(keepends=True), filename)
    scope = {"written_under": written_under}
    exec(compile(cell, filename, "exec"), scope)
    assert scope["answer"].source == "@timed\ndef answer(x):\n    return x\n"
    assert scope["answer"].scope is scope


def test_two_functions_that_call_each_other_are_taken_along():
    scope = notebook(
        "def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n > 0 and even(n - 1)\n"
    )
    assert runs_alone(self_contained(scope["even"]), "even")(10)


def test_a_function_of_the_library_is_imported():
    scope = notebook(
        "from course_lib.attention import split_heads\ndef answer(x):\n    return split_heads(x, 2)\n"
    )
    assert "from course_lib.attention import split_heads" in self_contained(scope["answer"])


def test_a_tensor_of_another_cell_is_refused_by_name():
    scope = notebook("import torch\nweights = torch.eye(2)\ndef answer(x):\n    return weights @ x\n")
    with pytest.raises(NotSelfContained, match="`weights` .Tensor. from another cell"):
        self_contained(scope["answer"])
    scope = notebook(
        "import torch\nweights = torch.eye(2)\ndef average_vector(vectors):\n    return weights @ vectors\n"
    )
    verdict = check("0.2", scope["average_vector"])
    assert verdict.status == "failed" and "`weights`" in verdict.message


def test_what_was_not_written_with_def_is_refused():
    with pytest.raises(NotSelfContained, match="write it with def"):
        self_contained(len)


@pytest.mark.parametrize(
    "body", ["...", "pass", "raise NotImplementedError", "'''Text.'''", "# nothing\n    ..."]
)
def test_an_empty_body_is_untouched(body):
    assert is_untouched(f"def f(x):\n    {body}\n", "def f(x):\n    return 1\n")


def test_comments_and_text_do_not_count_as_an_answer():
    stub = "def f(x):\n    '''Shapes.'''\n    y = x + 1\n    return y\n"
    assert is_untouched("def f(x):\n    # hm\n    y = x + 1\n\n    return y\n", stub)
    assert not is_untouched("def f(x):\n    y = x - 1\n    return y\n", stub)
