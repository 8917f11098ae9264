"""The decorator that stands over an exercise in a notebook."""

import sys
from dataclasses import replace

from course_lib.classroom.cards.card import show_code_card
from course_lib.classroom.exercises.base import FAILED, find
from course_lib.classroom.judging.check import kept_answer, submit
from course_lib.classroom.judging.checking import compiled
from course_lib.classroom.judging.sources import body_of, self_contained, written_under
from course_lib.classroom.judging.store import STORE


def exercise(exercise_id):
    """Over a stub in a notebook: check the answer at once, show its card, and let the notebook go on.

    A passed answer is kept and used from here on; it takes the place of one kept before. Otherwise the answer
    kept before is used, and where there is none, the library's function.
    """
    found = find(exercise_id)

    def decorate(function):
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
