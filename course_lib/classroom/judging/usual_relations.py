"""What is worth a try where a result is not the wanted one: the same times two, transposed, sorted, …"""

import itertools
import math

import torch

from course_lib.classroom.judging.observing import TOLERANCE, flat, is_dense, same, same_number


def changes(pairs):
    """(words, function of the wanted result) of what is worth a try for this kind of result."""
    _, wanted = pairs[0]
    if torch.is_tensor(wanted):
        if wanted.is_floating_point():
            yield from FLOATS
            yield from scaled(pairs)
            yield from rows_scaled(pairs)
        elif wanted.dtype == torch.bool:
            yield "the opposite of the wanted one: True where False is wanted", torch.logical_not
        else:
            yield from scaled(pairs)
        yield from of_shape(max(wanted.ndim for _, wanted in pairs))
        if all(torch.is_tensor(got) and got.shape == w.shape and w.numel() > 2 for got, w in pairs):
            yield "made of the right numbers, which stand in wrong places", Rearranged(pairs)
    elif isinstance(wanted, bool):
        return  # each wrong one is the opposite
    elif isinstance(wanted, (int, float)):
        yield from NUMBERS
        yield from scaled(pairs)
    elif isinstance(wanted, str):
        yield from TEXTS
    elif isinstance(wanted, (list, tuple)):
        yield from LISTS
        yield from scaled(pairs)
        yield from (
            (f"the wanted one with each element {words}", lambda each, f=f: type(each)(map(f, each)))
            for words, f in ELEMENTS
        )
    elif isinstance(wanted, dict):
        yield from DICTS
        yield from scaled(pairs)


# -- changes of numbers

KNOWN = {"ln 2": math.log(2), "1/ln 2": 1 / math.log(2), "ln 10": math.log(10), "1/ln 10": 1 / math.log(10)}
KNOWN |= {"√2": math.sqrt(2), "1/√2": 1 / math.sqrt(2), "π": math.pi, "2π": 2 * math.pi}
FLOATS = [
    ("the wanted one with the sign changed", torch.neg),
    ("the wanted one without its signs", torch.abs),
    ("1 minus the wanted one", lambda each: 1 - each),
    ("1 divided by the wanted one", torch.reciprocal),
    ("the wanted one, squared", torch.square),
    ("the root of the wanted one", torch.sqrt),
    ("e to the power of the wanted one", torch.exp),
    ("the logarithm of the wanted one", torch.log),
    ("the wanted one with all negative numbers set to 0", torch.relu),
    ("the wanted one after a tanh too many", torch.tanh),
    ("the wanted one after a sigmoid too many", torch.sigmoid),
    ("the wanted one, rounded", torch.round),
    ("the wanted one, rounded down to whole numbers, as // does", torch.floor),
    ("the wanted one after a softmax too many", lambda each: each.softmax(dim=-1)),
    ("the wanted one with each last dimension divided by its sum", lambda e: e / e.sum(-1, keepdim=True)),
    (
        "the wanted one with each last dimension divided by its length",
        lambda e: e / e.norm(dim=-1, keepdim=True),
    ),
    ("the wanted one minus the mean of its last dimension", lambda e: e - e.mean(-1, keepdim=True)),
]
NUMBERS = [
    ("the wanted one with the sign changed", lambda each: -each),
    ("1 minus the wanted one", lambda each: 1 - each),
    ("1 divided by the wanted one", lambda each: 1 / each),
    ("the wanted one, squared", lambda each: each**2),
    ("the root of the wanted one", math.sqrt),
    ("e to the power of the wanted one", math.exp),
    ("2 to the power of the wanted one", lambda each: 2.0**each),
    ("the logarithm of the wanted one", math.log),
    ("the wanted one, rounded to whole numbers", round),
    ("the wanted one, cut off to a whole number", int),
    ("the wanted one, rounded to two places", lambda each: round(each, 2)),
    ("the wanted one, rounded to four places", lambda each: round(each, 4)),
]


def scaled(pairs):
    """The wanted numbers times or plus one constant, the same in all cases."""
    numbers = [(number, w) for got, wanted in pairs for number, w in zip(numbers_of(got), numbers_of(wanted))]
    if len(numbers) < 2 or len({w for _, w in numbers}) < 2:
        return  # between two single numbers there is always some factor
    if any(isinstance(number, bool) or isinstance(w, bool) for number, w in numbers):
        return
    got, largest = max(numbers, key=lambda each: abs(each[1]) if math.isfinite(each[1]) else 0.0)
    if largest and math.isfinite(got) and got:
        factor = got / largest
        yield f"the wanted one times {readable(factor)}", lambda each: mapped(each, lambda n: n * factor)
    step = got - largest
    if math.isfinite(step) and step:
        words = f"the wanted one {'plus' if step > 0 else 'minus'} {readable(abs(step))}"
        yield words, lambda each: mapped(each, lambda n: n + step)


def rows_scaled(pairs):
    """Each row of the wanted one times a factor of its own: its direction is right, its length is not."""
    if not all(is_dense(got) and got.shape == w.shape and w.ndim > 1 and w.numel() for got, w in pairs):
        return
    if not any(w.shape[-1] > 1 and w.numel() > w.shape[-1] for _, w in pairs):
        return
    made = {}
    for got, wanted in pairs:
        largest = wanted.abs().argmax(dim=-1, keepdim=True)
        factors = got.gather(-1, largest) / wanted.gather(-1, largest)
        if not factors.isfinite().all():
            return
        made[id(wanted)] = factors
    others = [
        each for factors in made.values() for each in factors.flatten().tolist() if abs(each - 1) > 1e-4
    ]
    if not others:
        return
    yield (
        f"the wanted one with each row times a factor of its own, one of them {readable(others[0])}: the "
        "directions are right, the lengths are not",
        lambda wanted: wanted * made[id(wanted)],
    )


def numbers_of(value):
    """All numbers of a tensor, a list, a dict or a single one, in order; none where there are others."""
    if torch.is_tensor(value):
        return value.flatten().tolist()
    found = list(value.values()) if isinstance(value, dict) else flat(value)
    return found if all(type(each) in (int, float) for each in found) else []


def mapped(value, function):
    """A value of the same form with `function` of each of its numbers, whole ones where those were whole."""
    if torch.is_tensor(value):
        new = function(value.double())
        is_whole = torch.allclose(new, new.round(), **TOLERANCE)
        return (
            new.to(value.dtype)
            if value.is_floating_point()
            else new.round().to(value.dtype)
            if is_whole
            else new
        )
    if isinstance(value, dict):
        return {key: mapped(each, function) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(each, function) for each in value)
    new = function(value)
    return round(new) if type(value) is int and same_number(new, float(round(new))) else new


def readable(number):
    """A factor as people write it: 2, 1/3, ln 2, 0.35."""
    for name, value in KNOWN.items():
        if abs(number - value) < 1e-4 * value:
            return name
    for below in range(1, 13):
        if abs(number * below - round(number * below)) < 1e-4 * abs(number * below):
            above = round(number * below)
            return str(above) if below == 1 else f"{above}/{below}"
    return f"{number:.4g}"


# -- changes of shape and order


def of_shape(ndim):
    """Dimensions exchanged, turned around, shifted, lost."""
    for a, b in itertools.combinations(range(ndim), 2):
        words = "transposed" if ndim == 2 else f"with dimensions {a} and {b} exchanged"
        yield f"the wanted one, {words}", lambda each, a=a, b=b: each.transpose(a, b)
    for dim in range(ndim):
        where = "" if ndim == 1 else f" along dimension {dim}"
        yield f"the wanted one, turned around{where}", lambda each, dim=dim: each.flip(dim)
        for step in (1, -1, 2, -2):
            by = f"{abs(step)} place{'s' if abs(step) > 1 else ''} {'forwards' if step > 0 else 'backwards'}"
            yield (
                f"the wanted one, shifted by {by}{where}",
                lambda each, dim=dim, step=step: each.roll(step, dim),
            )
        for words, at in (("first", 0), ("last", -1)):
            yield (
                f"only the {words} part of the wanted one{where}",
                lambda each, dim=dim, at=at: each.select(dim, at),
            )
            yield (
                f"the wanted one without its {words} part{where}",
                lambda each, dim=dim, at=at: each.narrow(dim, 1 + at if at == 0 else 0, each.shape[dim] - 1),
            )
        yield f"the wanted one, added up{where}", lambda each, dim=dim: each.sum(dim)
        yield f"the wanted one, averaged{where}", lambda each, dim=dim: each.mean(dim)
        if ndim > 2 and dim > 0:
            yield (
                f"the wanted one with dimensions {dim - 1} and {dim} made one",
                lambda each, dim=dim: each.flatten(dim - 1, dim),
            )
    words = "number" if ndim == 1 else "part along dimension 0"
    yield f"only the first {words} of the wanted one, and should hold all", lambda each: each[:1]
    yield "the wanted one, added up to one number", torch.sum
    yield "the wanted one, averaged to one number", torch.mean
    yield "all right in its numbers, and has lost its dimensions of size 1", torch.squeeze
    for dim in range(ndim + 1):
        words = f"all right in its numbers, with one dimension too many, dimension {dim}"
        yield words, lambda each, dim=dim: each.unsqueeze(dim)
    yield "all right in its numbers, but flat: in one dimension", torch.flatten


class Rearranged:
    """For a wanted tensor the result itself, where both hold the same numbers."""

    def __init__(self, pairs):
        self.by_wanted = {id(wanted): got for got, wanted in pairs}

    def __call__(self, wanted):
        got = self.by_wanted[id(wanted)]
        values = (each.flatten().sort().values for each in (got, wanted))
        return got if same(*values) else None


# -- changes of lists, texts and dicts

ELEMENTS = [
    ("in lower case", str.lower),
    ("without the blanks around it", str.strip),
    ("without its ##", lambda each: each.removeprefix("##")),
    ("with ## in front", lambda each: "##" + each),
    ("turned around", lambda each: each[::-1]),
    ("as a text", str),
    ("as a list of its own", lambda each: [each]),
    ("cut down to its first part", lambda each: each[0]),
    ("cut down to its last part", lambda each: each[-1]),
]
LISTS = [
    ("the wanted one, turned around", lambda each: each[::-1]),
    ("the wanted one in sorted order", lambda each: type(each)(sorted(each))),
    ("the wanted one in falling order", lambda each: type(each)(sorted(each, reverse=True))),
    ("the wanted one with every element once", lambda each: type(each)(dict.fromkeys(each))),
    ("the wanted one without its first element", lambda each: each[1:]),
    ("the wanted one without its last element", lambda each: each[:-1]),
    ("only the first element of the wanted one, in a list", lambda each: each[:1]),
    ("only the first element of the wanted one", lambda each: each[0]),
    ("only the last element of the wanted one", lambda each: each[-1]),
    ("empty", lambda each: type(each)()),
    ("the wanted one, twice", lambda each: each + each),
    ("a list where a tuple is wanted, with the right elements", lambda each: list(each)),
    ("a tuple where a list is wanted, with the right elements", lambda each: tuple(each)),
    ("a set, which has no order; its elements are the right ones", lambda each: set(each)),
    ("how many elements the wanted one has", len),
    ("a text of all elements, where a list is wanted", "".join),
    ("a text with blanks, where a list is wanted", " ".join),
    ("a list of all characters of the wanted one", lambda each: list("".join(each))),
    ("a list in a list", lambda each: [each]),
    ("one flat list of all the parts", flat),
]
TEXTS = [
    ("the wanted one in lower case", str.lower),
    ("the wanted one without the blanks around it", str.strip),
    ("the wanted one, turned around", lambda each: each[::-1]),
    ("the wanted one as a list of characters", list),
]
DICTS = [
    ("the wanted one with each pair turned around", lambda each: {k[::-1]: v for k, v in each.items()}),
    ("the wanted one with each key once, whatever is counted", lambda each: dict.fromkeys(each, 1)),
    (
        "the wanted one with shares in the place of counts",
        lambda e: {k: v / sum(e.values()) for k, v in e.items()},
    ),
    ("a list of pairs where a dict is wanted", lambda each: list(each.items())),
    ("the sum of what is wanted, one number", lambda each: sum(each.values())),
    ("a set of the keys, without the values", set),
    ("a list of the keys, without the values", list),
    ("empty", lambda each: {}),
]
