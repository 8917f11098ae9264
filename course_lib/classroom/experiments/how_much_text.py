"""How much real text is enough? BERTs that train on more and more of the documentation on this disk.

Each stands beside the guess from both neighbours, counted in the same texts. `scripts/train_week6.py`
recorded the trainings; the notebook shows the record.
"""

import json
import random
from itertools import islice

from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.classroom.experiments.growing_bert import Texts
from course_lib.classroom.progress_bar import watch
from course_lib.corpus import Batches, documentation, tokenized
from course_lib.files import DATA
from course_lib.ladder import evaluate, ladder, mask_for_evaluation
from course_lib.masking import Vocabulary
from course_lib.pretraining import PreTraining, Training
from course_lib.randomness import Draws
from course_lib.wordpiece import WordPieceTokenizer
from course_lib.wordpiece_training import train_wordpiece

RECORD = DATA / "week6" / "how_much_text.json"
SIZES = (30_000, 300_000, 3_000_000, 15_000_000)  # characters to train on
HELD_OUT, LONGEST = 500, 64  # texts; tokens of a text
STEPS, EVERY = 600, 100
SEEDS = range(2)


def shuffled_texts(seed=0):
    """The texts of the documentation, each once, in a drawn order: held-out ones are of the same kind."""
    texts = sorted(set(documentation()))
    random.Random(seed).shuffle(texts)
    return texts


def upto(texts, characters):
    """The first texts, as many as hold `characters` together."""
    count = 0
    while count < len(texts) and characters > 0:
        characters -= len(texts[count])
        count += 1
    return texts[:count]


def best_loss(tokenizer, texts, gaps, seed, steps=STEPS):
    """Train on `texts`. Returns the lowest of the held-out losses that are measured every EVERY steps.

    A small text is soon known by heart, and then the loss rises.
    """
    vocabulary = Vocabulary(tokenizer.vocab)
    config = BertConfig(
        vocab_size=len(tokenizer.vocab),
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=256,
        max_position_embeddings=LONGEST,
        initializer_range=0.06,
    )
    with Draws(seed):
        model = BertForMaskedLM(config)
    training = Training(
        steps=steps, batch_size=64, learning_rate=2e-3, warmup=50, mask_probability=0.25, seed=seed
    )
    run = PreTraining(model, Batches(texts, 64, vocabulary.pad_id, seed), vocabulary, training)
    losses = [
        evaluate(model, gaps, vocabulary)[0]
        for state in watch(run, steps, f"{len(texts):,} texts")
        if state.step % EVERY == 0
    ]
    return min(losses)


def record():
    """{"characters": SIZES, "BERT": [[loss of each seed] for each size], "both neighbours": [loss, …]}, in
    nats. The vocabulary is always that of the largest text.
    """
    texts = shuffled_texts()
    held_out, rest = texts[:HELD_OUT], texts[HELD_OUT:]
    options = dict(lowercase=True, strip_accents=False)
    largest = upto(rest, SIZES[-1])
    vocab = train_wordpiece(upto(largest, 3_000_000), 4000, "frequency", progress=False, **options)
    tokenizer = WordPieceTokenizer(vocab, **options)
    gaps = mask_for_evaluation(
        islice(tokenized(held_out, tokenizer, LONGEST), HELD_OUT), Vocabulary(tokenizer.vocab)
    )
    found = {"characters": [], "BERT": [], "both neighbours": []}
    for size in SIZES:
        texts = Texts(tokenized(upto(rest, size), tokenizer, LONGEST))
        found["characters"].append(size)
        found["BERT"].append([round(best_loss(tokenizer, texts, gaps, seed), 4) for seed in SEEDS])
        found["both neighbours"].append(round(ladder(vocab, gaps, examples=texts)["both neighbours"], 4))
    return found


def read_record():
    """What `record` wrote: data/week6/how_much_text.json."""
    return json.loads(RECORD.read_text(encoding="utf-8"))
