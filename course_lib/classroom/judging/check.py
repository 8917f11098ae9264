"""The one door to checking: `check` says what an answer is worth, `submit` keeps it, too."""

import inspect

from course_lib.classroom.exercises.base import (
    FAILED,
    NOT_ATTEMPTED,
    CodeExercise,
    Verdict,
    find,
)
from course_lib.classroom.judging.checking import compiled
from course_lib.classroom.judging.sources import (
    NotSelfContained,
    is_untouched,
    self_contained,
)
from course_lib.classroom.judging.store import STORE
from course_lib.classroom.judging.worker import WORKER
from course_lib.classroom.markdown import plain


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
    return exercise.check(candidate)


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
        f"{exercise.name} is the course's version here: no answer of yours has passed. Write yours in a "
        f'cell without @exercise("{exercise.id}"), run that cell and check again.'
    )


def untouched(exercise):
    """What to do first, where nothing has been written."""
    if is_untouched(exercise.source(exercise.stub), ""):
        return "Write your answer in the place of the dots and run the cell."
    return "Fix the function and run the cell."


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
