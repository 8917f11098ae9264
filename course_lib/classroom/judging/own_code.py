"""The library on the learner's own functions: `with my_code(): …`"""

import contextlib
import importlib
import sys

from course_lib import attention
from course_lib.classroom.exercises.base import CodeExercise, all_exercises
from course_lib.classroom.judging.check import kept_answer
from course_lib.classroom.judging.store import STORE


@contextlib.contextmanager
def my_code(week=None):
    """Inside, every function of course_lib for which you have a passed answer is your own.

    week: the last one whose functions are exchanged; without it, those of all weeks
    Prints what is yours and what is the library's. A kept answer is checked again before it is used: the file
    may have been changed, or the exercise.
    """
    mine, others = {}, []
    for each in all_exercises().values():
        if not issubclass(each, CodeExercise) or each.replaces is None:
            continue
        if week is not None and each.week() > week:
            continue
        if answer := kept_answer(each):
            mine[each.replaces] = answer
        else:
            reason = "" if STORE.answer(each) is None else " (your kept answer does not pass any more)"
            others.append(each.replaces.removeprefix("course_lib.") + reason)
    print("yours:    ", ", ".join(name.removeprefix("course_lib.") for name in mine) or "nothing yet")
    print("library's:", ", ".join(others) or "nothing of what you have met")
    with contextlib.ExitStack() as stack:
        for name, function in mine.items():
            stack.callback(replaced(name, function))
        if "course_lib.attention.attention_weights" in mine:
            stack.callback(replaced("course_lib.attention.fused_attention", on_attention_weights))
        yield sorted(mine)


def on_attention_weights(query, key, value, mask=None, dropout=0.0):
    """In place of the fused form, which has no place for a learner's `attention_weights`: the clear one."""
    return attention.attention(query, key, value, mask, dropout)[0]


IN_USE = contextlib.ExitStack()  # what `use_my_code` has exchanged


def use_my_code(week=None):
    """What `with my_code():` does, for all cells that follow. A training that runs beside them needs it.

    It holds until `use_library_code()` or until the kernel ends. Returns the names of what is yours.
    """
    use_library_code()
    return IN_USE.enter_context(my_code(week))


def use_library_code():
    """Put the library's own functions back."""
    IN_USE.close()


def replaced(name, function):
    """Put `function` in the place of a library function, wherever in course_lib it is known. Returns how to
    undo it.
    """
    module, attribute = name.rsplit(".", 1)
    original = vars(importlib.import_module(module))[attribute]
    places = [
        (vars(loaded), key)
        for loaded in [
            each for path, each in sys.modules.items() if path.split(".")[0] == "course_lib" and each
        ]
        for key, value in list(vars(loaded).items())
        if value is original
    ]

    def put(value):
        for scope, key in places:
            scope[key] = value

    put(function)
    return lambda: put(original)
