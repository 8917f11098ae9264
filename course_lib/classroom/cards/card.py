"""The cards on which exercises are shown: the verdict in words, hints, the solution, the state of the
week.
"""

from html import escape

import ipywidgets as widgets
from IPython.display import display

from course_lib.classroom.exercises.base import (
    NOT_ATTEMPTED,
    PASSED,
    ClickCell,
    CodeExercise,
    Ordering,
    Quiz,
    Sorting,
    Verdict,
    all_exercises,
    find,
    own_order,
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


class QuizCard(Card):
    """One question; each choice is explained as soon as it is checked."""

    def __init__(self, exercise):
        self.order = own_order(exercise, exercise.choices, STORE.order_seed())
        options = [(exercise.choices[key][0], key) for key in self.order]
        self.choice = widgets.RadioButtons(options=options, value=None, layout={"width": "auto"})
        button = widgets.Button(description="Check", button_style="primary", tooltip=BY_KEYBOARD)
        button.on_click(lambda _: self.answer(self.choice.value))
        super().__init__(exercise, body=[self.choice, button])

    def solution_text(self):
        lines = "".join(
            f"<li>{'✓' if key == self.exercise.answer else '✗'} {text(label)} <i>{text(why)}</i></li>"
            for key, (label, why) in self.exercise.choices.items()
        )
        return f"<ul>{lines}</ul>"

    def still_body(self):
        return (
            "<ul>"
            + "".join(f"<li>{text(self.exercise.choices[key][0])}</li>" for key in self.order)
            + "</ul>"
        )


class OrderingCard(Card):
    """Lines that move up and down by buttons. The focus moves along, so that the keyboard suffices."""

    def __init__(self, exercise):
        self.shown = own_order(exercise, exercise.items, STORE.order_seed())
        self.order = list(self.shown)
        self.labels = [widgets.HTML() for _ in self.order]
        self.up = [self.arrow("↑", place, -1) for place in range(len(self.order))]
        self.down = [self.arrow("↓", place, +1) for place in range(len(self.order))]
        self.up[0].disabled = self.down[-1].disabled = True
        rows = [
            widgets.HBox([up, down, label], layout={"align_items": "center"})
            for up, down, label in zip(self.up, self.down, self.labels)
        ]
        button = widgets.Button(description="Check", button_style="primary", layout={"margin": "8px 2px"})
        button.on_click(lambda _: self.answer(list(self.order)))
        super().__init__(exercise, body=[*rows, button])
        self.number_lines()

    def arrow(self, sign, place, step):
        """A button that moves the line at `place`."""
        button = widgets.Button(description=sign, layout={"width": "40px"})
        button.on_click(lambda _: self.move(place, place + step))
        return button

    def number_lines(self):
        for place, (key, label) in enumerate(zip(self.order, self.labels)):
            line = self.exercise.items[key][0]
            label.value = f"{place + 1}. {text(line)}"
            self.up[place].tooltip, self.down[place].tooltip = f"Move up: {line}", f"Move down: {line}"

    def move(self, place, other):
        self.order[place], self.order[other] = self.order[other], self.order[place]
        self.number_lines()
        same, opposite = (self.up, self.down) if other < place else (self.down, self.up)
        (opposite if same[other].disabled else same)[other].focus()

    def solution_text(self):
        lines = "".join(
            f"<li>{text(label)}. <i>{text(why)}</i></li>" for label, why in self.exercise.items.values()
        )
        return f"<ol>{lines}</ol>"

    def still_body(self):
        return (
            "<ul>" + "".join(f"<li>{text(self.exercise.items[key][0])}</li>" for key in self.shown) + "</ul>"
        )


class SortingCard(Card):
    """Statements, each the label of a menu: a plain one of the browser, which every keyboard can use."""

    def __init__(self, exercise):
        # "" and not None, which a menu would show as an empty line
        options = [("choose …", ""), *((name, key) for key, name in exercise.groups.items())]
        self.menus = {
            key: widgets.Dropdown(
                options=options,
                value="",
                description=text(exercise.items[key][0]),
                description_allow_html=True,
                style={"description_width": "auto"},
                layout={"width": "auto", "height": "auto"},
            ).add_class("course-statement")
            for key in own_order(exercise, exercise.items, STORE.order_seed())
        }
        button = widgets.Button(description="Check", button_style="primary", layout={"margin": "8px 2px"})
        button.on_click(lambda _: self.answer(self.chosen()))
        super().__init__(exercise, body=[*self.menus.values(), button])

    def chosen(self):
        """{key of the statement: key of a group} of those that are sorted, or None."""
        return {key: menu.value for key, menu in self.menus.items() if menu.value} or None

    def solution_text(self):
        lines = "".join(
            f"<li>{text(statement)} <b>{text(self.exercise.groups[group])}</b>. <i>{text(why)}</i></li>"
            for statement, group, why in self.exercise.items.values()
        )
        return f"<ul>{lines}</ul>"

    def still_body(self):
        groups = " / ".join(text(name) for name in self.exercise.groups.values())
        lines = "".join(f"<li>{text(self.exercise.items[key][0])}</li>" for key in self.menus)
        return f"<p>{groups}</p><ul>{lines}</ul>"


class CellCard(Card):
    """A matrix of buttons; the strength of the blue is the number that stands in it."""

    def __init__(self, exercise):
        rows, columns, numbers = exercise.matrix()
        size = {"width": "86px", "height": "32px"}
        middle = size | {"display": "flex", "justify_content": "center"}
        cells = [widgets.Label("", layout=size), *(widgets.Label(each, layout=middle) for each in columns)]
        for i, row in enumerate(rows):
            cells.append(widgets.Label(row, layout=size))
            for j, number in enumerate(numbers[i]):
                button = widgets.Button(
                    description=f"{number:.2f}", tooltip=f"row {row}, column {columns[j]}", layout=size
                )
                button.style.button_color = blue(number)
                button.style.text_color = "#ffffff" if number > 0.75 else "#111111"
                button.on_click(lambda _, cell=(i, j): self.answer(cell))
                cells.append(button)
        grid = widgets.GridBox(cells, layout={"grid_template_columns": f"repeat({len(columns) + 1}, 90px)"})
        super().__init__(exercise, body=[grid])

    def solution_text(self):
        rows, columns, numbers = self.exercise.matrix()
        right = [
            (i, j, self.exercise.explain_cell(i, j)[1])
            for i in range(len(rows))
            for j in range(len(columns))
            if self.exercise.explain_cell(i, j)[0]
        ]
        return "".join(
            f"<p>Row {rows[i]}, column {columns[j]}: {numbers[i][j]:.2f}. {text(why)}</p>"
            for i, j, why in right
        )

    def still_body(self):
        rows, columns, numbers = self.exercise.matrix()
        head = "<tr><td></td>" + "".join(f"<td>{escape(each)}</td>" for each in columns) + "</tr>"
        body = "".join(
            f"<tr><td>{escape(row)}</td>" + "".join(f"<td>{number:.2f}</td>" for number in line) + "</tr>"
            for row, line in zip(rows, numbers)
        )
        return f"<table>{head}{body}</table>"


def blue(share):
    """White at 0, the course's blue at 1."""
    return "#" + "".join(f"{round(255 + share * (end - 255)):02x}" for end in (0x00, 0x72, 0xB2))


CARDS = {
    CodeExercise: CodeCard,
    Quiz: QuizCard,
    Ordering: OrderingCard,
    Sorting: SortingCard,
    ClickCell: CellCard,
}


def card(exercise_id):
    """The card of an exercise that is answered on the card itself."""
    exercise = find(exercise_id)
    kind = next(kind for kind in CARDS if issubclass(exercise, kind))
    if kind is CodeExercise:
        raise ValueError(
            f'exercise {exercise_id} is answered in a cell: write @exercise("{exercise_id}") over it'
        )
    return CARDS[kind](exercise)


def show_code_card(exercise, verdict, has_kept=False):
    """Show the card below a cell, and say in one line whose function the notebook uses now.

    has_kept: is there an answer from before, which serves while the stub is untouched?
    """
    display(CodeCard(exercise, verdict))
    if not verdict.passed:
        ours = "the library's version" if exercise.replaces else "the course's solution"
        whose = "the answer that you passed before" if has_kept else ours
        print(f"From here on {exercise.name} is {whose}.")
