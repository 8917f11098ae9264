"""What a wrong result is, measured by the wanted one: the same transposed, twice as large, in another order.

Each function here looks at all cases that went wrong and says a sentence that holds in every one of them, or
nothing. So a card can name the cause where no known mistake fits.
"""

from collections import Counter

import torch

from course_lib.classroom.judging.observing import same
from course_lib.classroom.judging.usual_relations import changes
from course_lib.classroom.markdown import plain

PLACES = ("first", "second", "third", "fourth")


def relation(pairs, what="Your result"):
    """A sentence on how the results differ from the wanted ones, or None.

    pairs: [(got, wanted)] of all cases that went wrong   what: is it the whole result, or which part of it?
    """
    (got, wanted), *_ = pairs
    if type(wanted) is tuple and all(type(g) is tuple and len(g) == len(w) for g, w in pairs):
        return of_one_part(pairs, what)
    for words, change in changes(pairs):
        if all(holds(change, got, wanted) for got, wanted in pairs):
            return f"{what} is {words}."
    if torch.is_tensor(wanted) and all(torch.is_tensor(g) and g.shape == w.shape for g, w in pairs):
        return partly_right(pairs, what)
    return None


def of_one_part(pairs, what):
    """The relation of the one part of a tuple that is wrong."""
    wrong = {i for got, wanted in pairs for i in range(len(wanted)) if not same(got[i], wanted[i])}
    if len(wrong) != 1 or max(wrong) >= len(PLACES):
        return None
    (i,) = wrong
    parts = [(got[i], wanted[i]) for got, wanted in pairs if not same(got[i], wanted[i])]
    return relation(parts, f"The {PLACES[i]} part of {what[0].lower()}{what[1:]}")


def holds(change, got, wanted):
    """Is `got` what `change` makes of `wanted`? A change that cannot be made of it does not hold."""
    try:
        return same(got, change(wanted))
    except (
        RuntimeError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        ZeroDivisionError,
        OverflowError,
    ):
        return False


def partly_right(pairs, what):
    """Where in the tensor the wrong numbers stand, if it is one place in all cases."""
    wrong = [~torch.isclose(g.double(), w.double(), 1e-4, 1e-6, equal_nan=True) for g, w in pairs]
    if sum(int(each.sum()) for each in wrong) < 2:
        return None  # a single number stands somewhere by chance
    for dim in (-1, -2, 0):
        if not all(each.ndim >= max(1, abs(dim)) and each.shape[dim] > 1 for each in wrong):
            continue
        if len(wrong) == 1 and wrong[0].shape[dim] == 2:
            continue  # of two parts, one is often right by chance
        is_wrong = [
            each.movedim(dim, 0).reshape(each.shape[dim], -1).any(dim=1).tolist() for each in wrong
        ]  # along `dim`
        ndims = {each.ndim for each in wrong}
        where = name_of_part(dim, ndims)
        for words, at in (("first", 0), ("last", -1)):
            there = [each[at] for each in is_wrong]
            elsewhere = [each[1:] if at == 0 else each[:-1] for each in is_wrong]
            if all(there) and not any(map(any, elsewhere)):
                return f"{what} is right but for its {words} {where}."
            if not any(there) and all(map(all, elsewhere)):
                return f"{what} is right in its {words} {where}, and wrong in the others."
    return None


def name_of_part(dim, ndims):
    """What one part along this dimension is called, in tensors of so many dimensions."""
    if ndims == {1}:
        return "number"
    if ndims == {2}:
        return "column" if dim == -1 else "row"
    number = dim % max(ndims) if len(ndims) == 1 else dim
    return f"part along dimension {number}"


def difference(got, wanted):
    """What a list or a dict lacks, or has too often, in one sentence, or None."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        if missing := [key for key in wanted if key not in got]:
            return f"Your result lacks {plain(repr(missing[0]))}."
        if extra := [key for key in got if key not in wanted]:
            return f"Your result has {plain(short(extra[0]))}, which does not belong there."
        key = next(key for key in wanted if not same(got[key], wanted[key]))
        return f"For {plain(repr(key))} your result has {plain(short(got[key]))}; wanted is {wanted[key]!r}."
    if not isinstance(wanted, (list, tuple)) or type(got) is not type(wanted):
        return None
    mine, theirs = (Counter(map(short, each)) for each in (got, wanted))
    missing, extra = theirs - mine, mine - theirs
    if not missing and not extra:
        return "Your result has the right elements in another order."
    if not extra:
        return f"Your result lacks {plain(next(iter(missing)))}."
    if not missing:
        return f"Your result has {plain(next(iter(extra)))} more often than wanted."
    place = next(i for i, (one, other) in enumerate(zip(got, wanted)) if not same(one, other))
    mine, right = plain(short(got[place])), plain(short(wanted[place]))
    return f"Your result has {mine} at place {place}, where {right} is wanted."


def short(value):
    """A value as Python writes it. An object of a learner's may refuse to be written: then its type."""
    try:
        text = repr(value)
    except Exception:
        return f"an object of the type {type(value).__name__}"
    return text if len(text) <= 200 else text[:200] + " …"
