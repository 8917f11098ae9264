"""Does it matter whether tokens are hidden one by one or word by word? The same small BERT, trained on either
kind of gaps and measured on both.

Whole-word masking: released by the authors of BERT in May 2019. `scripts/train_week5.py` recorded the
trainings; the notebook shows the record.
"""

import json

from course_lib.bert import BertForMaskedLM
from course_lib.classroom.experiments.growing_bert import GrowingBert
from course_lib.classroom.materials.ready_models import RUNS
from course_lib.classroom.progress_bar import watch
from course_lib.corpus import Batches
from course_lib.ladder import evaluate, ladder, mask_for_evaluation
from course_lib.pretraining import PreTraining, Training
from course_lib.randomness import Draws
from course_lib.town import Town

RECORD = RUNS / "whole_words.json"
STEPS, SHORT = 6000, 100
SEEDS = range(3)
MASKINGS = {"single tokens": False, "whole words": True}  # name → whole_word


def train(grown, whole_word, steps, seed):
    """A BERT of the size of `grown` that has learned from gaps of one kind."""
    with Draws(seed):
        model = BertForMaskedLM(grown.config())
    training = Training(
        steps=steps, batch_size=64, learning_rate=4e-3, warmup=50, whole_word=whole_word, seed=seed
    )
    run = PreTraining(
        model, Batches(grown.texts, 64, grown.vocabulary.pad_id, seed), grown.vocabulary, training
    )
    for _ in watch(run, steps, "whole words" if whole_word else "single tokens"):
        pass
    return model


def gaps_of_both_kinds(grown, stories=1000):
    """{kind: gaps in stories that were not used for training}"""
    texts = [grown.tokenizer.encode(story).ids for story in Town("ko").stories(stories, seed=9)]
    return {
        name: mask_for_evaluation(texts, grown.vocabulary, whole_word=whole_word)
        for name, whole_word in MASKINGS.items()
    }


def losses_of(models, gaps, vocabulary):
    """{kind of gaps: the loss of each model in nats}"""
    return {
        name: [round(evaluate(model, each, vocabulary)[0], 4) for model in models]
        for name, each in gaps.items()
    }


def record():
    """Each kind of training measured on each kind of gaps, as a dict for JSON.

    floors: {kind of gaps: nats}   losses: {kind of training: {kind of gaps: [nats of each seed]}}
    short: the losses after SHORT steps from the first seed, which a test repeats
    """
    grown = GrowingBert()
    gaps, town = gaps_of_both_kinds(grown), Town("ko", grown.tokenizer)
    floors = {name: ladder(grown.tokenizer.vocab, each, town)["floor"] for name, each in gaps.items()}
    losses, short = {}, {}
    for kind, whole_word in MASKINGS.items():
        models = [train(grown, whole_word, STEPS, seed) for seed in SEEDS]
        losses[kind] = losses_of(models, gaps, grown.vocabulary)
        short[kind] = losses_of([train(grown, whole_word, SHORT, seed=0)], gaps, grown.vocabulary)
    return {
        "floors": {name: round(nats, 4) for name, nats in floors.items()},
        "losses": losses,
        "short": short,
    }


def read_record():
    """What `record` wrote: data/week5/whole_words.json."""
    return json.loads(RECORD.read_text(encoding="utf-8"))
