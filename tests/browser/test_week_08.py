"""A learner's way through week 8: the exercise, and the certificate at the end of the course."""

import re

from playwright.sync_api import expect
from solving import write

NOTEBOOK = "08_fine_tuning.ipynb"
DEMONSTRATION = "learning to answer"
LABELS = '@exercise("8.6")'
PROGRESS = "progress()"
CERTIFICATE = "certificate("


def test_week_8(lab):
    """Everything in the notebook runs; then the exercise is solved, and map and certificate know it."""
    lab.open(NOTEBOOK)
    lab.run_all()
    assert lab.widget_errors() == []
    assert lab.console_errors == []

    ask_about_stories(lab, DEMONSTRATION)
    change = ("sorted(set(training))", "dict.fromkeys(training)")
    write(lab, LABELS, "8.6", change=change, says="follow the alphabet")
    graduate(lab)

    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []


def graduate(lab):
    """The map and the certificate know what was passed."""
    lab.run_cell(PROGRESS)
    expect(lab.output(PROGRESS)).to_contain_text("Week 8 · Fine-tuning · 1 of ")
    lab.run_cell(CERTIFICATE)
    picture = lab.output(CERTIFICATE).locator("img")
    expect(picture).to_have_attribute("alt", re.compile("Certificate: 1 of "))
    lab.screenshot("certificate", lab.output(CERTIFICATE))


def ask_about_stories(lab, cell):
    """A story and a question of one's own, by Enter and by the button; the rest gets a sentence."""
    panel = lab.card(cell)
    story, question, said = (
        panel.get_by_label("story"),
        panel.get_by_label("question"),
        panel.get_by_role("status"),
    )
    expect(said).to_have_text(re.compile("Answer: |No answer in this story"))
    story.fill("민수는 [MASK]에서 <b>우유를 샀다.")
    story.press("Enter")
    expect(panel.get_by_role("row", name=re.compile("민수"))).to_have_count(1)
    expect(said).to_contain_text("“<”")
    question.fill("")
    lab.button(panel, "Ask").click()
    expect(said).to_have_text("There is no question: type one.")
    question.fill("민수는 어디에서 우유를 샀니?")
    story.fill("민수는 가게에 갔다. " * 40)
    lab.button(panel, "Ask").click()
    expect(said).to_contain_text(re.compile(r"The story has \d+ tokens, and beside this question \d+ fit"))
    expect(panel.get_by_role("table")).to_have_count(0)
    story.fill("민수는 빵집에 가서 그곳에서 우유를 샀다.")
    lab.button(panel, "Ask").click()
    expect(panel.get_by_role("columnheader")).to_have_text(["token", "begins here", "ends here", "answer"])
    lab.screenshot("asked-about-a-story", panel)
