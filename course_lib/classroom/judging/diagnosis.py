"""What is wrong with an answer, in words: what the card says where no known mistake fits."""

import ast
import itertools
import math
import textwrap

import torch

from course_lib.classroom.judging.arguments import about_arguments, of_other_arguments, without_part
from course_lib.classroom.judging.observing import flat, is_dense, same
from course_lib.classroom.judging.places import first_difference, place_of_the_wrong
from course_lib.classroom.judging.relations import PLACES, difference, relation, short
from course_lib.classroom.markdown import code, plain

LONGEST_ERROR = 300  # characters
LINES_MOST = 10_000  # lines that an answer may print in one check


class PrintsTooMuch(BaseException):
    """Not an Exception, so that an answer does not catch it by accident."""


def diagnosis(trial):
    """A sentence on what is wrong in a Trial."""
    exercise, cases, outcomes, wrong = trial.exercise, trial.cases, trial.outcomes, trial.wrong
    case, got, right = cases[wrong[0]], outcomes[wrong[0]], trial.wanted[wrong[0]]
    if words := what_it_did(trial, got, right):
        return words
    pairs = [(outcomes[i].result, trial.wanted[i].result) for i in wrong if not outcomes[i].error]
    pairs = [(mine, theirs) for mine, theirs in pairs if not same(mine, theirs)]
    if not pairs:
        return lost_gradient(exercise, got, right)
    if trial.may_be_none and (got.result is None or right.result is None):
        if words := exercise.explain(case, got.result, right.result):
            return words
    if complaint := wrong_kind(got.result, right.result):
        if not has_other_form(got.result, right.result):
            return complaint
        words = relation(pairs)
        if not words and len(pairs) == len(wrong):
            words = of_other_arguments(exercise.reference(), cases, outcomes, wrong)
            if not words and torch.is_tensor(got.result) and torch.is_tensor(right.result):
                words = without_part(trial.answer, exercise.reference(), cases)
        return words or complaint
    words = exercise.explain(case, got.result, right.result) or relation(pairs)
    if not words and len(pairs) == len(wrong):
        words = about_arguments(trial)
        words = words or place_of_the_wrong(trial)
    if words := words or difference(got.result, right.result):
        return words
    said = not_the_same(pairs) + first_difference(trial)
    return (
        said if len(wrong) > 1 else f"{said} All other cases come out right: what is special about this one?"
    )


def has_other_form(got, right):
    """Is it something else than a tensor of the wanted shape?"""
    if torch.is_tensor(got) and torch.is_tensor(right):
        return is_dense(got) and got.shape != right.shape
    return True


def what_it_did(trial, got, right):
    """What an answer did in one case of a Trial besides giving a wrong result, in words, or None."""
    exercise = trial.exercise
    if got.error:
        return told(got.error, got.line, exercise)
    if got.changed:
        arguments = " and ".join(got.changed)
        return f"Your function changes its argument {arguments} in place. Make a new one instead."
    if got.reseeded:
        return reseeded(exercise)
    if got.handed_back != right.handed_back and got.handed_back:
        return (
            f"Your function hands back its argument {got.handed_back} itself. Make a new one: who changes "
            "the result later would change the argument, too."
        )
    if got.result is None and right.result is not None and not trial.may_be_none:
        if gives_back(trial.source, exercise.name):
            return "In this case your function comes to its end without a return, and so it gives None."
        return "Your function returns None. Is there a return?"
    return None


def reseeded(exercise):
    """What to do about a changed random state depends on whether there is anything to draw."""
    said = "Your function changes the global random state (a seed, or a random number)."
    parameters = exercise.stub.__code__.co_varnames[: exercise.stub.__code__.co_argcount]
    if {"seed", "generator"} & set(parameters):
        return f"{said} Let it draw from a generator of its own: torch.Generator()."
    return f"{said} Nothing has to be drawn here: the result depends on the arguments alone."


def gives_back(source, name):
    """Does a function of this name have a return with a value?"""
    functions = [
        node
        for node in ast.walk(ast.parse(textwrap.dedent(source)))
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    returns = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Return)]
    return any(
        node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None)
        for node in returns
    )


def wrong_kind(got, right, what="The result"):
    """What is wrong with the type, the shape or the dtype of a result, or None."""
    if torch.is_tensor(right):
        return wrong_tensor(got, right, what)
    if isinstance(right, tuple):
        if type(got) is not tuple or len(got) != len(right):
            size = f" of {len(got)}" if isinstance(got, (tuple, list)) else ""
            return f"{what} must be a tuple of {len(right)}; yours is a {name_of_type(got)}{size}."
        parts = zip(got, right, PLACES)
        named = (wrong_kind(one, other, f"The {place} part of the result") for one, other, place in parts)
        return next(filter(None, named), None)
    if isinstance(right, dict) and isinstance(got, dict):
        return None
    if isinstance(right, float) and type(got) is int:
        return None
    if type(got) is not type(right):
        right_type, its_type = type(right).__name__, name_of_type(got)
        return f"{what} must be of the type {right_type}; yours is of the type {its_type}."
    if isinstance(right, list) and right and got and type(got[0]) is not type(right[0]):
        if not (isinstance(right[0], float) and type(got[0]) is int):
            right_type, its_type = type(right[0]).__name__, name_of_type(got[0])
            elements = f"The elements of {what[0].lower()}{what[1:]}"
            return f"{elements} must be of the type {right_type}; your first is of the type {its_type}."
    return None


def wrong_tensor(got, right, what):
    if not torch.is_tensor(got):
        return f"{what} must be a tensor; yours is of the type {name_of_type(got)}."
    if got.layout != right.layout:
        return f"{what} must be an ordinary tensor; yours has the layout {got.layout}: use .to_dense()."
    if got.shape != right.shape:
        return f"{what} must have the shape {tuple(right.shape)}; yours has {tuple(got.shape)}."
    if got.dtype != right.dtype:
        return f"{what} must have the dtype {right.dtype}; yours has {got.dtype}."
    if got.is_floating_point() and got.isnan().any() and not right.isnan().any():
        return (
            "There is nan in your result: somewhere 0 is divided by 0, ∞ by ∞ (exp of a large number is "
            "∞), ∞ multiplied by 0 (log of 0 is −∞), or ∞ subtracted from ∞."
        )
    return None


def name_of_type(value):
    """list, or numpy.ndarray: with its module where it is not one of Python's own."""
    kind = type(value)
    return (
        kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]}.{kind.__name__}"
    )


def not_the_same(pairs):
    """What is left to be said of (got, wanted) of all cases that went wrong."""
    if all(nearly_the_same(got, right) for got, right in pairs):
        most = max((got - right).abs().max() for got, right in pairs)
        return (
            f"Your numbers are nearly the wanted ones, and differ by {most:.1g} at most. "
            "Is something rounded or approximated, or is a small number, such as an eps, another one?"
        )
    got, right = pairs[0]
    if all(isinstance(theirs, float) and math.isclose(mine, theirs, abs_tol=0.01) for mine, theirs in pairs):
        return (
            f"Your number is nearly the wanted one, and differs by {abs(got - right):.1g}. "
            "Is something rounded or approximated, or is a small number, such as an eps, another one?"
        )
    if any(map(torch.is_tensor, flat(right))):
        return "The shape is right, the numbers are not: compare your result with the wanted one below."
    return "Your result is another one than the wanted: compare the two below."


def nearly_the_same(got, right):
    """Are both tensors of floats that differ by little?"""
    if not all(is_dense(each) and each.is_floating_point() for each in (got, right)):
        return False
    return (got.shape, got.dtype) == (right.shape, right.dtype) and torch.allclose(got, right, 0.01, 0.01)


def lost_gradient(exercise, got, right):
    """The numbers are right, but training could not go through them."""
    if got.gradient_error:
        stopped = told(got.gradient_error, got.line, exercise)
        return f"The numbers are right, but not where gradients are asked for. {stopped}"
    mine, theirs = got.gradients, right.gradients
    lost = [name for name in theirs if mine is None or (mine[name] is None and theirs[name] is not None)]
    ways = (
        "Look for .detach(), .item(), .data, torch.no_grad(), numpy, torch.tensor(…) around a tensor, `//`, "
        "or a step in place such as `/=` or `masked_fill_`."
    )
    if lost:
        return (
            f"The numbers are right, but no gradient comes back to {' and '.join(lost)}, so nothing could be "
            f"learned through your function. {ways}"
        )
    return (
        "The numbers are right, but their gradient is not. Either another calculation gives the same numbers "
        f"here, or a part of the result is computed without gradients. {ways}"
    )


def told(error, line, exercise):
    """An exception in the learner's terms: what it says, and on which of their own lines."""
    if isinstance(error, SyntaxError) and error.filename == f"<exercise {exercise.id}>":
        line = code((error.text or "").strip())
        return f"Python cannot read line {error.lineno} ({plain(error.msg)}): {line}"
    if isinstance(error, PrintsTooMuch):
        return f"Stopped: your function prints more than {LINES_MOST:,} lines.{line}"
    if isinstance(error, SystemExit):
        return f"Your function ends the program (exit). Return a value instead.{line}"
    if is_out_of_memory(error):
        return f"Your function asks for more memory than there is. Which tensor is so large?{line}"
    if isinstance(error, RecursionError):
        return f"Your function calls itself without end.{line}"
    said = plain(words_of(error))
    if isinstance(error, UnboundLocalError) and line:  # a NameError, too, but of the learner's own making
        return f"{said}: it has no value yet when this line runs.{line}"
    if isinstance(error, NameError) and line:
        return (
            f"{said}. A check calls your function alone: what it uses must be a parameter, made inside, or "
            f"imported in the same cell.{line}"
        )
    return f"Your function stopped with {type(error).__name__}{': ' if said else ''}{said}.{line}"


def words_of(error):
    """The first line of what an error says; an error of a learner's own may refuse to say anything."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:
        return ""
    first = lines[0].rstrip(".") if lines else ""
    return first if len(first) <= LONGEST_ERROR else first[:LONGEST_ERROR] + " …"


def is_out_of_memory(error):
    return isinstance(error, MemoryError) or "allocate memory" in words_of(error)


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
    if is_dense(value):
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
    if isinstance(value, set):
        inside = "{" + ", ".join(sorted(map(short, value))) + "}"
        return inside if len(inside) <= 200 else inside[:200] + " …"
    return short(value)
