"""What has changed since 2018, measured on the town: BERTs from one start, each with one change.

`scripts/train_week7.py` recorded all of them with several seeds; a notebook measures one beside the record.
"""

import dataclasses
import json
import statistics
from functools import cache
from itertools import islice

from course_lib import modern
from course_lib.bert import BertForMaskedLM
from course_lib.classroom.experiments.growing_bert import GrowingBert
from course_lib.classroom.experiments.paired_bert import PairedBert
from course_lib.classroom.progress_bar import watch
from course_lib.classroom.tables import show_rows
from course_lib.corpus import Batches
from course_lib.files import DATA
from course_lib.ladder import ONE_AT_A_TIME, ladder
from course_lib.pretraining import PreTraining, Training
from course_lib.randomness import Draws
from course_lib.town import Town

RECORD = DATA / "week7" / "changes.json"
STEPS, EVERY = 1500, 300
RATES = (4e-3, 8e-3)
SEEDS = range(3)
# name in the table → what is done to a fresh model, and the share of tokens that is hidden
CHANGES = {
    "2018": ((), 0.15),
    "pre-LN": ((modern.pre_norm,), 0.15),
    "no biases": ((modern.no_biases,), 0.15),
    "GeGLU": ((modern.gated_feed_forward,), 0.15),
    "rotary positions": ((modern.rotary_positions,), 0.15),
    "alternating local attention": ((modern.alternating_attention,), 0.15),
    "30 % hidden": ((), 0.3),
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
    "all of these": "yes, and more",
    "no next-sentence task": "yes",
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
        with ONE_AT_A_TIME, Draws(seed):  # a change may draw, too: a gated layer's new matrices
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


def record():
    """Every change at every rate from every seed, for JSON: {name: {rate: [losses of each seed]}}."""
    bert = changing_bert()
    measured = {
        name: {
            f"{rate:g}": [bert.measure(changes, mask_probability, rate, seed, label=name) for seed in SEEDS]
            for rate in RATES
        }
        for name, (changes, mask_probability) in CHANGES.items()
    }
    pairs = PairedBert(bert)
    tasks = {  # without the second task no pair has to be torn
        "gaps and next sentences": dict(torn=True, next_sentence=True),
        "gaps alone": dict(torn=False, next_sentence=False),
    }
    paired = {
        name: [round(pairs.train(STEPS, **task, seed=seed)[0], 4) for seed in SEEDS]
        for name, task in tasks.items()
    }
    return {"floor": round(bert.floor(), 4), "changes": measured, "next sentence": paired}


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


def final_losses(name):
    """{rate, as text: the last loss of each seed} of one change."""
    return {rate: [losses[-1] for losses in runs] for rate, runs in read_record()["changes"][name].items()}


def last_losses(name, rate):
    """The loss at the end of each seed's training with this change at one of RATES."""
    return final_losses(name)[f"{rate:g}"]


def changes_table():
    """Every change: loss at the end at both rates, against the floor, and what is used today."""
    record = read_record()
    rows = []
    for name in CHANGES:
        finals = final_losses(name)
        best = min(map(statistics.mean, finals.values()))
        times = f"{best / record['floor']:.2f}"
        rows.append((name, *map(written_mean, finals.values()), times, MODERN_BERT[name]))
    for name, losses in record["next sentence"].items():
        used = MODERN_BERT["no next-sentence task"] if name == "gaps alone" else "no"
        rows.append((f"pairs: {name}", written_mean(losses), "", "", used))
    rates = (f"loss at rate {float(rate):g}" for rate in record["changes"]["2018"])
    return show_rows(("change", *rates, "times the floor", "in ModernBERT"), rows)


def best_single():
    """The single change with the lowest mean loss at its better rate, and by how much it is below 2018's."""
    best = {name: min(map(statistics.mean, final_losses(name).values())) for name in CHANGES}
    name = min((each for each in best if each not in ("2018", "all of these")), key=best.get)
    return name, best["2018"] - best[name]
