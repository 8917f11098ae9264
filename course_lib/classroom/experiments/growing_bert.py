"""A small BERT that learns in front of the reader to fill gaps in the town's stories; week 5 opens it up.

Its input layer is the course's own `BertEmbeddings`, from which one part can be taken away.
"""

from itertools import chain

from torch import nn

from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.classroom.progress_bar import watch
from course_lib.corpus import Batches, tokenized
from course_lib.ladder import evaluate, mask_for_evaluation
from course_lib.masking import Vocabulary
from course_lib.pretraining import PreTraining, Training
from course_lib.randomness import Draws
from course_lib.town import Town
from course_lib.wordpiece import WordPieceTokenizer
from course_lib.wordpiece_training import train_wordpiece

PARTS = ("positions", "segments", "LayerNorm", "dropout")
LONGEST = 64  # rows of the table of positions; no story of the town is longer


class Texts(list):
    """Examples as `Batches` wants them, in memory: these are few."""

    def read(self, rows):
        return [self[row] for row in rows]


class GrowingBert:
    """Stories, gaps, and BERTs that train on them from the same start. stories: how many"""

    def __init__(self, stories=20_000):
        town = Town("ko")
        options = dict(lowercase=True, strip_accents=False)
        texts = list(town.stories(stories, seed=1))
        self.tokenizer = WordPieceTokenizer(
            train_wordpiece(texts[:5000], 1600, progress=False, **options), **options
        )
        self.vocabulary = Vocabulary(self.tokenizer.vocab)
        self.texts = Texts(tokenized(texts, self.tokenizer, LONGEST))
        held_out = list(tokenized(town.stories(500, seed=2), self.tokenizer, LONGEST))
        self.gaps = mask_for_evaluation(held_out, self.vocabulary)
        self.longest = max(map(len, self.texts))

    def config(self):
        """Two layers of 64 hidden numbers."""
        return BertConfig(
            vocab_size=len(self.tokenizer.vocab),
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            max_position_embeddings=LONGEST,
            initializer_range=0.06,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )

    def prepare(self, steps, without=None, seed=0, shares=(0.8, 0.1, 0.1), batch_size=64):
        """A BERT, and the training that changes it step by step. The arguments are those of `train`."""
        if without is not None and without not in PARTS:
            raise ValueError(f"without must be one of {', '.join(PARTS)}, got {without!r}")
        with Draws(seed):
            model = BertForMaskedLM(self.config())
        model.bert.embeddings.dropout.p = 0.1  # in the input layer alone, where it can be left out
        take_away(model.bert.embeddings, without)
        training = Training(
            steps=steps, batch_size=batch_size, learning_rate=4e-3, warmup=50, mask_shares=tuple(shares)
        )
        return model, PreTraining(
            model, Batches(self.texts, batch_size, self.vocabulary.pad_id), self.vocabulary, training
        )

    def train(self, steps, every=None, **options):
        """Train a BERT. Returns it and, with `every`, {step: its table of positions}.

        without: one of PARTS that is left out of the input layer from the first step on
        seed: of the start   shares: of the hidden tokens, those that become [MASK], random, or stay
        batch_size: stories per step
        """
        model, run = self.prepare(steps, **options)
        table = model.bert.embeddings.position_embeddings.weight
        snapshots = {0: table.detach().clone()}
        for state in watch(run, steps, label_of(options.get("without"))):
            if every and state.step % every == 0:
                snapshots[state.step] = table.detach().clone()
        return model, snapshots

    def losses(self, steps, starts, without=None, batch_size=64):
        """Train a BERT from each of `starts` (seeds), one after the other. Returns their losses."""
        runs = [self.prepare(steps, without, seed, batch_size=batch_size) for seed in starts]
        all_steps = chain.from_iterable(run for _, run in runs)
        for _ in watch(all_steps, steps * len(runs), label_of(without)):
            pass
        return [self.loss(model) for model, _ in runs]

    def loss(self, model):
        """The mean loss on stories that were not used for training, in nats per hidden token."""
        return evaluate(model, self.gaps, self.vocabulary)[0]


def label_of(without):
    """What the progress bar of a training says."""
    return "training" if without is None else f"training without {without}"


def take_away(embeddings, part):
    """Leave one part out of a BertEmbeddings for good."""
    if part in ("positions", "segments"):
        name = {"positions": "position_embeddings", "segments": "token_type_embeddings"}[part]
        table = getattr(embeddings, name).weight
        table.requires_grad_(False).zero_()  # adding 0 changes nothing, and it stays 0
    elif part == "LayerNorm":
        embeddings.layer_norm = nn.Identity()
    elif part == "dropout":
        embeddings.dropout.p = 0.0
