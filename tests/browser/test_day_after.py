"""The day after: a notebook that was run and saved is opened again, and nobody has run a cell yet."""

import json

import nbformat
import pytest
from lab import TROUBLE_TEXT
from nbconvert import HTMLExporter
from playwright.sync_api import expect

FOREIGN = """import ipywidgets

from course_lib.classroom import card
from course_lib.classroom.widgets.sharpness import Sharpness

ipywidgets.IntSlider(3)"""


def save_and_come_back(lab, notebook):
    """Save by the menu, end the kernel, and open it again. Returns how many still forms were saved."""
    lab.save()
    count = (lab.server.root / notebook).read_text(encoding="utf-8").count("class='course-still'")
    lab.server.stop_kernels()
    lab.open(notebook)
    return count


def expect_still_forms(lab, count):
    """Each is there, has a size, and says how to go on; nothing says that something is missing."""
    stills = lab.notebook.locator(".course-still")
    expect(stills).to_have_count(count)
    expect(stills.locator("small", has_text="Run this cell to ")).to_have_count(count)
    expect(lab.notebook.locator(".jupyter-widgets")).to_have_count(0)
    for still in stills.all():
        still.scroll_into_view_if_needed()
        assert still.bounding_box()["height"] > 40
    assert lab.widget_errors() == []
    assert not TROUBLE_TEXT.search(lab.notebook.text_content())


@pytest.mark.parametrize("notebook", ["00_start_here", "02_self_attention", "03_wordpiece"])
def test_a_saved_notebook_shows_still_forms_and_no_error(lab, notebook):
    name = f"{notebook}.ipynb"
    lab.open(name)
    lab.run_all()
    count = save_and_come_back(lab, name)
    assert count > 2
    expect_still_forms(lab, count)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        lab.choose_theme(theme)
        for number, still in enumerate(lab.notebook.locator(".course-still").all()):
            lab.screenshot(f"{number}-{theme[11:].lower()}", still)
    assert lab.accessibility_problems() == []
    html, _ = HTMLExporter().from_filename(lab.server.root / name)  # a page that renders, and has no kernel
    assert html.count("course-still") == count and not TROUBLE_TEXT.search(html)


@pytest.fixture
def small_notebook(server):
    """A notebook of few cells; returns its name."""
    cells = [
        nbformat.v4.new_code_cell(source)
        for source in (FOREIGN, 'card("0.1")', 'Sharpness(["a", "b"], [1.0, 2.0])')
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, server.root / "small.ipynb")
    return "small.ipynb"


def test_a_learners_own_slider_leaves_its_text_and_no_error(lab, small_notebook):
    lab.open(small_notebook)
    lab.run_all()
    assert save_and_come_back(lab, small_notebook) == 2
    expect_still_forms(lab, 2)
    expect(lab.output("import ipywidgets")).to_contain_text("IntSlider(value=3)")


def test_a_still_form_looks_the_same_in_a_notebook_that_is_not_trusted(lab, small_notebook):
    """As soon as an output in it is from elsewhere: JupyterLab then shows HTML without its <style>."""
    path = lab.server.root / small_notebook
    notebook = nbformat.read(path, as_version=4)
    foreign = nbformat.v4.new_output("display_data", {"text/html": "<b onclick='1'>from elsewhere</b>"})
    notebook.cells.append(nbformat.v4.new_code_cell("1", execution_count=1, outputs=[foreign]))
    nbformat.write(notebook, path)
    lab.open(small_notebook)
    for cell in ("import ipywidgets", 'card("0.1")', 'Sharpness(["'):
        lab.run_cell(cell)
    save_and_come_back(lab, small_notebook)
    expect(lab.notebook.locator(".jp-OutputArea-output.jp-mod-trusted .course-still")).to_have_count(0)
    expect_still_forms(lab, 2)
    for still in lab.notebook.locator(".course-still").all():
        expect(still).to_have_css("border-left-width", "6px")
        expect(still).to_have_css("padding-left", "14px")
    lab.screenshot("not-trusted", lab.notebook.locator(".course-still").first)


def test_saving_leaves_the_widgets_of_the_open_page_alone(lab, small_notebook):
    lab.open(small_notebook)
    lab.run_all()
    lab.save()
    quiz = lab.card('card("0.1")')
    lab.button(quiz, "Hint 1 of 3").click()
    expect(quiz).to_contain_text("Hint 1.")
    lab.save()
    cells = json.loads((lab.server.root / small_notebook).read_text(encoding="utf-8"))["cells"]
    assert "course-still" in "".join(cells[1]["outputs"][0]["data"]["text/html"])
    assert lab.widget_errors() == []
