"""The browser tests' own tools, tried on a notebook so small that one sees whether they tell the truth."""

import nbformat
import pytest
from playwright.sync_api import expect

SOURCES = [
    "import ipywidgets as widgets",
    """button = widgets.Button(description="Greet")
label = widgets.Label("nobody yet")
button.on_click(lambda pressed: setattr(label, "value", "hello"))
widgets.VBox([button, label])""",
    """slider = widgets.IntSlider(3, min=0, max=10)
double = widgets.Label("twice is 6")
slider.observe(lambda change: setattr(double, "value", f"twice is {2 * change.new}"), "value")
widgets.VBox([slider, double])""",
    """from pathlib import Path
Path("my_course").mkdir(exist_ok=True)
Path("my_course/note.txt").write_text("kept")""",
    """def answer():
    raise NotImplementedError""",
    *[f"print('filler', {number})\nfor line in range(12):\n    print(line)" for number in range(8)],
    "print('the end')",
]
SOLUTION = """def answer():
    for number in range(50):  # 마흔둘
        if number == 42:
            return number


print(answer())"""


@pytest.fixture
def notebook(server):
    """A notebook in the server's folder; returns its name."""
    cells = [nbformat.v4.new_code_cell(source) for source in SOURCES]
    cells.insert(
        0, nbformat.v4.new_markdown_cell("# A tiny notebook\n\nIt mentions `answer()` in its prose.")
    )
    cells.append(nbformat.v4.new_code_cell(""))
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), server.root / "tiny.ipynb"
    )
    return "tiny.ipynb"


def test_a_learner_can_work(lab, notebook):
    lab.open(notebook)
    assert not (lab.server.root / "my_course").exists()
    lab.run_all()
    assert lab.widget_errors() == []
    expect(lab.output("print('the end')")).to_have_text("the end")
    assert (lab.server.root / "my_course" / "note.txt").read_text(encoding="utf-8") == "kept"

    greeting = lab.output("button = ")
    lab.button(greeting, "Greet").click()
    expect(greeting).to_contain_text("hello")

    moving = lab.output("slider = ")
    lab.move_slider(lab.sliders(moving))
    expect(moving).to_contain_text("twice is 8")
    lab.screenshot("widgets")

    lab.replace_cell_source("def answer", SOLUTION)
    lab.run_cell("def answer")
    expect(lab.output("def answer")).to_have_text("42")
    lab.save()
    assert SOLUTION in [cell.source for cell in nbformat.read(lab.server.root / notebook, as_version=4).cells]

    lab.restart_kernel()
    lab.run_cell("import ipywidgets")
    expect(lab.cell("import ipywidgets").locator(".jp-InputArea-prompt")).to_have_text("[1]:")
    lab.run_all()
    expect(lab.cell("print('the end')").locator(".jp-InputArea-prompt")).to_have_text("[15]:")
    lab.button(greeting, "Greet").click()
    expect(greeting).to_contain_text("hello")
    assert lab.widget_errors() == []
    assert lab.console_errors == []


def test_an_error_in_a_cell_is_reported(lab, notebook):
    lab.open(notebook)
    lab.replace_cell_source("def answer", "import sys\nprint('a warning', file=sys.stderr)\n1 / 0")
    lab.run_all()
    warning, traceback = lab.widget_errors()
    assert warning == "a warning"
    assert "ZeroDivisionError" in traceback
    expect(lab.output("print('the end')")).to_have_text("")  # the cells after the error did not run


def test_an_error_in_the_function_behind_a_button_is_reported(lab, notebook):
    lab.open(notebook)
    lab.run_all()
    lab.replace_cell_source("button = ", 'button = widgets.Button(description="Divide", icon="check")')
    lab.run_cell("button = ")
    lab.replace_cell_source("def answer", "button.on_click(lambda pressed: 1 / 0)\nbutton")
    lab.run_cell("button.on_click")
    assert lab.widget_errors() == []
    lab.button(lab.output("button.on_click"), "Divide").click()
    expect(lab.page.locator(".jp-LogConsoleStatusItem")).to_be_visible()
    (message,) = lab.widget_errors()
    assert "ZeroDivisionError" in message


def test_an_error_in_a_widget_of_our_own_is_in_the_console(lab, notebook):
    lab.open(notebook)
    script = "export default { render() { throw new Error('no picture') } }"
    broken = f'import anywidget\n\nanywidget.AnyWidget(_esm="{script}")'
    lab.replace_cell_source("def answer", broken)
    with lab.page.expect_console_message(lambda message: "no picture" in message.text):
        lab.run_cell("import anywidget")
    assert "no picture" in lab.console_errors[0]


def test_what_was_saved_is_there_after_the_window_was_closed(lab, notebook):
    lab.open(notebook)
    lab.replace_cell_source("def answer", "kept = 1")
    lab.run_cell("kept = 1")
    lab.save()
    lab.replace_cell_source("print('the end')", "lost = 1")
    lab.open(notebook, reset=False)
    expect(lab.cell("kept = 1")).to_have_count(1)
    expect(lab.cell("lost = 1")).to_have_count(0)


def test_a_request_to_another_machine_is_noticed(lab, notebook):
    lab.open(notebook)
    assert lab.outside_requests == []
    lab.page.evaluate("fetch('http://example.invalid/').catch(() => null)")
    assert lab.outside_requests == ["http://example.invalid/"]
    lab.outside_requests.clear()  # asked on purpose
