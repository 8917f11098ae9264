"""Week 8: fine-tuning. A pre-trained BERT learns a new question from a few labelled examples.

Devlin et al. 2019, sections 3.2 and 4.1: one new matrix on top of the pooled [CLS], and all parameters go on
learning. A model that was trained without a pooler gets a new one, too.
"""

from dataclasses import dataclass

import torch

from course_lib.bert import BertForSequenceClassification
from course_lib.corpus import pad
from course_lib.ladder import ONE_AT_A_TIME, at_rest
from course_lib.pretraining import make_optimizer, optimise
from course_lib.randomness import Draws
from course_lib.similarity import batches_by_length


@dataclass(frozen=True)
class FineTuning:
    """The settings.

    learning_rate: the rate rises to it on one line, over the first tenth of the steps (warm-up); it falls on
    another, from it to 0, over all steps (decay). The lower line counts, so it is not quite reached: about
    91 % of it is.
    clip: the longest gradient that is followed as it is; a longer one is shortened to it
    """

    steps: int = 100
    batch_size: int = 16
    learning_rate: float = 3e-4
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self):
        for name in ("steps", "batch_size", "learning_rate", "clip"):
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value!r}")

    def learning_rate_at(self, step):
        """Linear warm-up, then linear decay to 0."""
        warmup = max(1, self.steps // 10)
        return self.learning_rate * min((step + 1) / warmup, (self.steps - step) / self.steps)


def classifier_on(pretrained, num_labels, seed=0):
    """A BertForSequenceClassification with the weights of `pretrained`; only what is new is drawn at random.

    pretrained: a BertModel or a model with one, left unchanged. The pooler is taken over where there is one.
    """
    body = getattr(pretrained, "bert", pretrained)
    with ONE_AT_A_TIME, Draws(seed):
        model = BertForSequenceClassification(body.config, num_labels)
    model.bert.load_state_dict(model.bert.state_dict() | body.state_dict())
    return model


def fine_tune(model, examples, labels, settings):
    """Train `model` in place; a generator that yields the loss of each step.

    examples: lists of ids, from `similarity.encode`   labels: an integer each, below the number of labels
    The texts come in a new order in each epoch; it and the dropout depend on the seed alone.
    """
    check_labels(model, examples, labels)
    device = next(model.parameters()).device
    labels = torch.as_tensor(labels, device=device)
    optimizer = make_optimizer(model, settings)
    generator = torch.Generator().manual_seed(settings.seed)
    dropout = Draws(settings.seed)
    order = []
    for step in range(settings.steps):
        if len(order) < min(settings.batch_size, len(examples)):
            order = torch.randperm(len(examples), generator=generator).tolist()
        rows, order = order[: settings.batch_size], order[settings.batch_size :]
        input_ids = pad([examples[row] for row in rows], model.config.pad_token_id).to(device)  # (batch, n)
        attention_mask = input_ids != model.config.pad_token_id
        with ONE_AT_A_TIME, dropout:
            model.train()
            loss = model(input_ids, attention_mask=attention_mask, labels=labels[rows]).loss
            optimise(model, optimizer, loss, settings.learning_rate_at(step), settings.clip)
        yield loss.item()


def check_labels(model, examples, labels):
    """ValueError unless each of `examples` has one of `labels`, an integer below the number of `model`'s."""
    num_labels = model.classifier.out_features
    if len(examples) != len(labels) or len(examples) == 0:
        raise ValueError(f"every example needs a label: there are {len(examples)} and {len(labels)}")
    wrong = [label for label in labels if label not in range(num_labels)]
    if wrong:
        raise ValueError(f"labels go from 0 to {num_labels - 1}, got {wrong[0]!r}")


@torch.no_grad()
def classify(model, examples, batch_size=64):
    """The likeliest label of each example, (len(examples),), in their order, on the CPU."""
    pad_id, device = model.config.pad_token_id, next(model.parameters()).device
    answers = torch.empty(len(examples), dtype=torch.long)
    with at_rest(model):
        for rows in batches_by_length(examples, batch_size):
            input_ids = pad([examples[row] for row in rows], pad_id).to(device)  # (batch, n)
            logits = model(input_ids, attention_mask=input_ids != pad_id).logits
            answers[rows] = logits.argmax(dim=-1).cpu()
    return answers


def balanced_accuracy(model, examples, labels):
    """The share of right answers for each label, and of these the mean.

    Whoever guesses, or always gives the same answer, gets 1 / (number of labels), however common a label is.
    """
    check_labels(model, examples, labels)
    return mean_over_labels(classify(model, examples), torch.as_tensor(labels))


def mean_over_labels(answers, labels):
    """answers, labels: (n,) integers → a number"""
    shares = [(answers[labels == label] == label).float().mean() for label in labels.unique()]
    return torch.stack(shares).mean().item()
