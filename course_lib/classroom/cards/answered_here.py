"""The cards on which an exercise is answered: a quiz, an ordering, a sorting, a matrix of cells."""

from html import escape

import ipywidgets as widgets

from course_lib.classroom.cards.card import BY_KEYBOARD, Card
from course_lib.classroom.exercises.base import (
    ClickCell,
    CodeExercise,
    Ordering,
    Quiz,
    Sorting,
    find,
    own_order,
)
from course_lib.classroom.judging.store import STORE
from course_lib.classroom.markdown import text


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
    Quiz: QuizCard,
    Ordering: OrderingCard,
    Sorting: SortingCard,
    ClickCell: CellCard,
}


def card(exercise_id):
    """The card of an exercise that is answered on the card itself."""
    exercise = find(exercise_id)
    if issubclass(exercise, CodeExercise):
        raise ValueError(
            f'exercise {exercise_id} is answered in a cell: write @exercise("{exercise_id}") over it'
        )
    return next(CARDS[kind] for kind in CARDS if issubclass(exercise, kind))(exercise)
