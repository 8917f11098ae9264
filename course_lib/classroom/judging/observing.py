"""What a function does with given arguments, seen from outside; and whether it does what another one does."""

import copy
import random
import re
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy
import torch
from torch import nn

from course_lib.classroom.markdown import code

SEED = 20_181_011  # before each call; a number that no answer is likely to choose itself
TOLERANCE = dict(rtol=1e-4, atol=1e-6)


@dataclass
class Outcome:
    """What one call did. result or error: one of them, the result as a copy, for it may be changed later

    line: of the answer, where the error arose   changed: arguments that are other than before
    handed_back: the argument that is the result itself and not a new object, or None
    reseeded: has the global random state changed?   gradients: {argument: tensor or None}, where asked for
    gradient_error: what stopped the call in which gradients were asked for
    """

    result: object = None
    error: BaseException | None = None
    line: str = ""
    changed: tuple = ()
    handed_back: str | None = None
    reseeded: bool = False
    gradients: dict | None = None
    gradient_error: BaseException | None = None


@dataclass(frozen=True)
class Trial:
    """What an answer did and what was wanted, in every case of an exercise.

    source, answer: the answer as a text and as a function   cases: [{argument: value}, …]
    outcomes, wanted: an Outcome for each case, the answer's and the reference's
    """

    exercise: type
    source: str
    answer: Callable
    cases: list
    outcomes: list
    wanted: list

    @cached_property
    def wrong(self):
        """The numbers of the cases that went wrong."""
        both = zip(self.outcomes, self.wanted)
        return [number for number, (got, right) in enumerate(both) if not agree(got, right)]

    @property
    def may_be_none(self):
        """Is None wanted in some case, so that it is a result like others?"""
        return any(right.result is None for right in self.wanted)


def observe(function, case, with_gradients=True):
    """Call `function` with copies of a case's arguments and see all that it does.

    with_gradients: call it once more, and derive the result by the float arguments
    """
    given = copied(case)
    seed_everything(SEED)
    seed = random_state()
    try:
        result = function(*given.values())
        own = copied(result)
    except BaseException as error:  # exit() and KeyboardInterrupt come from learners' code too
        line = line_of(error)
        # The frames of the error hold what the answer has made; after a MemoryError that has to go.
        return Outcome(error=error.with_traceback(None), line=line)
    changed = tuple(name for name in case if not same(given[name], case[name]))
    containers = [name for name, value in given.items() if isinstance(value, (list, dict, set))]
    handed_back = next((name for name in containers if given[name] is result), None)
    outcome = Outcome(own, changed=changed, handed_back=handed_back, reseeded=seed != random_state())
    if with_gradients and not changed:
        try:
            outcome.gradients = gradients(function, copied(case))
        except BaseException as error:
            outcome.line = line_of(error)
            outcome.gradient_error = error.with_traceback(None)
    return outcome


def gradients(function, given):
    """{argument: gradient or None} of a fixed combination of the results; None where nothing can be
    derived.
    """
    floats = {
        name: each for name, each in given.items() if torch.is_tensor(each) and each.is_floating_point()
    }
    modules = {name: each for name, each in given.items() if isinstance(each, nn.Module)}
    for name, module in modules.items():
        floats |= {f"{name}.{own}": parameter for own, parameter in module.named_parameters()}
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
    dense = (each if each is None else each.to_dense() for each in found)  # an embedding's may be sparse
    return dict(zip(floats, dense))


def line_of(error):
    """The learner's own line at which an error arose, or an empty text: what lies below it is not theirs."""
    frames = [
        each for each in traceback.extract_tb(error.__traceback__) if each.filename.startswith("<exercise")
    ]
    if not frames:
        return ""
    return f" Line {frames[-1].lineno}: {code(frames[-1].line)}{values_in(error, frames[-1])}"


def values_in(error, at):
    """The shapes of the tensors that a line names, and its whole numbers, in a sentence: torch says which
    sizes do not fit, and not whose they are.
    """
    if not isinstance(error, (RuntimeError, IndexError, ValueError)):
        return ""
    own = [
        frame.f_locals
        for frame, line in traceback.walk_tb(error.__traceback__)
        if (frame.f_code.co_filename, line) == (at.filename, at.lineno)
    ]
    names = dict.fromkeys(re.findall(r"(?<![.\w])[A-Za-z]\w*", at.line)) if own else {}
    values = {name: own[-1][name] for name in names if name in own[-1]}
    shapes = [f"{name} {tuple(each.shape)}" for name, each in values.items() if torch.is_tensor(each)]
    numbers = [f"{name} is {each}" for name, each in values.items() if type(each) is int]
    if not shapes:
        return ""
    return f" (The shapes there: {', '.join(shapes)}{'; '.join(['', *numbers])}.)"


def seed_everything(seed):
    torch.manual_seed(seed)
    random.seed(seed)
    numpy.random.seed(seed)  # noqa: NPY002 — the global state that an answer may touch


def random_state():
    _, numbers, place, *_ = numpy.random.get_state()  # noqa: NPY002
    return torch.random.get_rng_state().numpy().tobytes(), random.getstate(), numbers.tobytes(), place


def copied(value):
    """A value of its own: nobody can change it later. NumPy's scalars become Python's."""
    if torch.is_tensor(value):
        return value.detach().clone()
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, nn.Module):
        return copy.deepcopy(value)
    if isinstance(value, dict):
        own = value.copy()  # a Counter stays one
        for name, each in value.items():
            own[name] = copied(each)
        return own
    if type(value) in (list, tuple):
        return type(value)(copied(each) for each in value)
    if isinstance(value, set):
        return set(value)
    return value


def flat(value):
    """The parts of nested tuples and lists."""
    if isinstance(value, (tuple, list)):
        return [part for each in value for part in flat(each)]
    return [value]


def is_plain(value):
    """Is it made of tensors, numbers, texts and lists of them alone, so that it can be compared?"""
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    return value is None or is_dense(value) or isinstance(value, (bool, int, float, str, set))


def same(one, other):
    """Is one as the other, which is wanted, in type, shape, dtype and, to a small tolerance, in value?

    Nothing is asked of an object that a learner has made, whose comparison may do anything.
    """
    if torch.is_tensor(other):
        return torch.is_tensor(one) and same_tensor(one, other)
    if isinstance(other, nn.Module):
        return type(one) is type(other) and same(contents(one), contents(other))
    if isinstance(other, (tuple, list)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(other, float):  # 1 is as good as 1.0, but where an integer is wanted, 1.0 is none
        return type(one) in (int, float) and same_number(one, other)
    if isinstance(other, dict):  # a Counter and a dict of the same counts are as good
        if not isinstance(one, dict):
            return False
        if isinstance(one, Counter) and isinstance(other, Counter):
            one, other = +one, +other  # without zeros
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in other)
    return one is other or (type(one) is type(other) and type(one).__module__ == "builtins" and one == other)


def contents(module):
    """The weights of a module and its plain settings, such as the eps of a LayerNorm."""
    settings = {name: value for name, value in vars(module).items() if isinstance(value, (int, float, tuple))}
    return settings | module.state_dict()


def is_dense(value):
    """Is it a tensor that holds a number for every place? A sparse one can do little of what these can."""
    return torch.is_tensor(value) and value.layout is torch.strided


def same_tensor(one, other):
    if not (is_dense(one) and is_dense(other)) or one.shape != other.shape or one.dtype != other.dtype:
        return False
    if not one.is_floating_point():
        return torch.equal(one, other)
    return torch.allclose(one, other, equal_nan=True, **TOLERANCE)


def same_number(one, other):
    if other != other:  # nan
        return one != one
    return one == other or abs(one) < 1e300 and abs(one - other) < 1e-6


def agree(got, right):
    """Does an outcome pass beside the reference's?"""
    if got.error or got.changed or got.reseeded or not same(got.result, right.result):
        return False
    if got.handed_back != right.handed_back:
        return False
    return right.gradients is None or same_gradients(got.gradients, right.gradients)


def alike(one, other, with_gradients=True):
    """Do two outcomes go wrong in the same way?"""
    if one.error or other.error:
        return type(one.error).__name__ == type(other.error).__name__
    return (
        same(one.result, other.result)
        and one.changed == other.changed
        and one.handed_back == other.handed_back
        and one.reseeded == other.reseeded
        and (not with_gradients or same_gradients(one.gradients, other.gradients))
    )


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
