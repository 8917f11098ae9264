"""Does the second task help? BERTs that train on pairs of sentences: torn or whole, with its loss and
without.

`scripts/train_week5.py` recorded them; the notebook shows the record.
"""

import json
import random

import torch

from course_lib.bert import IGNORE_INDEX, BertForPreTraining
from course_lib.classroom.experiments.growing_bert import GrowingBert
from course_lib.classroom.experiments.short_training import BATCH_SIZE, train_new
from course_lib.classroom.materials.ready_models import RUNS
from course_lib.corpus import ids_of, pad
from course_lib.ladder import at_rest, mask_for_evaluation
from course_lib.masking import mask_tokens, next_sentence_pairs
from course_lib.town import Town

RECORD = RUNS / "pairs.json"
STORIES = 12_000
STEPS, SHORT = 3000, 100
SEEDS = range(4)
PAIRINGS = {
    "whole pairs, gaps alone": dict(torn=False, next_sentence=False),
    "torn pairs, gaps alone": dict(torn=True, next_sentence=False),
    "torn pairs, both losses": dict(torn=True, next_sentence=True),
}


def sentences(story):
    """The sentences of a story, each with its full stop."""
    return [part.strip() + "." for part in story.split(".") if part.strip(' ."')]


class Pairs:
    """Encoded pairs by length. ids, types: lists of lists   labels: 1 where the second sentence was drawn"""

    def __init__(self, documents, tokenizer, seed, torn):
        """torn: whether half of the pairs are torn; without it each sentence is followed by its own"""
        if torn:
            pairs = list(next_sentence_pairs(documents, random.Random(seed)))
        else:
            pairs = [(a, b, 0) for document in documents for a, b in zip(document, document[1:])]
        cls_id, sep_id = tokenizer.ids["[CLS]"], tokenizer.ids["[SEP]"]
        firsts, seconds = (ids_of([pair[place] for pair in pairs], tokenizer) for place in (0, 1))
        self.rows = [
            (
                [cls_id, *first, sep_id, *second, sep_id],
                [0] * (len(first) + 2) + [1] * (len(second) + 1),
                label,
            )
            for first, second, (_, _, label) in zip(firsts, seconds, pairs, strict=True)
        ]
        self.pad_id = tokenizer.vocab.index("[PAD]")

    def batch(self, rows):
        """ids, types (batch, n) and labels (batch,) of the pairs with these numbers."""
        ids, types, labels = zip(*(self.rows[row] for row in rows))
        return pad(ids, self.pad_id), pad(types, 0), torch.tensor(labels)

    def batches(self, batch_size, seed):
        """Batches without end, texts of about one length together."""
        rng = random.Random(seed)
        by_length = sorted(range(len(self.rows)), key=lambda row: len(self.rows[row][0]))
        starts = range(0, len(by_length) - batch_size + 1, batch_size)
        while True:
            for start in rng.sample(starts, len(starts)):
                yield self.batch(by_length[start : start + batch_size])


class PairedBert:
    """Pairs of the town's sentences. grown: a GrowingBert, for its tokenizer and its size"""

    def __init__(self, grown):
        self.grown = grown
        told = (sentences(story) for story in Town("ko").stories(STORIES, seed=3))
        documents = [document for document in told if len(document) > 1]
        held_out, training = documents[:500], documents[500:]
        self.training = {torn: Pairs(training, grown.tokenizer, 0, torn) for torn in (True, False)}
        self.torn = Pairs(held_out, grown.tokenizer, 1, torn=True)
        whole = Pairs(held_out, grown.tokenizer, 1, torn=False)
        self.gaps = mask_for_evaluation([ids for ids, _, _ in whole.rows], grown.vocabulary)

    def train(self, steps, torn, next_sentence, seed=0):
        """Train on pairs, of which half are torn or none; with both tasks, or with gaps alone.

        Returns (loss of the gaps on whole pairs held out, share of right next-sentence answers).
        """
        generator = torch.Generator().manual_seed(seed)

        def loss_of(model, batch):
            ids, types, is_torn = batch
            masked, labels = mask_tokens(ids, self.grown.vocabulary, generator=generator)
            told = is_torn if next_sentence else None
            is_token = ids != self.grown.vocabulary.pad_id
            return model(masked, types, is_token, labels, next_sentence_label=told, masked_only=True).loss

        label = f"{'torn' if torn else 'whole'} pairs, {'both losses' if next_sentence else 'gaps alone'}"
        batches = self.training[torn].batches(BATCH_SIZE, seed)
        config = self.grown.config()
        model = train_new(BertForPreTraining, config, batches, loss_of, steps, seed, label)
        return self.loss(model), self.accuracy(model)

    @torch.no_grad()
    def loss(self, model):
        """The mean loss in the gaps of whole pairs held out, in nats."""
        total = count = 0
        with at_rest(model):
            for ids, labels in self.gaps:
                types = self.types(ids)
                output = model(ids, types, ids != self.grown.vocabulary.pad_id, labels, masked_only=True)
                gaps = (labels != IGNORE_INDEX).sum().item()
                total, count = total + output.loss.item() * gaps, count + gaps
        return total / count

    def types(self, ids):
        """1 behind the first [SEP] as far as the second, (batch, n)."""
        ends = (ids == self.grown.tokenizer.vocab.index("[SEP]")).long()
        return ((ends.cumsum(dim=1) - ends) == 1).long()

    @torch.no_grad()
    def accuracy(self, model):
        """How often the model says rightly whether a pair is torn."""
        ids, types, is_torn = self.torn.batch(range(len(self.torn.rows)))
        with at_rest(model):
            logits = model(ids, types, ids != self.grown.vocabulary.pad_id).next_sentence_logits
        return (logits.argmax(dim=-1) == is_torn).float().mean().item()


def record():
    """Every kind of training from several seeds, as a dict for JSON.

    results: {kind: [[loss in the gaps of whole pairs, share of right next-sentence answers] of each seed]}
    short: the same after SHORT steps from the first seed, which a test repeats
    """
    paired = PairedBert(GrowingBert())
    return {
        "results": {
            name: [rounded(paired.train(STEPS, **kind, seed=seed)) for seed in SEEDS]
            for name, kind in PAIRINGS.items()
        },
        "short": {name: rounded(paired.train(SHORT, **kind)) for name, kind in PAIRINGS.items()},
    }


def rounded(pair):
    return [round(each, 4) for each in pair]


def read_record():
    """What `record` wrote: data/week5/pairs.json."""
    return json.loads(RECORD.read_text(encoding="utf-8"))
