"""What has changed since 2018, measured on the town: BERTs from one start, each with one change.

`scripts/train_week7.py` recorded all of them with several seeds; a notebook measures one beside the record.
"""

import dataclasses
import json
import statistics
from functools import cache
from itertools import islice

from course_lib import modern
from course_lib.bert import IGNORE_INDEX, BertForMaskedLM
from course_lib.classroom.experiments.growing_bert import GrowingBert
from course_lib.classroom.progress_bar import watch
from course_lib.classroom.tables import show_rows
from course_lib.corpus import Batches
from course_lib.files import DATA
from course_lib.ladder import ladder
from course_lib.pretraining import PreTraining, Training
from course_lib.randomness import Draws
from course_lib.town import Town

RECORD = DATA / "week7" / "changes.json"
STEPS, EVERY = 900, 300
RATES = (4e-3, 8e-3)
STEADIER = ("2018", "pre-LN", "rotary positions", "all of these")  # measured at the second rate, too
SEEDS = range(3)


def ask_every_second_gap(model):
    """In training the loss counts every second gap, in reading order; the others are hidden all the same.

    So 30 % of the tokens can be hidden while about 15 % teach, on the same texts in the same steps. Half the
    batch or half the steps would also halve the text that is read, and half the steps the updates.
    Wettig et al. 2023 tell the two apart: hiding more corrupts more of the text, and asks for more.
    """
    forward = model.forward

    def forward_with_fewer_labels(*given, labels=None, **options):
        """labels: (batch, n), IGNORE_INDEX where nothing was hidden, or None"""
        if model.training and labels is not None:
            gaps = labels != IGNORE_INDEX  # (batch, n)
            number = gaps.flatten().cumsum(dim=0).view_as(gaps)  # of the last gap so far, from 1
            labels = labels.masked_fill(number % 2 == 0, IGNORE_INDEX)
        return forward(*given, labels=labels, **options)

    model.forward = forward_with_fewer_labels


# name in the table → what is done to a fresh model, and the share of tokens that is hidden
CHANGES = {
    "2018": ((), 0.15),
    "pre-LN": ((modern.pre_norm,), 0.15),
    "no biases": ((modern.no_biases,), 0.15),
    "GeGLU": ((modern.gated_feed_forward,), 0.15),
    "rotary positions": ((modern.rotary_positions,), 0.15),
    "alternating local attention": ((modern.alternating_attention,), 0.15),
    "30 % hidden": ((), 0.3),
    "30 % hidden, half of it asked": ((ask_every_second_gap,), 0.3),
    "all of these": (
        (
            modern.pre_norm,
            modern.gated_feed_forward,
            modern.no_biases,
            modern.rotary_positions,
            modern.alternating_attention,
        ),
        0.3,
    ),
}

MODERN_BERT = {  # Warner et al. 2024; a test holds this against the reference's settings
    "2018": "no",
    "pre-LN": "yes",
    "no biases": "yes, but for the last map",
    "GeGLU": "yes",
    "rotary positions": "yes",
    "alternating local attention": "yes, 64 tokens to each side",
    "30 % hidden": "yes",
    "30 % hidden, half of it asked": "no",
    "all of these": "yes, and more",
}


class ChangingBert(GrowingBert):
    """The small BERT of weeks 4 and 5 with a third layer, so that local and global attention take turns."""

    def config(self):
        """Three layers of 96 hidden numbers."""
        size = dict(hidden_size=96, num_hidden_layers=3, intermediate_size=192)
        return dataclasses.replace(super().config(), **size)

    def floor(self):
        """The best loss that anybody could reach in the gaps, in nats."""
        return ladder(self.tokenizer.vocab, self.gaps, Town("ko", self.tokenizer))["floor"]

    def measure(self, changes=(), mask_probability=0.15, rate=RATES[0], seed=0, stop=None, label="training"):
        """Train with some changes. Returns the held-out loss in nats, after every EVERY steps.

        changes: functions as in `modern`   mask_probability: share of the tokens
        stop: after so many of the steps
        """
        with Draws(seed):  # a change may draw, too: a gated layer's new matrices
            model = BertForMaskedLM(self.config())
            for change in changes:
                change(model)
        training = Training(
            steps=STEPS,
            batch_size=64,
            learning_rate=rate,
            warmup=100,
            mask_probability=mask_probability,
            seed=seed,
        )
        run = PreTraining(
            model, Batches(self.texts, 64, self.vocabulary.pad_id, seed), self.vocabulary, training
        )
        losses = []
        for state in watch(islice(run, stop), stop or STEPS, label):
            if state.step % EVERY == 0:
                losses.append(round(self.loss(model), 4))
        return losses


@cache
def changing_bert():
    """One for all measurements of a kernel: making its tokenizer takes seconds."""
    return ChangingBert()


def measure_all(name):
    """One change from every seed, at one rate or at both: {rate: [losses of each seed]}."""
    changes, mask_probability = CHANGES[name]
    bert = changing_bert()
    return {
        f"{rate:g}": [bert.measure(changes, mask_probability, rate, seed, label=name) for seed in SEEDS]
        for rate in (RATES if name in STEADIER else RATES[:1])
    }


def record():
    """All changes, for JSON."""
    return {
        "floor": round(changing_bert().floor(), 4),
        "changes": {name: measure_all(name) for name in CHANGES},
    }


# -- the record


def read_record():
    """What `record` wrote: data/week7/changes.json."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


def written_mean(values):
    """The mean and, behind a ±, the standard deviation over the seeds, as text."""
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def recorded_start(name):
    """What the training with this change had reached after EVERY steps, over the seeds, as text."""
    runs = read_record()["changes"][name][f"{RATES[0]:g}"]
    return written_mean([losses[0] for losses in runs]) + " nats"


def last_losses(name, rate):
    """The loss at the end of each seed's training with this change at one of RATES."""
    return [losses[-1] for losses in read_record()["changes"][name][f"{rate:g}"]]


def changes_table():
    """Every change: the loss at the end, at both rates where both were measured, and what is used today."""
    record = read_record()
    rows = []
    for name in CHANGES:
        losses = last_losses(name, RATES[0])
        higher = written_mean(last_losses(name, RATES[1])) if name in STEADIER else ""
        times = f"{statistics.mean(losses) / record['floor']:.2f}"
        rows.append((name, written_mean(losses), times, higher, MODERN_BERT[name]))
    columns = (f"loss at rate {RATES[0]:g}", "times the floor", f"loss at rate {RATES[1]:g}")
    return show_rows(("change", *columns, "in ModernBERT"), rows)


def best_single():
    """The single change with the lowest mean loss at the first rate, and by how much it is below 2018's."""
    means = {name: statistics.mean(last_losses(name, RATES[0])) for name in CHANGES}
    name = min((each for each in means if each not in ("2018", "all of these")), key=means.get)
    return name, means["2018"] - means[name]
