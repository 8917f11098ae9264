"""Where the wrong numbers of a tensor stand, in words."""

import pytest
import torch
from trials import trial_of

from course_lib.classroom.judging.places import first_difference, place_of_the_wrong

GENERATOR = torch.Generator().manual_seed(0)
CASES = [
    dict(
        ids=torch.randint(0, 90, (n, n), generator=GENERATOR),
        mask=torch.rand(n, n, generator=GENERATOR) < 0.5,
        others=torch.randint(100, 190, (n, n), generator=GENERATOR),
    )
    for n in (4, 6, 5)
]


def place(answer, reference, cases=CASES):
    return place_of_the_wrong(trial_of(answer, reference, cases))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda ids, mask, others: torch.where(mask, ids, -1), "wrong only where mask is False."),
        (lambda ids, mask, others: torch.where(mask, ids + 1, ids), "wrong only where mask is True."),
        (lambda ids, mask, others: torch.where(ids % 2 == 0, ids, others), "it has the number of others at"),
        (lambda ids, mask, others: ids + torch.eye(len(ids)).long(), "wrong only on the diagonal: at [0, 0]"),
        (lambda ids, mask, others: ids + torch.ones_like(ids).triu(1), "only above the diagonal: at [0, 1]"),
        (lambda ids, mask, others: ids + torch.ones_like(ids).tril(-1), "only below the diagonal: at [1, 0]"),
        (lambda ids, mask, others: ids + ids % 7, None),
    ],
)
def test_where_the_wrong_numbers_stand(answer, words):
    found = place(answer, lambda ids, mask, others: ids)
    assert words in found if words else found is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda ids: (ids > 40) & (ids % 3 > 0), "too often False, and nowhere too often True"),
        (lambda ids: (ids > 40) | (ids % 3 > 0), "too often True, and nowhere too often False"),
        (lambda ids: (ids > 40) ^ (ids % 3 > 0), None),
    ],
)
def test_true_and_false_may_be_wrong_in_one_direction(answer, words):
    found = place(answer, lambda ids: ids > 40, [dict(ids=case["ids"]) for case in CASES])
    assert words in found if words else found is None


def test_an_argument_of_another_shape_in_one_case_says_nothing():
    """The mask of a batch has the shape of a result by chance, where there are as many texts as numbers."""
    cases = [dict(x=torch.ones(n, n, 3), mask=torch.tensor([[1, 1, 0]] * n)) for n in (3, 2)]
    answer = lambda x, mask: x[..., 0] + (1 - mask) if len(x) == 3 else x[..., 0]  # noqa: E731
    assert place(answer, lambda x, mask: x[..., 0], cases) is None


def test_the_first_difference_says_what_the_arguments_have_there():
    answer, reference = lambda ids, mask, others: ids + mask.long(), lambda ids, mask, others: ids
    words = first_difference(trial_of(answer, reference, CASES))
    row, column = CASES[0]["mask"].nonzero()[0].tolist()
    value = CASES[0]["ids"][row, column].item()
    assert f"at [{row}, {column}] yours is {value + 1}, and {value} is wanted; there ids is {value}" in words
    assert "mask is True" in words


def test_of_numbers_with_a_point_no_place_is_told():
    halves, thirds = lambda **case: case["ids"] / 2, lambda **case: case["ids"] / 3
    assert first_difference(trial_of(halves, thirds, CASES)) == ""
