"""Week 2: the Transformer encoder, in which attention and a small network for each position alternate."""

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.attention import SelfAttention


class FeedForward(nn.Module):
    """The same two-layer network at every position, on its own: widen, GELU, narrow.

    Vaswani et al. 2017, section 3.3, with the GELU of Hendrycks and Gimpel 2016 in its exact form x·Φ(x).
    """

    def __init__(self, hidden_size, intermediate_size):
        super().__init__()
        self.expand = nn.Linear(hidden_size, intermediate_size)
        self.contract = nn.Linear(intermediate_size, hidden_size)

    def forward(self, hidden):
        """(..., hidden_size) → (..., intermediate_size) inside → (..., hidden_size)"""
        return self.contract(F.gelu(self.expand(hidden)))


def add_and_norm(hidden, change, norm):
    """A sublayer's output is added to its input (residual connection), and the sum is normalised (post-LN).

    hidden, change: (..., hidden_size)   norm: a LayerNorm over hidden_size → (..., hidden_size)
    Vaswani et al. 2017, section 3.1: LayerNorm(x + Sublayer(x)).
    """
    return norm(hidden + change)


class EncoderLayer(nn.Module):
    """Two sublayers: attention mixes the positions, a network works on each; add & norm after both."""

    def __init__(
        self,
        hidden_size,
        num_heads,
        intermediate_size,
        dropout=0.1,
        attention_dropout=0.1,
        eps=1e-12,
        fused=True,
    ):
        super().__init__()
        self.attention = SelfAttention(hidden_size, num_heads, attention_dropout, fused)
        self.attention_norm = nn.LayerNorm(hidden_size, eps=eps)
        self.feed_forward = FeedForward(hidden_size, intermediate_size)
        self.feed_forward_norm = nn.LayerNorm(hidden_size, eps=eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden, mask=None, output_attentions=False, keep=None):
        """hidden: (batch, n, hidden_size) → the same shape, and the weights as `SelfAttention` gives them.

        keep: (batch, n) bool, the only positions to compute; then the result is (kept, hidden_size)
        """
        context, weights = self.attention(hidden, mask, output_attentions)
        if keep is not None:  # from here on no position looks at another, so the rest need not be computed
            hidden, context = hidden[keep], context[keep]  # (kept, hidden_size)
        hidden = add_and_norm(hidden, self.dropout(context), self.attention_norm)
        hidden = add_and_norm(hidden, self.dropout(self.feed_forward(hidden)), self.feed_forward_norm)
        return hidden, weights


class Encoder(nn.Module):
    """A stack of layers of one shape; each reads the output of the one below."""

    def __init__(self, num_layers, hidden_size, num_heads, intermediate_size, **layer_options):
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(hidden_size, num_heads, intermediate_size, **layer_options)
            for _ in range(num_layers)
        )

    def forward(self, hidden, attention_mask=None, output_attentions=False, keep=None):
        """hidden: (batch, n, hidden_size)   attention_mask: (batch, n), 1 for a real position, 0 for padding
        keep: (batch, n) bool, or None for all: the positions at which the last layer is read

        Returns (batch, n, hidden_size), or (kept, hidden_size) with `keep`, and a tuple with the weights of
        each layer (None unless `output_attentions`). ValueError where a shape or a type does not fit.
        """
        for name, given in [("attention_mask", attention_mask), ("keep", keep)]:
            if given is not None and given.shape != hidden.shape[:2]:
                expected = tuple(hidden.shape[:2])
                raise ValueError(
                    f"{name} has the shape {tuple(given.shape)}, expected (batch, n) = {expected}"
                )
        # Floats could mean 0 for "look" and -inf for "do not": the opposite of 1 and 0.
        if attention_mask is not None and attention_mask.is_floating_point():
            raise ValueError(f"attention_mask must be bool, or integers 1 and 0; got {attention_mask.dtype}")
        if keep is not None and keep.dtype != torch.bool:  # integers would be read as row numbers
            raise ValueError(f"keep must be bool, got {keep.dtype}")
        # One row of permissions per text, the same for every head and every looking position.
        mask = None if attention_mask is None else attention_mask.bool()[:, None, None, :]  # (batch, 1, 1, n)
        all_weights = []
        for layer in self.layers:
            is_last = layer is self.layers[-1]
            hidden, weights = layer(hidden, mask, output_attentions, keep if is_last else None)
            all_weights.append(weights)
        return hidden, tuple(all_weights) if output_attentions else None
