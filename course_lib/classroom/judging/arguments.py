"""What a wrong result has to do with the arguments: is one ignored, exchanged, changed, or handed back?"""

import itertools

import torch

from course_lib.classroom.judging.amounts import amount
from course_lib.classroom.judging.observing import observe, same
from course_lib.classroom.judging.relations import short
from course_lib.classroom.markdown import plain


def about_arguments(trial):
    """A sentence on the part that an argument plays in what is wrong in a Trial, or None."""
    reference, cases, outcomes, wrong = trial.exercise.reference(), trial.cases, trial.outcomes, trial.wrong
    if words := of_other_arguments(reference, cases, outcomes, wrong):
        return words
    first = outcomes[0].result
    if len(cases) > 2 and not torch.is_tensor(first) and all(same(each.result, first) for each in outcomes):
        return f"Your result is {plain(short(first))} in every case."
    words = without_part(trial.answer, reference, cases) or amount(trial)
    return words or where_it_fails(cases, wrong)


def without_part(answer, reference, cases):
    """A sentence on an argument that the answer does not use, or None."""
    for name in names_of(cases):
        if plays_no_part(answer, reference, cases, name):
            return f"Your result stays the same whatever {name} is: where do you use it?"
    return None


def names_of(cases):
    """The arguments that every case has; the others have a default."""
    return [name for name in cases[0] if all(name in case for case in cases)]


def of_other_arguments(reference, cases, outcomes, wrong):
    """A sentence where the result is an argument itself, or right for other arguments than these, or None."""
    names, bad = names_of(cases), [(cases[i], outcomes[i].result) for i in wrong]
    for name in names:
        if all(same(got, case[name]) for case, got in bad):
            return f"Where it goes wrong your result is {name}, as it came in."
    for one, other in itertools.combinations(names, 2):
        if all(exchanging_gives(reference, case, one, other, got) for case, got in bad):
            return f"Your result is what comes out where {one} and {other} are exchanged."
    for name in names:
        for words, change in changes_of(cases[0][name]):
            if changing_gives(reference, bad, name, change):
                return f"Your result is what comes out where {name} is {words}."
    return None


def result_of(function, case):
    """The result of one more call, or None where it ends in an error."""
    return observe(function, case, with_gradients=False).result


def exchanging_gives(reference, case, one, other, got):
    if type(case[one]) is not type(case[other]):
        return False
    result = result_of(reference, case | {one: case[other], other: case[one]})
    return result is not None and same(got, result)


def changing_gives(reference, bad, name, change):
    """Do the wrong results come out of the reference where one argument is changed?

    A case in which it cannot be changed so says nothing; two at least have to say yes.
    """
    told = 0
    for case, got in bad:
        try:
            result = result_of(reference, case | {name: change(case[name])})
        except (RuntimeError, TypeError, IndexError, AttributeError):
            continue
        if result is None or (torch.is_tensor(result) and result.isnan().any()):
            continue
        if not same(got, result):
            return False
        told += 1
    return told > 1


def changes_of(value):
    """(words, function) of what is worth a try for an argument of this kind."""
    if torch.is_tensor(value) and value.dtype == torch.bool:
        return [("the other way round: True for False", torch.logical_not)]
    if torch.is_tensor(value):
        return TENSORS
    if isinstance(value, int) and not isinstance(value, bool):
        return [
            ("one larger than it is", lambda each: each + 1),
            ("one smaller than it is", lambda each: each - 1),
        ]
    if isinstance(value, str):
        return [("in lower case", str.lower), ("turned around", lambda each: each[::-1])]
    if isinstance(value, (list, tuple)):
        return [
            ("turned around", lambda each: each[::-1]),
            ("without its first element", lambda each: each[1:]),
            ("without its last element", lambda each: each[:-1]),
        ]
    return []


TENSORS = [
    ("taken with the other sign", torch.neg),
    ("taken without its signs", torch.abs),
    ("taken twice", lambda each: each + each),
    ("divided by its sum", lambda each: each / each.sum()),
    ("transposed", lambda each: each.transpose(-2, -1)),
    ("turned around in its first dimension", lambda each: each.flip(0)),
    ("turned around in its last dimension", lambda each: each.flip(-1)),
    ("without its first row", lambda each: each[1:]),
    ("without its last row", lambda each: each[:-1]),
    ("without its last row and column", lambda each: each[..., :-1, :-1]),
    ("cut off to whole numbers", torch.trunc),
    ("cut off below 0 and above 1", lambda each: each.clamp(0, 1)),
]


def plays_no_part(answer, reference, cases, name):
    """Is the answer's result always the same when this argument is another one, and the reference's not?"""
    tried = 0
    for case in cases:
        for value in others(case[name], [each[name] for each in cases]):
            changed = case | {name: value}
            before, after = result_of(reference, case), result_of(reference, changed)
            if before is None or after is None:
                continue
            mine, then = result_of(answer, case), result_of(answer, changed)
            if mine is None or then is None or not same(mine, then):
                return False
            tried += not same(before, after)
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
