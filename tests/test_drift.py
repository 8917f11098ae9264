"""What a notebook derives and the library has is one thing: name, parameters, shapes and behaviour."""

import ast
import importlib
import inspect
import json
import re
from pathlib import Path

import pytest

from course_lib.classroom import check
from course_lib.classroom.exercises.base import CodeExercise, all_exercises
from course_lib.classroom.judging.sources import body_of, self_contained

ROOT = Path(__file__).parent.parent
LESSONS = sorted(path.stem for path in (ROOT / "course_lib").glob("*.py") if path.stem != "__init__")


def library_functions():
    """{name: function} of all functions that lessons define at their top."""
    found = {}
    for lesson in LESSONS:
        module = importlib.import_module(f"course_lib.{lesson}")
        found |= {
            name: value
            for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        }
    return found


def notebook_functions():
    """(notebook, source) of every function that a notebook defines at the top of a cell."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                source = "".join(cell["source"])
                for node in ast.parse(source).body:
                    if isinstance(node, ast.FunctionDef):
                        yield path.stem, node, ast.get_source_segment(source, node)


SHAPE = r"\([^()]*,[^()]*\)"
LIBRARY = library_functions()
WRITTEN = list(notebook_functions())
SHARED = [(name, node, source) for name, node, source in WRITTEN if node.name in LIBRARY]
BY_NAME = {each.name: each for each in all_exercises().values() if issubclass(each, CodeExercise)}


def exercise_id(node):
    """The id in @exercise("2.2") over a function, or None."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "exercise":
            return decorator.args[0].value
    return None


def test_there_is_something_to_compare():
    assert {node.name for _, node, _ in SHARED} >= {"attention_weights", "split_heads", "add_and_norm"}


@pytest.mark.parametrize(("notebook", "node", "source"), SHARED, ids=lambda value: getattr(value, "name", ""))
def test_a_function_of_the_librarys_name_behaves_like_it(notebook, node, source):
    """Through the checks of its exercise, which both have to pass."""
    each = BY_NAME.get(node.name)
    assert each, f"{notebook} defines {node.name}, which the library has too: add an exercise, or rename it"
    assert each.reference() is LIBRARY[node.name]
    assert check(each.id, self_contained(each.reference())).passed
    assert check(each.id, f"{each.imports()}\n{each.source(each.solution)}").passed
    if exercise_id(node) is None:  # the notebook gives the whole function
        assert check(each.id, f"{each.imports()}\n{source}").passed


@pytest.mark.parametrize(("notebook", "node", "source"), SHARED, ids=lambda value: getattr(value, "name", ""))
def test_parameters_and_shapes_agree(notebook, node, source):
    theirs = inspect.signature(LIBRARY[node.name])
    assert [argument.arg for argument in node.args.args] == list(theirs.parameters)
    shapes = re.findall(SHAPE, ast.get_docstring(node) or "")
    wanted = " ".join((LIBRARY[node.name].__doc__ or "").split())
    assert shapes or not re.findall(SHAPE, wanted)
    assert not [shape for shape in shapes if shape not in wanted]


DECORATED = [(name, node, source) for name, node, source in WRITTEN if exercise_id(node)]


@pytest.mark.parametrize(
    ("notebook", "node", "source"), DECORATED, ids=lambda value: getattr(value, "name", "")
)
def test_the_stub_in_the_notebook_is_the_stub_of_the_exercise(notebook, node, source):
    each = all_exercises()[exercise_id(node)]
    stub = ast.parse(each.source(each.stub)).body[0]
    assert ast.unparse(node.args) == ast.unparse(stub.args) and node.name == stub.name
    assert ast.get_docstring(node) == ast.get_docstring(stub)
    assert body_of(ast.unparse(node)) == body_of(ast.unparse(stub))


def test_every_exercise_of_a_written_week_stands_in_its_notebook():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        wanted = [name for name, each in all_exercises().items() if each.week() == int(path.stem[:2])]
        assert not [name for name in wanted if f'(\\"{name}\\")' not in text]
