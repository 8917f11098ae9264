"""Week 4: five ways to tell an encoder the position of a token, in one small encoder, to be compared.

No positions at all; sinusoids, which are computed; a learned table, as in BERT; the same table frozen at its
random start; and rotations of queries and keys.
"""

import torch
from torch import nn

from course_lib.attention import SelfAttention
from course_lib.embeddings import clock_angles, sinusoidal_positions
from course_lib.encoder import EncoderLayer

POSITION_KINDS = ("none", "sinusoidal", "learned", "frozen", "rotary")
HIDDEN_SIZE, NUM_HEADS = 32, 2
LONGEST = 64  # rows of a table, learned or frozen; the other kinds have no end
PADDING = -1  # an id that stands for no token


def rotary(vectors):
    """Turn each pair of numbers (2i, 2i+1) by the angle that clock i has at the vector's position.

    vectors: (..., n, d), d even → the same shape. Su et al. 2021, equation 34.
    """
    if vectors.ndim < 2 or not vectors.is_floating_point():
        raise ValueError(
            f"vectors must be floats of the shape (..., n, d), got {vectors.dtype}, {tuple(vectors.shape)}"
        )
    if vectors.shape[-1] % 2 != 0:
        raise ValueError(
            f"vectors must have an even size, because they are turned in pairs; got {vectors.shape[-1]}"
        )
    angle = clock_angles(*vectors.shape[-2:]).to(vectors)  # (n, d / 2)
    first, second = vectors[..., 0::2], vectors[..., 1::2]  # (..., n, d / 2)
    turned = first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()
    return torch.stack(turned, dim=-1).flatten(-2)


class RotaryAttention(SelfAttention):
    """Self-attention whose queries and keys are turned by their position: a score depends on the distance."""

    def __init__(self, hidden_size, num_heads, dropout=0.0, fused=True):
        super().__init__(hidden_size, num_heads, dropout, fused)
        check_head_size(hidden_size, num_heads)

    def project(self, hidden):
        query, key, value = super().project(hidden)  # each (batch, num_heads, n, head_size)
        both = torch.cat([query, key], dim=1)  # (batch, 2 · num_heads, n, head_size): the angles are the same
        query, key = rotary(both).chunk(2, dim=1)  # each (batch, num_heads, n, head_size)
        return query, key, value


def check_head_size(hidden_size, num_heads):
    """ValueError if a head's vectors cannot be cut into pairs."""
    head_size = hidden_size // num_heads
    if head_size % 2 != 0:
        raise ValueError(
            f"head_size = hidden_size / num_heads must be even, because its numbers are turned in pairs; "
            f"got {hidden_size} / {num_heads} = {head_size}"
        )


class PlacedEncoder(nn.Module):
    """One encoder layer that answers one question about a text, with positions of one of POSITION_KINDS.

    table: (LONGEST, HIDDEN_SIZE), the rows of the frozen kind; without it they are random
    """

    def __init__(self, kind, vocab_size, table=None):
        super().__init__()
        if kind not in POSITION_KINDS:
            raise ValueError(f"kind must be one of {', '.join(POSITION_KINDS)}, got {kind!r}")
        if table is not None and (kind != "frozen" or table.shape != (LONGEST, HIDDEN_SIZE)):
            raise ValueError(
                f"a table needs the kind 'frozen' and the shape {(LONGEST, HIDDEN_SIZE)}, "
                f"got {kind!r} and {tuple(table.shape)}"
            )
        self.kind = kind
        self.words = nn.Embedding(vocab_size, HIDDEN_SIZE)
        self.positions = None
        if kind in ("learned", "frozen"):
            if table is None:
                table = torch.randn(LONGEST, HIDDEN_SIZE)
            self.positions = nn.Parameter(table.clone(), requires_grad=kind == "learned")
        options = dict(dropout=0.0, attention_dropout=0.0, fused=False)  # vmap has no rule for the fused form
        self.layer = EncoderLayer(HIDDEN_SIZE, NUM_HEADS, 4 * HIDDEN_SIZE, **options)
        if kind == "rotary":
            self.layer.attention = RotaryAttention(HIDDEN_SIZE, NUM_HEADS, fused=False)
        self.answer = nn.Linear(HIDDEN_SIZE, vocab_size)

    def forward(self, ids):
        """(batch, n) → scores (batch, vocab_size): for each answer, the highest score of all positions.

        An id of PADDING holds a position free: nothing looks at it, and it does not answer.
        ValueError if a text is longer than the table.
        """
        if self.positions is not None and ids.shape[1] > LONGEST:
            raise ValueError(
                f"the text has {ids.shape[1]} tokens, but the table of positions ends at {LONGEST}: "
                "cut the text, or take a kind of positions without a table"
            )
        is_token = ids != PADDING  # (batch, n)
        hidden = self.words(ids.clamp(min=0))  # (batch, n, hidden_size)
        if self.kind == "sinusoidal":
            hidden = hidden + sinusoidal_positions(ids.shape[1], hidden.shape[-1])
        if self.positions is not None:
            hidden = hidden + self.positions[: ids.shape[1]]
        hidden, _ = self.layer(hidden, mask=is_token[:, None, None, :])
        scores = self.answer(hidden)  # (batch, n, vocab_size)
        return scores.masked_fill(~is_token[..., None], torch.finfo(scores.dtype).min).amax(dim=1)
