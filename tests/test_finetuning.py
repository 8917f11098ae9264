"""Fine-tuning begins where pre-training ended, learns, and depends on its seed alone."""

from types import SimpleNamespace

import pytest
import torch

from course_lib.bert import BertConfig, BertForMaskedLM, BertForSequenceClassification, BertModel
from course_lib.finetuning import (
    FineTuning,
    balanced_accuracy,
    classifier_on,
    classify,
    fine_tune,
    mean_over_labels,
)

pytestmark = pytest.mark.usefixtures("one_core")

CONFIG = BertConfig(
    vocab_size=30,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=16,
)
EXAMPLES = [[2, word, 7 + word % 3, 3] for word in range(10, 30)] + [[2, word, 3] for word in range(10, 30)]
LABELS = [word % 2 for word in range(10, 30)] * 2
SETTINGS = FineTuning(steps=60, batch_size=8, learning_rate=3e-3)


@pytest.fixture
def pretrained():
    torch.manual_seed(1)
    return BertForMaskedLM(CONFIG)


def losses(model, settings=SETTINGS, examples=EXAMPLES, labels=LABELS):
    return list(fine_tune(model, examples, labels, settings))


def test_it_learns_what_the_labels_say(pretrained):
    model = classifier_on(pretrained, 2)
    assert len(losses(model)) == SETTINGS.steps
    assert balanced_accuracy(model, EXAMPLES, LABELS) == 1.0


def test_a_classifier_begins_with_the_pretrained_weights_and_leaves_them_alone(pretrained):
    model = classifier_on(pretrained, 3)
    before = {name: tensor.clone() for name, tensor in pretrained.bert.state_dict().items()}
    assert all(torch.equal(model.bert.state_dict()[name], tensor) for name, tensor in before.items())
    losses(model)
    assert all(torch.equal(pretrained.bert.state_dict()[name], tensor) for name, tensor in before.items())


def test_a_pooler_is_taken_over_where_there_is_one():
    body = BertModel(CONFIG)
    assert torch.equal(classifier_on(body, 2).bert.pooler.weight, body.pooler.weight)


def test_every_parameter_goes_on_learning(pretrained):
    model = classifier_on(pretrained, 2)
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    losses(model)
    still = [name for name, tensor in model.named_parameters() if torch.equal(tensor, before[name])]
    assert not still


def test_the_seed_decides_everything(pretrained):
    first, second = (losses(classifier_on(pretrained, 2)) for _ in range(2))
    other = losses(classifier_on(pretrained, 2, seed=1), FineTuning(**{**vars(SETTINGS), "seed": 1}))
    assert first == second != other


def test_a_training_beside_it_changes_nothing_and_is_not_changed(pretrained):
    """Each draws from a sequence of its own: here something else draws, and seeds, between the steps."""
    alone = losses(classifier_on(pretrained, 2))
    torch.manual_seed(5)
    wanted = [torch.rand(1) for _ in range(SETTINGS.steps + 1)]
    torch.manual_seed(5)
    model, drawn = classifier_on(pretrained, 2), [torch.rand(1)]
    beside = []
    for loss in fine_tune(model, EXAMPLES, LABELS, SETTINGS):
        beside.append(loss)
        drawn.append(torch.rand(1))
    assert beside == alone
    assert drawn == wanted


def test_every_example_is_seen_once_before_one_comes_again(pretrained, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "course_lib.finetuning.pad", lambda rows, _: seen.extend(rows) or torch.tensor([[2, 3]] * len(rows))
    )
    examples = [[2, number, 3] for number in range(24)]
    losses(classifier_on(pretrained, 2), FineTuning(steps=3, batch_size=8), examples, [0] * 24)
    assert sorted(seen) == examples


def test_answers_come_in_the_order_of_the_examples(pretrained):
    model = classifier_on(pretrained, 2)
    losses(model)
    wanted = torch.cat([classify(model, [example]) for example in EXAMPLES])
    assert torch.equal(classify(model, EXAMPLES, batch_size=7), wanted)


def test_one_step_is_that_of_plain_pytorch(pretrained):
    """Without dropout, one step on all examples is one step of AdamW on the mean cross-entropy."""
    config = BertConfig(**{**vars(CONFIG), "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    torch.manual_seed(0)
    ours, theirs = (BertForSequenceClassification(config) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    examples, labels = EXAMPLES[:8], LABELS[:8]
    settings = FineTuning(steps=1, batch_size=8, learning_rate=1e-3, weight_decay=0.0, clip=1e9)
    (loss,) = losses(ours, settings, examples, labels)
    wanted = torch.nn.functional.cross_entropy(theirs(torch.tensor(examples)).logits, torch.tensor(labels))
    wanted.backward()
    torch.optim.AdamW(theirs.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.0).step()
    assert loss == pytest.approx(wanted.item(), abs=1e-6)
    for name, tensor in ours.state_dict().items():
        assert torch.allclose(tensor, theirs.state_dict()[name], atol=2e-5) or "key" in name, name


class Elsewhere(torch.nn.Module):
    """A model on the device "meta", for which no GPU is needed. It notes where its input was."""

    def __init__(self):
        super().__init__()
        self.config, self.seen = CONFIG, []
        self.classifier = torch.nn.Linear(16, 2, device="meta")

    def forward(self, input_ids, attention_mask, labels=None):
        self.seen += [each.device.type for each in (input_ids, attention_mask, labels) if each is not None]
        logits = torch.zeros(len(input_ids), 2, requires_grad=True)
        return SimpleNamespace(logits=logits, loss=logits.sum())


def test_training_takes_place_where_the_model_is():
    model = Elsewhere()
    losses(model, FineTuning(steps=2, batch_size=8))
    assert model.seen == ["meta"] * 6


def test_questions_are_asked_where_the_model_is():
    model = Elsewhere()
    assert classify(model, EXAMPLES).device.type == "cpu" and set(model.seen) == {"meta"}


@pytest.mark.parametrize("name", ["steps", "batch_size", "learning_rate", "clip"])
def test_a_setting_that_makes_no_sense_is_named(name):
    with pytest.raises(ValueError, match=f"{name} must be above 0, got 0"):
        FineTuning(**{name: 0})


@pytest.mark.parametrize(
    ("examples", "labels", "says"),
    [
        ([[2, 3]], [0, 1], "every example needs a label: there are 1 and 2"),
        ([], [], "every example needs a label"),
        ([[2, 3]], [2], "labels go from 0 to 1, got 2"),
        ([[2, 3]], [-1], "labels go from 0 to 1, got -1"),
        ([[2, 3]], ["numpy"], "labels go from 0 to 1, got 'numpy'"),
    ],
)
def test_labels_that_do_not_fit_are_refused(pretrained, examples, labels, says):
    with pytest.raises(ValueError, match=says):
        losses(classifier_on(pretrained, 2), SETTINGS, examples, labels)


def test_the_learning_rate_rises_for_a_tenth_and_falls_to_zero():
    settings = FineTuning(steps=100, learning_rate=1.0)
    rates = [settings.learning_rate_at(step) for step in range(100)]
    assert rates.index(max(rates)) in (9, 10) and rates[0] < 0.2 and rates[-1] == pytest.approx(0.01)


def test_always_the_same_answer_is_worth_what_guessing_is():
    labels = torch.tensor([0] * 90 + [1] * 5 + [2] * 5)
    assert mean_over_labels(torch.zeros(100, dtype=torch.long), labels) == pytest.approx(1 / 3)
    assert mean_over_labels(labels, labels) == 1.0
    half = torch.where(torch.arange(100) % 2 == 0, labels, 9)
    assert mean_over_labels(half, labels) == pytest.approx((45 / 90 + 3 / 5 + 2 / 5) / 3)


def test_answers_are_measured_with_a_label_each(pretrained):
    model = classifier_on(pretrained, 2)
    with pytest.raises(ValueError, match="every example needs a label: there are 2 and 1"):
        balanced_accuracy(model, [[2, 5, 3], [2, 3]], [1])
