"""One of each card and widget in one notebook: checked by axe in both themes, worked by keyboard alone."""

import re

import nbformat
import pytest
from playwright.sync_api import expect
from solving import IS_PASSED, NOT_YET, expect_verdict

from course_lib.classroom.exercises.base import find

CELLS = {
    "prediction": 'predict("0-any", "Which of these?", ["the first", "the second"])',
    "quiz": 'card("1.3")',
    "sorting": 'card("4.1")',
    "ordering": 'card("2.5")',
    "matrix": 'card("2.1")',
    "code": '@exercise("0.2")\ndef average_vector(vectors):\n    return vectors.sum(dim=0)',
    "sharpness": 'Sharpness(["나는", "우유를", "샀다"], scores=[0.2, 1.0, 2.0])',
    "saturation": "Saturation()",
    "clocks": "Clocks()",
    "scrubber": "Scrubber({step: torch.randn(8, 4) for step in (0, 40)})",
    "attention": 'AttentionExplorer(["나는", "샀다"], [torch.full((2, 2, 2), 0.5)] * 2)',
    "tokenizers": 'TokenizerExplorer({"characters": tokenizer}, "나는 우유를 샀다")',
    "merges": 'MergeStepper({"시장에": 5, "공장에": 4}, watched=["시장에"], most=4)',
    "masking": 'MaskingExplorer(tokenizer, "나는 우유를 샀다", probability=0.4)',
    "own tokenizer": "OwnTokenizer()",
    "asking stories": 'AskingStories(reader, tokenizer, "나는 우유를 샀다", "샀다")',
    "picture": 'draw_weights(torch.eye(2), ["나는", "샀다"])',
    "package": "show_package(6)",
    "certificate": 'certificate("이름")',
    "progress": "progress()",
}
IMPORTS = """import torch

from course_lib.bert import BertConfig
from course_lib.classroom import card, exercise, predict, progress
from course_lib.classroom.widgets.asking_stories import AskingStories
from course_lib.classroom.widgets.attention_explorer import AttentionExplorer
from course_lib.classroom.cards.certificate import certificate
from course_lib.classroom.widgets.clocks import Clocks
from course_lib.classroom.widgets.masking_explorer import MaskingExplorer
from course_lib.classroom.widgets.merge_stepper import MergeStepper
from course_lib.classroom.widgets.own_tokenizer import OwnTokenizer
from course_lib.classroom.figures import draw_weights, use_course_style
from course_lib.classroom.tables import show_package
from course_lib.classroom.widgets.saturation import Saturation
from course_lib.classroom.widgets.scrubber import Scrubber
from course_lib.classroom.widgets.sharpness import Sharpness
from course_lib.classroom.widgets.tokenizer_explorer import TokenizerExplorer
from course_lib.tasks import BertForQuestionAnswering
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

use_course_style()
characters = dict.fromkeys("나는우유를샀다")
vocab = [*SPECIAL, *characters, *(f"##{each}" for each in characters)]
tokenizer = WordPieceTokenizer(vocab, lowercase=True, strip_accents=False)
torch.manual_seed(0)
sizes = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
reader = BertForQuestionAnswering(BertConfig(vocab_size=len(vocab), **sizes, initializer_range=0.5))"""


@pytest.fixture
def notebook(server):
    """The notebook of all cards in the server's folder; returns its name."""
    cells = [nbformat.v4.new_code_cell(source) for source in (IMPORTS, *CELLS.values())]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), server.root / "cards.ipynb")
    return "cards.ipynb"


def output(lab, name):
    return lab.output(CELLS[name].split("\n")[0])


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing(lab, notebook, theme):
    lab.open(notebook)
    lab.choose_theme(theme)
    lab.run_all()
    assert lab.widget_errors() == []
    for name in CELLS:
        lab.screenshot(name.replace(" ", "-"), output(lab, name))
    assert lab.accessibility_problems() == []


def test_nothing_is_cut_off_at_125_percent(lab, notebook):
    """Zoom leaves a window of 1366 × 900 with four fifths of its pixels."""
    lab.page.set_viewport_size({"width": 1093, "height": 720})
    lab.open(notebook)
    lab.run_all()
    for name in CELLS:
        lab.screenshot(name.replace(" ", "-"), output(lab, name))
        for area in output(lab, name).locator(".jp-OutputArea-output").all():
            assert area.evaluate("node => node.scrollWidth <= node.clientWidth + 1"), name


def test_the_keyboard_is_enough(lab, notebook):
    """From each cell by Tab into its output, then Space, Enter and arrows; the mouse stays where it is."""
    lab.open(notebook)
    lab.run_all()

    sorting = enter(lab, "sorting")
    right = {statement: group for statement, group, _ in find("4.1").items.values()}
    for menu in sorting.locator(".course-statement").all():
        lab.tab_to(menu.locator("select"))
        group = right[menu.locator("label").text_content()]
        lab.page.keyboard.type({"same": "the", "other": "not"}[group])
    press(lab, lab.button(sorting, "Check"))
    expect_verdict(sorting, IS_PASSED, "All of them are where they belong.")

    quiz = enter(lab, "quiz")
    border, why_not = find("1.3").choices["border"]
    press(lab, quiz.locator("label", has_text=border).locator("input[type=radio]"))
    press(lab, lab.button(quiz, "Check"))
    expect_verdict(quiz, NOT_YET, why_not)
    press(lab, lab.button(quiz, "Hint 1 of 3"))
    expect(quiz).to_contain_text("Column 4 is four pixels from column 0")

    ordering = enter(lab, "ordering")
    first = ordering.locator(".widget-html").filter(has_text="1. ")
    before = first.text_content()
    press(lab, ordering.get_by_role("button", name="↓").first)
    expect(first).not_to_have_text(before)

    matrix = enter(lab, "matrix")
    press(lab, matrix.get_by_title("row 민수는, column 부엌에서"))
    expect_verdict(matrix, NOT_YET, "how much 민수는 looks at 부엌에서")

    code = enter(lab, "code")
    expect_verdict(code, NOT_YET, "You added up the words")
    press(lab, lab.button(code, "Solution"))
    expect(code).to_contain_text("return vectors.mean(dim=0)")

    sliders = dict(sharpness="1.25", saturation="8", clocks="Position 4", scrubber="40", merges="merge 1:")
    for name, changes in sliders.items():
        shown = enter(lab, name)
        lab.tab_to(lab.sliders(shown).first)
        lab.page.keyboard.press("ArrowRight")
        expect(shown).to_contain_text(changes)

    attention = enter(lab, "attention")
    lab.tab_to(attention.locator("button.explorer-token").first)
    lab.page.keyboard.press("ArrowRight")
    expect(attention).to_contain_text("“샀다” looks")

    tokenizers = enter(lab, "tokenizers")
    lab.tab_to(tokenizers.locator("input"))
    lab.page.keyboard.press("End")
    lab.page.keyboard.type(" 나는")
    expect(tokenizers).to_contain_text(re.compile("9 tokens"))

    stories = enter(lab, "asking stories")
    lab.tab_to(stories.get_by_label("story"))
    lab.page.keyboard.press("End")
    lab.page.keyboard.type(" 피자")
    lab.page.keyboard.press("Enter")
    expect(stories.get_by_role("status")).to_contain_text("read as [UNK]: “피자”.")
    lab.tab_to(stories.get_by_label("question"))
    lab.page.keyboard.press("ControlOrMeta+A")
    lab.page.keyboard.press("Delete")
    press(lab, lab.button(stories, "Ask"))
    expect(stories.get_by_role("status")).to_contain_text("There is no question")

    masking = enter(lab, "masking")
    before = masking.text_content()
    press(lab, lab.button(masking, "Draw again"))
    expect(masking).not_to_have_text(before)


def enter(lab, name):
    """Go to a cell, as the arrow keys of JupyterLab do, but not into its text. Returns its output."""
    lab.cell(CELLS[name].split("\n")[0]).locator(".cm-content").focus()
    lab.page.keyboard.press("Escape")
    return output(lab, name)


def press(lab, target):
    lab.tab_to(target)
    lab.page.keyboard.press("Space")
