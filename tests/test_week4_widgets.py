"""What week 4 plays with: clocks, a scrubber through a training, and the small BERT that trains for it."""

import pytest
import torch

from course_lib.classroom.experiments.growing_bert import PARTS, GrowingBert
from course_lib.classroom.figures import draw_similarities
from course_lib.classroom.widgets.clocks import Clocks
from course_lib.classroom.widgets.scrubber import Scrubber
from course_lib.embeddings import sinusoidal_positions

pytestmark = pytest.mark.usefixtures("one_core")


@pytest.fixture(scope="module")
def growing():
    return GrowingBert(stories=300)


@pytest.mark.parametrize(("one", "other"), [(0, 0), (3, 5), (511, 7)])
def test_the_clocks_tell_the_similarity_of_the_vectors(one, other):
    clocks = Clocks(16, one, other)
    positions = sinusoidal_positions(512, 16)
    wanted = torch.cosine_similarity(positions[one], positions[other], dim=0).item()
    assert clocks.similarity() == pytest.approx(wanted, abs=1e-5)
    assert f"similarity {wanted:.2f}" in clocks.html()


def test_a_slider_redraws_the_clocks():
    clocks = Clocks()
    before = clocks.picture.value
    clocks.position.value += 1
    assert clocks.picture.value != before and clocks.picture.value.count("<svg") == 8


def test_scrubbing_shows_the_table_of_that_step():
    tables = {step: torch.randn(6, 4, generator=torch.Generator().manual_seed(step)) for step in (0, 10, 20)}
    scrubber = Scrubber(tables)
    seen = {scrubber.picture.value}
    for step in (10, 20):
        scrubber.slider.value = step
        seen.add(scrubber.picture.value)
    assert len(seen) == 3


def test_the_caption_of_similarities_counts_every_pair_once():
    caption = draw_similarities([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])  # cosines 1, 0 of neighbours, and 0
    assert "a cosine of 0.50, all pairs 0.33 on average" in str(caption)


def test_losses_are_those_of_trainings_from_each_start(growing):
    options = dict(without="dropout", batch_size=8)
    wanted = [growing.loss(growing.train(steps=2, seed=seed, **options)[0]) for seed in (3, 5)]
    assert growing.losses(steps=2, starts=(3, 5), **options) == wanted
    assert wanted[0] != wanted[1]


def test_snapshots_are_copies_at_the_steps_asked_for(growing):
    model, snapshots = growing.train(steps=4, every=2)
    assert list(snapshots) == [0, 2, 4]
    assert not torch.equal(snapshots[0], snapshots[2])
    table = model.bert.embeddings.position_embeddings.weight
    assert torch.equal(snapshots[4], table) and snapshots[4] is not table
    assert (snapshots[4][growing.longest :] - snapshots[0][growing.longest :]).abs().max() < 1e-3


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_taken_away_stays_away(growing, part):
    model, _ = growing.train(steps=2, without=part)
    embeddings = model.bert.embeddings
    is_gone = {
        "positions": not embeddings.position_embeddings.weight.any(),
        "segments": not embeddings.token_type_embeddings.weight.any(),
        "LayerNorm": not list(embeddings.layer_norm.parameters()),
        "dropout": embeddings.dropout.p == 0.0,
    }
    assert [name for name, gone in is_gone.items() if gone] == [part]


def test_an_unknown_part_is_refused(growing):
    with pytest.raises(ValueError, match="positions, segments, LayerNorm, dropout, got 'words'"):
        growing.train(steps=1, without="words")
