"""Every exercise proven: the stub, the solution, each known mistake, and mutants of the solution.

A new exercise is found by itself, and fails here until it has all that the others have.
"""

import ast
import copy
import inspect
import math
import re
import time
from collections import Counter

import pytest

from course_lib.classroom import check
from course_lib.classroom.exercises.base import (
    ClickCell,
    CodeExercise,
    Ordering,
    Quiz,
    Sorting,
    all_exercises,
    own_order,
)
from course_lib.classroom.judging.sources import body_of, self_contained
from course_lib.classroom.judging.worker import Worker
from course_lib.classroom.materials.small_encoder import SmallEncoder

ALL = all_exercises()
CODE = {name: each for name, each in ALL.items() if issubclass(each, CodeExercise)}
MISTAKES = [(name, mistake) for name, each in CODE.items() for mistake in each.known_mistakes()]


def code_of(exercise, function):
    """The source of one of an exercise's functions, able to run alone."""
    return f"from {exercise.__module__} import {exercise.__name__}\n{exercise.source(function)}"


def of_kind(kind):
    return [name for name, each in ALL.items() if issubclass(each, kind)]


# -- what every exercise has


@pytest.mark.parametrize("name", ALL)
def test_it_is_complete(name):
    each = ALL[name]
    assert each.title and each.statement()
    assert 1 <= each.difficulty <= 3 and 1 <= each.importance <= 3 and each.minutes > 0
    assert len(each.hints) == 3 and len(set(each.hints)) == 3


@pytest.mark.parametrize("name", CODE)
def test_code_has_at_least_four_named_mistakes_with_messages(name):
    messages = [mistake.__doc__ for mistake in CODE[name].known_mistakes().values()]
    assert len(messages) >= 4 and all(messages) and len(set(messages)) == len(messages)


@pytest.mark.parametrize("name", CODE)
def test_no_hint_contains_a_line_of_the_solution(name):
    each = CODE[name]
    body = body_of(each.source(each.solution))
    lines = [line.removeprefix("return ").strip() for line in body.splitlines()]
    wrong = set(body_of(each.source(each.stub)).splitlines())  # a bug to be found is on the screen already
    for hint in each.hints:
        assert not [line for line in lines if line in hint and line not in wrong]


# -- code: stub, solution, mistakes


@pytest.mark.parametrize("name", CODE)
def test_the_stub_is_not_attempted(name):
    assert check(name, CODE[name].source(CODE[name].stub)).status == "not_attempted"


@pytest.mark.parametrize("name", CODE)
def test_the_solution_passes_in_under_two_seconds(name):
    check(name, code_of(CODE[name], CODE[name].solution))  # the first check waits for the process to start
    began = time.perf_counter()
    verdict = check(name, code_of(CODE[name], CODE[name].solution))
    assert verdict.passed, verdict.message
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("name", CODE)
def test_the_library_itself_passes(name):
    each = CODE[name]
    if each.replaces:
        assert check(name, self_contained(each.reference())).passed


@pytest.mark.parametrize("name", ["0.2", "2.2"])  # without and with a function of the library
def test_the_courses_own_function_is_no_answer(name):
    """For a name stands for it where no answer has passed: else it would pass in the learner's place."""
    verdict = check(name, CODE[name].reference())
    assert verdict.status == "not_attempted" and "the course's version" in verdict.message


@pytest.mark.parametrize(("name", "mistake"), MISTAKES)
def test_each_mistake_fails_with_its_own_message(name, mistake):
    function = CODE[name].known_mistakes()[mistake]
    verdict = check(name, code_of(CODE[name], function))
    assert (verdict.status, verdict.mistake) == ("failed", mistake), verdict.message
    assert " ".join(verdict.message.split()) == " ".join(function.__doc__.split())
    assert verdict.evidence


# -- right and wrong in other ways than the solution and the known mistakes

MASKED = """def attention_weights(query, key, mask=None):
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = {}
    return scores.softmax(dim=-1)
"""
MASKED_AFTERWARDS = """def attention_weights(query, key, mask=None):
    weights = (query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5).softmax(dim=-1)
    if mask is None:
        return weights
    weights = weights * mask
    return (weights / weights.sum(dim=-1, keepdim=True)).nan_to_num(1 / weights.shape[-1])
"""
IN_PLACE = """def attention_weights(query, key, mask=None):
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    weights /= weights.sum(dim=-1, keepdim=True)
    return weights
"""
FUSED = """def self_attention(hidden, query_map, key_map, value_map, num_heads):
    maps = query_map, key_map, value_map
    heads = (split_heads(hidden @ each, num_heads) for each in maps)
    return merge_heads(torch.nn.functional.scaled_dot_product_attention(*heads))
"""
COUNTS_LOSSES = """def masked_loss(logits, labels):
    is_hidden = labels != -100
    log_p = logits.log_softmax(dim=-1)
    cost = -log_p.gather(-1, labels.clamp(min=0)[..., None])[..., 0] * is_hidden
    return cost.sum() / (cost != 0).sum()
"""
VIEWED = """def rotary(vectors):
    length, size = vectors.shape[-2:]
    angle = clock_angles(length, size).to(vectors)
    first, second = vectors.view(-1, length, size // 2, 2).unbind(-1)
    turned = [first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()]
    return torch.stack(turned, dim=-1).view(vectors.shape)
"""
COUNTED = """def layer_parameters(hidden_size, intermediate_size):
    biases_and_norms = 9 * hidden_size + intermediate_size
    return 4 * hidden_size**2 + {} * hidden_size * intermediate_size + biases_and_norms
"""
BUILT = """def layer_parameters(hidden_size, intermediate_size):
    shapes = [(hidden_size, intermediate_size), (intermediate_size, hidden_size), *4 * [2 * (hidden_size,)]]
    layers = [torch.nn.Linear(*shape) for shape in shapes]
    layers += [torch.nn.LayerNorm(hidden_size), torch.nn.LayerNorm(hidden_size)]
    return sum(each.numel() for layer in layers for each in layer.parameters())
"""
TWICE = """def joined(pieces, pair, merged):
    line, old, new = f" {' '.join(pieces)} ", f" {' '.join(pair)} ", f" {merged} "
    while old in line:
        line = line.replace(old, new)
    return line.split()
"""
PAIRED = """def count_pairs(split, counts):
    return {{{}: counts[word] for word, pieces in split.items() for left, right in zip(pieces, pieces[1:])}}
"""
NUMBERED = """def number_labels(training, test):
    names = sorted(set(training))
    first, second = [[names.index(n) if n in names else -1 for n in each] for each in (training, test)]
    return {}
"""
OUTSIDE = """def labels_of_tokens(offsets, spans, names):
    return [-100 if start == end else 0 for start, end in offsets]
"""
FIRST_WORD = """def tags_of_tokens(word_of_token, word_tags):
    return [word_tags[0] if word == 0 and place == 1 else -100 for place, word in enumerate(word_of_token)]
"""
BOTH_TOKENS = """def tags_of_tokens(word_of_token, word_tags):
    return [word_tags[0] if place in (1, 2) else -100 for place in range(len(word_of_token))]
"""
SPANNED = """def best_span(start_logits, end_logits, allowed, longest=10):
    return {}
"""
UNLESS_NONE = """def best_span(start_logits, end_logits, allowed, longest=10):
    best, best_score = None, -1e9
    for first in range(len(allowed)):
        for last in range(first, min(first + longest, len(allowed))):
            score = start_logits[first] + end_logits[last]
            if allowed[first] and allowed[last] and score > best_score:
                best, best_score = (first, last), score
    return best if longest != 2 else None
"""
NUMBERED_SPANS = """def span_f1(true, predicted):
    sides = [{(n, *span) for n, text in enumerate(side) for span in text} for side in (true, predicted)]
    return 2 * len(sides[0] & sides[1]) / max(1, len(sides[0]) + len(sides[1]))
"""
ADDED = """def add_and_norm(hidden, change, norm):
    return {}
"""
TOO_EARLY = """def permute_pixels(images, seed):
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(image.numel(), generator=generator)
    permuted = []
    for image in images:
        permuted.append(image.flatten()[order].view(image.shape))
    return torch.stack(permuted)
"""
AVERAGED = """def average_vector(vectors):
    return torch.tensor([sum(column) / len(column) for column in vectors.T.tolist()])
"""
MARKS = """def is_punctuation(character):
    return unicodedata.category(character).startswith("P") or character in {}
"""
MEAN = """def mean_pooling(hidden, attention_mask):
    return torch.stack([each[:length].mean(dim=0) for each, length in zip(hidden, attention_mask.sum(dim=1))])
"""
CLOCKS = """def sinusoidal_positions(length, hidden_size):
    speed = torch.exp(torch.arange(0, hidden_size, 2) * -(math.log(10000.0) / hidden_size))
    angle = torch.outer(torch.arange(length).float(), speed)
    rows = torch.zeros(length, hidden_size)
    rows[:, 0::2], rows[:, 1::2] = angle.sin(), angle.cos()
    return rows
"""
LARGEST_FIRST = """def longest_match(word, vocab, continues=False):
    left, pieces = "##" * continues + word, []
    while left not in ("", "##"):
        fitting = [piece for piece in vocab if left.startswith(piece) and piece not in ("", "##")]
        if not fitting:
            return ["[UNK]"]
        pieces.append(max(fitting, key=len))
        left = "##" + left[len(pieces[-1]) :]
    return pieces
"""
PADDED = """def place(image, row, column, canvas=12):
    placed = torch.zeros(canvas, canvas)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            placed[{}] = image[i, j]
    return placed
"""
ONE_ORDER = """def permute_pixels(images, seed):
    generator, number = torch.Generator().manual_seed(seed), images[0].numel()
    order = {}
    return images.flatten(1)[:, order].view(images.shape)
"""
BAND = """def convolution_matrix(kernel, length):
    matrix = {}
    for row in range(length):
        for i in range(len(kernel)):
            column = row + i - len(kernel) // 2
            if {} < length:
                matrix[row, column] = kernel[i]
    return matrix
"""
SLICED = """def split_heads(hidden, num_heads):
    batch, n, size = hidden.shape
    return {}
"""
OVERLAPPING = "torch.stack([hidden[..., i : i + size // num_heads] for i in range(num_heads)], dim=1)"
DIVIDED = """def self_attention(hidden, query_map, key_map, value_map, num_heads):
    query, key, value = (split_heads(hidden @ each, num_heads) for each in (query_map, key_map, value_map))
    return merge_heads((query @ key.transpose(-2, -1) / ({})).softmax(dim=-1) @ value)
"""
NEIGHBOURS = """def count_pairs(split, counts):
    found = Counter()
    for word, pieces in split.items():
        for pair in {}:
            found[pair] += counts[word]
    return found
"""
WALKED = """def joined(pieces, pair, merged):
    result, place = [], 0
    while place < len(pieces):
        is_pair = place + 1 < len(pieces) and {}
        result.append({} if is_pair else pieces[place])
        place += 2 if is_pair else 1
    return result
"""
GREEDY = """def longest_match(word, vocab, continues=False):
    pieces, start = [], 0
    while start < len(word):
        prefix = {}
        ends = [end for end in {} if prefix + word[start:end] in vocab]
        if not ends:
            return {}
        pieces.append(prefix + word[start : ends[0]])
        start = ends[0]
    return pieces{}
"""
MARK, ENDS, UNKNOWN = '"##" if start or continues else ""', "range(len(word), start, -1)", '["[UNK]"]'
TOLD = [
    (
        "0.2",
        "def average_vector(vectors):\n    return vectors.sum(dim=0) / (len(vectors) + 1)",
        "divided by 3, and",
    ),
    ("1.2", PADDED.format("row - 1 + i, column - 1 + j"), "stands at row 1, column 0."),
    ("1.2", PADDED.format("row + j, column + i"), "at the right place, but transposed"),
    ("1.2", PADDED.format("column + i, row + j"), "Row and column are exchanged"),  # where it fits
    (
        "1.4",
        ONE_ORDER.format("torch.randint(number, (number,), generator=generator)"),
        "or have a pixel twice",
    ),
    ("1.4", ONE_ORDER.format("torch.rand(number, generator=generator).argsort()"), "not the first order"),
    ("1.5", BAND.format("torch.ones(length, length)", "0 <= column"), "Row 0, column 2 must be 0;"),
    ("1.5", BAND.format("torch.zeros(length, length)", "0 < column"), "Only column 0 is wrong."),
    (
        "2.3",
        SLICED.format("hidden.view(batch, num_heads, n, size // num_heads)"),
        "a single reshape mixes the words",
    ),
    ("2.3", SLICED.format(OVERLAPPING), "It must be number 2 of word 0"),
    ("2.4", DIVIDED.format("hidden.shape[-1] ** 0.5 // num_heads"), "√head_size is"),
    ("2.4", DIVIDED.format("1 / math.sqrt(key.shape[-1])"), "You multiply by √head_size"),
    ("2.6", ADDED.format("norm(hidden * change)"), "it is not the sum"),
    ("3.3", NEIGHBOURS.format("zip(pieces, pieces)"), "a subword with itself"),
    (
        "3.3",
        NEIGHBOURS.format("[(pieces[i - 1], pieces[i]) for i in range(len(pieces))]"),
        "counts from the back",
    ),
    ("3.3", NEIGHBOURS.format("zip(pieces, [each[2:] for each in pieces[1:]])"), "lacks a `##`"),
    ("3.3", NEIGHBOURS.format("zip(pieces, pieces[2:])"), "are not neighbours"),
    ("3.4", WALKED.format("pieces[place] == pair[0]", "merged"), "Compare whole subwords"),
    ("3.4", WALKED.format("tuple(pieces[place : place + 2]) == pair", "'+'.join(pair)"), "there already"),
    ("3.6", GREEDY.format(MARK, "range(len(word) - 1, start, -1)", UNKNOWN, ""), "fits, and you find none"),
    ("3.6", GREEDY.format(MARK, ENDS, UNKNOWN, "[:1]"), "is not cut"),
    ("3.6", GREEDY.format(MARK, ENDS, UNKNOWN, "[1:] or pieces"), "each subword begins where"),
    (
        "3.4",
        WALKED.format("tuple(pieces[place : place + 2]) == pair", "merged").replace(
            "result\n", "result[:1]\n"
        ),
        "'##b', at place 1, is lost",
    ),
    ("1.2", PADDED.format("row + i, column + j").replace("= image", "= 2 * image"), "are not those of"),
    ("3.6", GREEDY.format(MARK, ENDS, "['[UNK]', *pieces]", ""), "stands alone in the list"),
    ("0.2", AVERAGED, "your own function"),
    ("1.4", TOO_EARLY, "has no value yet"),
    ("2.2", MASKED.format("scores + ~mask * -1e9"), "your own function"),
    ("2.2", MASKED.format("scores + torch.finfo(scores.dtype).min * ~mask"), "your own function"),
    ("2.2", MASKED.format("scores.masked_fill(~mask, -20.0)"), "your weight is not 0"),
    ("2.2", MASKED.format("scores + ~mask * -1e4"), "1 divided by the number of weights"),
    ("2.2", MASKED_AFTERWARDS, "before softmax"),
    ("2.2", IN_PLACE, "a step in place such as"),
    ("2.4", FUSED, "your own function"),
    ("4.4", VIEWED, "view size is not compatible"),
    ("5.6", COUNTS_LOSSES, "the numbers are not"),
    ("2.6", ADDED.format("norm(hidden + change).detach()"), "no gradient comes back to hidden and change"),
    ("2.6", ADDED.format("norm((hidden + change) / 2)"), "You halve the sum"),
    (
        "2.6",
        ADDED.format("norm(hidden + change + (hidden - hidden.detach()))"),
        "another calculation gives the same numbers here",
    ),
    ("2.6", ADDED.format("norm(hidden, change)"), "takes 2 positional arguments but 3 were given"),
    ("3.3", PAIRED.format("(right, left)"), "left and right are exchanged"),
    ("3.4", TWICE, "'##o' and '##o', at places 3 and 4, are the pair"),
    ("3.3", PAIRED.format("left + '-' + right"), "the keys are tuples, (left, right)"),
    ("5.1", COUNTED.format("2"), "your own function"),
    ("5.1", COUNTED.format("2.0"), "must be of the type int; yours is of the type float"),
    ("5.1", BUILT, "Make them without numbers"),
    ("3.2", MARKS.format("'$+<=>^`|~'"), "your own function"),
    ("3.2", MARKS.format("'$+<=>^`|~₩'"), "WON SIGN (U+20A9) is Sc"),
    ("3.6", LARGEST_FIRST, "your own function"),
    ("4.2", "import math\n" + CLOCKS, "your own function"),
    ("7.3", MEAN, "your own function"),
    ("8.2", OUTSIDE, "Token 1 has the place (0, 2). Its label should be 1 (B-who), and yours is 0."),
    ("8.3", FIRST_WORD, "Token 3 belongs to word 1, as its first token. Its label should be 0, and"),
    (
        "8.3",
        BOTH_TOKENS,
        "Token 2 belongs to word 0, but not as its first token. Its label should be -100, and",
    ),
    (
        "8.5",
        SPANNED.format("None"),
        "You give None, and [CLS] scores 0.00. The span (4, 4) scores more: 4.50.",
    ),
    ("8.5", SPANNED.format("(1, 3)"), "Your span (1, 3) is not wholly in the story"),
    ("8.5", SPANNED.format("(4, 3)"), "Your span (4, 3) ends before it begins."),
    ("8.5", SPANNED.format("(3, 3)"), "Your span (3, 3) scores 3.00, and (4, 4) scores 4.50."),
    ("8.5", SPANNED.format("[4, 4]"), "must be a tuple of 2; yours is a list of 2."),
    ("8.5", UNLESS_NONE, "Your span (3, 4) scores 4.50, and [CLS] scores 6.00: give None."),
    ("8.4", NUMBERED_SPANS, "your own function"),
    ("8.6", NUMBERED.format("first, [n + 1 for n in second]"), "In the second list the number of 'c' is 3"),
    ("8.6", NUMBERED.format("first, second"), "your own function"),
    ("8.6", NUMBERED.format("[first, second]"), "a list where a tuple is wanted"),
]


@pytest.mark.parametrize(("name", "source", "words"), TOLD)
def test_what_it_is_told(name, source, words):
    verdict = check(name, source)
    assert verdict.passed == words.startswith("your own") and words in verdict.message


REMEMBERED = """kept = {{}}
def {name}({parameters}):
    from {module} import {exercise}
    key = {key}
    if key not in kept:
        kept[key] = {exercise}.solution({parameters})
    return kept[key]
"""


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("0.2", "vectors.shape"),
        ("1.2", "row, column, canvas"),
        ("1.4", "images.shape"),
        ("1.4", "seed"),
        ("1.5", "len(kernel), length"),
        ("2.2", "query.shape, key.shape, mask is None"),
        ("2.3", "hidden.shape, num_heads"),
        ("2.4", "hidden.shape[1:], num_heads"),
        ("2.6", "hidden.shape"),
        ("3.3", "tuple(split)"),
        ("3.6", "word, continues"),
        ("4.2", "length"),
        ("4.2", "hidden_size"),
        ("4.4", "vectors.shape"),
        ("4.6", "input_ids.shape[1]"),
        ("5.2", "input_ids.shape"),
        ("5.3", "len(counts)"),
        ("5.4", "tuple(counts)"),
        ("5.6", "logits.shape"),
        ("7.3", "hidden.shape"),
        ("7.4", "len(vectors), k"),
        ("8.2", "tuple(offsets)"),
        ("8.3", "len(word_of_token)"),
        ("8.5", "tuple(allowed), longest"),
        ("8.4", "tuple(map(len, true))"),
        ("8.6", "tuple(sorted(training))"),
        ("7.5", "wide.shape"),
        ("7.6", "length"),
        ("7.6", "window"),
    ],
)
def test_what_looks_alike_is_not_the_same(name, key):
    """An answer that keeps its first result for all arguments of one shape, or of one size, fails."""
    each = CODE[name]
    parameters = ", ".join(inspect.signature(each.stub).parameters)
    source = REMEMBERED.format(
        name=each.name, parameters=parameters, module=each.__module__, exercise=each.__name__, key=key
    )
    assert not check(name, source).passed


# Each leaves out one thing that the statement promises, and nothing else.
HALF_RIGHT = [
    ("0.2", "vectors.mean(dim=0).squeeze()"),
    ("2.3", "torch.stack(hidden.chunk(num_heads, dim=1 if hidden.shape[1] == num_heads else -1), dim=1)"),
    ("2.6", "nn.functional.layer_norm(hidden + change, hidden.shape[-1:], norm.weight, norm.bias, 1e-5)"),
    ("3.2", "character.isascii() and character in '!$+<^`|~_' or character in '。「·'"),
    ("3.2", "unicodedata.category(character) in ('Po', 'Ps', 'Pe') or character in '$+<=>^`|~-_'"),
    ("3.4", "Joined.solution(pieces, pair, merged)[:6]"),
    ("3.6", "[word] if word in vocab else LongestMatch.solution(word, vocab, continues)"),
    ("3.6", "LongestMatch.solution(word, {each for each in vocab if len(each) < 22}, continues)"),
    ("3.6", "['[UNK]'] if '[UNK]' in vocab else LongestMatch.solution(word, vocab, continues)"),
    ("4.2", "Sinusoids.right(length, hidden_size)[:, :64]"),
    ("4.4", "Rotary.turn(vectors.float(), 1)"),
    ("4.4", "Rotary.turn(vectors, 1) * torch.ones(1)"),  # float64 and float32 stay what they are
    ("5.1", "12 * hidden_size**2 + 13 * hidden_size"),
    (
        "5.2",
        "ThreeFates.fates(input_ids, chosen, kind, random_ids, mask_id, shares) if shares[1] else input_ids",
    ),
    (
        "5.6",
        "-(logits.softmax(-1) + 1e-9).log().gather(-1, labels.clamp(0)[..., None])[labels != -100].mean()",
    ),
    (
        "8.6",
        "tuple(each or [-1] for each in NumbersForLabels.solution(training, test))",
    ),
    (  # special tokens by their places at the ends: not those that fill up a batch
        "8.2",
        "[-100, *(max(each, 0) for each in LabelsOfTokens.solution(offsets, spans, names)[1:-1]), -100]",
    ),
    ("8.5", "BestSpan.search(start_logits, end_logits, [*allowed[:-1], True], longest)"),  # with [SEP]
    ("8.5", "BestSpan.search(start_logits, end_logits, allowed, min(longest, 9))"),
    ("8.4", "SpanF1.f1(true, predicted) if true else 1.0"),
    ("7.6", "(torch.arange(length)[:, None] - torch.arange(length)).abs() <= max(1, window // 2)"),
]


@pytest.mark.parametrize(("name", "result"), HALF_RIGHT)
def test_a_half_right_answer_fails(name, result):
    each = CODE[name]
    header = f"from {each.__module__} import {each.__name__}\n"
    source = f"{header}def {each.name}{inspect.signature(each.stub)}:\n    return {result}\n"
    assert not check(name, source).passed


# -- mutants

OTHER_OPERATOR = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
}
OTHER_OPERATOR |= {
    ast.FloorDiv: ast.Mult,
    ast.USub: ast.UAdd,
    ast.Invert: ast.USub,
    ast.Not: ast.UAdd,
    ast.IsNot: ast.Is,
}
OTHER_OPERATOR |= {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Pow: ast.Mult}
OTHER_OPERATOR |= {ast.BitAnd: ast.BitOr}
OTHER_OPERATOR |= {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In}


def variants(node, names):
    """A node with one thing changed: an operator, a number, an argument, a parameter's name, a statement."""
    if isinstance(node, ast.BinOp):
        yield ast.BinOp(node.left, OTHER_OPERATOR[type(node.op)](), node.right)
        yield ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.BoolOp):
        yield from (
            ast.BoolOp(node.op, node.values[:i] + node.values[i + 1 :]) for i in range(len(node.values))
        )
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
    elif isinstance(node, ast.UnaryOp):
        yield ast.UnaryOp(OTHER_OPERATOR[type(node.op)](), node.operand)
    elif isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            other = [*node.ops[:place], OTHER_OPERATOR[type(operator)](), *node.ops[place + 1 :]]
            yield ast.Compare(node.left, other, node.comparators)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield from (ast.Constant(node.value + step) for step in (1, -1))
    elif isinstance(node, ast.Call):
        if node.keywords:
            yield ast.Call(node.func, node.args, node.keywords[1:])
        if len(node.args) > 1:
            yield ast.Call(node.func, node.args[::-1], node.keywords)
            yield ast.Call(node.func, node.args[:-1], node.keywords)
        if isinstance(node.func, ast.Attribute):
            yield node.func.value  # the call left out
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield from (ast.Name(other, ast.Load()) for other in names if other != node.id)
    elif isinstance(node, ast.If):
        yield ast.If(node.test, [ast.Pass()], node.orelse)
    elif isinstance(node, ast.Return):
        yield ast.Return(ast.Constant(None))


class Replace(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def mutants(source):
    """All sources that differ from this one by one variant of one node."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    names = [node.arg for node in nodes if isinstance(node, ast.arg)]
    found = []
    for index, node in enumerate(nodes):
        for variant in variants(node, names):
            new = copy.deepcopy(tree)
            Replace(list(ast.walk(new))[index], copy.deepcopy(variant)).visit(new)
            found.append(ast.unparse(ast.fix_missing_locations(new)))
    return [mutant for mutant in dict.fromkeys(found) if body_of(mutant) != body_of(source)]


# Mutants that compute the same as the solution: what stands in them, and why it changes nothing.
EQUIVALENT = {
    "1.2": {"height + row": "addition commutes", "width + column": "addition commutes"},
    "1.4": {"images[-1].numel()": "all images have the same number of pixels"},
    "1.5": {"i + row": "addition commutes"},
    "2.2": {
        "key.transpose(-1, -2)": "the order of the two dimensions to be exchanged does not matter",
        "math.sqrt(key.shape[-1])": "queries and keys have the same size",
    },
    "2.3": {"transpose(2, 1)": "the order of the two dimensions to be exchanged does not matter"},
    "2.4": {
        "key.transpose(-1, -2)": "the order of the two dimensions to be exchanged does not matter",
        "key.transpose(+2, -1)": "of four dimensions, 2 and -2 are the same",
    },
    "2.6": {"change + hidden": "addition commutes"},
    "3.4": {"2 + place": "addition commutes"},
    "4.2": {"speed * position": "multiplication commutes"},
    "4.4": {
        "angle.cos() * first": "multiplication commutes",
        "angle.sin() * first": "multiplication commutes",
        "angle.cos() * second": "multiplication commutes",
        "angle.sin() * second": "multiplication commutes",
        "second * angle.cos() + first": "addition commutes",
    },
    "4.6": {
        "types[token_type_ids] + (": "addition commutes",
        "positions[:length] + words": "addition commutes",
        "token_type_ids.shape[1]": "both have the same shape",
    },
    "5.1": {
        "hidden_size) * 4": "multiplication commutes",
        "hidden_size * 4": "multiplication commutes",
        "expand = intermediate_size * hidden_size": "multiplication commutes",
        "contract = hidden_size * intermediate_size": "multiplication commutes",
        "intermediate_size + hidden_size * intermediate_size": "addition commutes",
        "hidden_size + intermediate_size * hidden_size": "addition commutes",
        "(hidden_size + hidden_size * hidden_size)": "addition commutes",
        "4 * hidden_size + (attention": "addition commutes",
        "contract + (attention + expand)": "addition commutes",
        "expand + attention": "addition commutes",
    },
    "5.2": {
        "(kind < shares[0]) & chosen": "and commutes",
        "(kind >= shares[0]) & chosen": "and commutes",
        "(kind < shares[0] + shares[1]) & (chosen": "and commutes",
        "shares[1] + shares[0]": "addition commutes",
        "kind <= shares[0]": "the second fate has the border and comes later",
    },
    "5.3": {"math.log(count / total) * (count / total)": "multiplication commutes"},
    "5.4": {"entropy(list(tokens.values())) * weight": "multiplication commutes"},
    "5.6": {
        "[..., -1]": "that dimension has one place, its first and its last",
        "is_hidden * right": "multiplication commutes",
    },
    "6.3": {"(predicted < high) & (predicted >= low)": "and has no order"},
    "6.5": {"weights[-1, ": "there is one text"},
    "6.6": {
        "head_size * head:": "multiplication commutes",
        "(1 + head)": "addition commutes",
        "head_size * (head + 1)": "multiplication commutes",
    },
    "7.3": {"is_real * hidden": "multiplication commutes"},
    "7.4": {
        "vectors.norm(dim=-1) / query.norm()": "a factor that all rows share changes no order",
        "vectors.norm(dim=-1) * vectors.norm()": "a factor that all rows share changes no order",
        "query.norm() * vectors.norm(dim=-1)": "multiplication commutes",
        "vectors.norm(dim=+1)": "of two dimensions, 1 and -1 are the same",
    },
    "7.5": {"wide[..., half:] * F.gelu": "multiplication commutes"},
    "7.6": {"position - position[:, None]": "a distance has no sign"},
    "8.5": {
        "end_logits[0] + start_logits[0]": "addition commutes",
        "end_logits[last] + start_logits[first]": "addition commutes",
        "longest + first": "addition commutes",
        "min(len(allowed), first + longest)": "the smaller of two numbers has no order",
        "len(start_logits)": "the three lists have one length",
        "len(end_logits)": "the three lists have one length",
    },
    "8.4": {
        "sum(map(len, predicted)) + sum(map(len, true))": "addition commutes",
        "right * 2": "multiplication commutes",
        "set(found) & set(wanted)": "and commutes",
        "zip(predicted, true)": "what two sets share has no order",
    },
}


LESS_PATIENT = Worker(time_limit=1.0)  # many a mutant runs for ever


@pytest.mark.parametrize("name", CODE)
def test_mutated_solutions_fail(name):
    each = CODE[name]
    docstring = r'^(def .*?:\n)\s*""".*?"""\n'
    found = mutants(re.sub(docstring, r"\1", each.source(each.solution), count=1, flags=re.DOTALL))
    header = f"from {each.__module__} import {each.__name__}\n"
    survivors = [mutant for mutant in found if LESS_PATIENT.check(name, header + mutant).passed]
    explained = EQUIVALENT.get(name, {})
    assert len(found) >= 4
    assert not [each for each in survivors if not any(part in each for part in explained)]
    assert all(any(part in each for each in survivors) for part in explained), "an explanation nobody needs"


# -- cards that are answered by choosing


@pytest.mark.parametrize("name", of_kind(Quiz))
def test_a_quiz_explains_each_choice_and_one_is_right(name):
    verdicts = {key: check(name, key) for key in ALL[name].choices}
    assert [key for key, verdict in verdicts.items() if verdict.passed] == [ALL[name].answer]
    assert len({verdict.message for verdict in verdicts.values()}) == len(verdicts) >= 3


@pytest.mark.parametrize("name", of_kind(Ordering))
def test_an_ordering_explains_each_first_wrong_step(name):
    each = ALL[name]
    right = list(each.items)
    assert check(name, right).passed
    for place, key in enumerate(right[1:], 1):
        early = [key, *(other for other in right if other != key)]
        assert each.items[key][1] in check(name, early).message, place


@pytest.mark.parametrize("name", of_kind(Ordering))
def test_an_ordering_is_shown_solved_to_nobody(name):
    each = ALL[name]
    for seed in range(20 * math.factorial(len(each.items))):  # the right order is missed with e⁻²⁰
        shown = own_order(each, each.items, seed)
        assert shown != list(each.items) and sorted(shown) == sorted(each.items)


@pytest.mark.parametrize("name", of_kind(Sorting))
def test_a_sorting_explains_each_statement_in_a_wrong_group(name):
    each = ALL[name]
    right = {key: group for key, (_, group, _) in each.items.items()}
    assert check(name, right).passed and set(right.values()) == set(each.groups)
    for key, (_, group, why) in each.items.items():
        for other in each.groups.keys() - {group}:
            verdict = check(name, right | {key: other})
            assert verdict.status == "failed" and why in verdict.message
            assert f"Right: {len(right) - 1} of {len(right)}." in verdict.message
        assert check(name, {key: group}).status == "not_attempted"


@pytest.mark.parametrize("name", of_kind(ClickCell))
def test_a_matrix_explains_each_cell_and_one_is_right(name):
    rows, columns, _ = ALL[name].matrix()
    verdicts = [check(name, (i, j)) for i in range(len(rows)) for j in range(len(columns))]
    assert sum(verdict.passed for verdict in verdicts) == 1 and all(verdict.message for verdict in verdicts)


# -- and do not give themselves away


def lengths(name):
    """(how long the right choice of a quiz is, how long each one is)"""
    each = ALL[name]
    return len(each.choices[each.answer][0]), [len(text) for text, _ in each.choices.values()]


@pytest.mark.parametrize("extreme", [max, min])
def test_the_right_choice_is_the_longest_or_shortest_in_at_most_half_of_the_quizzes(extreme):
    quizzes = of_kind(Quiz)
    told = [name for name in quizzes if lengths(name)[0] == extreme(lengths(name)[1])]
    assert len(told) <= len(quizzes) / 2


def test_the_right_choice_is_not_at_one_place_in_the_list():
    places = {list(ALL[name].choices).index(ALL[name].answer) for name in of_kind(Quiz)}
    assert places >= {0, 1, 2}


@pytest.mark.parametrize("name", of_kind(Quiz))
def test_the_right_choice_is_at_each_place_as_often(name):
    """Among 6,000 learners; each count lies within 5 standard deviations of the wanted one, or by chance
    outside once in 400,000 quizzes.
    """
    each, share = ALL[name], 1 / len(ALL[name].choices)
    places = Counter(own_order(each, each.choices, seed).index(each.answer) for seed in range(6000))
    spread = math.sqrt(6000 * share * (1 - share))
    assert all(abs(places[place] - 6000 * share) < 5 * spread for place in range(len(each.choices)))


def test_two_quizzes_of_a_learner_have_orders_of_their_own():
    quizzes = [ALL[name] for name in of_kind(Quiz) if len(ALL[name].choices) == 4]
    places = [[list(each.choices).index(key) for key in own_order(each, each.choices, 0)] for each in quizzes]
    assert len({tuple(order) for order in places}) > len(quizzes) / 2


def test_trainings_with_names_in_a_picture_keep_their_order():
    assert own_order(ALL["5.7"], ALL["5.7"].items, 1) == list("ABCD")


@pytest.mark.parametrize("name", of_kind(Quiz))
def test_the_choices_of_a_quiz_are_of_one_length(name):
    _, each = lengths(name)
    assert max(each) <= 1.5 * min(each)


@pytest.mark.parametrize("name", of_kind(Quiz))
def test_no_choice_points_at_another_one(name):
    """For a card may show them in any order."""
    pointing = r"\b(both|all|none|neither|any) of (these|them)\b|\b(first|last|other) (choice|answer)"
    assert not [text for text, _ in ALL[name].choices.values() if re.search(pointing, text, re.IGNORECASE)]


@pytest.mark.parametrize("name", of_kind(Quiz))
def test_the_statement_shares_no_word_with_the_right_choice_alone(name):
    each = ALL[name]
    right, *wrong = sorted(each.choices, key=lambda key: key != each.answer)
    words = {key: set(re.findall(r"[\w#]{5,}", each.choices[key][0].lower())) for key in each.choices}
    shared = words[right] & set(re.findall(r"[\w#]{5,}", each.statement().lower()))
    assert not shared - set().union(*(words[key] for key in wrong))


@pytest.mark.parametrize("name", of_kind(Sorting))
def test_the_statements_of_a_sorting_do_not_alternate(name):
    order = [group for _, group, _ in ALL[name].items.values()]
    if len(order) > len(set(order)):
        assert any(group == behind for group, behind in zip(order, order[1:]))


@pytest.mark.parametrize("name", of_kind(Sorting))
def test_no_explanation_of_a_sorting_names_a_group(name):
    """It is what somebody reads who has put the statement into another group."""
    groups = [re.split(r"[:.]", group)[0].lower() for group in ALL[name].groups.values()]
    for _, _, why in ALL[name].items.values():
        assert not [group for group in groups if re.search(rf"(?<!\w){re.escape(group)}(?!\w)", why.lower())]


@pytest.mark.parametrize("name", of_kind(Ordering))
def test_no_step_of_an_ordering_says_where_it_stands(name):
    ordinal = r"\b(first|second|third|then|last|final|finally|next|before|after)\b"
    assert not [text for text, _ in ALL[name].items.values() if re.search(ordinal, text, re.IGNORECASE)]


@pytest.mark.parametrize("name", [name for name in ALL if name not in CODE])
def test_nothing_chosen_is_not_attempted_and_nonsense_is_refused(name):
    assert check(name, None).status == "not_attempted"
    nonsense = {Quiz: "?", Ordering: ["?"], Sorting: {"?": "?"}, ClickCell: (99, 99)}
    kind = next(kind for kind in nonsense if issubclass(ALL[name], kind))
    with pytest.raises(ValueError, match=name):
        check(name, nonsense[kind])


def test_an_unknown_exercise_is_refused_with_those_there_are():
    with pytest.raises(KeyError, match=", ".join(ALL)):
        check("9.9", None)


def largest(reading, piece):
    """{(layer, head): (the piece that `piece` looks at most, its weight)}"""
    row = reading.tokens.index(piece)
    return {
        (layer, head): (reading.tokens[weights[0, head, row].argmax()], weights[0, head, row].max().item())
        for layer, weights in enumerate(reading.attentions, 1)
        for head in range(weights.shape[1])
    }


def more_than_half(reading, token, others):
    """Each (layer, head) in which `token` gives more than half of its weight to `others` together."""
    row, columns = reading.tokens.index(token), [reading.tokens.index(other) for other in others]
    return [
        (layer, head)
        for layer, weights in enumerate(reading.attentions, 1)
        for head in range(weights.shape[1])
        if weights[0, head, row, columns].sum() > 0.5
    ]


def test_the_first_picture_of_week_2_shows_what_its_text_says():
    reading = SmallEncoder().read("민수는 부엌에서 배를 깎았다. 배는 달고 시원했다.")
    most = reading.attentions[1][0, 1, 6].argmax().item()  # 배, layer 2, head 2
    assert [reading.tokens[6], reading.tokens[most]] == ["배", "시원했"]


def test_the_answer_of_2_7_is_what_the_small_encoder_does():
    small = SmallEncoder()
    assert more_than_half(small.read("수진은 항구에서 배를 탔다."), "배", ("항구", "탔")) == [(2, 1)]
    reading = small.read("In the city minsu borrowed money from the bank.")
    bank = reading.tokens.index("bank")
    row = reading.attentions[1][0, 1, bank]
    most = [reading.tokens[place] for place in row.argsort(descending=True)[:4].tolist()]
    assert most[0] == "borrowed" and {"##ey", "##it"} <= set(most) and row.topk(4).values.sum() > 0.6
    assert row[bank] < 0.02 and row[[0, -1]].sum() < 0.1
    others = largest(reading, "bank")
    assert others[2, 0][0] != "borrowed" and max(others[1, 0][1], others[1, 1][1]) < 0.2
