"""The cards on which exercises are shown: the verdict in words, hints, the solution, the state of the
week.
"""

from html import escape

import ipywidgets as widgets
from IPython.display import display

from course_lib.classroom.exercises.base import (
    NOT_ATTEMPTED,
    PASSED,
    Verdict,
    all_exercises,
)
from course_lib.classroom.judging.check import submit
from course_lib.classroom.judging.store import STORE
from course_lib.classroom.markdown import text
from course_lib.classroom.widgets.shown import STYLE, Shown

SIGNS = {"passed": "✓ Passed", "failed": "✗ Not yet", "not_attempted": "○ Not attempted"}


FRESH = Verdict(NOT_ATTEMPTED, "Choose, then check.")


def dots(number):
    return "●" * number + "○" * (3 - number)


def header(exercise):
    small = (
        f"difficulty {dots(exercise.difficulty)} · importance {dots(exercise.importance)} · "
        f"about {exercise.minutes} minutes"
    )
    return (
        f"<div class='course-title'><b>Exercise {exercise.id} · {escape(exercise.title)}</b></div>"
        f"<div><small class='course-small'>{small}</small></div><div>{text(exercise.statement())}</div>"
    )


def verdict_html(verdict):
    """The verdict, and below it the smallest case that shows what is wrong."""
    result = f"<b class='course-verdict'>{SIGNS[verdict.status]}.</b> {text(verdict.message)}"
    if verdict.evidence:
        rows = {label: value["rows"] for label, value in verdict.evidence if isinstance(value, dict)}
        parts = {label: value_html(label, value, rows) for label, value in verdict.evidence}
        results = "".join(parts.pop(label) for label in ("wanted", "yours") if label in parts)
        shown = "".join(parts.values()) + f"<div class='course-results'>{results}</div>"
        result += "<div><small class='course-small'>the smallest case that shows it:</small></div>"
        result += f"<div class='course-values'>{shown}</div>"
    if verdict.printed:
        result += "<div><small class='course-small'>printed:</small></div>"
        result += f"<div class='course-code'>{escape(verdict.printed)}</div>"
    return result


def value_html(label, value, rows):
    """One value of the evidence; in the learner's result, what differs from the wanted is framed and marked
    ≠.
    """
    if isinstance(value, str):
        return f"<div><b>{escape(label)}</b><br><code>{escape(value)}</code></div>"
    name = f"<b>{escape(label)}</b> <span class='course-small'>({value['shape']})</span>"
    wanted = rows.get("wanted") if label == "yours" else None
    comparable = wanted and [len(row) for row in wanted] == [len(row) for row in value["rows"]]
    lines = ""
    for i, row in enumerate(value["rows"]):
        cells = ""
        for j, number in enumerate(row):
            differs = comparable and wanted[i][j] != number
            cells += f"<td class='differs'>≠ {number}</td>" if differs else f"<td>{number}</td>"
        lines += f"<tr>{cells}</tr>"
    return f"<div>{name}<table>{lines}</table></div>"


def week_line(week):
    """How far the week is, in signs and in words."""
    known = STORE.read()["exercises"]
    ids = [each for each, exercise in all_exercises().items() if exercise.week() == week]
    passed = [known.get(each, {}).get("status") == PASSED for each in ids]
    signs = " ".join(f"{each} {'✓' if done else '○'}" for each, done in zip(ids, passed))
    return f"Week {week}: {sum(passed)} of {len(ids)} passed · {signs}"


BY_KEYBOARD = "With the keyboard: Tab goes from choice to choice, Space chooses"


class Card(Shown, widgets.VBox):
    """What all cards share: header, verdict, hints, solution, state of the week; and a still form of it
    all.
    """

    GO_ON = "Run this cell to answer here."

    def __init__(self, exercise, verdict=None, body=()):
        self.exercise = exercise
        passed_before = STORE.exercise(exercise.id)["status"] == PASSED
        before = Verdict(PASSED, "You have passed this before.") if passed_before else FRESH
        self.verdict = verdict or before
        self.asked_for_solution = False
        self.verdict_box = widgets.HTML()
        self.help_box = widgets.HTML()
        self.state_box = widgets.HTML()
        self.hint_button = widgets.Button(description="Hint")
        self.hint_button.on_click(self.open_hint)
        self.solution_button = widgets.Button(description="Solution")
        self.solution_button.on_click(self.open_solution)
        buttons = widgets.HBox([self.hint_button, self.solution_button])
        parts = [
            widgets.HTML(STYLE + header(exercise)),
            *body,
            self.verdict_box,
            buttons,
            self.help_box,
            self.state_box,
        ]
        super().__init__(parts)
        self.add_class("course-card")
        self.refresh()

    def refresh(self):
        """Show what is known now."""
        record = STORE.exercise(self.exercise.id)
        for status in SIGNS:
            self.remove_class(status)
        self.add_class(self.verdict.status)
        # role=status: a screen reader says the verdict without the focus moving there
        self.verdict_box.value = f"<div role='status'>{verdict_html(self.verdict)}</div>"
        opened = record["hints"]
        all_open = opened >= len(self.exercise.hints)
        hint = f"Hint {opened + 1} of {len(self.exercise.hints)}"
        self.hint_button.description = "All hints shown" if all_open else hint
        self.hint_button.disabled = all_open
        hints = "".join(
            f"<div class='course-hint'><b>Hint {number}.</b> {text(hint)}</div>"
            for number, hint in enumerate(self.exercise.hints[:opened], 1)
        )
        self.help_box.value = f"<div role='status'>{hints}{self.solution_html(record)}</div>"
        line = week_line(self.exercise.week())
        if record["solution"]:
            line += " · you have looked at this solution"
        if trouble := STORE.notice():
            line += f"<br><b>{escape(trouble)}</b>"
        self.state_box.value = f"<div class='course-small'>{line}</div>"

    def open_hint(self, _):
        opened = STORE.exercise(self.exercise.id)["hints"]
        STORE.note(self.exercise.id, hints=min(opened + 1, len(self.exercise.hints)))
        self.refresh()

    def open_solution(self, _):
        tried = STORE.exercise(self.exercise.id)["attempts"] > 0
        if tried or self.asked_for_solution:
            STORE.note(self.exercise.id, solution=True)
        self.asked_for_solution = True
        self.refresh()

    def solution_html(self, record):
        if record["solution"]:
            return f"<div class='course-hint'><b>Solution.</b></div>{self.solution_text()}"
        if self.asked_for_solution:
            return (
                "<div class='course-hint'>You have not tried yet, and a try that fails teaches more than a "
                "solution that is read. Press <b>Solution</b> again to see it all the same.</div>"
            )
        return ""

    def answer(self, candidate):
        """Check an answer given on the card itself, keep what came of it, and show it."""
        self.verdict = submit(self.exercise, candidate)
        self.refresh()

    def still(self):
        """(text, HTML) for a reader without a kernel."""
        exercise, verdict = self.exercise, self.verdict
        line = f"Exercise {exercise.id} · {exercise.title}: {SIGNS[verdict.status]}. {verdict.message}"
        # What is chosen on the card comes after this form was made. It must not say then: not attempted.
        said = "" if verdict is FRESH else verdict_html(verdict)
        return line, header(exercise) + said + self.still_body()

    def still_body(self):
        return ""


class CodeCard(Card):
    """Under the cell in which the answer is written."""

    GO_ON = "Run this cell to have your answer checked, and for hints."

    def solution_text(self):
        return f"<div class='course-code'>{escape(self.exercise.source(self.exercise.solution))}</div>"


def show_code_card(exercise, verdict, has_kept=False):
    """Show the card below a cell, and say in one line whose function the notebook uses now.

    has_kept: is there an answer from before, which serves while the stub is untouched?
    """
    display(CodeCard(exercise, verdict))
    if not verdict.passed:
        whose = "the answer that you passed before" if has_kept else "the course's version"
        print(f"From here on {exercise.name} is {whose}.")
