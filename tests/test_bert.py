"""What the heads make of labels, and inputs that do not fit."""

import pytest
import torch
from torch.nn import functional as F

from course_lib.bert import (
    IGNORE_INDEX,
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
)

CONFIG = BertConfig(
    vocab_size=20,
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=12,
    max_position_embeddings=16,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    initializer_range=0.3,
)
NOTHING = torch.full((3, 7), IGNORE_INDEX)


def draw(*shape, below=20, seed=0):
    return torch.randint(1, below, shape, generator=torch.Generator().manual_seed(seed))


def gradients(model):
    """{name: gradient} of all parameters, which are then forgotten."""
    found = {name: parameter.grad for name, parameter in model.named_parameters()}
    model.zero_grad()
    return found


# -- labels of -100


@pytest.mark.parametrize("masked_only", [False, True], ids=["all", "masked only"])
@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
@pytest.mark.parametrize("kind", [BertForMaskedLM, BertForPreTraining])
def test_batch_without_a_gap_has_loss_zero_and_gradients_of_zero(kind, fused, masked_only):
    model = kind(CONFIG, fused=fused)
    options = {} if kind is BertForMaskedLM else dict(next_sentence_label=torch.full((3,), IGNORE_INDEX))
    loss = model(draw(3, 7), labels=NOTHING, masked_only=masked_only, **options).loss
    loss.backward()
    assert loss.item() == 0.0
    for name, gradient in gradients(model).items():
        assert gradient is not None and (gradient == 0).all(), name


@pytest.mark.parametrize("masked_only", [False, True], ids=["all", "masked only"])
def test_shares_weighted_by_their_labels_give_the_loss_and_gradients_of_the_batch(masked_only):
    """As processes train that share out a batch: one of the shares has no label at all."""
    torch.manual_seed(0)
    model = BertForMaskedLM(CONFIG).double()
    ids, labels = draw(9, 7), draw(9, 7, seed=1)
    labels[torch.rand(9, 7) < 0.6] = IGNORE_INDEX
    labels[3:6] = IGNORE_INDEX
    logits = model(ids).logits
    whole = F.cross_entropy(logits.flatten(0, 1), labels.flatten())  # torch's own mean, over one batch
    whole.backward()
    wanted = gradients(model)
    total = (labels != IGNORE_INDEX).sum()
    mean = 0.0
    for rows in (slice(0, 3), slice(3, 6), slice(6, 9)):
        loss = model(ids[rows], labels=labels[rows], masked_only=masked_only).loss
        loss = loss * (labels[rows] != IGNORE_INDEX).sum() / total
        loss.backward()
        mean += loss.item()
    assert mean == pytest.approx(whole.item(), rel=1e-12)
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(gradient, wanted[name], rtol=0, atol=1e-12)


# -- inputs that do not fit


BATCH = draw(3, 7)


@pytest.mark.parametrize("masked_only", [False, True])
def test_labels_of_another_shape_are_refused(masked_only):
    with pytest.raises(ValueError, match=r"the shape \(3, 6\), expected .*\(3, 7\)"):
        BertForMaskedLM(CONFIG)(BATCH, labels=BATCH[:, :6], masked_only=masked_only)


@pytest.mark.parametrize("shape", [(7,), (1, 3, 7), (3, 0)], ids=str)
def test_ids_that_are_no_batch_of_texts_are_refused(shape):
    with pytest.raises(ValueError, match=r"\(batch, n\), n > 0"):
        BertForMaskedLM(CONFIG)(torch.ones(shape, dtype=torch.long))
