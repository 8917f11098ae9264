"""Week 5 as a learner studies it: exercises, widgets, a training that survives what happens to kernels."""

import os
import re
import signal

import psutil
from playwright.sync_api import expect
from solving import choose, sort, write

NOTEBOOK = "05_mlm_pretraining.ipynb"
START = "Asking(ready, town,"
STORIES = "for story in town.stories(4, seed=7):"
MASKING = "MaskingExplorer(tokenizer, story"
COUNT = '@exercise("5.1")'
FATES = '@exercise("5.2")'
ENTROPY = '@exercise("5.3")'
NEIGHBOURS = '@exercise("5.4")'
TOO_GOOD = '@exercise("5.6")'
WHY_THERE, WHICH_BUG = 'card("5.5")', 'card("5.7")'
CURVES = ('show_training("healthy")', 'for name in "AB":', 'for name in "CD":')
MINE = "mine = use_my_code(week=5)"
TRAINING = "live = LiveTraining(run, rungs, gaps"
RESULT = "loss, accuracy = evaluate(model, gaps, vocabulary)"
QUESTION = 'Asking(model, town, "'
PREPARATION = [
    START,
    STORIES,
    "train_wordpiece(town.stories",
    "held_out = list(tokenized(",
    COUNT,
    "def count(module):",
    "vocabulary = Vocabulary(vocab)",
    "rungs = ladder(vocab, gaps, town",
    MINE,
    "config = BertConfig(",
]
SOME_STEPS = 120_000  # milliseconds; two hundred steps take some ten seconds on two quiet cores


def steps(panel):
    """The step that the panel says it is at."""
    return int(re.search(r"step ([\d,]+)", panel.text_content())[1].replace(",", ""))


def expect_steps_beyond(panel, number):
    """Wait until the training has taken more steps than `number`."""
    line = panel.locator("[role=status]").first
    expect(line).to_have_text(re.compile(r"^Training: step "), timeout=SOME_STEPS)
    seen = line.text_content()
    while int(re.search(r"step ([\d,]+)", seen)[1].replace(",", "")) <= number:
        expect(line).not_to_have_text(seen, timeout=SOME_STEPS)
        seen = line.text_content()


def prepare(lab):
    """Run every cell that the training needs, and the training's own."""
    for cell in PREPARATION:
        lab.run_cell(cell)
    lab.run_cell(TRAINING)
    return lab.card(TRAINING)


def pause(lab, panel):
    """Press Pause; returns the step at which the training stands."""
    lab.button(panel, "Pause").click()
    expect(panel.locator("[role=status]").first).to_have_text(re.compile("^Paused: step "))
    return steps(panel)


def expect_it_goes_on(lab, panel, behind):
    """What was trained `behind` an end of the kernel may be lost, but not more than 200 steps of it."""
    expect(panel.locator("[role=status]").first).to_have_text(re.compile("^Paused: step "))
    kept = steps(panel)
    assert behind - 200 <= kept <= behind + 200
    lab.button(panel, "Go on").click()
    expect_steps_beyond(panel, kept)
    return kept


def test_exercises_and_widgets(lab):
    """Every exercise once wrongly and once rightly; every widget used once."""
    lab.open(NOTEBOOK)
    for cell in (START, STORIES, "train_wordpiece(town.stories", MASKING):
        lab.run_cell(cell)
    ask(lab)
    mask(lab)
    write(lab, COUNT, "5.1", change=("4 * (", "3 * ("), says="The attention has a fourth matrix")
    write(
        lab, FATES, "5.2", change=("shares[0] + shares[1]", "shares[1]"), says="Too few tokens become random"
    )
    write(lab, ENTROPY, "5.3", change=("math.log(", "math.log2("), says="This is in bits")
    write(lab, NEIGHBOURS, "5.4", change=("weight * ", ""), says="You add the entropies up")
    write(lab, TOO_GOOD, "5.6", change=("is_hidden.sum()", "labels.numel()"), says="Still divided by all")
    for cell in (WHY_THERE, *CURVES, WHICH_BUG):
        lab.run_cell(cell)
    lab.screenshot("broken", lab.output(CURVES[1]))
    choose(lab, WHY_THERE, "5.5")
    sort(lab, WHICH_BUG, "5.7")
    for cell in ("held_out = list(tokenized(", MINE):
        lab.run_cell(cell)
    expect(lab.output(MINE)).to_contain_text(
        "masking.replace_chosen, ladder.entropy, ladder.neighbours_entropy"
    )
    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []


def ask(lab):
    """A question of one's own; one without a gap gets a sentence."""
    panel = lab.card(START)
    field = panel.locator("input[type=text]")
    field.fill("지우는 [MASK]에서 김밥을 샀다")
    expect(panel).to_contain_text("분식집")
    lab.screenshot("asked", panel)
    field.fill("지우는 분식집에 갔다.")
    expect(panel).to_contain_text("there is no [MASK]")


def mask(lab):
    """Draw again, hide everything, type another text; hide little, in whole words."""
    panel = lab.card(MASKING)
    before = panel.text_content()
    lab.button(panel, "Draw again").click()
    expect(panel).not_to_have_text(before)
    slider = lab.sliders(panel).first
    slider.focus()
    slider.press("End")
    panel.locator("input[type=text]").fill("한국어 빵집")
    expect(panel).to_contain_text(re.compile(r"(\d+) of \1 tokens chosen"))
    slider.press("Home")
    few = panel.text_content()
    panel.get_by_label("whole words").check()
    expect(panel).not_to_have_text(few)
    lab.screenshot("masked", panel)


def test_training_survives_its_kernel(lab):
    """Start, pause, another rate, a restart of the kernel, a kill -9: the steps grow from where they were."""
    lab.open(NOTEBOOK)
    panel = prepare(lab)
    expect(panel).to_contain_text("Not started.")
    expect(lab.button(panel, "Pause")).to_be_disabled()

    lab.button(panel, "Start").click()
    expect(lab.button(panel, "Start")).to_be_disabled()
    expect(panel).to_contain_text("times the floor", timeout=SOME_STEPS)  # measured first at step 200
    expect_steps_beyond(panel, 200)
    lab.run_cell(RESULT)  # while it trains
    expect(lab.output(RESULT)).to_contain_text("held-out loss")
    lab.screenshot("training", panel)
    paused_at = pause(lab, panel)
    assert f"after {paused_at} steps" in panel.locator("img").get_attribute("alt")
    lab.run_cell(QUESTION)
    expect(lab.output(QUESTION)).to_contain_text("the grammar knows")
    assert steps(panel) == paused_at

    panel.locator("select").select_option("÷ 2")
    lab.button(panel, "Go on").focus()
    lab.page.keyboard.press("Space")
    expect_steps_beyond(panel, paused_at)
    paused_at = pause(lab, panel)
    lab.restart_kernel()
    panel = prepare(lab)
    expect(panel.locator("select option:checked")).to_have_text("÷ 2")
    kept = expect_it_goes_on(lab, panel, paused_at)
    assert kept == paused_at  # pausing has kept it

    expect_steps_beyond(panel, kept + 210)
    running_at = steps(panel)
    kill_kernel(lab)
    panel = prepare(lab)
    expect_it_goes_on(lab, panel, running_at)
    lab.screenshot("after-kill", panel)
    pause(lab, panel)
    lab.button(panel, "Take the ready one").click()
    expect(panel).to_contain_text("Not trained by you")
    lab.screenshot("ready", panel)
    lab.button(panel, "Begin anew").click()
    expect(panel).to_contain_text("Not started.")
    assert lab.widget_errors() == []


def kill_kernel(lab):
    """kill -9, from outside, while it trains. JupyterLab says so, and starts another one."""
    kernels = [
        process
        for process in psutil.process_iter(["cmdline"])
        if "ipykernel_launcher" in (process.info["cmdline"] or []) and process.ppid() == lab.server.pid
    ]
    assert len(kernels) == 1
    os.kill(kernels[0].pid, signal.SIGKILL)
    dialog = lab.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("appears to have died")
    dialog.locator(".jp-mod-accept").click()
    expect(dialog).to_have_count(0)
    lab._wait_for_idle(SOME_STEPS)
