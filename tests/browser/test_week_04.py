"""A learner's way through week 4: one test, since running the whole notebook takes most of its time."""

import re

from playwright.sync_api import expect
from solving import IS_PASSED, NOT_YET, choose, expect_verdict, sort, write

NOTEBOOK = "04_positions.ipynb"
DEMONSTRATION = "Clocks()"
SORTING = 'card("4.1")'
SINUSOIDS = '@exercise("4.2")'
SIMILARITIES = 'card("4.3")'
ROTARY = '@exercise("4.4")'
SCRUBBER = "Scrubber(snapshots)"
LONGER = 'card("4.5")'
BUG = '@exercise("4.6")'
MY_CODE = "with my_code(week=4):"

AN_ANSWER_AT_ONCE = 10_000  # milliseconds


def test_week_4(lab):
    """Everything in the notebook runs; then each of its controls is used once, as its text asks for it."""
    lab.open(NOTEBOOK)
    lab.run_all()
    assert lab.widget_errors() == []
    assert lab.console_errors == []

    turn_the_clocks(lab)
    sort(lab, SORTING, "4.1")
    write(lab, SINUSOIDS, "4.2", change=("10000.0", "1000.0"), says="The base is 10000, and you have 1000.")
    click_in_the_matrix(lab)
    write(lab, ROTARY, "4.4", change=("- second", "+ second"), says="This is no rotation")
    scrub_through_the_training(lab)
    choose(lab, LONGER, "4.5")
    write(lab, BUG, "4.6", change=("[:length]", "[1 : length + 1]"), says="gets row 1 of the positions")
    lab.run_cell(MY_CODE)
    expect(lab.output(MY_CODE)).to_contain_text("embeddings.sinusoidal_positions, positions.rotary")

    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []


def turn_the_clocks(lab):
    """The hands and the words follow the slider."""
    card = lab.card(DEMONSTRATION)
    expect(card).to_contain_text("Position 3 (solid, blue) and position 5 (dashed, orange)")
    hands = card.locator("svg").first.locator("line").last.get_attribute("x2")
    lab.move_slider(lab.sliders(card).first)
    expect(card).to_contain_text("Position 4 (solid, blue)", timeout=AN_ANSWER_AT_ONCE)
    assert card.locator("svg").first.locator("line").last.get_attribute("x2") != hands
    lab.screenshot("clocks", card)


def click_in_the_matrix(lab):
    """Exercise 4.3: the right number at the wrong pair is told apart from the right cell."""
    matrix = lab.card(SIMILARITIES)
    matrix.get_by_title("row 1, column 4").click()
    expect_verdict(matrix, NOT_YET, "The number is right, but the pair is not")
    matrix.get_by_title("row 2, column 5").click()
    expect_verdict(matrix, IS_PASSED, "every pair that is three apart has this same number")
    lab.screenshot("matrix", matrix)


def scrub_through_the_training(lab):
    """By keyboard to the end of the training: another picture."""
    card = lab.card(SCRUBBER)
    before = card.locator("img").get_attribute("src")
    lab.screenshot("scrub-first", card)
    slider = lab.sliders(card).first
    slider.focus()
    slider.press("End")
    expect(card.locator("img")).not_to_have_attribute("src", before, timeout=AN_ANSWER_AT_ONCE)
    expect(card.locator("output")).to_have_text(re.compile(r"^\d+$"))
    lab.screenshot("scrub-last", card)
