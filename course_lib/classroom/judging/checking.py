"""How an answer is judged: by what it does in several small cases, beside the reference and known mistakes.

`check_code` runs in a process of its own (see `worker.py`), where nothing that the answer does can hurt.
"""

import ast
import contextlib
import inspect
import io
import linecache

from course_lib.classroom.exercises.base import FAILED, PASSED, Verdict
from course_lib.classroom.judging.diagnosis import (
    LINES_MOST,
    PrintsTooMuch,
    describe,
    diagnosis,
    is_out_of_memory,
    shown,
    told,
)
from course_lib.classroom.judging.observing import Trial, agree, alike, is_plain, line_of, observe, same

PRINTED_MOST = 2000  # characters of what an answer prints that are kept


class NoAnswer(ValueError):
    """A source that does not define the function that is asked for; the message says why not."""


def check_code(exercise, source):
    """The Verdict on an answer, given as the source of a function that is no stub any more."""
    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        verdict = judge(exercise, source)
    return Verdict(**(vars(verdict) | {"printed": printed.summary()}))


def judge(exercise, source):
    """The Verdict on an answer, without what it printed."""
    try:
        answer = compiled(source, exercise)
        require_parameters(answer, exercise)
    except NoAnswer as error:
        return Verdict(FAILED, str(error))
    except BaseException as error:  # a learner's module-level code may raise anything, SystemExit too
        return Verdict(FAILED, told(error, line_of(error), exercise))

    cases = list(exercise.cases())
    wanted = [observe(exercise.reference(), case, exercise.compares_gradients(case)) for case in cases]
    first = observe(answer, cases[0], with_gradients=False)  # what it prints here is shown, and only that
    if isinstance(first.error, PrintsTooMuch) or is_out_of_memory(first.error):
        return Verdict(FAILED, told(first.error, first.line, exercise))
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        outcomes = [observe(answer, case, right.gradients is not None) for case, right in zip(cases, wanted)]
        return verdict_on(Trial(exercise, source, answer, cases, outcomes, wanted))


def verdict_on(trial):
    """The Verdict on an answer that was called in every case."""
    exercise, wrong = trial.exercise, trial.wrong
    if verdict := remembers(trial):
        return verdict
    if not wrong:
        return Verdict(PASSED, f"From here on {exercise.name} is your own function.")
    evidence = evidence_of(trial, wrong[0])
    for as_it_does in (fits, fits_where_both_give):
        for name, mistake in exercise.known_mistakes().items():
            if as_it_does(mistake, trial):
                return Verdict(FAILED, inspect.cleandoc(mistake.__doc__), evidence, name)
    return Verdict(FAILED, diagnosis(trial), evidence)


def evidence_of(trial, number):
    """What the card shows of one case."""
    return shown(trial.cases[number], trial.outcomes[number], trial.wanted[number])


def compiled(source, exercise):
    """The learner's function, in a fresh namespace with the imports of the week. NoAnswer where it defines
    none.
    """
    filename = f"<exercise {exercise.id}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {"__name__": "answer"}
    exec(exercise.imports(), namespace)
    namespace.pop(exercise.name, None)  # the library's own: it would be judged in the place of the answer
    exec(compile(source, filename, "exec"), namespace)
    answer = namespace.get(exercise.name)
    if (getattr(answer, "__module__", None) or "").startswith("course_lib."):
        raise NoAnswer(f"{exercise.name} is the course's version here. Write yours with def.")
    if not callable(answer):
        raise NoAnswer(why_missing(source, exercise, namespace))
    return answer


def why_missing(source, exercise, namespace):
    """What a source has in the place of the function that is asked for, in words."""
    tree = ast.parse(source)
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    for outer in tree.body:
        names = [node.name for node in ast.walk(outer) if isinstance(node, ast.FunctionDef)]
        if isinstance(outer, (ast.ClassDef, ast.FunctionDef)) and exercise.name in names:
            return f"Your {exercise.name} stands inside {outer.name}. Write it at the left edge of the cell."
    if exercise.name in namespace:
        kind = type(namespace[exercise.name]).__name__
        return f"{exercise.name} is of the type {kind} here. It has to be a function: begin with def."
    yours = f" (yours is called {functions[0]})" if len(functions) == 1 else ""
    return f"The cell defines no function called {exercise.name}{yours}: keep its name as it was."


def require_parameters(answer, exercise):
    """NoAnswer where the parameters are not those of the stub, or one has lost its default. A function that
    takes whatever comes, as decorators make them, is as good.
    """
    wanted, found = (inspect.signature(each).parameters for each in (exercise.stub, answer))
    kinds = {each.kind for each in found.values()}
    if {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds:
        return
    if list(found) != list(wanted):
        raise NoAnswer(f"The parameters must be ({', '.join(wanted)}); yours are ({', '.join(found)}).")
    for name, parameter in wanted.items():
        if parameter.default is not parameter.empty and found[name].default is parameter.empty:
            raise NoAnswer(
                f"{name} can be left out by whoever calls {exercise.name}: give it its default back, "
                f"{name}={parameter.default!r}."
            )


def remembers(trial):
    """The Verdict on an answer whose results depend on the calls before, or None.

    Right ones are called once more, in the other order; a wrong one is tried in a fresh copy of the answer.
    """
    if trial.wrong:
        tried, function = [trial.wrong[0]], compiled(trial.source, trial.exercise)
    else:
        tried, function = reversed(range(len(trial.cases))), trial.answer
    for number in tried:
        before = trial.outcomes[number]
        again = observe(function, trial.cases[number], trial.wanted[number].gradients is not None)
        if is_plain(before.result) and not alike(again, before):
            message = (
                "Called with the same arguments, your function does not always do the same: what does it "
                "remember from the calls before, or take from outside?"
            )
            evidence = evidence_of(trial, number)
            evidence += [] if again.error else [("yours, another time", describe(again.result))]
            return Verdict(FAILED, message, evidence)
    return None


def fits(mistake, trial):
    """Did the answer go wrong as this mistake does? In the smallest case two mistakes can look the same, so
    it has to fit in all cases. Where each case ends in an error, its type alone says too little. Gradients
    are compared where the result is right: those of a wrong one depend on how it was computed.
    """
    same_words = True
    for case, right, outcome in zip(trial.cases, trial.wanted, trial.outcomes):
        made = observe(mistake, case, right.gradients is not None)
        if not alike(made, outcome, with_gradients=same(made.result, right.result)):
            return False
        same_words = same_words and str(made.error) == str(outcome.error)
    return same_words or not all(each.error for each in trial.outcomes)


def fits_where_both_give(mistake, trial):
    """Did the answer go wrong as this mistake does wherever both give something of the wanted type?

    Two people make one mistake in two ways, and in some case one of them stops: a slice that does not fit,
    `view` where another wrote `reshape`. There the other has to be wrong. What is shown, the first case that
    went wrong, and one more have to be the mistake's.
    """
    shared = 0
    for case, right, outcome in zip(trial.cases, trial.wanted, trial.outcomes):
        made = observe(mistake, case, right.gradients is not None)
        give = [not each.error and type(each.result) is type(right.result) for each in (made, outcome)]
        if give[0] == give[1]:
            if not alike(made, outcome):
                return False
            shared += give[0] and not agree(made, right)
        elif agree(made, right) or agree(outcome, right) or not shared:
            return False
    return shared > 1


class Printed(io.TextIOBase):
    """Keeps the beginning of what is printed and counts the rest: a million lines fill no memory."""

    def __init__(self):
        self.text, self.lines, self.size = "", 0, 0

    def writable(self):
        return True

    def write(self, text):
        self.lines += text.count("\n")
        self.size += len(text)
        if self.lines > LINES_MOST:
            raise PrintsTooMuch
        if len(self.text) < PRINTED_MOST:
            self.text += text[: PRINTED_MOST - len(self.text)]
        return len(text)

    def summary(self):
        cut = self.size > len(self.text)
        lines = "1 line" if self.lines == 1 else f"{self.lines:,} lines"
        return self.text + (f" … ({lines} in all)" if cut else "")
