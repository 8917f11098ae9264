"""A learner's way through week 1: one test, since running the whole notebook takes most of its time."""

from playwright.sync_api import expect
from solving import choose, sort, write

NOTEBOOK = "01_inductive_bias.ipynb"
DEMONSTRATION = "push_digit_demo()"
SORTING = 'card("1.1")'
PLACE = '@exercise("1.2")'
EXPLORATION = 'card("1.3")'
BUG = '@exercise("1.4")'
MATRIX = '@exercise("1.5")'
CAREFUL = 'card("1.6")'
PROBLEMS = 'card("1.7")'
MY_CODE = "with my_code(week=1):"

AN_ANSWER_AT_ONCE = 10_000  # milliseconds


def test_week_1(lab):
    """Everything in the notebook runs; then each of its controls is used once, as its text asks for it."""
    lab.open(NOTEBOOK)
    lab.run_all()
    assert lab.widget_errors() == []
    assert lab.console_errors == []

    push_the_digit(lab)
    sort(lab, SORTING, "1.1")
    corner = ("row : row + height, column : column + width", ":height, :width")
    write(lab, PLACE, "1.2", change=corner, says="always stands in the upper left corner")
    choose(lab, EXPLORATION, "1.3")
    write(lab, BUG, "1.4", change=("[order]", ""), says="Your images come back as they were")
    write(lab, MATRIX, "1.5", change=(" - len(kernel) // 2", ""), says="Your kernel begins on the diagonal")
    choose(lab, CAREFUL, "1.6")
    sort(lab, PROBLEMS, "1.7")
    lab.run_cell(MY_CODE)
    expect(lab.output(MY_CODE)).to_contain_text("inductive_bias.place, inductive_bias.permute_pixels")

    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []


def push_the_digit(lab):
    """The digit moves by the keyboard, and the answers with it."""
    card = lab.card(DEMONSTRATION)
    column = lab.sliders(card).first
    before = card.locator("img").get_attribute("src")
    numbers = card.locator("td").all_text_contents()
    for _ in range(4):
        lab.move_slider(column)
    expect(column).to_have_attribute("aria-valuetext", "4")
    expect(card.locator("img")).not_to_have_attribute("src", before, timeout=AN_ANSWER_AT_ONCE)
    assert card.locator("td").all_text_contents() != numbers
    lab.screenshot("pushed", card)
