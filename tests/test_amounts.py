"""By how much a number is wrong, in the words of the arguments."""

import pytest
import torch
from trials import trial_of

from course_lib.classroom.judging.amounts import amount

SIZES = [dict(h=h, m=m) for h, m in ((2, 3), (1, 1), (5, 7), (768, 3072), (128, 256), (13, 4), (1024, 1537))]
TEXTS = [
    dict(x=torch.arange(1.0, 1 + n * d).view(n, d), k=k) for n, d, k in ((2, 3, 2), (4, 2, 5), (1, 5, 3))
]


def told(answer, reference, cases):
    return amount(trial_of(answer, reference, cases))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda h, m: 4 * h * h + h + 2 * h * m, "too small, by 3·h."),
        (lambda h, m: 4 * h * h + 4 * h + 3 * h * m + m + 7, "too large, by h·m + m + 7."),
        (lambda h, m: 4 * h * h + 4 + 2 * h * m, "minus the wanted one is 4 − 4·h."),
        (lambda h, m: 6 * h * h + 4 * h, "minus the wanted one is 2·h² − 2·h·m."),
    ],
)
def test_what_is_missing_is_told_in_products_of_the_arguments(answer, words):
    assert words in told(answer, lambda h, m: 4 * h * h + 4 * h + 2 * h * m, SIZES)


def test_a_difference_of_another_kind_is_not_told():
    assert told(lambda h, m: h * m + h % 3, lambda h, m: h * m, SIZES) is None
    assert told(lambda h, m: h * m + h**3, lambda h, m: h * m, SIZES) is None
    assert told(lambda h, m: h * m + 1, lambda h, m: h * m, SIZES[:5]) is None  # too few cases to be sure


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x, k: x.sum() / len(x), "divided by the size of dimension 0 of x."),
        (lambda x, k: x.sum() * x.shape[1], "times the size of dimension 1 of x."),
        (lambda x, k: x.mean(), "divided by how many numbers x has."),
        (lambda x, k: x.sum() * k, "times k."),
    ],
)
def test_a_factor_is_told_as_a_size_of_the_arguments(answer, words):
    assert words in told(answer, lambda x, k: x.sum(), TEXTS)


def test_no_factor_is_seen_where_there_is_none():
    assert told(lambda x, k: x.square().sum(), lambda x, k: x.sum(), TEXTS) is None
    assert told(lambda x, k: x.cumsum(0), lambda x, k: x, TEXTS) is None
