"""By how much a number is wrong, told by the arguments: 3·hidden_size too few, divided by the batch size."""

import math

import torch

from course_lib.classroom.judging.observing import is_dense

LARGEST = 12  # a coefficient above it is chance


def amount(trial):
    """A sentence on the difference or the factor, the same in all cases of a Trial, or None."""
    cases, outcomes, wanted = trial.cases, trial.outcomes, trial.wanted
    return missing_numbers(cases, outcomes, wanted) or factor(
        [(cases[i], outcomes[i].result, wanted[i].result) for i in trial.wrong]
    )


def missing_numbers(cases, outcomes, wanted):
    """Where a whole number is counted from two whole numbers: which of their products are too many or too
    few.
    """
    names, pairs = list(cases[0]), [(each.result, right.result) for each, right in zip(outcomes, wanted)]
    whole = [
        *(each for pair in pairs for each in pair),
        *(value for case in cases for value in case.values()),
    ]
    if (
        len(names) != 2
        or any(list(case) != names for case in cases)
        or any(type(each) is not int for each in whole)
    ):
        return None
    one, other = names
    parts = {
        f"{one}²": lambda a, b: a * a,
        f"{one}·{other}": lambda a, b: a * b,
        f"{other}²": lambda a, b: b * b,
        one: lambda a, b: a,
        other: lambda a, b: b,
        "1": lambda a, b: 1,
    }
    if len(cases) <= len(parts):
        return None
    rows = [[part(*case.values()) for part in parts.values()] for case in cases]
    differences = [got - right for got, right in pairs]
    table, right_side = torch.tensor(rows).double(), torch.tensor(differences).double()[:, None]
    numbers = torch.linalg.lstsq(table, right_side).solution[:, 0].round().long().tolist()
    exact = all(sum(a * b for a, b in zip(numbers, row)) == each for row, each in zip(rows, differences))
    if not exact or max(map(abs, numbers)) > LARGEST:
        return None
    terms = [(number, name) for number, name in zip(numbers, parts) if number]
    if all(number < 0 for number, _ in terms):
        return f"Your result is too small, by {sum_of([(-number, name) for number, name in terms])}."
    if all(number > 0 for number, _ in terms):
        return f"Your result is too large, by {sum_of(terms)}."
    return f"Your result minus the wanted one is {sum_of(sorted(terms, reverse=True))}."


def sum_of(terms):
    """3·n² − m, of [(3, "n²"), (-1, "m")]."""
    text = ""
    for number, name in terms:
        size = str(abs(number)) if name == "1" else name if abs(number) == 1 else f"{abs(number)}·{name}"
        text += f" {'−' if number < 0 else '+'} {size}" if text else f"{'−' if number < 0 else ''}{size}"
    return text


def factor(found):
    """Is each single number the wanted one times, or divided by, a size of the arguments?"""
    factors = []
    for _, got, right in found:
        got, right = (each.item() if is_dense(each) and each.ndim == 0 else each for each in (got, right))
        if type(got) not in (int, float) or type(right) not in (int, float) or not right:
            return None
        factors.append(got / right)
    if len({round(each, 6) for each in factors}) < 2:
        return None  # one and the same factor is told as such
    sizes = [sizes_of(case) for case, *_ in found]
    for words in sizes[0]:
        if all(words in each for each in sizes):
            if all(math.isclose(f, each[words], rel_tol=1e-4) for f, each in zip(factors, sizes)):
                return f"Your result is the wanted one times {words}."
            if all(
                each[words] and math.isclose(f * each[words], 1, rel_tol=1e-4)
                for f, each in zip(factors, sizes)
            ):
                return f"Your result is the wanted one divided by {words}."
    return None


def sizes_of(case):
    """{words: number} of what the arguments are measured by."""
    sizes = {}
    for name, value in case.items():
        if torch.is_tensor(value):
            sizes |= {f"the size of dimension {dim} of {name}": size for dim, size in enumerate(value.shape)}
            sizes[f"how many numbers {name} has"] = value.numel()
        elif isinstance(value, (list, tuple, dict, str)):
            sizes[f"how many elements {name} has"] = len(value)
        elif type(value) in (int, float):
            sizes[name] = value
    return sizes
