"""The experiments of weeks 5 and 6 on a trained BERT: one side or both, probes, and whose model is asked."""

import random

import pytest
import torch
from small_bert import small_bert

from course_lib.checkpoint import save_model
from course_lib.classroom.experiments.one_sided import logits_from_the_left
from course_lib.classroom.experiments.probes import (
    SEEDS,
    Case,
    cases_of_kind,
    cases_of_meaning,
    read_from_layers,
    untrained,
)
from course_lib.classroom.figures import draw_calibration
from course_lib.classroom.materials.ready_models import own_or_ready_model, ready_model


@pytest.fixture(scope="module")
def ready():
    return ready_model("town-ko")


@pytest.fixture(scope="module")
def small():
    return small_bert()


@torch.no_grad()
def test_from_the_left_nothing_that_follows_is_seen(small):
    ids = torch.tensor([[1, 5, 7, 9, 11]])
    changed = torch.tensor([[1, 5, 7, 20, 21]])
    is_piece = torch.ones_like(ids, dtype=torch.bool)
    one, other = (logits_from_the_left(small, each, is_piece) for each in (ids, changed))
    assert torch.equal(one[:, :3], other[:, :3]) and not torch.allclose(one[:, 3:], other[:, 3:])
    assert not torch.allclose(one[:, -1], small(ids).logits[:, -1])  # what it reads had seen less, too


@torch.no_grad()
def test_from_the_left_padding_changes_nothing():
    model = small_bert().double()  # in float32, a product of another length may round differently
    ids = torch.tensor([[1, 5, 7, 0, 0]])
    alone = logits_from_the_left(model, ids[:, :3], torch.ones(1, 3, dtype=torch.bool))
    padded = logits_from_the_left(model, ids, ids != 0)
    assert torch.allclose(alone, padded[:, :3], rtol=0, atol=1e-12)


def test_a_model_of_ones_own_is_asked_where_there_is_one(ready, tmp_path, capsys):
    _, town = ready
    model, _ = own_or_ready_model(tmp_path / "bert")
    assert "the ready model" in capsys.readouterr().out
    mine = untrained(model)
    (tmp_path / "bert").mkdir()
    save_model(mine, tmp_path / "bert", town.tokenizer)
    found, _ = own_or_ready_model(tmp_path / "bert")
    assert "your own model" in capsys.readouterr().out
    assert torch.equal(found.lm_head.dense.weight, mine.lm_head.dense.weight)


def test_an_untrained_model_leaves_the_random_state_alone(small):
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    untrained(small)
    assert torch.equal(torch.rand(2), wanted)


def test_cases_hold_what_their_labels_say(ready):
    _, town = ready
    vocab = town.tokenizer.vocab
    meanings = cases_of_meaning(town, "배", stories=3000)
    assert {case.label for case in meanings} == {
        row.columns["was"] for row in town.tables["sense"] if row.word == "배"
    }
    assert all(vocab[case.ids[case.position]] == "배" for case in meanings)
    kinds = cases_of_kind(town, stories=300, each=40)
    assert {case.label for case in kinds} == {"person", "place", "thing"}
    assert all(vocab[case.ids[case.position]] == "[MASK]" for case in kinds)


def test_a_probe_reads_what_is_there_and_nothing_else(small):
    """Which token stands at a position can be read below the first layer; a label of chance nowhere."""
    rng = random.Random(0)
    ids = [[1, rng.randrange(5, 8), rng.randrange(5, 30), 2] for _ in range(300)]
    there = [Case(each, 1, str(each[1])) for each in ids]
    by_chance = [Case(each, 1, rng.choice("abc")) for each in ids]
    assert read_from_layers(there, small)[0].min() == 1
    scores = read_from_layers(by_chance, small)
    assert scores.shape == (3, SEEDS) and scores.mean() < 0.45  # 1/3, and 5 standard errors of 450 answers


def test_the_picture_of_calibration_tells_its_bins():
    said, true = torch.tensor([0.2, 0.9]), torch.tensor([0.1, 1.0])
    picture = draw_calibration(said, true, [(0.2, 0.1, 1), (0.9, 1.0, 1)])
    assert "0.20 against 0.10 (1); 0.90 against 1.00 (1)" in picture.alt
