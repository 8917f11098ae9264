"""Week 6 as a learner studies it: exercises, questions of one's own, and the model put to the test."""

from playwright.sync_api import expect
from solving import choose, sort, write

NOTEBOOK = "06_what_it_learned.ipynb"
START = "model, town = own_or_ready_model("
LISTS, SOURCE, FLOOR = 'card("6.1")', 'card("6.4")', 'card("6.7")'
IN_TURN = '@exercise("6.2")'
CALIBRATION = '@exercise("6.3")'
LOOKS = '@exercise("6.5")'
WITHOUT = '@exercise("6.6")'
FIELD = "Asking(model, town,"


def test_exercises_and_widgets(lab):
    """Every exercise once wrongly and once rightly; the field for questions used once."""
    lab.open(NOTEBOOK)
    for cell in (START, LISTS, FIELD, SOURCE, FLOOR):
        lab.run_cell(cell)
    expect(lab.output(START)).to_contain_text("the grammar knows")
    choose(lab, LISTS, "6.1")
    write(lab, IN_TURN, "6.2", change=("max(answers, key", "min(answers, key"), says="least sure")
    write(
        lab,
        CALIBRATION,
        "6.3",
        change=("inside |= predicted == high", "pass"),
        says="is in none of your bins",
    )
    ask(lab)
    sort(lab, SOURCE, "6.4")
    write(lab, LOOKS, "6.5", change=("gap, place] for", "gap].mean(dim=-1) for"), says="a row sums to 1")
    write(lab, WITHOUT, "6.6", change=("kept[:, head", "kept[head"), says="You set rows to 0")
    choose(lab, FLOOR, "6.7")
    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []


def ask(lab):
    """A question of one's own."""
    panel = lab.card(FIELD)
    panel.locator("input[type=text]").fill("지우는 [MASK]에서 김밥을 샀다")
    expect(panel).to_contain_text("분식집")
    lab.screenshot("asked", panel)
