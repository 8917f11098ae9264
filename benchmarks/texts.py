"""The texts that more than one benchmark reads, and a tokenizer trained on each."""

import pydoc_data.topics
from itertools import islice

from course_lib.corpus import corpus_texts
from course_lib.pretrain_arguments import VOCAB_SIZES
from course_lib.wordpiece import WordPieceTokenizer
from course_lib.wordpiece_training import train_wordpiece

OPTIONS = dict(lowercase=True, strip_accents=False)  # as the pre-training command sets them


def topics():
    """Python's own topics, in English: (texts, tokenizer)"""
    texts = [text for _, text in sorted(pydoc_data.topics.topics.items())]
    return texts, trained(texts, 8000, "frequency")


def town_stories():
    """Stories of the Korean town: (texts, tokenizer), the tokenizer that the pre-training command makes."""
    texts = list(islice(corpus_texts("town-ko")(), 20_000))
    return texts, trained(texts, VOCAB_SIZES["town-ko"], "ratio")


def trained(texts, vocab_size, rule):
    return WordPieceTokenizer(train_wordpiece(texts, vocab_size, rule, progress=False, **OPTIONS), **OPTIONS)
