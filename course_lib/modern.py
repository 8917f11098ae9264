"""Week 7: what has changed since 2018. Each change is a few lines on the BERT of this course.

A change is a function that takes a model with `model.bert`, fresh from its constructor, and alters it in
place. Changes can be combined, in the order of this file. Rotary positions are those of week 4.
"""

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.bert import initialise
from course_lib.encoder import Encoder
from course_lib.positions import RotaryAttention, check_head_size

# -- LayerNorm before each sublayer (pre-LN)


class PreNormLayer(nn.Module):
    """Each sublayer reads a normalised copy, and its result is added to what was never normalised.

    Post-LN, as in 2018, is norm(x + sublayer(x)); this is x + sublayer(norm(x)). Xiong et al. 2020, figure 1.
    layer: an EncoderLayer, whose parts are joined in another order here
    """

    def __init__(self, layer):
        super().__init__()
        for name, part in layer.named_children():
            self.add_module(name, part)

    def forward(self, hidden, mask=None, output_attentions=False, keep=None):
        context, weights = self.attention(self.attention_norm(hidden), mask, output_attentions)
        if keep is not None:
            hidden, context = hidden[keep], context[keep]  # (kept, hidden_size)
        hidden = hidden + self.dropout(context)
        hidden = hidden + self.dropout(self.feed_forward(self.feed_forward_norm(hidden)))
        return hidden, weights


class PreNormEncoder(Encoder):
    """A stack of PreNormLayers, and one last LayerNorm: nothing else normalises what they add up to."""

    def __init__(self, layers, hidden_size, eps):
        super().__init__(0, hidden_size, 1, 1)
        self.layers = layers
        self.final_norm = nn.LayerNorm(hidden_size, eps=eps)

    def forward(self, hidden, attention_mask=None, output_attentions=False, keep=None):
        hidden, all_weights = super().forward(hidden, attention_mask, output_attentions, keep)
        return self.final_norm(hidden), all_weights


def pre_norm(model):
    """LayerNorm before each sublayer instead of behind it."""
    layers = nn.ModuleList(map(PreNormLayer, model.bert.encoder.layers))
    encoder = PreNormEncoder(layers, model.config.hidden_size, model.config.layer_norm_eps)
    model.bert.encoder = encoder.train(model.training)


# -- a gate in the feed-forward network (GeGLU)


def geglu(wide):
    """One half of the numbers, through GELU, decides how much of the other half passes: GELU(a) · b.

    wide: (..., 2m), a in its first m columns and b in the others → (..., m). Shazeer 2020, section 2.
    """
    if wide.shape[-1] % 2 != 0:
        raise ValueError(
            f"the gate and what it lets through need an even number of columns, got {wide.shape[-1]}"
        )
    gate, value = wide.chunk(2, dim=-1)
    return F.gelu(gate) * value


class GatedFeedForward(nn.Module):
    """Widen to twice intermediate_size, gate, narrow. Two thirds of the width cost what it cost before."""

    def __init__(self, hidden_size, intermediate_size):
        super().__init__()
        self.expand = nn.Linear(hidden_size, 2 * intermediate_size)
        self.contract = nn.Linear(intermediate_size, hidden_size)

    def forward(self, hidden):
        """(..., hidden_size) → (..., intermediate_size) inside → (..., hidden_size)"""
        return self.contract(geglu(self.expand(hidden)))


def gated_feed_forward(model):
    """GeGLU in every layer, at the same number of weights."""
    config = model.config
    if config.intermediate_size < 2:
        raise ValueError(f"a gate needs an intermediate_size of at least 2, got {config.intermediate_size}")
    for layer in model.bert.encoder.layers:
        gated = GatedFeedForward(config.hidden_size, config.intermediate_size * 2 // 3)
        layer.feed_forward = initialise(gated, config)


# -- fewer parameters, other positions, a shorter view


def no_biases(model):
    """No bias in the linear maps and LayerNorms of the layers: a matrix product, and nothing added to it."""
    for module in model.bert.encoder.modules():
        if isinstance(module, (nn.Linear, nn.LayerNorm)):
            module.bias = None


def rotary_positions(model):
    """Queries and keys turned by their position; nothing about positions is added to the words."""
    check_head_size(model.config.hidden_size, model.config.num_attention_heads)
    model.bert.embeddings.position_embeddings.weight.requires_grad_(False).zero_()  # adding 0 changes nothing
    size, heads = model.config.hidden_size, model.config.num_attention_heads
    for layer in model.bert.encoder.layers:
        old = layer.attention
        with torch.device("meta"):  # no numbers of its own: it gets the matrices that are there
            layer.attention = RotaryAttention(size, heads, old.dropout, old.fused)
        layer.attention.query_key_value, layer.attention.output = old.query_key_value, old.output
        layer.attention.train(old.training)


def local_mask(length, window):
    """Where a position may look: at itself, and as far as window / 2 to either side.

    Returns (length, length) bool. Beltagy et al. 2020, section 3.1.
    """
    position = torch.arange(length)
    return (position[:, None] - position).abs() <= window // 2  # (length, 1) − (length,) → (length, length)


class LocalAttention(nn.Module):
    """Any attention, with its view cut down to a window."""

    def __init__(self, attention, window):
        super().__init__()
        self.attention, self.window = attention, window

    def forward(self, hidden, mask=None, output_attentions=False):
        """hidden: (batch, n, hidden_size)   mask: bool, broadcastable to (batch, 1, n, n), or None

        Returns what the attention inside returns for it.
        """
        near = local_mask(hidden.shape[1], self.window).to(hidden.device)  # (n, n)
        near = near if mask is None else mask & near  # (batch, 1, n, n)
        return self.attention(hidden, near, output_attentions)


def alternating_attention(model, window=8, every=3):
    """The first of `every` layers looks at everything, the others at their neighbourhood."""
    if window < 0 or every < 1:
        raise ValueError(f"window must be at least 0 and every at least 1, got {window} and {every}")
    for number, layer in enumerate(model.bert.encoder.layers):
        if number % every != 0:
            layer.attention = LocalAttention(layer.attention, window)
