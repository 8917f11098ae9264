"""Linear probes: what a linear classifier can read from a BERT's vectors, layer by layer (Alain and Bengio
2016).

Two properties of the Korean town: which meaning a word with several meanings has, and what kind of word is
hidden.
Each probe is trained on some stories and asked about others, with several divisions.
"""

import random
from typing import NamedTuple

import torch
from sklearn.linear_model import LogisticRegression

from course_lib.bert import BertForMaskedLM
from course_lib.probing import hidden_states
from course_lib.randomness import Draws

SEEDS = 3


class Case(NamedTuple):
    """One vector to read from. ids: of a whole text, with [CLS] and [SEP]   position: in it   label: what is
    read
    """

    ids: list
    position: int
    label: str


def cases_of_meaning(town, word, stories=20_000, each=150):
    """The places of a word with several meanings: the first one of each story that settles its meaning."""
    rows = {row.columns["was"]: row for row in town.tables["sense"] if row.word == word}
    found = {was: [] for was in rows}
    for story in town.stories(stories, seed=21):
        for was in rows:
            if story.rstrip(".").endswith(was) and len(found[was]) < each:
                tokens = town.tokenizer.encode(story)
                if word in tokens.tokens:
                    found[was].append(Case(tokens.ids, tokens.tokens.index(word), was))
    return [case for cases in found.values() for case in cases]


def cases_of_kind(town, stories=3000, each=300):
    """Gaps in which a person, a place or a thing is hidden; the kind is what should be read."""
    kind_of = {
        row.word: name
        for name, table in {"person": "person", "place": "place", "thing": "goods"}.items()
        for row in town.tables[table]
    }
    found = {name: [] for name in ("person", "place", "thing")}
    rng = random.Random(0)
    for story in town.stories(stories, seed=22):
        encoding = town.tokenizer.encode(story)
        words = [place for place, token in enumerate(encoding.tokens) if token in kind_of]
        if words:
            gap = rng.choice(words)
            ids = [*encoding.ids[:gap], town.tokenizer.ids["[MASK]"], *encoding.ids[gap + 1 :]]
            kind = kind_of[encoding.tokens[gap]]
            if len(found[kind]) < each:
                found[kind].append(Case(ids, gap, kind))
    return [case for cases in found.values() for case in cases]


def read_from_layers(cases, model):
    """How often a linear classifier reads the labels rightly from each layer: (layers + 1, SEEDS).

    In half of the texts it learns, in the other half it is asked.
    """
    states = [  # of each case (layers + 1, hidden_size)
        torch.stack([state[0, case.position] for state in hidden_states(model, torch.tensor([case.ids]))])
        for case in cases
    ]
    vectors = torch.stack(states, dim=1).numpy()  # (layers + 1, cases, hidden_size)
    labels = [case.label for case in cases]
    scores = torch.empty(len(vectors), SEEDS)
    for seed in range(SEEDS):
        order = random.Random(seed).sample(range(len(cases)), len(cases))
        learned, asked = order[::2], order[1::2]
        for layer, found in enumerate(vectors):
            probe = LogisticRegression(max_iter=2000).fit(found[learned], [labels[case] for case in learned])
            scores[layer, seed] = probe.score(found[asked], [labels[case] for case in asked])
    return scores


def untrained(model):
    """A BERT of the same size as `model` with the weights that a training starts from."""
    with Draws(seed=0):
        return BertForMaskedLM(model.config)
