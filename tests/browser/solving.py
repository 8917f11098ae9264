"""Exercises solved in the page as a learner does, first wrongly, then rightly."""

import re

from playwright.sync_api import expect

from course_lib.classroom.exercises.base import find

NOT_YET = "✗ Not yet."
IS_PASSED = "✓ Passed."


def expect_verdict(card, verdict, explanation):
    """What a card says in its two parts: the sign with its word, and why."""
    expect(card.locator(".course-verdict")).to_have_text(verdict)
    expect(card).to_contain_text(shown(explanation))


def shown(text):
    """A text of an exercise as a page shows it, without the marks of Markdown."""
    return re.sub("[*`]", "", text)


def sort(lab, cell, exercise_id):
    """A sorting: all into one group first, which cannot be right; then each where it belongs."""
    exercise, card = find(exercise_id), lab.card(cell)
    menus = card.locator("select")
    groups = list(exercise.groups)
    for menu in menus.all():
        menu.select_option(exercise.groups[groups[0]])
    lab.button(card, "Check").click()
    _, _, why = next(each for each in exercise.items.values() if each[1] != groups[0])
    expect_verdict(card, NOT_YET, why)
    lab.screenshot(f"{exercise_id}-wrong", card)
    for statement, group, _ in exercise.items.values():
        menu_of(card, statement).select_option(exercise.groups[group])
    lab.button(card, "Check").focus()
    lab.page.keyboard.press("Space")
    expect_verdict(card, IS_PASSED, "All of them are where they belong.")


def menu_of(card, statement):
    """The menu in which a statement of a sorting is put into a group: each card has its own order."""
    return card.locator(".course-statement").filter(has_text=shown(statement)).locator("select")


def choose(lab, cell, exercise_id):
    """A quiz: a wrong choice, then the right one."""
    exercise, card = find(exercise_id), lab.card(cell)
    labels = card.locator(".widget-radio-box label")
    assert labels.count() == len(exercise.choices)
    for label in labels.all():  # else a long choice runs into the next one
        assert label.evaluate("node => node.scrollHeight <= node.clientHeight + 1"), label.text_content()
    wrong = next(key for key in exercise.choices if key != exercise.answer)
    for key, verdict in ((wrong, NOT_YET), (exercise.answer, IS_PASSED)):
        choice, explanation = exercise.choices[key]
        card.locator("label", has_text=shown(choice)).click()
        lab.button(card, "Check").click()
        expect_verdict(card, verdict, explanation)
    lab.screenshot(exercise_id, card)


def write(lab, cell, exercise_id, change, says):
    """Code: the solution with one `change`, (what stands there, what to write instead), then the solution.

    says: what the card calls the mistake
    """
    exercise, card = find(exercise_id), lab.card(cell)
    right = exercise.source(exercise.solution).rstrip()
    assert change[0] in right
    for code, verdict, explanation in ((right.replace(*change), NOT_YET, says), (right, IS_PASSED, "")):
        lab.replace_cell_source(cell, f"{cell}\n{code}")
        lab.run_cell(cell)
        expect_verdict(card, verdict, explanation)
        lab.screenshot(f"{exercise_id}-{'passed' if verdict == IS_PASSED else 'mistake'}", card)
