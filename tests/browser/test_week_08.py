"""A learner's way through week 8: the exercise, and the certificate at the end of the course."""

import re

from playwright.sync_api import expect
from solving import write

NOTEBOOK = "08_fine_tuning.ipynb"
DEMONSTRATION = "labelled = encode(split.texts"
LABELS = '@exercise("8.6")'
PROGRESS = "progress()"
CERTIFICATE = "certificate("


def test_week_8(lab):
    """Everything in the notebook runs; then the exercise is solved, and map and certificate know it."""
    lab.open(NOTEBOOK)
    lab.run_all()
    assert lab.widget_errors() == []
    assert lab.console_errors == []

    expect(lab.output(DEMONSTRATION)).to_contain_text("what one does with it")
    change = ("sorted(set(training))", "dict.fromkeys(training)")
    write(lab, LABELS, "8.6", change=change, says="alphabetical one")
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
