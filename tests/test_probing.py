"""What week 6 asks of a trained BERT: gaps in turn, calibration, heads taken away, vectors layer by layer."""

import random

import pytest
import torch
from sklearn.calibration import calibration_curve
from small_bert import small_bert

from course_lib.classroom.materials.ready_models import ready_model
from course_lib.fill_mask import fill_mask
from course_lib.ladder import story_probability
from course_lib.probing import (
    answers_of,
    calibration,
    fill_in_turn,
    hidden_states,
    looks,
    without_columns,
    without_head,
)


@pytest.fixture(scope="module")
def ready():
    return ready_model("town-ko")


@pytest.fixture(scope="module")
def model():
    return small_bert()


def test_answers_are_those_of_fill_mask(ready):
    model, town = ready
    text = "나는 [MASK]에 가서 그곳에서 빵과 [MASK]를 샀다"
    tokens = town.tokenizer.tokenize(text, continue_masks=True)
    answers = answers_of(model, town.tokenizer, tokens).values()
    for answer, wanted in zip(answers, fill_mask(model, town.tokenizer, text), strict=True):
        for token, probability in wanted:
            assert answer[token] == pytest.approx(probability, abs=1e-6)


def test_filled_in_turn_by_the_truth_a_text_can_always_be_told(ready):
    """The likeliest token given what is filled has a positive probability, so no dead end is met."""
    _, town = ready
    rng = random.Random(0)
    for story in town.stories(40, seed=31):
        tokens = town.tokenizer.tokenize(story)
        for gap in rng.sample(range(len(tokens)), 3):
            tokens[gap] = "[MASK]"
        before = list(tokens)
        filled = fill_in_turn(town.posterior, tokens)
        assert tokens == before and story_probability(town, filled) > 0


def test_calibration_counts_as_scikit_learn_does():
    generator = torch.Generator().manual_seed(0)
    predicted = torch.rand(400, generator=generator, dtype=torch.float64)
    happened = (torch.rand(400, generator=generator) < predicted).double()
    edges = [0, 0.2, 0.4, 0.6, 0.8, 1]
    true, said = calibration_curve(happened.numpy(), predicted.numpy(), n_bins=5)
    bins = calibration(predicted, happened, edges)
    assert [each[0] for each in bins] == pytest.approx(said.tolist())
    assert [each[1] for each in bins] == pytest.approx(true.tolist())
    assert sum(count for *_, count in bins) == 400


def test_the_row_that_looks_is_the_gap(model):
    ids = torch.tensor([[1, 5, 7, 9]])
    with torch.no_grad():
        attentions = model(ids, output_attentions=True).attentions
    found = looks(attentions, gap=2, place=1)
    assert found.shape == (2, 3) and found[1, 2] == attentions[1][0, 2, 2, 1]
    assert sum(looks(attentions, 2, place) for place in range(4)).allclose(torch.ones(2, 3))


def test_without_a_head_its_part_of_the_context_is_gone(model):
    """The same as an attention whose context is set to 0 in that head's slice."""
    ids = torch.tensor([[1, 5, 7, 9]])
    output = model.bert.encoder.layers[1].attention.output
    before = output.weight.clone()

    def zero(module, given):
        context = given[0].clone()
        context[..., 4:8] = 0
        return (context,)

    with torch.no_grad():
        handle = output.register_forward_pre_hook(zero)
        wanted = model(ids).logits
        handle.remove()
        with without_head(model, layer=1, head=1):
            got = model(ids).logits
        assert torch.allclose(got, wanted, atol=1e-6) and not torch.allclose(got, model(ids).logits)
    assert torch.equal(output.weight, before)


def test_a_head_comes_back_after_an_error(model):
    before = model.bert.encoder.layers[0].attention.output.weight.clone()
    with pytest.raises(KeyboardInterrupt), without_head(model, 0, 0):
        raise KeyboardInterrupt
    assert torch.equal(model.bert.encoder.layers[0].attention.output.weight, before)


def test_columns_are_taken_from_a_copy():
    matrix = torch.ones(4, 4)
    assert without_columns(matrix, 1, 2).tolist() == [[1, 1, 0, 0]] * 4 and matrix.sum() == 16


def test_the_last_states_are_those_that_the_model_reads(model):
    ids = torch.tensor([[1, 5, 7, 9], [2, 2, 3, 4]])
    states = hidden_states(model, ids)
    assert len(states) == 3
    assert torch.equal(states[0], model.bert.embeddings(ids))
    assert torch.allclose(states[-1], model.bert(ids).last_hidden_state, atol=1e-6)
