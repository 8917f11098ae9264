"""How answers are told apart, and what a card says of a wrong one that nobody has foreseen."""

import pytest
import torch
from trials import trial_of

from course_lib.classroom import check
from course_lib.classroom.exercises.base import find
from course_lib.classroom.judging.arguments import about_arguments
from course_lib.classroom.judging.diagnosis import not_the_same
from course_lib.classroom.judging.observing import copied
from course_lib.classroom.judging.relations import difference, relation

MATRIX = torch.arange(12.0).view(3, 4) ** 2 - 20
TEXT = torch.tensor([[3, 1, 4], [1, 5, 9]])
WORDS = ["b", "나", "b", "##는"]
COUNTS = {("a", "b"): 3, ("b", "c"): 1}

RELATIONS = [
    (MATRIX.T, MATRIX, "the wanted one, transposed"),
    (MATRIX.view(1, 3, 4).transpose(1, 2), MATRIX.view(1, 3, 4), "with dimensions 1 and 2 exchanged"),
    (MATRIX / 3, MATRIX, "times 1/3"),
    (MATRIX - 0.5, MATRIX, "minus 1/2"),
    (MATRIX * 1.442695, MATRIX, "times 1/ln 2"),
    (MATRIX * torch.tensor([[2.0], [3.0], [0.5]]), MATRIX, "a factor of its own, one of them 2"),
    (-MATRIX, MATRIX, "with the sign changed"),
    (MATRIX.flip(0), MATRIX, "turned around along dimension 0"),
    (MATRIX.roll(1, 1), MATRIX, "shifted by 1 place forwards along dimension 1"),
    (MATRIX[:, 0], MATRIX, "only the first part of the wanted one along dimension 1"),
    (MATRIX[:-1], MATRIX, "without its last part along dimension 0"),
    (MATRIX.sum(0), MATRIX, "added up along dimension 0"),
    (MATRIX.mean(1), MATRIX, "averaged along dimension 1"),
    (MATRIX[None], MATRIX, "one dimension too many, dimension 0"),
    (MATRIX.flatten(), MATRIX, "but flat"),
    (torch.arange(24.0).view(6, 4) ** 2, torch.arange(24.0).view(2, 3, 4) ** 2, "0 and 1 made one"),
    (
        MATRIX.flatten()[torch.tensor([5, 3, 0, 1, 2, 4, 11, 10, 9, 8, 7, 6])].view(3, 4),
        MATRIX,
        "wrong places",
    ),
    (MATRIX.softmax(-1).softmax(-1), MATRIX.softmax(-1), "a softmax too many"),
    (torch.cat([MATRIX[:-1], MATRIX[-1:] + torch.randn(1, 4)]), MATRIX, "right but for its last row"),
    (
        torch.cat([MATRIX[:1], MATRIX[1:] * torch.randn(2, 4)]),
        MATRIX,
        "right in its first row, and wrong in the others",
    ),
    (torch.cat([MATRIX[:, :1] + 1, MATRIX[:, 1:]], 1), MATRIX, "right but for its first column"),
    (MATRIX / 7 // 1, MATRIX / 7, "rounded down to whole numbers"),
    (~(MATRIX > 0), MATRIX > 0, "the opposite"),
    (TEXT + 1, TEXT, "the wanted one plus 1"),
    (WORDS[::-1], WORDS, "turned around"),
    (WORDS[:-1], WORDS, "without its last element"),
    (WORDS[1:], WORDS, "without its first element"),
    (["b", "나", "##는"], WORDS, "with every element once"),
    (sorted(WORDS), WORDS, "in sorted order"),
    (tuple(WORDS), WORDS, "a tuple where a list is wanted"),
    (" ".join(WORDS), WORDS, "a text with blanks"),
    ([each.removeprefix("##") for each in WORDS], WORDS, "without its ##"),
    ({("b", "a"): 3, ("c", "b"): 1}, COUNTS, "each pair turned around"),
    ({("a", "b"): 1, ("b", "c"): 1}, COUNTS, "each key once"),
    ({("a", "b"): 6, ("b", "c"): 2}, COUNTS, "the wanted one times 2"),
    (list(COUNTS.items()), COUNTS, "a list of pairs where a dict is wanted"),
    ((MATRIX, TEXT - 1), (MATRIX, TEXT), "The second part of your result is the wanted one minus 1"),
    (([1, 0], [3, 4]), ([0, 1], [3, 4]), "The first part of your result is the wanted one, turned around"),
    (2.0, 0.5, "1 divided by the wanted one"),
]


@pytest.mark.parametrize(("got", "wanted", "words"), RELATIONS, ids=[words for *_, words in RELATIONS])
def test_the_relation_is_found(got, wanted, words):
    assert words in relation([(got, wanted)])


def test_a_relation_has_to_hold_in_every_wrong_case():
    assert relation([(MATRIX.T, MATRIX), (MATRIX + 1, MATRIX)]) is None


def test_one_number_says_nothing_about_a_factor():
    """Between any two numbers there is one; with a second case it would be the same one."""
    assert relation([(7.3, 2.9)]) is None
    assert "times 3" in relation([(6.0, 2.0), (15.0, 5.0)])
    assert relation([(6.0, 2.0), (10.0, 5.0)]) is None


def test_numbers_that_have_nothing_to_do_with_each_other_have_no_relation():
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        got, wanted = (torch.randn(3, 4, generator=generator) for _ in range(2))
        assert relation([(got, wanted)]) is None


@pytest.mark.parametrize(
    ("got", "wanted", "words"),
    [
        (["a"], ["a", "b"], "lacks 'b'"),
        (["a", "b", "b"], ["a", "b"], "has 'b' more often than wanted"),
        (["b", "a", "c"], ["a", "b", "c"], "in another order"),
        (["a", "x"], ["a", "b"], "has 'x' at place 1, where 'b' is wanted"),
        ({"a": 1}, {"a": 1, "b": 2}, "lacks 'b'"),
        ({"a": 1, "b": 3}, {"a": 1, "b": 2}, "For 'b' your result has 3; wanted is 2"),
    ],
)
def test_a_difference_of_lists_and_dicts_is_named(got, wanted, words):
    assert words in difference(got, wanted)


def test_nearly_right_is_what_is_so_in_every_wrong_case():
    near, far = (MATRIX + 0.001, MATRIX), (MATRIX**2, MATRIX)
    assert "differ by 0.001 at most" in not_the_same([near, near])
    assert "nearly" not in not_the_same([near, far])


def about(answer, reference, cases):
    return about_arguments(trial_of(answer, reference, cases))


PRODUCTS = [dict(left=MATRIX, right=MATRIX**2 * k, scale=k) for k in (1.0, 2.0, 3.0)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda left, right, scale: left @ right.T, "the same whatever scale is"),
        (lambda left, right, scale: left, "Where it goes wrong your result is left, as it came in"),
        (lambda left, right, scale: right @ left.T * scale, "left and right are exchanged"),
        (lambda left, right, scale: left @ -right.T * scale, "left is taken with the other sign"),
        (lambda left, right, scale: left @ right.flip(0).T * scale, "right is turned around in its first"),
        (lambda left, right, scale: 7, "Your result is 7 in every case"),
        (lambda left, right, scale: left[1:] @ right.T * scale, "left is without its first row"),
    ],
)
def test_the_part_of_an_argument_is_told(answer, words):
    assert words in about(answer, lambda left, right, scale: left @ right.T * scale, PRODUCTS)


def test_a_case_may_leave_an_argument_to_its_default():
    cases = [dict(x=MATRIX, k=2.0), dict(x=MATRIX, k=3.0), dict(x=MATRIX)]
    assert about(lambda x, k=1.0: x.exp() + k, lambda x, k=1.0: x * k, cases) is None


def test_who_changes_with_an_argument_uses_it():
    """The reference is the same with twice the vectors, and an answer that hands them on is not."""
    cases = [dict(x=torch.tensor([3.0, -1.0]) * k) for k in (1.0, 2.0, -1.0)]
    assert "whatever x is" in about(lambda x: torch.tensor(7), lambda x: x.argmax(), cases[:2])
    words = about(lambda x: x.sort().values.long()[0], lambda x: x.argmax(), cases)
    assert words is None or "whatever x is" not in words


def test_one_case_that_comes_out_right_proves_no_rule():
    cases = [dict(x=torch.ones(2)), dict(x=torch.ones(2, 3)), dict(x=torch.ones(2, 3))]
    assert about(lambda x: x.sum() + x.std() * (x.ndim - 1) + x.ndim - 1, lambda x: x.sum(), cases) is None


def test_what_the_wrong_cases_have_in_common_is_told():
    cases = [dict(x=torch.ones(2)), dict(x=torch.ones(2, 3)), dict(x=torch.ones(2, 3, 4))]
    words = about(lambda x: x.sum() if x.ndim < 3 else x.sum() + x.std() + 1, lambda x: x.sum(), cases)
    assert words == "It is right in all cases but where x has more than two dimensions."


# -- what counts as an answer

NO_ANSWERS = {
    "a typo in the name": (
        "def split_head(hidden, num_heads):\n    return hidden",
        "yours is called split_head",
    ),
    "a method": (
        "class A:\n    def split_heads(hidden, num_heads):\n        return hidden",
        "stands inside A",
    ),
    "a function in a function": (
        "def outer():\n    def split_heads(hidden, num_heads):\n        return hidden",
        "stands inside outer",
    ),
    "another name altogether": ("x = 1", "defines no function called split_heads"),
    "a number of that name": ("split_heads = 3", "split_heads is of the type int"),
    "another kind of parameters": (
        "def split_heads(x, y):\n    return x",
        "parameters must be (hidden, num_heads)",
    ),
    "the library's": ("from course_lib.attention import split_heads", "the course's version"),
}


@pytest.mark.parametrize("case", NO_ANSWERS)
def test_no_answer_at_all_does_not_pass(case):
    source, words = NO_ANSWERS[case]
    verdict = check("2.3", source)
    assert verdict.status == "failed" and words in verdict.message


@pytest.mark.parametrize("name", ["2.3", "4.2", "5.3"])
def test_the_functions_that_a_week_imports_do_not_answer_for_the_learner(name):
    assert not check(name, "x = 1").passed
    assert "from course_lib" in find(name).imports()  # or the test tests nothing


STYLES = {
    "numpy's number": (
        "5.1",
        "import numpy\ndef layer_parameters(hidden_size, intermediate_size):\n"
        "    h, m = numpy.int64(hidden_size), intermediate_size\n"
        "    return numpy.int64(4 * h * h + 2 * h * m + 9 * h + m)",
    ),
    "numpy's float": (
        "5.3",
        "import numpy\ndef entropy(counts):\n    p = numpy.array([c for c in counts if c]) / sum(counts)\n"
        "    return -(p * numpy.log(p)).sum()",
    ),
    "a decorator without wraps": (
        "2.3",
        "def timed(f):\n    def timed(*args, **more):\n        return f(*args, **more)\n    return timed\n"
        "@timed\ndef split_heads(hidden, num_heads):\n"
        "    return hidden.unflatten(-1, (num_heads, -1)).transpose(1, 2)",
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_a_right_answer_in_another_style_passes(style):
    verdict = check(*STYLES[style])
    assert verdict.passed, verdict.message


MESSAGES = {
    "a return on another branch": (
        "3.4",
        "def joined(pieces, pair, merged):\n    if len(pieces) > 9:\n        return pieces",
        "comes to its end without a return",
    ),
    "the caller's own list": (
        "3.4",
        "def joined(pieces, pair, merged):\n    if merged not in [''.join(pieces)]:\n        return pieces\n"
        "    return [merged]",
        "hands back its argument pieces itself",
    ),
    "a part of a tuple": (
        "8.6",
        "def number_labels(training, test):\n    names = sorted(set(training))\n"
        "    return [names.index(name) for name in training], 3",
        "The second part of the result must be of the type list",
    ),
    "another layout": (
        "1.5",
        "def convolution_matrix(kernel, length):\n    return torch.zeros(length, length).to_sparse()",
        "must be an ordinary tensor",
    ),
    "a norm that does not learn": (
        "2.6",
        "def add_and_norm(hidden, change, norm):\n    bias = 0 if norm.bias is None else norm.bias\n"
        "    return norm(hidden + change) - bias + torch.as_tensor(bias).detach()",
        "their gradient is not",
    ),
    "a draw where nothing is drawn": (
        "2.6",
        "def add_and_norm(hidden, change, norm):\n    torch.rand(1)\n    return norm(hidden + change)",
        "Nothing has to be drawn here",
    ),
    "a seed of one's own where something is drawn": (
        "1.4",
        "def permute_pixels(images, seed):\n    torch.manual_seed(seed)\n    return images",
        "torch.Generator()",
    ),
    "a part without gradients": (
        "2.6",
        "def add_and_norm(hidden, change, norm):\n    twice = change + change\n"
        "    return norm(hidden + twice - change.detach())",
        ".detach(), .item(), .data, torch.no_grad()",
    ),
    "an error only where gradients are asked for": (
        "2.6",
        "def add_and_norm(hidden, change, norm):\n    if hidden.requires_grad: raise TypeError('no')\n"
        "    return norm(hidden + change)",
        "not where gradients are asked for. Your function stopped with TypeError",
    ),
    "the shapes on the line that stops": (
        "4.6",
        "def embed(input_ids, token_type_ids, words, positions, types):\n    n = input_ids.numel()\n"
        "    return words[input_ids] + positions[:n] + types[token_type_ids]",
        "types (2, 3), token_type_ids (2, 2); n is 4",
    ),
    "a known mistake that shares its gradients in another way": (
        "7.3",
        "def mean_pooling(hidden, attention_mask):\n    hidden = hidden.masked_fill(attention_mask[..., None]"
        " == 0, -1e9)\n    return hidden.max(dim=1).values",  # of two largest numbers one gets all
        "max pooling",
    ),
    "one case alone": (
        "5.3",
        "def entropy(counts):\n    some = [c / sum(counts) for c in counts if c >= 1]\n"
        "    return -sum(p * math.log(p) for p in some)",
        "All other cases come out right",
    ),
    "a number that is nearly right": (
        "5.3",
        "def entropy(counts):\n    some = [c / sum(counts) for c in counts if c]\n"
        "    return -sum(p * math.log(p + 1e-4) for p in some)",
        "Your number is nearly the wanted one",
    ),
    "an argument that is not used, and another shape": (
        "7.4",
        "def most_similar(query, vectors, k):\n"
        "    return F.cosine_similarity(query, vectors, dim=-1).topk(min(3, len(vectors))).indices",
        "the same whatever k is",
    ),
    "names in another order": (
        "8.6",
        "def number_labels(training, test):\n    names = sorted(set(training), reverse=True)\n"
        "    return tuple([names.index(n) if n in names else -1 for n in each] for each in (training, test))",
        "'a' comes before 'b', and has 2 where 'b' has 1",
    ),
    "numbers that are left out": (
        "8.6",
        "def number_labels(training, test):\n    table = {n: i for i, n in enumerate(sorted(training))}\n"
        "    return tuple([table.get(n, -1) for n in each] for each in (training, test))",
        "their numbers are 0 to 1. Yours are 0, 2.",
    ),
    "weights of the norm changed": (
        "2.6",
        "def add_and_norm(hidden, change, norm):\n    norm.bias.data += 1\n    return norm(hidden + change)",
        "changes its argument norm in place",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_the_message_tells_what_is_wrong(case):
    name, source, words = MESSAGES[case]
    verdict = check(name, source)
    assert verdict.status == "failed" and words in verdict.message


def test_a_copy_is_not_changed_with_its_original():
    original = {"a": [torch.zeros(2), {1}], "b": (torch.nn.LayerNorm(2),)}
    copy = copied(original)
    original["a"][0] += 1
    original["a"][1].add(2)
    original["b"][0].weight.data.zero_()
    assert copy["a"][0].sum() == 0 and copy["a"][1] == {1} and copy["b"][0].weight.sum() == 2


def test_a_default_that_is_lost_is_asked_back():
    verdict = check("2.2", "def attention_weights(query, key, mask):\n    return query\n")
    assert "give it its default back, mask=None" in verdict.message


def test_a_changed_setting_of_a_module_is_a_changed_argument():
    lines = (
        "def add_and_norm(hidden, change, norm):\n    norm.eps = 1e-12\n    return norm(hidden + change)\n"
    )
    assert "changes its argument norm in place" in check("2.6", lines).message


def test_a_wrong_shape_is_told_before_its_numbers():
    lines = "def permute_pixels(images, seed):\n    order = torch.randperm(images[0].numel(), generator="
    lines += "torch.Generator().manual_seed(seed))\n    n, h, w = images.shape\n"
    lines += "    return images.flatten(1)[:, order].view(n, w, h)\n"
    assert "must have the shape (2, 2, 3); yours has (2, 3, 2)" in check("1.4", lines).message


def test_a_sparse_gradient_is_as_good():
    lines = "def embed(input_ids, token_type_ids, words, positions, types):\n    n = input_ids.shape[1]\n"
    lines += "    found = torch.nn.functional.embedding(input_ids, words, sparse=True)\n"
    lines += "    return found + positions[:n] + types[token_type_ids]\n"
    assert check("4.6", lines).passed


def test_exchanged_arguments_are_told_though_the_shape_is_another_one():
    lines = "def local_mask(length, window):\n    position = torch.arange(window)\n"
    lines += "    return (position[:, None] - position).abs() <= length // 2\n"
    assert "length and window are exchanged" in check("7.6", lines).message
