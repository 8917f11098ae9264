"""Week 2: self-attention, from dot products to many heads.

`attention` is the form that the notebook derives. `fused_attention` gives the same numbers from one call into
torch, which never writes the (n, n) weights to memory. A test holds the two equal, values and gradients.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F


def attention_weights(query, key, mask=None):
    """How much each position looks at each position: softmax(Q Kᵀ / √d).

    query: (..., n, d)   key: (..., m, d)   mask: bool, True where looking is allowed, (..., n, m) or
    broadcastable to it. Returns (..., n, m); every row sums to 1. A forbidden weight is exactly 0, unless the
    whole row is forbidden. Vaswani et al. 2017, equation 1.
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., n, m)
    if mask is not None:
        check_mask(mask, scores.shape)
        # The most negative finite number: with -inf, a row that may look nowhere would become NaN.
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1)


def attention(query, key, value, mask=None, dropout=0.0):
    """Every position receives the values of all positions, averaged with the attention weights.

    query: (..., n, d)   key: (..., m, d)   value: (..., m, d)   mask: as in `attention_weights`
    dropout: the probability that a weight is set to 0 (the others are scaled up); 0 outside training
    Returns the averages (..., n, d) and the weights (..., n, m) that made them.
    """
    weights = F.dropout(attention_weights(query, key, mask), p=dropout)
    return weights @ value, weights


def fused_attention(query, key, value, mask=None, dropout=0.0):
    """The averages of `attention` without the weights: faster, and its memory grows with n instead of n²."""
    bias = None  # added to the scores: 0 where looking is allowed
    if mask is not None:
        check_mask(mask, (*query.shape[:-1], key.shape[-2]))
        mask = torch.atleast_2d(mask)  # the call below needs both dimensions of the scores
        bias = torch.zeros(mask.shape, dtype=query.dtype, device=query.device)
        bias = bias.masked_fill(~mask, torch.finfo(query.dtype).min)
    return F.scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout)


def split_heads(hidden, num_heads):
    """(batch, n, hidden_size) → (batch, num_heads, n, head_size): each head gets its own slice of every
    vector.
    """
    batch, length, hidden_size = hidden.shape
    return hidden.view(batch, length, num_heads, hidden_size // num_heads).transpose(1, 2)


def merge_heads(context):
    """(batch, num_heads, n, head_size) → (batch, n, hidden_size): the slices side by side again."""
    batch, num_heads, length, head_size = context.shape
    return context.transpose(1, 2).reshape(batch, length, num_heads * head_size)


def check_mask(mask, scores):
    """ValueError unless `mask` is bool and can be broadcast to the shape `scores`."""
    if mask.dtype != torch.bool:
        raise ValueError(f"mask must be bool, True where looking is allowed; got {mask.dtype}")
    fits = [own in (1, wanted) for own, wanted in zip(reversed(mask.shape), reversed(scores))]
    if mask.ndim > len(scores) or not all(fits):
        raise ValueError(
            f"mask has the shape {tuple(mask.shape)}, which does not fit scores of {tuple(scores)}"
        )


class SelfAttention(nn.Module):
    """Multi-head self-attention: several attentions at once, each in its own slice of the hidden vector.

    Vaswani et al. 2017, section 3.2.2. `fused` chooses `fused_attention`; whoever asks for the weights always
    gets `attention`.
    """

    def __init__(self, hidden_size, num_heads, dropout=0.0, fused=True):
        super().__init__()
        if min(hidden_size, num_heads) < 1 or hidden_size % num_heads != 0:
            raise ValueError(
                f"hidden_size {hidden_size} cannot be shared out equally among num_heads {num_heads}"
            )
        self.num_heads = num_heads
        self.dropout = dropout
        self.fused = fused
        self.query_key_value = nn.Linear(hidden_size, 3 * hidden_size)  # three maps in one matrix product
        self.output = nn.Linear(hidden_size, hidden_size)

    def project(self, hidden):
        """(batch, n, hidden_size) → query, key and value, each (batch, num_heads, n, head_size)."""
        query, key, value = self.query_key_value(hidden).chunk(3, dim=-1)  # each (batch, n, hidden_size)
        return tuple(split_heads(each, self.num_heads) for each in (query, key, value))

    def forward(self, hidden, mask=None, output_attentions=False):
        """hidden: (batch, n, hidden_size)   mask: broadcastable to (batch, num_heads, n, n), bool, or None

        Returns (batch, n, hidden_size) and the weights (batch, num_heads, n, n), or None unless
        `output_attentions`. ValueError where a shape does not fit, or `mask` is not bool.
        """
        hidden_size = self.query_key_value.in_features
        if hidden.ndim != 3 or hidden.shape[-1] != hidden_size:
            raise ValueError(
                f"hidden must have the shape (batch, n, {hidden_size}), got {tuple(hidden.shape)}"
            )
        if mask is not None:
            batch, length, _ = hidden.shape
            check_mask(mask, (batch, self.num_heads, length, length))
        query, key, value = self.project(hidden)  # each (batch, num_heads, n, head_size)
        dropout = self.dropout if self.training else 0.0
        if self.fused and not output_attentions:
            context, weights = fused_attention(query, key, value, mask, dropout), None
        else:
            context, weights = attention(query, key, value, mask, dropout)
        return self.output(merge_heads(context)), weights if output_attentions else None
