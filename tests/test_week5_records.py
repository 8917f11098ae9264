"""Trainings that week 5 shows from a record: a short part of each, once more.

Not bit for bit: later steps differ by the rounding of other processors.
"""

import pytest
import torch

from course_lib.bert import IGNORE_INDEX
from course_lib.classroom.experiments import one_sided, paired_bert, whole_words
from course_lib.classroom.experiments.growing_bert import GrowingBert

pytestmark = pytest.mark.usefixtures("one_core")


@pytest.fixture(scope="module")
def grown():
    """The stories and the size of the recorded trainings."""
    return GrowingBert()


@pytest.fixture(scope="module")
def paired(grown):
    return paired_bert.PairedBert(grown)


@pytest.mark.parametrize("kind", paired_bert.PAIRINGS)
def test_the_trainings_on_pairs_were_really_run(paired, kind):
    recorded = paired_bert.read_record()
    found = paired.train(paired_bert.SHORT, **paired_bert.PAIRINGS[kind])
    assert found == pytest.approx(recorded["short"][kind], abs=0.03)
    assert len(recorded["results"][kind]) == len(paired_bert.SEEDS)


@pytest.mark.parametrize("kind", whole_words.MASKINGS)
def test_the_trainings_on_whole_words_were_really_run(grown, kind):
    model = whole_words.train(grown, whole_words.MASKINGS[kind], whole_words.SHORT, seed=0)
    gaps = whole_words.gaps_of_both_kinds(grown)
    recorded = whole_words.read_record()["short"][kind]
    assert whole_words.losses_of([model], gaps, grown.vocabulary) == {
        name: pytest.approx(losses, abs=0.03) for name, losses in recorded.items()
    }


def test_where_whole_words_are_hidden_nothing_of_them_is_visible(grown):
    continues = grown.vocabulary.is_continuation
    for ids, labels in whole_words.gaps_of_both_kinds(grown, stories=50)["whole words"]:
        is_hidden = labels != IGNORE_INDEX  # (batch, n)
        goes_on = continues[torch.where(is_hidden, labels, ids)][:, 1:]
        assert is_hidden.any()
        assert torch.equal(is_hidden[:, 1:][goes_on], is_hidden[:, :-1][goes_on])


def test_the_trainings_from_one_side_and_from_both_were_really_run(grown):
    recorded, steps = one_sided.read_record(), one_sided.LENGTHS[0]
    one = one_sided.OneSided(grown)
    left = one.loss_from_the_left(one.train(steps, seed=0))
    both = one.loss_from_both_sides(whole_words.train(grown, False, steps, seed=0))
    assert recorded["steps"] == list(one_sided.LENGTHS)
    assert left == pytest.approx(recorded["losses"]["from the left"][0][0], abs=0.05)
    assert both == pytest.approx(recorded["losses"]["from both sides"][0][0], abs=0.1)
