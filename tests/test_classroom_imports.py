"""The school in its rooms: which room may know which, read from the source. And none is in a circle."""

import ast
import graphlib
from pathlib import Path

import pytest

SCHOOL = Path(__file__).parent.parent / "course_lib" / "classroom"
# What a room may import of the school besides itself; "" is what stands in no room, such as markdown.py.
MAY_KNOW = {
    "": {"figures"},
    "figures": {""},
    "materials": {""},
    "experiments": {"", "figures", "materials"},
    "exercises": {""},
    "judging": {"", "exercises"},
    "widgets": {"", "figures", "materials", "experiments", "judging"},
    "cards": {"", "figures", "exercises", "judging", "widgets"},
}
LONGEST = 320  # lines of a file, but for the exercises, which are mostly texts
MODULES = sorted(path for path in SCHOOL.rglob("*.py") if path != SCHOOL / "__init__.py")


def name_of(path):
    """figures.charts for figures/charts.py, figures for figures/__init__.py"""
    parts = path.relative_to(SCHOOL).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


NAMES = {name_of(path): path for path in MODULES}


def room_of(name):
    return name.split(".")[0] if (SCHOOL / name.split(".")[0]).is_dir() else ""


def imports(path):
    """The modules of the school that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_lib.classroom"):
            module = node.module.removeprefix("course_lib.classroom").removeprefix(".")
            for alias in node.names:
                inner = f"{module}.{alias.name}".removeprefix(".")
                yield inner if inner in NAMES else module


@pytest.mark.parametrize("name", NAMES)
def test_a_room_knows_only_the_rooms_below_it(name):
    room = room_of(name)
    known = {room_of(each) for each in imports(NAMES[name]) if each}
    assert known <= MAY_KNOW[room] | {room}


def test_there_is_no_circle():
    graph = {name: {each for each in imports(path) if each != name} for name, path in NAMES.items()}
    assert set(graphlib.TopologicalSorter(graph).static_order()) >= set(NAMES)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_of_the_school_fits_one_reading(path):
    assert path.parent.name == "exercises" or len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
