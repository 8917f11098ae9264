"""BERTs with random weights, small enough for tests of what is asked of one."""

import torch

from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.tasks import BertForQuestionAnswering

SIZES = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=8)


def small_bert():
    """Two layers of three heads, 30 tokens, weights large enough for answers that differ."""
    torch.manual_seed(0)
    return BertForMaskedLM(BertConfig(vocab_size=30, **SIZES, initializer_range=0.5)).eval()


def small_reader(seed=0, positions=32):
    """The same with a head for questions; it reads `positions` tokens."""
    config = BertConfig(vocab_size=30, **SIZES, initializer_range=0.5, max_position_embeddings=positions)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return BertForQuestionAnswering(config).eval()
