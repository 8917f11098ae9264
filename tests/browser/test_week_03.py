"""A learner's way through week 3: one test, since running the whole notebook takes most of its time."""

import re

from playwright.sync_api import expect
from solving import choose, sort, write

NOTEBOOK = "03_wordpiece.ipynb"
DEMONSTRATION = "tokenizer_demo()"
SORTING = 'card("3.1")'
PUNCTUATION = '@exercise("3.2")'
PAIRS = '@exercise("3.3")'
BUG = '@exercise("3.4")'
STEPPER = "MergeStepper(six"
PARTING = 'card("3.5")'
MATCH = '@exercise("3.6")'
GREEDY = 'card("3.7")'
MY_CODE = "with my_code(week=3):"
OWN = "OwnTokenizer()"
MINE = "mine = my_tokenizer()"

AN_ANSWER_AT_ONCE = 10_000  # milliseconds


def test_week_3(lab):
    """Everything in the notebook runs; then each of its controls is used once, as its text asks for it."""
    lab.open(NOTEBOOK)
    lab.run_all()
    assert lab.widget_errors() == []
    assert lab.console_errors == []

    type_and_click(lab)
    sort(lab, SORTING, "3.1")
    write(lab, PUNCTUATION, "3.2", change=(' and character != " "', ""), says="counts the space as")
    write(lab, PAIRS, "3.3", change=("+= counts[word]", "+= 1"), says="You count every word once")
    write(lab, BUG, "3.4", change=("place += 2", "place += 1"), says="The right part of the pair still")
    step_through(lab)
    choose(lab, PARTING, "3.5")
    write(lab, MATCH, "3.6", change=(" or continues", ""), says="changes nothing in your answer")
    choose(lab, GREEDY, "3.7")
    lab.run_cell(MY_CODE)
    replaced = "wordpiece.is_punctuation, wordpiece_training.joined, wordpiece.longest_match"
    expect(lab.output(MY_CODE)).to_contain_text(f"yours:     {replaced}")
    train_one(lab)

    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []


def type_and_click(lab):
    """Typed text is cut at once; a token shows its characters, by mouse and by keyboard."""
    explorer = lab.output(DEMONSTRATION).locator(".tokenizer-explorer")
    field = explorer.get_by_label("Type a text")
    field.fill("저장했다 Save東")
    characters = explorer.locator(".tokenizer-row").nth(0).locator(".tokenizer-piece")
    pieces = explorer.locator(".tokenizer-row").nth(2).locator(".tokenizer-piece")
    expect(characters.nth(0)).to_have_text("저", timeout=AN_ANSWER_AT_ONCE)
    expect(pieces.nth(0)).to_have_text("저장")
    expect(pieces.last).to_have_text("[UNK]")
    pieces.nth(0).click()
    lab.page.mouse.move(5, 5)
    expect(explorer.locator(".tokenizer-lit")).to_have_text(["저", "장"])
    expect(explorer.locator(".tokenizer-words")).to_contain_text("characters 0 to 2 of the text: “저장”")
    lab.page.keyboard.press("ArrowRight")
    expect(pieces.nth(1)).to_be_focused()
    expect(explorer.locator(".tokenizer-lit").first).to_have_text("했")
    lab.screenshot("explorer", explorer, picture="tokenizer_explorer")


def step_through(lab):
    """One merge by the button, one more by the slider's key; the watched words change under every rule."""
    card = lab.card(STEPPER)
    expect(card).to_contain_text("no merge yet")
    lab.screenshot("stepper-0", card)
    lab.button(card, "one on").click()
    expect(card).to_contain_text("merge 1: ##장 + ##에 → ##장에", timeout=AN_ANSWER_AT_ONCE)
    expect(card).to_contain_text("merge 1: 학 + ##교 → 학교")
    lab.move_slider(lab.sliders(card))
    expect(card).to_contain_text("merge 2: 은 + ##행 → 은행", timeout=AN_ANSWER_AT_ONCE)
    expect(card).to_contain_text("merge 2: 카 + ##페 → 카페")
    lab.screenshot("stepper-2", card)


def train_one(lab):
    """A file that is not there is named; a typed text is trained on, and the next cell opens it."""
    card = lab.card(OWN)
    card.get_by_placeholder("a file beside this notebook").fill("missing.txt")
    lab.button(card, "Train").click()
    expect(card).to_contain_text("✗ Not trained: there is no file missing.txt beside the notebook")
    lab.screenshot("own-missing", card)
    card.get_by_placeholder("a file beside this notebook").fill("")
    card.get_by_placeholder("your own text").fill("나는 책을 읽었다. 나는 책을 샀다. banana bandana banana")
    lab.button(card, "Train").click()
    expect(card).to_contain_text(re.compile(r"✓ \d+ subwords"), timeout=AN_ANSWER_AT_ONCE)
    expect(card.locator("img")).to_be_visible()
    lab.screenshot("own-trained", card)
    lab.run_cell(MINE)
    expect(lab.output(MINE)).to_contain_text("your own: ")
