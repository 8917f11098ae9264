"""Week 5's training, started and stopped by its own buttons; the notebook stays free meanwhile."""

import re

from playwright.sync_api import expect

NOTEBOOK = "05_mlm_pretraining.ipynb"
PREPARATION = [
    "import torch",
    "train_wordpiece(town.stories",
    "train = Examples.write",
    "pieces = Vocabulary(vocab)",
    "rungs = ladder(vocab, gaps, town)",
    "config = BertConfig(",
]
TRAINING = "live = train_live(run, rungs, gaps)"
RESULT = "loss, accuracy = evaluate(model, gaps, pieces)"
QUESTION = "def ask(text):"
SOME_STEPS = 120_000  # milliseconds; two hundred steps take some ten seconds on two quiet cores


def steps(panel):
    """The step that the panel says it is at."""
    return int(re.search(r"step ([\d,]+)", panel.text_content())[1].replace(",", ""))


def expect_steps_beyond(panel, number):
    """Wait until the training has taken more steps than `number`."""
    line = panel.locator("[role=status]")
    expect(line).to_have_text(re.compile(r"^Training: step "), timeout=SOME_STEPS)
    seen = line.text_content()
    while int(re.search(r"step ([\d,]+)", seen)[1].replace(",", "")) <= number:
        expect(line).not_to_have_text(seen, timeout=SOME_STEPS)
        seen = line.text_content()


def test_training_by_its_buttons(lab):
    """Start, pause, ask a question, go on: the steps grow, stand still, and grow from where they stood."""
    lab.open(NOTEBOOK)
    for cell in PREPARATION:
        lab.run_cell(cell)
    lab.run_cell(TRAINING)
    panel = lab.card(TRAINING)
    expect(panel).to_contain_text("Not started.")
    expect(lab.button(panel, "Pause")).to_be_disabled()

    lab.button(panel, "Start").click()
    expect(lab.button(panel, "Start")).to_be_disabled()
    expect(panel).to_contain_text("times the floor", timeout=SOME_STEPS)  # the first measurement, at step 200
    expect_steps_beyond(panel, 200)
    lab.run_cell(RESULT)  # while it trains
    expect(lab.output(RESULT)).to_contain_text("held-out loss")
    lab.screenshot("training", panel)

    lab.button(panel, "Pause").click()
    expect(panel.locator("[role=status]")).to_have_text(re.compile("^Paused: step "))
    paused_at = steps(panel)
    alt = panel.locator("img").get_attribute("alt")
    assert f"after {paused_at} steps" in alt
    lab.run_cell(QUESTION)
    expect(lab.output(QUESTION)).to_contain_text("the grammar knows")
    assert steps(panel) == paused_at
    lab.screenshot("paused", panel)

    lab.button(panel, "Go on").focus()
    lab.page.keyboard.press("Space")
    expect_steps_beyond(panel, paused_at)
    lab.button(panel, "Pause").click()
    expect(panel.locator("[role=status]")).to_have_text(re.compile("^Paused: step "))
    assert lab.widget_errors() == []
    assert lab.console_errors == []
