"""A BERT with random weights, small enough for a test of what is asked of one."""

import torch

from course_lib.bert import BertConfig, BertForMaskedLM


def small_bert():
    """Two layers of three heads, 30 tokens, weights large enough for answers that differ."""
    torch.manual_seed(0)
    sizes = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=8)
    return BertForMaskedLM(BertConfig(vocab_size=30, **sizes, initializer_range=0.5)).eval()
