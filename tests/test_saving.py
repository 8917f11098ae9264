"""What a notebook says when it is opened without its kernel: still forms, and no message about a model."""

import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import ipywidgets
import pytest

from course_lib import classroom, saving
from course_lib.classroom.widgets.shown import Shown
from course_lib.classroom.widgets.slider import Slider
from course_lib.saving import WIDGET, before_saving

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = [*sorted(FOLDER.glob("*.ipynb")), *sorted(FOLDER.glob("ko/*.ipynb"))]
VIEW = {"model_id": "12", "version_major": 2, "version_minor": 0}


def saved(data, kind="notebook"):
    """The data of one output as it is after the server has saved it."""
    cell = {"cell_type": "code", "outputs": [{"output_type": "display_data", "data": data}]}
    before_saving(
        model={"type": kind, "content": {"cells": [{"cell_type": "markdown"}, cell]}}, path="a.ipynb"
    )
    return data


def test_the_still_form_is_kept_and_the_widget_is_not():
    still = {"text/html": "<b>a</b>", "text/plain": "a"}
    assert saved({WIDGET: VIEW, **still}) == still


def test_of_a_widget_of_other_makers_its_text_is_kept():
    bundle = ipywidgets.IntSlider(3)._repr_mimebundle_()
    assert WIDGET in bundle and saved(bundle).keys() == {"text/plain"}


def test_a_widget_without_any_text_becomes_a_sentence():
    assert saved({WIDGET: VIEW}) == {"text/plain": "A widget. Run this cell to see it."}


@pytest.mark.parametrize("data", [{"text/plain": "3"}, {"image/png": "aa", "text/plain": "picture"}, {}])
def test_an_output_without_a_widget_is_saved_as_it_is(data):
    assert saved(dict(data)) == data


def test_an_output_without_data_is_saved_as_it_is():
    stream = {"output_type": "stream", "name": "stdout", "text": "a"}
    model = {"type": "notebook", "content": {"cells": [{"cell_type": "code", "outputs": [dict(stream)]}]}}
    before_saving(model=model, path="a.ipynb")
    assert model["content"]["cells"][0]["outputs"] == [stream]


def test_what_is_no_notebook_is_saved_as_it_is():
    model = {"type": "file", "content": "a text"}
    before_saving(model=dict(model), path="a.txt")
    assert model == {"type": "file", "content": "a text"}


def test_the_server_is_given_the_hook():
    hooks = []
    server = SimpleNamespace(contents_manager=SimpleNamespace(register_pre_save_hook=hooks.append))
    saving._load_jupyter_server_extension(server)
    assert hooks == [before_saving]
    assert saving._jupyter_server_extension_points() == [{"module": "course_lib.saving"}]


def test_the_server_does_not_have_to_load_torch():
    code = "import sys, course_lib.saving; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert shown.stdout.strip() == "False"


def widgets_of_the_course():
    for module in pkgutil.walk_packages(classroom.__path__, "course_lib.classroom."):
        importlib.import_module(module.name)
    classes = [ipywidgets.Widget]
    for each in classes:  # grows meanwhile
        classes += [sub for sub in each.__subclasses__() if sub not in classes]
    return [each for each in classes if each.__module__.startswith("course_lib.")]


PART = {Slider}  # stands inside of widgets, never in a cell alone


@pytest.mark.parametrize("widget", widgets_of_the_course(), ids=lambda each: each.__name__)
def test_every_widget_of_the_course_has_a_still_form_and_says_how_to_go_on(widget):
    if widget in PART:
        return
    assert issubclass(widget, Shown) and callable(widget.still)
    assert widget.GO_ON.startswith("Run this cell to ") and widget.GO_ON.endswith(".")
    assert widget._repr_mimebundle_ is Shown._repr_mimebundle_


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_notebook_shows_no_widget_but_those_of_the_course(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    foreign = ("ipywidgets", "anywidget", "interact(", "tqdm.notebook", "tqdm.auto", "classroom.slider")
    assert [each for each in foreign if each in code] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_kept_notebook_holds_still_forms_alone(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if WIDGET in output.get("data", {})]
