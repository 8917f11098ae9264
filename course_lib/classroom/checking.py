"""How an answer is judged: by what it does in several small cases, beside the reference and known mistakes.

`check_code` runs in the worker process (see `worker.py`), where nothing that the answer does can hurt.
"""

import contextlib
import inspect
import io
import itertools
import linecache
import random
import traceback
from dataclasses import dataclass

import numpy
import torch

from course_lib.classroom.kinds import FAILED, PASSED, Verdict

PRINTED_MOST = 2000  # characters of what an answer prints that are kept
LINES_MOST = 10_000  # lines that it may print in one check
SEED = 20_181_011  # before each call; a number that no answer is likely to choose itself
TOLERANCE = dict(rtol=1e-4, atol=1e-6)


class PrintsTooMuch(BaseException):
    """Not an Exception, so that an answer does not catch it by accident."""


@dataclass
class Outcome:
    """What one call did. result or error: one of them   changed: arguments that are other than before

    reseeded: has the global random state changed?   gradients: {argument: tensor or None}, where asked for
    """

    result: object = None
    error: BaseException | None = None
    line: str = ""  # of the answer, where the error arose
    changed: tuple = ()
    reseeded: bool = False
    gradients: dict | None = None


def check_code(exercise, source):
    """The Verdict on an answer, given as the source of a function that is no stub any more."""
    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status, message, evidence, mistake = judge(exercise, source)
    return Verdict(status, message, evidence, mistake, printed.summary())


def judge(exercise, source):
    """(status, message, evidence, name of the mistake) for an answer."""
    try:
        answer = compiled(source, exercise)
    except BaseException as error:  # a learner's module-level code may raise anything, SystemExit too
        return FAILED, told(error, line_of(error), exercise), [], None
    if answer is None:
        return (
            FAILED,
            f"The cell defines no function called {exercise.name}: keep its name as it was.",
            [],
            None,
        )
    wanted_names, names = (list(inspect.signature(each).parameters) for each in (exercise.stub, answer))
    if names != wanted_names:
        return (
            FAILED,
            f"The parameters must be ({', '.join(wanted_names)}); yours are ({', '.join(names)}).",
            [],
            None,
        )

    cases = list(exercise.cases())
    reference = exercise.reference()
    wanted = [observe(reference, case, exercise.compares_gradients(case)) for case in cases]
    first = observe(answer, cases[0], with_gradients=False)  # what it prints here is shown
    if isinstance(first.error, PrintsTooMuch):
        return FAILED, told(first.error, first.line, exercise), [], None
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        outcomes = [observe(answer, case, right.gradients is not None) for case, right in zip(cases, wanted)]
        again = observe(answer, cases[0], wanted[0].gradients is not None)
    wrong = [number for number, (got, right) in enumerate(zip(outcomes, wanted)) if not agree(got, right)]
    if not wrong:
        if agree(again, wanted[0]):
            return PASSED, f"From here on {exercise.name} is your own function.", [], None
        message = (
            "Called again with the same arguments, your function answers differently: what does it remember?"
        )
        return FAILED, message, [], None

    case, got, right = cases[wrong[0]], outcomes[wrong[0]], wanted[wrong[0]]
    evidence = shown(case, got, right)
    for name, mistake in exercise.known_mistakes().items():
        if fits(mistake, cases, wanted, outcomes):
            return FAILED, inspect.cleandoc(mistake.__doc__), evidence, name
    return FAILED, diagnosis(exercise, case, got, right), evidence, None


def compiled(source, exercise):
    """The learner's function, in a fresh namespace with the imports of the week. None where it is not
    there.
    """
    filename = f"<exercise {exercise.id}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {"__name__": "answer"}
    exec(exercise.imports(), namespace)
    exec(compile(source, filename, "exec"), namespace)
    answer = namespace.get(exercise.name)
    return answer if callable(answer) else None


def observe(function, case, with_gradients=True):
    """Call `function` with copies of a case's arguments and see all that it does.

    with_gradients: call it once more, and derive the result by the float arguments
    """
    given = copied(case)
    seed_everything(SEED)
    seed = random_state()
    try:
        result = function(*given.values())
    except BaseException as error:  # exit() and KeyboardInterrupt come from learners' code too
        line = line_of(error)
        # The frames of the error hold what the answer has made; after a MemoryError that has to go.
        return Outcome(error=error.with_traceback(None), line=line)
    changed = tuple(name for name in case if not same(given[name], case[name]))
    outcome = Outcome(result, changed=changed, reseeded=seed != random_state())
    if with_gradients and not changed:
        outcome.gradients = gradients(function, copied(case))
    return outcome


def gradients(function, given):
    """{argument: gradient or None} of a fixed combination of the results; None where nothing can be
    derived.
    """
    floats = {
        name: each for name, each in given.items() if torch.is_tensor(each) and each.is_floating_point()
    }
    for each in floats.values():
        each.requires_grad_()
    generator = torch.Generator().manual_seed(0)
    try:
        results = [
            each for each in flat(function(*given.values())) if torch.is_tensor(each) and each.requires_grad
        ]
        if not results:
            return None
        total = sum(
            (each * torch.randn(each.shape, generator=generator, dtype=each.dtype)).sum() for each in results
        )
        found = torch.autograd.grad(total, list(floats.values()), allow_unused=True)
    except RuntimeError:  # torch refuses numpy() of a tensor that is to be learned, and some steps in place
        return None
    return dict(zip(floats, found))


def seed_everything(seed):
    torch.manual_seed(seed)
    random.seed(seed)
    numpy.random.seed(seed)  # noqa: NPY002 — the global state that an answer may touch


def random_state():
    _, numbers, place, *_ = numpy.random.get_state()  # noqa: NPY002
    return torch.random.get_rng_state().numpy().tobytes(), random.getstate(), numbers.tobytes(), place


def copied(value):
    """A value of its own: a function must not be able to change the case itself."""
    if torch.is_tensor(value):
        return value.detach().clone()
    if isinstance(value, dict):
        own = value.copy()  # a Counter stays one
        for name, each in value.items():
            own[name] = copied(each)
        return own
    if isinstance(value, list):
        return [copied(each) for each in value]
    if isinstance(value, set):
        return set(value)
    return value


def flat(value):
    """The parts of nested tuples and lists."""
    if isinstance(value, (tuple, list)):
        return [part for each in value for part in flat(each)]
    return [value]


def same(one, other):
    """Is one as the other, which is wanted, in type, shape, dtype and, to a small tolerance, in value?"""
    if torch.is_tensor(one) or torch.is_tensor(other):
        if not (torch.is_tensor(one) and torch.is_tensor(other)):
            return False
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if not one.is_floating_point():
            return torch.equal(one, other)
        return torch.allclose(one, other, equal_nan=True, **TOLERANCE)
    if isinstance(one, (tuple, list)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(other, float):  # 1 is as good as 1.0, but where an integer is wanted, 1.0 is none
        return isinstance(one, (int, float)) and abs(one - other) < 1e-6
    if isinstance(one, dict) and isinstance(other, dict):
        return one == other  # a Counter and a dict of the same counts are as good
    return type(one) is type(other) and (one is other or one == other)


def agree(got, right):
    """Does an outcome pass beside the reference's?"""
    if got.error or got.changed or got.reseeded or not same(got.result, right.result):
        return False
    return right.gradients is None or same_gradients(got.gradients, right.gradients)


def same_gradients(got, right):
    if got is None or right is None:
        return got is right
    for name in right:
        one, other = (torch.zeros(()) if each[name] is None else each[name] for each in (got, right))
        # Large terms may nearly cancel in a sum; its rounding is that of the terms.
        largest = max([0.0, *other.nan_to_num().abs().flatten().tolist()])
        atol = max(TOLERANCE["atol"], 1e-5 * largest)
        close = dict(rtol=TOLERANCE["rtol"], atol=atol, equal_nan=True)
        alike_in_kind = (one.shape, one.dtype) == (other.shape, other.dtype)
        if not (alike_in_kind and torch.allclose(one, other, **close)):
            return False
    return True


def fits(mistake, cases, wanted, outcomes):
    """Did the answer go wrong as this mistake does? In the smallest case two mistakes can look the same, so
    it has to fit in all cases. Where each case ends in an error, its type alone says too little.
    """
    same_words = True
    for case, right, outcome in zip(cases, wanted, outcomes):
        made = observe(mistake, case, right.gradients is not None)
        if not alike(made, outcome):
            return False
        same_words = same_words and str(made.error) == str(outcome.error)
    return same_words or not all(each.error for each in outcomes)


def alike(one, other):
    """Do two outcomes go wrong in the same way?"""
    if one.error or other.error:
        return type(one.error) is type(other.error)
    return (
        same(one.result, other.result)
        and one.changed == other.changed
        and one.reseeded == other.reseeded
        and same_gradients(one.gradients, other.gradients)
    )


def diagnosis(exercise, case, got, right):
    """What is wrong, in words, where no known mistake fits."""
    if got.error:
        return told(got.error, got.line, exercise)
    if got.changed:
        arguments = " and ".join(got.changed)
        return f"Your function changes its argument {arguments} in place. Make a new one instead."
    if got.reseeded:
        return (
            "Your function changes the global random state (a seed, or a random number). If it draws, let it "
            "draw from a generator of its own: torch.Generator()."
        )
    if got.result is None:
        return "Your function returns None. Is there a return?"
    if complaint := wrong_kind(got.result, right.result):
        return complaint
    if words := exercise.explain(case, got.result, right.result):
        return words
    if not same(got.result, right.result):
        if any(map(torch.is_tensor, flat(right.result))):
            return "The shape is right, the numbers are not: compare your result with the wanted one below."
        return "Your result is another one than the wanted: compare the two below."
    return lost_gradient(got.gradients, right.gradients)


def wrong_kind(got, right):
    """What is wrong with the type, the shape or the dtype of a result, or None."""
    if torch.is_tensor(right):
        if not torch.is_tensor(got):
            return f"The result must be a tensor; yours is of the type {type(got).__name__}."
        if got.shape != right.shape:
            return f"The result must have the shape {tuple(right.shape)}; yours has {tuple(got.shape)}."
        if got.dtype != right.dtype:
            return f"The result must have the dtype {right.dtype}; yours has {got.dtype}."
        if got.is_floating_point() and got.isnan().any() and not right.isnan().any():
            return (
                "There is nan in your result: somewhere 0 is divided by 0, ∞ by ∞ (exp of a large number is "
                "∞), ∞ multiplied by 0 (log of 0 is −∞), or ∞ subtracted from ∞."
            )
    elif isinstance(right, (tuple, list)):
        if type(got) is not type(right) or len(got) != len(right):
            size = f" of {len(got)}" if isinstance(got, (tuple, list)) else ""
            return (
                f"The result must be a {type(right).__name__} of {len(right)}; yours is a "
                f"{type(got).__name__}{size}."
            )
        return next(filter(None, map(wrong_kind, got, right)), None)
    elif isinstance(got, dict) and isinstance(right, dict):
        return None
    elif type(got) is not type(right) and not (isinstance(right, float) and isinstance(got, int)):
        return (
            f"The result must be of the type {type(right).__name__}; yours is of the type "
            f"{type(got).__name__}."
        )
    return None


def lost_gradient(got, right):
    """The numbers are right, but training could not go through them."""
    lost = [name for name in right if got is None or (got[name] is None and right[name] is not None)]
    if lost:
        return (
            f"The numbers are right, but no gradient comes back to {' and '.join(lost)}, so nothing could be "
            "learned through your function. Look for .detach(), .item(), .data, numpy, torch.tensor(…) "
            "around a tensor, `//`, or a step in place such as `/=` or `masked_fill_`."
        )
    return (
        "The numbers are right, but their gradient is not. Either a part of the result is computed outside "
        "torch, or another calculation gives the same numbers here."
    )


def line_of(error):
    """The learner's own line at which an error arose, or an empty text: what lies below it is not theirs."""
    frames = [
        each for each in traceback.extract_tb(error.__traceback__) if each.filename.startswith("<exercise")
    ]
    return f" Line {frames[-1].lineno}: `{frames[-1].line}`" if frames else ""


def told(error, line, exercise):
    """An exception in the learner's terms: what it says, and on which of their own lines."""
    if isinstance(error, SyntaxError) and error.filename == f"<exercise {exercise.id}>":
        return f"Python cannot read line {error.lineno} ({error.msg}): `{(error.text or '').strip()}`"
    if isinstance(error, PrintsTooMuch):
        return f"Stopped: your function prints more than {LINES_MOST:,} lines.{line}"
    if isinstance(error, SystemExit):
        return f"Your function ends the program (exit). Return a value instead.{line}"
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return f"Your function asks for more memory than there is. Which tensor is so large?{line}"
    if isinstance(error, RecursionError):
        return f"Your function calls itself without end.{line}"
    if isinstance(error, UnboundLocalError) and line:  # a NameError, too, but of the learner's own making
        return f"{error}: it has no value yet when this line runs.{line}"
    if isinstance(error, NameError) and line:
        return (
            f"{error}. A check calls your function alone: what it uses must be a parameter, made inside, or "
            f"imported in the same cell.{line}"
        )
    words = str(error).strip().splitlines()
    what = f": {words[0].rstrip('.')}" if words else ""
    return f"Your function stopped with {type(error).__name__}{what}.{line}"


def shown(case, got, right):
    """Evidence for the learner: the arguments, what was wanted and what came, small enough to be read."""
    evidence = [(name, describe(value)) for name, value in case.items()]
    evidence.append(("wanted", describe(right.result)))
    if not got.error:
        evidence.append(("yours", describe(got.result)))
    return evidence


def describe(value):
    """A value as text, or a small tensor as rows of numbers; of more than two dimensions, one matrix below
    another.

    The rows of the matrices stand in one list, with a row of its own, such as ["[0, 1]"], before each matrix.
    """
    if torch.is_tensor(value):
        value = value.detach()
        shape = "×".join(map(str, value.shape)) or "a single number"
        if not 0 < value.numel() <= 64:
            return {"shape": shape, "rows": []}
        form = "{}" if not value.is_floating_point() else "{:.3f}" if value.abs().max() < 1000 else "{:.3e}"
        matrices = value.reshape(1, -1) if value.ndim < 2 else value
        rows = []
        for place in itertools.product(*map(range, matrices.shape[:-2])):
            rows += [[str(list(place))]] if place else []
            rows += [[form.format(each) for each in row] for row in matrices[place].tolist()]
        return {"shape": shape, "rows": rows}
    if isinstance(value, (tuple, list)) and any(map(torch.is_tensor, flat(value))):
        return f"{type(value).__name__} of {len(value)}"
    text = "{" + ", ".join(map(repr, sorted(value))) + "}" if isinstance(value, set) else repr(value)
    return text if len(text) <= 200 else text[:200] + " …"


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
