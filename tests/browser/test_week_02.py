"""A learner's way through week 2: one test, since running the whole notebook takes most of its time."""

import re

from playwright.sync_api import expect
from solving import IS_PASSED, NOT_YET, expect_verdict, write

from course_lib.classroom.exercises.base import find

NOTEBOOK = "02_self_attention.ipynb"
EXPLORER = "small = SmallEncoder()"
SATURATION = "Saturation()"
CODE = '@exercise("2.2")'
HEADS, BUG, NORM = '@exercise("2.3")', '@exercise("2.4")', '@exercise("2.6")'
USE_OF_IT = "weights = attention_weights(query, key)"
MY_CODE = "with my_code(week=2):"

AN_ANSWER_AT_ONCE = 10_000  # milliseconds; a slider answers in some twenty, two busy cores take longer
DIVIDES_BY_D = "scores = query @ key.transpose(-2, -1) / query.shape[-1]"
DIVIDES_BY_ROOT = "scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])"
MASK_AND_SOFTMAX = """
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1)"""


def test_week_2(lab):
    """Everything in the notebook runs; then each of its controls is used once, as its text asks for it."""
    lab.open(NOTEBOOK)
    lab.run_all()
    assert lab.widget_errors() == []
    assert lab.console_errors == []

    explore(lab)
    click_in_the_matrix(lab)
    turn_the_size(lab)
    write_attention_weights(lab)
    write(lab, HEADS, "2.3", change=(".transpose(1, 2)", ""), says="the heads come after the words")
    write(lab, BUG, "2.4", change=("query.shape[-1]", "num_heads"), says="You divide by √num_heads")
    put_the_layer_in_order(lab)
    write(lab, NORM, "2.6", change=("hidden + change", "change"), says="x is missing")
    answer_the_quiz(lab)
    run_the_library_on_that(lab)

    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []


def explore(lab):
    """The sentence follows the pointer, goes back when the pointer leaves, and follows the arrow keys."""
    explorer = lab.output(EXPLORER).locator(".attention-explorer")
    words = explorer.locator(".explorer-words")
    active = explorer.locator(".explorer-token.explorer-active")
    token = explorer.locator("button.explorer-token")
    expect(words).to_contain_text("In layer 2, head 2, “배” (token 7) looks most at")
    expect(active).to_have_attribute("data-position", "6")
    lab.screenshot("explorer", explorer, picture="attention_explorer")

    token.nth(1).hover()
    expect(words).to_contain_text("In layer 2, head 2, “민수” looks most at")
    lab.page.mouse.move(5, 5)
    expect(words).to_contain_text("“배” (token 7) looks most at")

    token.nth(6).click()
    lab.page.mouse.move(5, 5)
    lab.page.keyboard.press("ArrowRight")
    expect(active).to_have_attribute("data-position", "7")
    expect(words).to_contain_text("In layer 2, head 2, “##를” looks most at")
    lab.page.keyboard.press("ArrowUp")
    expect(words).to_contain_text("In layer 2, head 1, “##를” looks most at")
    lab.page.keyboard.press("PageUp")
    expect(words).to_contain_text("In layer 1, head 1, “##를” looks most at")
    expect(explorer.locator("select.explorer-layer")).to_have_value("0")
    explorer.locator("select.explorer-head").select_option("1")
    expect(words).to_contain_text("In layer 1, head 2, “##를” looks most at")
    lab.screenshot("explorer-by-keys", explorer)


def click_in_the_matrix(lab):
    """Exercise 2.1: the cell on the other side of the diagonal is the answer to the opposite question."""
    matrix = lab.card('card("2.1")')
    matrix.get_by_title("row 배를, column 깎았다").click()
    expect_verdict(matrix, NOT_YET, "This is the other direction")
    lab.screenshot("matrix-wrong", matrix)
    matrix.get_by_title("row 깎았다, column 배를").click()
    expect_verdict(matrix, IS_PASSED, "Rows look, columns are looked at.")
    lab.screenshot("matrix-passed", matrix)


def turn_the_size(lab):
    """The slider over d changes both rows of bars."""
    bars = lab.output(SATURATION)
    numbers = bars.locator(".course-weight")
    expect(numbers).to_have_count(16)
    before = numbers.all_text_contents()
    lab.move_slider(lab.sliders(bars))
    expect(bars.locator("output")).to_have_text("8")
    expect(numbers).not_to_have_text(before, timeout=AN_ANSWER_AT_ONCE)
    after = numbers.all_text_contents()
    assert after[:8] != before[:8] and after[8:] != before[8:]
    lab.sliders(bars).press("End")
    expect(bars.locator("output")).to_have_text("1024")
    expect(numbers).not_to_have_text(after, timeout=AN_ANSWER_AT_ONCE)
    weights = [float(number) for number in numbers.all_text_contents()]
    assert max(weights[:8]) > 0.8 > 0.4 > max(weights[8:])  # long vectors: undivided scores saturate
    lab.screenshot("saturation", bars)


def write_attention_weights(lab):
    """Exercise 2.2: a known mistake is named, an endless loop harms nothing, the right answer passes."""
    code = lab.card(CODE)

    def write_body(body):
        source = f"import math\n\n\n{CODE}\ndef attention_weights(query, key, mask=None):\n    {body}"
        lab.replace_cell_source(CODE, source)
        lab.run_cell(CODE)

    write_body(DIVIDES_BY_D + MASK_AND_SOFTMAX)
    expect_verdict(code, NOT_YET, "You divided by d. It has to be √d")
    lab.screenshot("mistake", code, picture="exercise")

    write_body("while True: pass")
    expect_verdict(code, NOT_YET, "Stopped after 5 seconds: your code does not end")
    expect(code).to_contain_text("The notebook and your progress are unharmed.")
    lab.screenshot("endless-loop", code)
    lab.run_cell(USE_OF_IT)  # the kernel answers, with the library's function
    expect(lab.output(USE_OF_IT).locator("img, svg").first).to_be_visible()

    write_body(DIVIDES_BY_ROOT + MASK_AND_SOFTMAX)
    expect(code.locator(".course-verdict")).to_have_text(IS_PASSED)
    expect(code).to_contain_text("2.2 ✓")
    lab.screenshot("passed", code)


def put_the_layer_in_order(lab):
    """Exercise 2.5: the arrow buttons by keyboard, one step to its place after the other."""
    ordering = lab.card('card("2.5")')
    exercise = find("2.5")
    steps = [text for text, _ in exercise.items.values()]
    lines = ordering.locator(".widget-html").filter(has_text=re.compile(r"^\s*\d\. "))
    shown = [line.partition(". ")[2].strip() for line in lines.all_text_contents()]
    assert sorted(shown) == sorted(steps)
    for place, step in enumerate(steps):
        for current in range(shown.index(step), place, -1):
            ordering.get_by_title(f"Move up: {step}").press("Space")
            expect(ordering).to_contain_text(f"{current}. {step}")  # on the page, places are counted from 1
            above = ordering.get_by_title(re.compile("^Move up: ")).nth(current - 1)
            expect(above).to_have_attribute("title", f"Move up: {step}")  # it comes after the text
        shown.remove(step)
        shown.insert(place, step)
        if place == 0:
            lab.button(ordering, "Check").press("Space")
            expect_verdict(ordering, NOT_YET, "does not come next.")
            lab.screenshot("ordering-wrong", ordering)
    lab.button(ordering, "Check").press("Space")
    expect_verdict(ordering, IS_PASSED, "The order is right.")
    lab.screenshot("ordering-passed", ordering)


def answer_the_quiz(lab):
    """Exercise 2.7: the right choice, and why it is right."""
    quiz = lab.card('card("2.7")')
    choice, explanation = find("2.7").choices[find("2.7").answer]
    quiz.locator("label", has_text=choice).click()
    lab.button(quiz, "Check").click()
    expect_verdict(quiz, IS_PASSED, explanation)
    lab.screenshot("quiz-passed", quiz)


def run_the_library_on_that(lab):
    """The encoder layer of the library runs on the function that was written above."""
    lab.run_cell(MY_CODE)
    expect(lab.output(MY_CODE)).to_contain_text(
        re.compile(r"yours:\s+attention\.attention_weights, attention\.split_heads, encoder\.add_and_norm\n")
    )
    expect(lab.output(MY_CODE)).to_contain_text("the same numbers")
    lab.screenshot("my-code", lab.output(MY_CODE))
