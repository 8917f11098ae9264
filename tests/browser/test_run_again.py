"""A cell that is run again leaves nothing behind, in the kernel or on the page."""

import base64
import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

WIDGETS = Path(__file__).resolve().parents[2] / "course_lib" / "classroom" / "widgets"
CARD, TWIN = 'card("0.1")', 'card("0.1")  # the same exercise'
COUNT = "from ipywidgets.widgets.widget import _instances\n\nlen(_instances)"
LISTENERS = """async ([script, state]) => {
    let count = 0;
    const model = { get: (name) => state[name], set() {}, save_changes() {},
                    on: () => { count += 1; }, off: () => { count -= 1; } };
    const { default: view } = await import(script);
    const cleanup = view.render({ model, el: document.createElement("div") });
    const during = count;
    cleanup();
    return [during > 0, count];
}"""
STATES = {
    "slider": {"description": "d", "labels": ["1", "2"], "place": 0},
    "tokenizer_explorer": {"longest": 9, "text": "a", "rows": []},
}


@pytest.fixture
def notebook(server):
    """A notebook with one exercise in two cells; returns its name."""
    sources = ("from course_lib.classroom import card", f"{CARD}  # first", TWIN, COUNT)
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, server.root / "again.ipynb")
    return "again.ipynb"


def test_the_kernel_keeps_no_model_of_an_earlier_run_and_the_other_cell_works(lab, notebook):
    lab.open(notebook)
    lab.run_all()
    result = lab.output("_instances)").locator(".jp-OutputArea-output")
    expect(result).to_have_text(re.compile(r"\d+"))
    before = result.text_content()
    for _ in range(3):
        lab.run_cell("# first")
    lab.run_cell("_instances)")
    expect(result).to_have_text(before)
    twin = lab.card("# the same exercise")
    lab.button(twin, "Hint 1 of 3").click()
    expect(twin).to_contain_text("Hint 1.")
    assert lab.widget_errors() == []
    assert lab.console_errors == []


@pytest.mark.parametrize("name", STATES)
def test_a_view_that_goes_takes_its_listeners_off(browser, name):
    script = base64.b64encode((WIDGETS / f"{name}.js").read_bytes()).decode()
    page = browser.new_page()
    found = page.evaluate(LISTENERS, [f"data:text/javascript;base64,{script}", STATES[name]])
    page.close()
    assert found == [True, 0]
