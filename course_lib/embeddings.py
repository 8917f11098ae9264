"""Week 4: where am I in the sentence? Positions, and the layer through which text enters BERT."""

import torch
from torch import nn


def clock_angles(length, hidden_size):
    """The angle of each of hidden_size / 2 clocks at each position, in radians.

    Clock i turns by 10000^(-2i / hidden_size) per position. Wavelengths: from 2π to nearly 10000 · 2π.
    Returns (length, hidden_size / 2), float64. Vaswani et al. 2017, section 3.5.
    """
    if hidden_size % 2 != 0:
        raise ValueError(
            f"hidden_size must be even, because each clock has a sine and a cosine; got {hidden_size}"
        )
    speed = 10000.0 ** -(torch.arange(0, hidden_size, 2, dtype=torch.float64) / hidden_size)
    return torch.arange(length, dtype=torch.float64)[:, None] * speed  # (length, hidden_size / 2)


def sinusoidal_positions(length, hidden_size):
    """Positional encoding, one row per position: columns 2i and 2i+1 are sine and cosine of clock i.

    Returns (length, hidden_size), float32. Vaswani et al. 2017, section 3.5.
    """
    angle = clock_angles(length, hidden_size)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()  # sine and cosine alternate


class BertEmbeddings(nn.Module):
    """Token embedding + position embedding + segment embedding, then LayerNorm and dropout.

    The positions are a plain table, learned like the words. It has max_position_embeddings rows and no more.
    Devlin et al. 2019, figure 2.
    """

    def __init__(
        self,
        vocab_size,
        hidden_size,
        max_position_embeddings=512,
        type_vocab_size=2,
        dropout=0.1,
        eps=1e-12,
        pad_token_id=0,
    ):
        super().__init__()
        # With padding_idx, reading [PAD] as an input does not change its row.
        self.word_embeddings = nn.Embedding(vocab_size, hidden_size, padding_idx=pad_token_id)
        self.position_embeddings = nn.Embedding(max_position_embeddings, hidden_size)
        self.token_type_embeddings = nn.Embedding(type_vocab_size, hidden_size)
        self.layer_norm = nn.LayerNorm(hidden_size, eps=eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids, token_type_ids=None):
        """input_ids, token_type_ids: (batch, n) integers → (batch, n, hidden_size). Default type: 0."""
        if input_ids.ndim != 2 or input_ids.shape[1] == 0:
            raise ValueError(f"input_ids must have the shape (batch, n), n > 0; got {tuple(input_ids.shape)}")
        length, longest = input_ids.shape[1], self.position_embeddings.num_embeddings
        if length > longest:
            raise ValueError(
                f"the text has {length} tokens, but the table of positions ends at {longest} "
                f"(max_position_embeddings): cut the text, or train a model with a longer table"
            )
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        try:
            words = self.word_embeddings(input_ids)  # (batch, n, hidden_size)
        except IndexError as error:  # checking the ids first would make a GPU wait in every step
            known, given = self.word_embeddings.num_embeddings - 1, f"{input_ids.min()} to {input_ids.max()}"
            raise ValueError(f"the model knows ids 0 to {known}, got {given}: take its tokenizer") from error
        embedded = (
            words
            + self.position_embeddings.weight[:length]  # (n, hidden_size), the same for every text
            + self.token_type_embeddings(token_type_ids)  # (batch, n, hidden_size)
        )
        return self.dropout(self.layer_norm(embedded))
