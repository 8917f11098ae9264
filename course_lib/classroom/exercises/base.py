"""What an exercise is. Each is a class used as a namespace, so that its code is code and not text.

The exercises themselves are beside this file, one module a week; `all_exercises()` lists them.
"""

import importlib
import inspect
import re
import textwrap
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

NOT_ATTEMPTED, FAILED, PASSED = "not_attempted", "failed", "passed"


@dataclass(frozen=True)
class Verdict:
    """What a check found. status: passed, failed or not_attempted   message: for the learner, in words

    evidence: pairs (label, value as text or rows of numbers), the smallest case that shows it
    mistake: the name of the known mistake that was recognised, or None   printed: what the answer printed
    """

    status: str
    message: str
    evidence: list = field(default_factory=list)
    mistake: str | None = None
    printed: str = ""

    @property
    def passed(self):
        return self.status == PASSED


class Exercise:
    """What all kinds share. The docstring of an exercise is its statement, in Markdown.

    id: "week.number"   difficulty, importance: 1 to 3   minutes: how long it takes most people
    hints: three, each stronger than the one before
    is_shuffled: does each learner see what is to be chosen or sorted in an order of their own?
    """

    id = title = None
    difficulty = importance = 1
    minutes = 5
    hints = ()
    is_shuffled = True

    @classmethod
    def statement(cls):
        return inspect.cleandoc(cls.__doc__)

    @classmethod
    def week(cls):
        return int(cls.id.split(".")[0])


class CodeExercise(Exercise):
    """The learner writes a function (or mends one: then the stub is a wrong one, and the task is to find out
    why).

    stub, solution: functions; the stub's parameters are those of the answer
    mistakes: a class whose functions are wrong answers that people give; the docstring of each is what to
    tell them
    name: what the learner's function is called   replaces: "module.name" in course_lib that it stands in for
    cases: a function that yields the arguments of each call, as dicts, the smallest first
    """

    name = replaces = None

    class mistakes:
        pass

    def cases():
        raise NotImplementedError

    def explain(given, got, wanted):
        """What a wrong result shows, in words, or None; asked where no known mistake fits."""

    @classmethod
    def compares_gradients(cls, given):
        """Do gradients count in this case, too? From week 2 on, answers become parts of models that learn."""
        return cls.week() >= 2

    @classmethod
    def known_mistakes(cls):
        """{name: function} of the wrong answers that people give."""
        return {name: each for name, each in vars(cls.mistakes).items() if inspect.isfunction(each)}

    @classmethod
    def reference(cls):
        """The function that answers are held against: the library's, where the library has it."""
        if cls.replaces is None:
            return cls.solution
        module, name = cls.replaces.rsplit(".", 1)
        return vars(importlib.import_module(module))[name]

    @classmethod
    def source(cls, function):
        """The code of one of the functions above, as a learner would write it."""
        code = textwrap.dedent(inspect.getsource(function))
        return re.sub(rf"^def {function.__name__}\(", f"def {cls.name}(", code)

    @classmethod
    def imports(cls):
        """The import lines of the module that the exercise is written in: what its code may use."""
        lines = inspect.getsource(inspect.getmodule(cls)).splitlines()
        return (
            "\n".join(line for line in lines if re.match(r"(import|from) (?!course_lib.classroom)", line))
            + "\n"
        )


class Quiz(Exercise):
    """One question, one right answer. choices: {key: (text, explanation)}   answer: the right key"""

    choices = {}
    answer = None

    @classmethod
    def check(cls, key):
        """The Verdict on a choice, given as its key."""
        if key not in cls.choices:
            raise ValueError(f"{key!r} is no choice of exercise {cls.id}; there are {', '.join(cls.choices)}")
        _, explanation = cls.choices[key]
        return Verdict(PASSED if key == cls.answer else FAILED, explanation)


class Ordering(Exercise):
    """Things to be put in order. items: {key: (text, why it stands where it stands)}, in the right order"""

    items = {}

    @classmethod
    def check(cls, keys):
        """The Verdict on an order, given as the list of keys."""
        right = list(cls.items)
        if sorted(keys) != sorted(right):
            raise ValueError(
                f"an order of exercise {cls.id} has each of {', '.join(right)} once, got {list(keys)}"
            )
        for place, (key, wanted) in enumerate(zip(keys, right), 1):
            if key != wanted:
                text, why = cls.items[key]
                right_ones = {1: "The first step is wrong.", 2: "The first step is right."}
                so_far = right_ones.get(place, f"The first {place - 1} steps are right.")
                return Verdict(FAILED, f"{so_far} “{text}” does not come next. {why}", mistake=key)
        return Verdict(PASSED, "The order is right.")


class Sorting(Exercise):
    """Statements, each to be put into one of a few groups. groups: {key: name}

    items: {key: (statement, the key of its group, why it belongs there)}
    """

    groups = {}
    items = {}

    @classmethod
    def check(cls, groups):
        """The Verdict on {key of the statement: key of a group}."""
        if not groups.keys() <= cls.items.keys() or not set(groups.values()) <= cls.groups.keys():
            raise ValueError(
                f"exercise {cls.id} sorts {', '.join(cls.items)} into {', '.join(cls.groups)}, got {groups}"
            )
        if missing := len(cls.items) - len(groups):
            return Verdict(NOT_ATTEMPTED, f"Sort all of them first; {missing} to go.")
        wrong = [key for key, (_, group, _) in cls.items.items() if groups[key] != group]
        if not wrong:
            return Verdict(PASSED, "All of them are where they belong.")
        statement, _, why = cls.items[wrong[0]]
        right = f"Right: {len(groups) - len(wrong)} of {len(groups)}."
        return Verdict(
            FAILED, f"{right} Think again about “{statement.rstrip('.')}”: {why}", mistake=wrong[0]
        )


class ClickCell(Exercise):
    """A matrix in which the learner clicks a cell. `matrix()` gives row labels, column labels and numbers.

    `explain_cell(row, column)` gives (is it right, why) for each one.
    """

    def matrix():
        raise NotImplementedError

    def explain_cell(row, column):
        raise NotImplementedError

    @classmethod
    def check(cls, cell):
        """The Verdict on a pair (row, column)."""
        rows, columns, _ = cls.matrix()
        row, column = cell
        if not (0 <= row < len(rows) and 0 <= column < len(columns)):
            raise ValueError(
                f"exercise {cls.id} has rows 0 to {len(rows) - 1} and columns 0 to {len(columns) - 1}, got "
                f"{cell}"
            )
        is_right, why = cls.explain_cell(row, column)
        return Verdict(PASSED if is_right else FAILED, why)


def own_order(exercise, keys, seed):
    """The keys of choices or items in the order in which the learner with this seed meets them.

    By hashes and not by `random`, so that another version of Python changes nothing.
    """
    keys = list(keys)
    if not exercise.is_shuffled:
        return keys
    order = sorted(keys, key=lambda key: sha256(f"{seed} {exercise.id} {key}".encode()).digest())
    if issubclass(exercise, Ordering) and order == keys:
        order.reverse()  # it must not be shown solved
    return order


def all_exercises():
    """All exercises of the course, by id, in its order."""
    found = []
    for path in sorted(Path(__file__).parent.glob("week*.py")):
        module = importlib.import_module(f"course_lib.classroom.exercises.{path.stem}")
        found += [
            each
            for each in vars(module).values()
            if inspect.isclass(each)
            and issubclass(each, Exercise)
            and each.id
            and each.__module__ == module.__name__
        ]
    return {
        each.id: each for each in sorted(found, key=lambda each: [int(part) for part in each.id.split(".")])
    }


def find(exercise_id):
    """The exercise with this id. KeyError lists those there are."""
    known = all_exercises()
    if exercise_id not in known:
        raise KeyError(f"there is no exercise {exercise_id!r}; there are {', '.join(known)}")
    return known[exercise_id]
