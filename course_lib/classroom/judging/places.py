"""Where in a tensor the wrong numbers stand, and what the arguments have at those places."""

import torch

from course_lib.classroom.judging.observing import TOLERANCE, is_dense


def place_of_the_wrong(trial):
    """A sentence on all wrong numbers of all cases of a Trial, or None."""
    cases, wrong = trial.cases, trial.wrong
    found = [(trial.outcomes[i].result, trial.wanted[i].result) for i in wrong]
    if not all(is_dense(got) and is_dense(right) and got.shape == right.shape for got, right in found):
        return None
    bad = [(got, right, differs(got, right)) for got, right in found]
    own = {
        name: [cases[i][name] for i in wrong]
        for name in cases[0]
        if all(lies_beside(case.get(name), right.result) for case, right in zip(cases, trial.wanted))
    }
    if words := by_a_mask(own, bad) or from_an_argument(own, bad):
        return words + first_difference(trial)
    return by_the_diagonal(bad) or one_sided(bad)


def lies_beside(value, result):
    """Has an argument one number for each place of the result's first dimensions, or of all?"""
    return is_dense(value) and 0 < value.ndim <= result.ndim and value.shape == result.shape[: value.ndim]


def differs(got, right):
    return ~torch.isclose(got.double(), right.double(), **TOLERANCE, equal_nan=True)


def by_a_mask(own, bad):
    """Are the numbers wrong only where a mask among the arguments has one value, and right at the other?"""
    for name, masks in own.items():
        if any(each.is_floating_point() or not ((each == 0) | (each == 1)).all() for each in masks):
            continue
        for value in (False, True):
            words = value if masks[0].dtype == torch.bool else int(value)
            elsewhere = [
                (mask.bool() != value).view(*mask.shape, *[1] * (where.ndim - mask.ndim)).expand(where.shape)
                for mask, (*_, where) in zip(masks, bad)
            ]
            at_fault = any((where & there).any() for there, (*_, where) in zip(elsewhere, bad))
            if not at_fault and any(there.any() for there in elsewhere):
                return f"Your result is wrong only where {name} is {words}."
    return None


def from_an_argument(own, bad):
    """Is each wrong number that of one argument, at the same place?"""
    if sum(int(where.sum()) for *_, where in bad) < 2:
        return None
    for name, values in own.items():
        if all(
            value.dtype != torch.bool and value.shape == got.shape and not differs(got, value)[where].any()
            for value, (got, _, where) in zip(values, bad)
        ):
            return f"Where your result is wrong, it has the number of {name} at that place."
    return None


def by_the_diagonal(bad):
    """Do the wrong places lie on one side of the diagonal, or on it?"""
    if not all(got.ndim > 1 and got.shape[-1] == got.shape[-2] > 1 for got, *_ in bad):
        return None
    if max(got.shape[-1] for got, *_ in bad) < 3:
        return None  # in a matrix of two rows there is little choice
    for words, part in (
        ("on the diagonal", lambda where: where & torch.eye(where.shape[-1], dtype=torch.bool)),
        ("above the diagonal", lambda where: where.triu(1)),
        ("below the diagonal", lambda where: where.tril(-1)),
    ):
        if all(torch.equal(part(where), where) for *_, where in bad):
            got, right, where = bad[0]
            return f"Your result is wrong only {words}: {at_first(got, right, where)}."
    return None


def one_sided(bad):
    """Is a result of True and False wrong in one direction only?"""
    if not all(right.dtype == torch.bool for _, right, _ in bad):
        return None
    for value in (True, False):
        if all((got[where] == value).all() for got, _, where in bad):
            said = f"Your result is too often {value}, and nowhere too often {not value}"
            return f"{said}: {at_first(*bad[0])}."
    return None


def first_difference(trial):
    """Of whole numbers and of True and False: the first wrong place, with what the arguments have there."""
    first = trial.wrong[0]
    case, got, right = trial.cases[first], trial.outcomes[first].result, trial.wanted[first].result
    if not (is_dense(got) and is_dense(right)) or got.shape != right.shape or got.ndim == 0:
        return ""
    if got.is_floating_point() or not (where := differs(got, right)).any():
        return ""
    at = tuple(where.nonzero()[0].tolist())
    there = [
        f"{name} is {written(value[at])}"
        for name, value in case.items()
        if all(
            lies_beside(each.get(name), other.result) and each[name].ndim == other.result.ndim
            for each, other in zip(trial.cases, trial.wanted)
        )
    ]
    return f" For example, {at_first(got, right, where)}{'; there ' * bool(there)}{', '.join(there)}."


def at_first(got, right, where):
    """The first of the wrong places, in words."""
    at = where.nonzero()[0].tolist()
    place = f"place {at[0]}" if len(at) == 1 else str(at)
    return f"at {place} yours is {written(got[tuple(at)])}, and {written(right[tuple(at)])} is wanted"


def written(number):
    """A number of a tensor as it is read in a sentence."""
    value = number.item()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
