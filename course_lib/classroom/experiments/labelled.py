"""Accuracy against the number of labelled examples: the experiments of week 8 on fine-tuning.

On the documentation, whose curve `scripts/train_week8.py` recorded, and on the town, which is quick enough
to be run in front of the reader.
"""

import random
from collections import defaultdict
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from course_lib.bert import BertModel
from course_lib.checkpoint import load_model, load_tokenizer
from course_lib.classroom.materials.published import published_folder
from course_lib.classroom.progress_bar import watch
from course_lib.documentation import PACKAGES, labelled_docstrings, split_by_module
from course_lib.files import DATA
from course_lib.finetuning import (
    FineTuning,
    balanced_accuracy,
    encode_texts,
    fine_tune,
    head_on,
    mean_over_labels,
)
from course_lib.randomness import Draws
from course_lib.similarity import sentence_vectors
from course_lib.tasks import BertForSequenceClassification
from course_lib.town import Town
from course_lib.world import with_particle

RECORD = DATA / "week8" / "finetuning.json"
SIZES = (4, 16, 64)  # labelled examples of each package
SEEDS = range(5)
LONGEST = 48  # tokens of a text; what is longer is cut
SETTINGS = FineTuning(steps=120, batch_size=16, learning_rate=3e-4)
RATES = (1e-5, 1e-4, 3e-4, 1e-3, 1e-2)


class Split(NamedTuple):
    """texts and labels to learn from, and those to be asked"""

    texts: list
    labels: list
    test_texts: list
    test_labels: list


@cache
def docstrings():
    """Parsing thousands of files takes seconds, so it is done once."""
    return labelled_docstrings()


def draw_docstrings(count, seed, tests=50):
    """A Split with `count` docstrings of each package to learn from, and `tests` from other modules."""
    kept, held_out = split_by_module(docstrings(), 0.3, seed)
    rng = random.Random(seed)
    learn, ask = [], []
    for label in range(len(PACKAGES)):
        learn += rng.sample([each for each in kept if each.label == label], count)
        ask += rng.sample([each for each in held_out if each.label == label], tests)
    columns = [[each.text for each in learn], [each.label for each in learn]]
    return Split(*columns, [each.text for each in ask], [each.label for each in ask])


def count_words(split):
    """Accuracy of one who counts words and knows no language: tf-idf and a logistic regression."""
    words = TfidfVectorizer(sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=1000).fit(words.fit_transform(split.texts), split.labels)
    return score(model, words.transform(split.test_texts), split)


def frozen(encoder, tokenizer, split):
    """Accuracy on the encoder's sentence vectors, which stay as they are; a logistic regression learns."""
    learn, ask = (
        sentence_vectors(encoder, tokenizer, texts, LONGEST) for texts in (split.texts, split.test_texts)
    )
    model = LogisticRegression(C=10, max_iter=1000).fit(learn.numpy(), split.labels)
    return score(model, ask.numpy(), split)


def score(model, features, split):
    """Balanced accuracy of a scikit-learn classifier on what is asked."""
    return mean_over_labels(torch.from_numpy(model.predict(features)), torch.tensor(split.test_labels))


def tuned(encoder, tokenizer, split, settings, label=None):
    """Accuracy after fine-tuning the whole encoder. label: what the bar says, or None for no bar"""
    num_labels = max(split.labels + split.test_labels) + 1
    model = head_on(encoder, BertForSequenceClassification, num_labels, settings.seed)
    learn = encode_texts(tokenizer, split.texts, split.labels, LONGEST)
    steps = fine_tune(model, learn, settings)
    for _ in watch(steps, settings.steps, label) if label else steps:
        pass
    return balanced_accuracy(model, encode_texts(tokenizer, split.test_texts, split.test_labels, LONGEST))


def random_start(encoder, seed):
    """An encoder of the same architecture that has read nothing."""
    with Draws(seed):
        return type(encoder)(encoder.config)


def record():
    """The whole curve, as a dict for JSON: {way: {examples of each package: one accuracy per seed}}."""
    encoder, tokenizer = load_model(published_folder(), BertModel), load_tokenizer(published_folder())
    curve, rates = defaultdict(dict), defaultdict(list)
    for size in SIZES:
        found = defaultdict(list)
        for seed in SEEDS:
            split = draw_docstrings(size, seed)
            settings = replace(SETTINGS, seed=seed)
            found["words counted"].append(count_words(split))
            found["pre-trained, frozen"].append(frozen(encoder, tokenizer, split))
            found["pre-trained, fine-tuned"].append(tuned(encoder, tokenizer, split, settings))
            found["random start"].append(tuned(random_start(encoder, seed), tokenizer, split, settings))
        for way, values in found.items():
            curve[way][size] = [round(value, 4) for value in values]
    for seed in list(SEEDS)[:3]:
        split = draw_docstrings(16, seed)
        for rate in RATES:
            settings = replace(SETTINGS, seed=seed, learning_rate=rate)
            rates[str(rate)].append(round(tuned(encoder, tokenizer, split, settings), 4))
    return {"curve": curve, "rates": rates}


# -- on the town

MOST_COMMON = 5  # a deed is asked for if so many things are used that way


def draw_goods(count, seed):
    """What does one do with a thing that was bought? A Split, and the names of its labels.

    count: how many things of each label are learnt from; no sentence about any of the others is
    """
    town, rng = Town("ko"), random.Random(seed)
    by_deed = defaultdict(list)
    for row in town.tables["goods"]:
        by_deed[row.columns["used"]].append(row.word)
    by_deed = {deed: words for deed, words in by_deed.items() if len(words) >= MOST_COMMON}
    people = [row.word for row in town.tables["person"]]
    split = Split([], [], [], [])
    for label, words in enumerate(by_deed.values()):
        for number, word in enumerate(rng.sample(words, len(words))):
            texts, labels = split[:2] if number < count else split[2:]
            for person in rng.sample(people, 2):
                texts.append(f"{with_particle(person, '는')} {with_particle(word, '을')} 샀다.")
                labels.append(label)
    return split, list(by_deed)
