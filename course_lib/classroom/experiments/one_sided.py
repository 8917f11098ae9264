"""What does the right side add? The same small BERT, once with gaps and once reading from the left.

The one that reads from the left may look at what stands before and predicts the next token: a decoder, as GPT
is (Radford et al. 2018). Each task has a floor of its own, and the town knows both exactly.

`scripts/train_week5.py` recorded trainings of several lengths; the notebook shows the record.
"""

import json
import math

import torch

from course_lib.bert import IGNORE_INDEX, BertForMaskedLM, mean_loss
from course_lib.classroom.experiments import whole_words
from course_lib.classroom.experiments.growing_bert import GrowingBert
from course_lib.classroom.experiments.short_training import BATCH_SIZE, train_new
from course_lib.classroom.materials.ready_models import RUNS
from course_lib.corpus import Batches
from course_lib.ladder import at_rest, story_probability
from course_lib.town import Town

RECORD = RUNS / "one_sided.json"
LENGTHS = (300, 1200, 4800)  # steps; each is a training of its own, down to a learning rate of 0
SEEDS = range(3)


def logits_from_the_left(model, input_ids, is_piece):
    """Logits for every position of a BERT whose positions look at themselves and to the left.

    input_ids: (batch, n)   is_piece: (batch, n) bool, False at padding → (batch, n, vocab_size)
    """
    length = input_ids.shape[1]
    to_the_left = torch.ones(length, length, dtype=torch.bool).tril()  # (n, n)
    mask = to_the_left & is_piece[:, None, None, :]  # (batch, 1, n, n)
    hidden = model.bert.embeddings(input_ids)
    for layer in model.bert.encoder.layers:
        hidden, _ = layer(hidden, mask)
    return model.lm_head(hidden, model.bert.embeddings.word_embeddings.weight)


class OneSided:
    """grown: a GrowingBert, for its texts, its tokenizer and its size   stories: how many to measure on"""

    def __init__(self, grown, stories=200):
        self.grown = grown
        self.town = Town("ko", grown.tokenizer)
        self.told = [grown.tokenizer.tokenize(story) for story in self.town.stories(stories, seed=9)]

    def train(self, steps, seed=0):
        """A small BERT that has learned to predict the next token from what stands before it."""
        batches = Batches(self.grown.texts, BATCH_SIZE, self.grown.vocabulary.pad_id)
        config = self.grown.config()
        return train_new(BertForMaskedLM, config, batches, self.loss_of, steps, seed, "from the left")

    def loss_of(self, model, ids):
        """The mean loss of predicting each token but the first from those before it. ids: (batch, n)"""
        is_token = ids != self.grown.vocabulary.pad_id
        following = ids.masked_fill(~is_token, IGNORE_INDEX)[:, 1:]  # (batch, n − 1)
        logits = logits_from_the_left(model, ids, is_token)[:, :-1]
        return mean_loss(logits, following)

    @torch.no_grad()
    def loss_from_the_left(self, model):
        """Mean −ln p of each token, given all before it."""
        total = count = 0
        with at_rest(model):
            for ids in self.ids():
                logits = logits_from_the_left(model, ids, torch.ones_like(ids, dtype=torch.bool))
                wanted = ids[:, 1:-1]  # without [CLS], which is given, and [SEP]
                total += mean_loss(logits[:, :-2], wanted).item() * wanted.numel()
                count += wanted.numel()
        return total / count

    @torch.no_grad()
    def loss_from_both_sides(self, model):
        """Mean −ln p of each token, given all others: each is hidden by itself, once."""
        total = count = 0
        with at_rest(model):
            for ids in self.ids():
                length = ids.shape[1] - 2
                hidden = ids.repeat(length, 1)  # (length, n), a gap in each row
                rows = torch.arange(length)
                hidden[rows, rows + 1] = self.grown.vocabulary.mask_id
                logits = model(hidden).logits[rows, rows + 1]  # (length, vocab_size)
                total += mean_loss(logits, ids[0, 1:-1]).item() * length
                count += length
        return total / count

    def floors(self):
        """(given all before, given all others): the smallest mean −ln p of the same tokens, exactly."""
        from_the_left = -sum(math.log(story_probability(self.town, told, goes_on=True)) for told in self.told)
        hidden = [(told, {place}) for told in self.told for place in range(len(told))]
        both = self.town.floor([told for told, _ in hidden], [gaps for _, gaps in hidden]).loss
        return from_the_left / sum(map(len, self.told)), both

    def ids(self):
        """Each story as ids, (1, n)."""
        known = self.grown.tokenizer.ids
        for told in self.told:
            yield torch.tensor([[known["[CLS]"], *(known[piece] for piece in told), known["[SEP]"]]])


def record():
    """Both kinds of training, of several lengths and from several seeds, as a dict for JSON.

    losses: {kind: [[mean −ln p of a token, of each seed] for each length]}
    """
    grown = GrowingBert()
    one_sided = OneSided(grown)
    losses = {"from the left": [], "from both sides": []}
    for steps in LENGTHS:
        left = [one_sided.loss_from_the_left(one_sided.train(steps, seed)) for seed in SEEDS]
        with_gaps = [whole_words.train(grown, False, steps, seed) for seed in SEEDS]  # single tokens
        both = [one_sided.loss_from_both_sides(model) for model in with_gaps]
        losses["from the left"].append([round(loss, 4) for loss in left])
        losses["from both sides"].append([round(loss, 4) for loss in both])
    return {"steps": list(LENGTHS), "losses": losses}


def read_record():
    """What `record` wrote: data/week5/one_sided.json."""
    return json.loads(RECORD.read_text(encoding="utf-8"))
