"""The one door to checking, `check`, and the decorator that stands over an exercise in a notebook."""

import inspect
import sys
from dataclasses import replace

from course_lib.classroom.checking import compiled
from course_lib.classroom.kinds import (
    FAILED,
    NOT_ATTEMPTED,
    PASSED,
    ClickCell,
    CodeExercise,
    Ordering,
    Quiz,
    Sorting,
    Verdict,
    find,
)
from course_lib.classroom.markdown import plain
from course_lib.classroom.sources import (
    NotSelfContained,
    body_of,
    is_untouched,
    self_contained,
    written_under,
)
from course_lib.classroom.store import STORE
from course_lib.classroom.worker import WORKER


def check(exercise_id, candidate):
    """The Verdict on an answer. KeyError where there is no such exercise.

    candidate: for code a function or its source; for a quiz the key of a choice; for an ordering a list of
    keys; for a sorting {key of the statement: key of a group}; for a matrix a pair (row, column); None where
    nothing has been chosen
    """
    exercise = find(exercise_id)
    if issubclass(exercise, CodeExercise):
        return check_source(exercise, candidate)
    if candidate is None:
        return Verdict(NOT_ATTEMPTED, "Choose an answer first.")
    checks = {Quiz: check_choice, Ordering: check_order, Sorting: check_groups, ClickCell: check_cell}
    kind = next(each for each in checks if issubclass(exercise, each))
    return checks[kind](exercise, candidate)


def check_source(exercise, candidate):
    if is_of_the_course(candidate):
        return Verdict(NOT_ATTEMPTED, not_yours(exercise))
    try:
        source = self_contained(candidate)
    except NotSelfContained as error:
        return Verdict(FAILED, f"{error}.")
    except SyntaxError as error:
        return Verdict(FAILED, f"Python cannot read line {error.lineno} ({plain(error.msg)}).")
    if is_untouched(source, exercise.source(exercise.stub)):
        return Verdict(NOT_ATTEMPTED, untouched(exercise))
    return WORKER.check(exercise.id, source)


def is_of_the_course(candidate):
    """Is it a function of course_lib, for which a name stands where no answer has passed?"""
    return inspect.isfunction(candidate) and (candidate.__module__ or "").startswith("course_lib.")


def not_yours(exercise):
    """What to do to have one's own function checked, where it was the course's."""
    return (
        f"{exercise.name} is the course's own function here: no answer of yours has passed. Write yours in a "
        f'cell without @exercise("{exercise.id}"), run that cell and check again.'
    )


def untouched(exercise):
    """What to do first, where nothing has been written."""
    if is_untouched(exercise.source(exercise.stub), ""):
        return "Write your answer in the place of the dots and run the cell."
    return "Mend the function and run the cell."


def check_choice(exercise, key):
    if key not in exercise.choices:
        raise ValueError(
            f"{key!r} is no choice of exercise {exercise.id}; there are {', '.join(exercise.choices)}"
        )
    _, explanation = exercise.choices[key]
    return Verdict(PASSED if key == exercise.answer else FAILED, explanation)


def check_order(exercise, keys):
    right = list(exercise.items)
    if sorted(keys) != sorted(right):
        raise ValueError(
            f"an order of exercise {exercise.id} has each of {', '.join(right)} once, got {list(keys)}"
        )
    for place, (key, wanted) in enumerate(zip(keys, right), 1):
        if key != wanted:
            text, why = exercise.items[key]
            right_ones = {1: "The first step is wrong.", 2: "The first step is right."}
            so_far = right_ones.get(place, f"The first {place - 1} steps are right.")
            return Verdict(FAILED, f"{so_far} “{text}” does not come next. {why}", mistake=key)
    return Verdict(PASSED, "The order is right.")


def check_groups(exercise, groups):
    if not groups.keys() <= exercise.items.keys() or not set(groups.values()) <= exercise.groups.keys():
        raise ValueError(
            f"exercise {exercise.id} sorts {', '.join(exercise.items)} into {', '.join(exercise.groups)}, "
            f"got {groups}"
        )
    if missing := len(exercise.items) - len(groups):
        return Verdict(NOT_ATTEMPTED, f"Sort all of them first; {missing} to go.")
    wrong = [key for key, (_, group, _) in exercise.items.items() if groups[key] != group]
    if not wrong:
        return Verdict(PASSED, "All of them are where they belong.")
    statement, _, why = exercise.items[wrong[0]]
    right = f"Right: {len(groups) - len(wrong)} of {len(groups)}."
    return Verdict(FAILED, f"{right} Think again about “{statement.rstrip('.')}”: {why}", mistake=wrong[0])


def check_cell(exercise, cell):
    rows, columns, _ = exercise.matrix()
    row, column = cell
    if not (0 <= row < len(rows) and 0 <= column < len(columns)):
        raise ValueError(
            f"exercise {exercise.id} has rows 0 to {len(rows) - 1} and columns 0 to {len(columns) - 1}, got "
            f"{cell}"
        )
    is_right, why = exercise.explain_cell(row, column)
    return Verdict(PASSED if is_right else FAILED, why)


def exercise(exercise_id):
    """Over a stub in a notebook: check the answer at once, show its card, and let the notebook go on.

    A passed answer is kept and used from here on; it takes the place of one kept before. Otherwise the answer
    kept before is used, and where there is none, the library's function.
    """
    found = find(exercise_id)

    def decorate(function):
        from course_lib.classroom.cards import show_code_card  # here, for cards need `submit` from above

        answer = written_under(sys._getframe(1), exercise_id) or function
        before = STORE.answer(found)
        verdict = submit(found, answer)
        kept = None if verdict.passed else kept_answer(found)
        show_code_card(found, told_of_kept(verdict, before, STORE.answer(found), kept), kept is not None)
        if verdict.passed:
            return compiled(self_contained(answer), found)  # with the imports that it passed with
        return kept or found.reference()

    return decorate


def told_of_kept(verdict, before, after, kept):
    """The verdict with a sentence on the answer that passed before, where this one differs from it.

    before, after: the source that was kept before this check and is kept now   kept: the function that is
    """
    if verdict.passed and before and body_of(before) != body_of(after):
        words = "It takes the place of the answer that you passed before."
    elif verdict.status == FAILED and kept:
        words = "The answer that you passed before stays kept."
    else:
        return verdict
    return replace(verdict, message=f"{verdict.message} {words}")


def kept_answer(exercise):
    """The learner's own function from my_course/, or None. Checked again: the file may have been changed."""
    source = STORE.answer(exercise)
    if source is None or not WORKER.check(exercise.id, source).passed:
        return None
    return compiled(source, exercise)


def submit(exercise, candidate):
    """Check an answer and keep what came of it."""
    verdict = check(exercise.id, candidate)
    if verdict.status != NOT_ATTEMPTED:
        STORE.attempt(exercise.id, verdict.status)
    if verdict.passed and issubclass(exercise, CodeExercise):
        STORE.keep_answer(exercise, self_contained(candidate))
    return verdict
