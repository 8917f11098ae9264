"""Week 8: fine-tuning. A pre-trained BERT learns to answer a new kind of question from labelled examples.

Devlin et al. 2019, sections 3.2 and 4: one small head of `tasks.py` on top, and all parameters go on
learning. One loop does it for every task. An example's label is a number, a list of them or a pair of
positions, and the head makes its loss of it.
"""

import math
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch

from course_lib.bert import IGNORE_INDEX
from course_lib.corpus import pad
from course_lib.files import composed
from course_lib.ladder import at_rest
from course_lib.pretraining import SEEDS, load_memory, make_optimizer, memory_of, optimise
from course_lib.randomness import Draws
from course_lib.similarity import batches_by_length
from course_lib.tasks import BertForSequenceClassification, BertForTokenClassification

# -- examples


class Example(NamedTuple):
    """One or two texts as numbers, and what is to be answered.

    input_ids, token_type_ids: lists, one number for each token
    label: an int for a whole text; a list with one for each token, −100 where none is asked for; a tuple, the
    positions of an answer's first and last token, (0, 0) where there is none; or None
    """

    input_ids: list
    token_type_ids: list
    label: int | list | tuple | None = None


def encode_example(tokenizer, first, second=None, *, max_length, label=None):
    """An Example of one or two texts, cut to `max_length` tokens as in `read_as_data`."""
    encoding = read_as_data(tokenizer, first, second, max_length)
    return Example(encoding.ids, encoding.type_ids, label)


def encode_texts(tokenizer, texts, labels, max_length):
    """An Example of each text with its label, an int; ValueError where there are not as many of the two."""
    if len(texts) != len(labels):
        raise ValueError(f"every text needs a label: there are {len(texts)} and {len(labels)}")
    return [
        encode_example(tokenizer, text, max_length=max_length, label=label)
        for text, label in zip(texts, labels)
    ]


def read_as_data(tokenizer, first, second=None, max_length=None):
    """[CLS] first [SEP], or [CLS] first [SEP] second [SEP]: an Encoding, tokens with their places.

    Both texts are composed (NFC), and a [MASK] or [SEP] that stands in one is a word like others. Segments
    are 0 and 1. What is too long loses tokens at the end of the longer text, and of both in turn where they
    are equally long, until it fits; no [CLS] and no [SEP] is lost.
    """
    second = None if second is None else composed(second)
    return tokenizer.encode(composed(first), second, max_length, split_special_tokens=True)


def collate(examples, pad_id):
    """A batch for `model(**batch)`: {name: tensor}, filled up on the right to the longest of the examples.

    input_ids, token_type_ids, attention_mask: (batch, n)
    labels: (batch,) for texts, (batch, n) for tokens; start_positions and end_positions: (batch,) for answers
    """
    input_ids = pad([example.input_ids for example in examples], pad_id)  # (batch, n)
    lengths = torch.tensor([len(example.input_ids) for example in examples])
    batch = dict(
        input_ids=input_ids,
        token_type_ids=pad([example.token_type_ids for example in examples], 0),
        attention_mask=torch.arange(input_ids.shape[1]) < lengths[:, None],
    )
    labels = [example.label for example in examples]
    if labels[0] is None:
        return batch
    if isinstance(labels[0], tuple):
        starts, ends = torch.tensor(labels).unbind(dim=1)
        return batch | dict(start_positions=starts, end_positions=ends)
    return batch | dict(
        labels=pad(labels, IGNORE_INDEX) if isinstance(labels[0], list) else torch.tensor(labels)
    )


def check_examples(model, examples):
    """ValueError unless there are examples, and `model` can learn from the label of each."""
    if len(examples) == 0:
        raise ValueError("there are no examples: at least one is needed")
    for number, (ids, types, label) in enumerate(examples):
        problem = None
        if len(types) != len(ids):
            problem = f"there are {len(ids)} input_ids and {len(types)} token_type_ids: each token needs both"
        elif isinstance(model, BertForSequenceClassification):
            problem = wrong_class(label, model.classifier.out_features)
        elif isinstance(model, BertForTokenClassification):
            problem = wrong_tags(label, model.classifier.out_features, len(ids))
        else:
            problem = wrong_positions(label, len(ids))
        if problem:
            raise ValueError(f"example {number}: {problem}")


def wrong_class(label, num_labels):
    """What is wrong with the label of a text, in words, or None."""
    if isinstance(label, (list, tuple)) or label not in range(num_labels):
        return f"labels of texts go from 0 to {num_labels - 1}, got {label!r:.80}"


def wrong_tags(labels, num_labels, length):
    """What is wrong with the labels of tokens, in words, or None."""
    if not isinstance(labels, list):
        return f"a list of labels is needed, one for each token; got {labels!r:.80}"
    if len(labels) != length:
        return f"{length} tokens need as many labels, got {len(labels)}"
    wrong = [label for label in labels if label != IGNORE_INDEX and label not in range(num_labels)]
    if wrong:
        return f"labels of tokens go from 0 to {num_labels - 1}, or are {IGNORE_INDEX}; got {wrong[0]!r}"


def wrong_positions(label, length):
    """What is wrong with the place of an answer, in words, or None."""
    if not isinstance(label, tuple) or len(label) != 2:
        return f"a tuple is needed, the positions of the answer's first and last token; got {label!r:.80}"
    if not 0 <= label[0] <= label[1] < length:
        return f"positions must be 0 ≤ first ≤ last < {length}, the number of tokens; got {label!r}"


# -- training


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
            if not 0 < value < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {value!r}")
        if not 0 <= self.seed < SEEDS:
            raise ValueError(f"seed must be from 0 to {SEEDS - 1:,}, got {self.seed!r}")

    def learning_rate_at(self, step):
        """Linear warm-up, then linear decay to 0."""
        warmup = max(1, self.steps // 10)
        return self.learning_rate * min((step + 1) / warmup, (self.steps - step) / self.steps)


def head_on(pretrained, model_class, num_labels=None, seed=0, label_names=None):
    """A model of `tasks.py` with the weights of `pretrained`; only what is new is drawn at random.

    pretrained: a BertModel or a model with one, left unchanged. The pooler is taken over where both have one.
    num_labels, label_names: as the class wants them; the names alone say how many there are
    """
    body = getattr(pretrained, "bert", pretrained)
    options = {}
    if model_class.label_head:
        if num_labels is None and label_names is None:
            raise ValueError(f"num_labels is missing: a {model_class.__name__} needs it, or label_names")
        options = dict(num_labels=num_labels or len(label_names), label_names=label_names)
    with Draws(seed):
        model = model_class(body.config, **options)
    known = body.state_dict()
    if model.bert.pooler is None:
        known = {name: tensor for name, tensor in known.items() if not name.startswith("pooler.")}
    model.bert.load_state_dict(model.bert.state_dict() | known)
    return model


def fine_tune(model, examples, settings):
    """Train `model` in place; a generator that yields the loss of each step.

    examples: Examples, with labels of the kind that the model learns from
    They come in a new order in each epoch; it and the dropout depend on the seed alone.
    """
    yield from FineTuningRun(model, examples, settings)


class FineTuningRun:
    """A model in fine-tuning: iterate over it to train, one loss a step; stop and go on when you like."""

    def __init__(self, model, examples, settings):
        check_examples(model, examples)
        self.model, self.examples, self.settings = model, examples, settings
        self.optimizer = make_optimizer(model, settings)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.dropout = Draws(settings.seed)
        self.per_epoch = steps_per_epoch(len(examples), settings.batch_size)
        self.step, self.epochs = 0, 0  # epochs: how many orders were drawn

    def __iter__(self):
        while self.step < self.settings.steps:
            loss = self.train_step()
            self.step += 1
            yield loss

    def rows(self):
        """Which examples the step has. Each epoch has its order; what fills no batch is left out of it."""
        epoch, number = divmod(self.step, self.per_epoch)
        while self.epochs <= epoch:  # in turn, also where the run goes on in a later one
            self.order = torch.randperm(len(self.examples), generator=self.generator).tolist()
            self.epochs += 1
        return self.order[number * self.settings.batch_size :][: self.settings.batch_size]

    def train_step(self):
        batch = collate([self.examples[row] for row in self.rows()], self.model.config.pad_token_id)
        batch = on_device(batch, self.model)
        with self.dropout:
            self.model.train()
            loss = self.model(**batch).loss
            learning_rate = self.settings.learning_rate_at(self.step)
            optimise(self.model, self.optimizer, loss, learning_rate, self.settings.clip)
        return loss.item()

    def progress(self):
        """Where the run is, for JSON."""
        return dict(step=self.step, training=asdict(self.settings))

    def state(self):
        """{name: tensor}: what the optimiser remembers, and where the sequence of dropout is."""
        draws = {}
        if self.dropout.own is not None:
            on_cpu, on_gpus = self.dropout.own
            draws = {"dropout/cpu": on_cpu} | {f"dropout/gpu{n}": state for n, state in enumerate(on_gpus)}
        return memory_of(self.model, self.optimizer) | draws

    def load_state(self, tensors):
        """Take over what `state` gave."""
        load_memory(self.model, self.optimizer, tensors)
        if "dropout/cpu" in tensors:
            names = [f"dropout/gpu{n}" for n in range(torch.cuda.device_count())]
            on_gpus = [tensors[name] for name in names if name in tensors]
            self.dropout.own = tensors["dropout/cpu"], on_gpus


def steps_per_epoch(examples, batch_size):
    """How many full batches there are; one where there is none, with all examples."""
    return max(1, examples // batch_size)


def on_device(batch, model):
    device = next(model.parameters()).device
    return {name: tensor.to(device) for name, tensor in batch.items()}


# -- asking


@torch.no_grad()
def ask(model, examples, read, batch_size=64):
    """What `read` takes from the model's output for each example: tensors in their order, on the CPU.

    read: a function of the output; gives a tensor with a row for each text. Labels are not looked at.
    """
    answers = [None] * len(examples)
    with at_rest(model):
        for rows in batches_by_length([example.input_ids for example in examples], batch_size):
            asked = [examples[row]._replace(label=None) for row in rows]
            batch = on_device(collate(asked, model.config.pad_token_id), model)
            for row, answer in zip(rows, read(model(**batch)).cpu(), strict=True):
                answers[row] = answer
    return answers


def classify(model, examples, batch_size=64):
    """The likeliest label of each text, (len(examples),), in their order, on the CPU."""
    found = ask(model, examples, lambda output: output.logits.argmax(dim=-1), batch_size)
    return torch.stack(found) if found else torch.empty(0, dtype=torch.long)


def tag(model, examples, batch_size=64):
    """The likeliest label of each token: for each example a list as long as its input_ids."""
    found = ask(model, examples, lambda output: output.logits.argmax(dim=-1), batch_size)
    return [labels[: len(each.input_ids)].tolist() for labels, each in zip(found, examples, strict=True)]


def balanced_accuracy(model, examples):
    """The share of texts that are answered rightly for each label, and of these the mean.

    Whoever guesses, or always gives the same answer, gets 1 / (number of labels), however common a label is.
    """
    check_examples(model, examples)
    return mean_over_labels(classify(model, examples), torch.tensor([example.label for example in examples]))


def mean_over_labels(answers, labels):
    """answers, labels: (n,) integers → a number"""
    shares = [(answers[labels == label] == label).float().mean() for label in labels.unique()]
    return torch.stack(shares).mean().item()
