"""A learner's way through week 0: guess, turn a slider, pass both exercises, and find them kept."""

import re

from playwright.sync_api import expect
from solving import IS_PASSED, NOT_YET

NOTEBOOK = "00_start_here.ipynb"
GUESS = "guess = predict("
REVEAL = "guess.beside("
SLIDER = 'Sharpness(["'
QUIZ = 'card("0.1")'
CODE = '@exercise("0.2")'
MAP = "answers = Path("

AN_ANSWER_AT_ONCE = 10_000  # milliseconds; a slider answers in some twenty, two busy cores take longer


def write_answer(lab, line):
    """Write a body for exercise 0.2 over what stands there, and run the cell."""
    lab.replace_cell_source(CODE, f"{CODE}\ndef average_vector(vectors):\n    {line}")
    lab.run_cell(CODE)


def test_a_prediction_by_keyboard_and_a_slider(lab):
    """What the notebook shows first has to work for someone without a mouse, and without waiting."""
    lab.open(NOTEBOOK)
    lab.run_all()
    assert lab.widget_errors() == []
    assert lab.console_errors == []
    expect(lab.output("import sys")).to_contain_text("Week 0 · Start here · 0 of ")
    expect(lab.output(REVEAL)).to_contain_text("no prediction made")

    prediction = lab.card(GUESS)
    expect(prediction).to_contain_text("Choose, then commit.")
    prediction.locator("input[type=radio]").first.focus()
    choice = prediction.locator("label", has_text="about half as long").locator("input")
    lab.tab_to(choice)
    lab.page.keyboard.press("Space")
    expect(choice).to_be_checked()
    lab.tab_to(lab.button(prediction, "Commit"))
    lab.page.keyboard.press("Space")
    expect(prediction).to_contain_text("Noted: about half as long.")
    lab.run_cell(REVEAL)
    beside = lab.output(REVEAL)
    expect(beside.locator("th")).to_have_text(["you predicted", "measured"])
    expect(beside.locator("td")).to_have_text(["about half as long", re.compile("33 times shorter")])
    lab.screenshot("prediction", prediction)

    turned = lab.output(SLIDER).locator("td")
    expect(turned).to_have_text(["나는", "0.08", "빵집에서", "0.19", "우유를", "0.50", "샀다", "0.23"])
    lab.move_slider(lab.sliders(lab.output(SLIDER)))
    sharper = ["나는", "0.06", "빵집에서", "0.16", "우유를", "0.57", "샀다", "0.21"]
    expect(turned).to_have_text(sharper, timeout=AN_ANSWER_AT_ONCE)
    lab.screenshot("slider", lab.output(SLIDER))
    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []


def test_exercises_from_wrong_to_passed_and_kept(lab):
    """Every answer is told what is right or wrong with it, and what has passed outlives the kernel."""
    lab.open(NOTEBOOK)
    lab.run_all()

    quiz = lab.card(QUIZ)
    for choice, verdict, explanation in [
        ("The notebook stops with an error.", NOT_YET, "No: an exercise never stops the notebook."),
        ("Nothing is wrong", IS_PASSED, "As soon as your own answer passes, later cells use yours."),
    ]:
        quiz.locator("label", has_text=choice).click()
        lab.button(quiz, "Check").click()
        expect(quiz.locator(".course-verdict")).to_have_text(verdict)
        expect(quiz).to_contain_text(explanation)
        lab.screenshot("quiz-passed" if verdict == IS_PASSED else "quiz-wrong", quiz)
    expect(quiz).to_contain_text("Week 0: 1 of ")

    # Before the first try, the first click on "Solution" only asks whether it is really wanted.
    code = lab.card(CODE)
    expect(code.locator(".course-verdict")).to_have_text("○ Not attempted.")
    lab.button(code, "Solution").click()
    expect(code).to_contain_text("You have not tried yet")
    expect(code.locator(".course-code")).to_have_count(0)
    lab.screenshot("solution-warned", code)

    write_answer(lab, "return vectors.sum(dim=0)")
    expect(code.locator(".course-verdict")).to_have_text(NOT_YET)
    expect(code).to_contain_text("You added up the words but did not divide by the number of words.")
    expect(code.locator("td.differs")).to_have_text([re.compile(f"^≠ {wrong}") for wrong in (4, 6, 6)])
    expect(lab.output(CODE)).to_contain_text("From here on average_vector is the course's version.")
    lab.button(code, "Hint 1 of 3").click()
    expect(code).to_contain_text("Hint 1. An average is a sum divided by a count.")
    expect(lab.button(code, "Hint 2 of 3")).to_be_visible()
    lab.button(code, "Solution").click()
    expect(code.locator(".course-code")).to_contain_text("return vectors.mean(dim=0)")
    expect(code).to_contain_text("you have looked at this solution")
    lab.screenshot("mistake", code)

    write_answer(lab, "return vectors.mean(dim=0)")
    expect(code.locator(".course-verdict")).to_have_text(IS_PASSED)
    lab.screenshot("passed", code)
    lab.run_cell(MAP)
    expect(lab.output(MAP)).to_contain_text("0_2_average_vector.py")
    expect(lab.output(MAP)).to_contain_text("Week 0 · Start here · 2 of ")
    lab.screenshot("map", lab.output(MAP))

    lab.restart_kernel()
    lab.run_all()
    for cell in ("import sys", MAP):
        expect(lab.output(cell)).to_contain_text("Week 0 · Start here · 2 of ")
    expect(quiz).to_contain_text("Week 0: 2 of ")
    lab.screenshot("after-restart", lab.output(MAP))
    assert lab.widget_errors() == []
    assert lab.console_errors == []
