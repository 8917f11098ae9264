"""What a wrong result has to do with the arguments: is one of them ignored, exchanged, or handed back?"""

import itertools

import torch

from course_lib.classroom.observing import observe, same


def about_arguments(answer, reference, cases, outcomes, wanted, wrong):
    """A sentence on the part that an argument plays in what is wrong, or None.

    wrong: the numbers of the cases that went wrong
    """
    names = list(cases[0])  # what a later case has besides has a default
    bad = [(cases[i], outcomes[i].result, wanted[i].result) for i in wrong]
    for name in names:
        if all(same(got, case[name]) for case, got, _ in bad):
            return f"Your result is the argument {name}, as it came in."
    for one, other in itertools.combinations(names, 2):
        if all(exchanging_gives(reference, case, one, other, got) for case, got, _ in bad):
            return f"Your result is what comes out where {one} and {other} are exchanged."
    for name in names:
        if plays_no_part(answer, reference, cases, name):
            return f"Your result stays the same whatever {name} is: where do you use it?"
    return where_it_fails(cases, wrong)


def result_of(function, case):
    """The result of one more call, or None where it ends in an error."""
    return observe(function, case, with_gradients=False).result


def exchanging_gives(reference, case, one, other, got):
    if type(case[one]) is not type(case[other]):
        return False
    result = result_of(reference, case | {one: case[other], other: case[one]})
    return result is not None and same(got, result)


def plays_no_part(answer, reference, cases, name):
    """Is the answer's result always the same when this argument is another one, and the reference's never?"""
    tried = 0
    for case in cases:
        for value in others(case[name], [each[name] for each in cases]):
            changed = case | {name: value}
            before, after = result_of(reference, case), result_of(reference, changed)
            if before is None or after is None or same(before, after):
                continue
            mine, then = result_of(answer, case), result_of(answer, changed)
            if mine is None or then is None or not same(mine, then):
                return False
            tried += 1
    return tried > 0


def others(value, values):
    """A few other values for an argument: changed a little, or one of another case."""
    if torch.is_tensor(value):
        found = [value.flip(0) if value.ndim else value + 1]
        found += [~value] if value.dtype == torch.bool else [value + value]
        return found
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1, value + 2]
    return [each for each in values if type(each) is type(value) and not same(each, value)][:2]


def of_tensor(belongs):
    """The same question, asked of tensors alone."""
    return lambda value: torch.is_tensor(value) and bool(belongs(value))


def numbers_in(value):
    """The numbers of a list or a tuple, or of a dict."""
    found = (
        list(value.values()) if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    )
    return [each for each in found if type(each) in (int, float)]


KINDS_OF_CASES = [
    ("{name} is None", lambda value: value is None),
    ("{name} is True", lambda value: value is True),
    ("{name} is odd", lambda value: type(value) is int and value % 2 == 1),
    ("{name} is empty", lambda value: isinstance(value, (list, tuple, dict, str)) and len(value) == 0),
    ("{name} has one element", lambda value: isinstance(value, (list, tuple, dict)) and len(value) == 1),
    ("{name} holds a 0", lambda value: 0 in numbers_in(value)),
    ("an element of {name} occurs twice", lambda value: isinstance(value, list) and has_twice(value)),
    ("{name} has more than two dimensions", of_tensor(lambda value: value.ndim > 2)),
    ("{name} is not square", of_tensor(lambda value: value.ndim == 2 and value.shape[0] != value.shape[1])),
    ("{name} has more than one row", of_tensor(lambda value: value.ndim == 2 and len(value) > 1)),
    ("{name} has more than one text", of_tensor(lambda value: value.ndim > 2 and len(value) > 1)),
    ("{name} has a False", of_tensor(lambda value: value.dtype == torch.bool and not value.all())),
    ("{name} has float64 numbers", of_tensor(lambda value: value.dtype == torch.float64)),
    ("{name} is not contiguous", of_tensor(lambda value: not value.is_contiguous())),
]


def has_twice(elements):
    return len(set(map(repr, elements))) < len(elements)


def where_it_fails(cases, wrong):
    """What exactly the cases that went wrong have in common, or None."""
    if len(cases) - len(wrong) < 2:
        return None  # a single case can come out right by chance
    for name in cases[0]:
        for words, belongs in KINDS_OF_CASES:
            kind = {i for i, case in enumerate(cases) if name in case and belongs(case[name])}
            if kind == set(wrong):
                return f"It is right in all cases but where {words.format(name=name)}."
            if kind and kind == set(range(len(cases))) - set(wrong):
                return f"It is right only where {words.format(name=name)}."
    return None
