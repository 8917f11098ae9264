"""The small trained encoder that week 2 looks into; `scripts/train_week2.py` made it."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from course_lib.checkpoint import read_safetensors
from course_lib.encoder import Encoder
from course_lib.files import DATA, composed
from course_lib.wordpiece import WordPieceTokenizer

FOLDER = DATA / "week2"
SIZE = dict(num_layers=2, hidden_size=64, num_heads=2, intermediate_size=128)


class Reading(NamedTuple):
    """tokens: n strings   before, after: (n, 64), the vectors that enter the encoder and that leave it
    attentions: one (1, heads, n, n) per layer"""

    tokens: list
    before: torch.Tensor
    after: torch.Tensor
    attentions: tuple


class SmallEncoder:
    """Two layers of two heads, trained to fill gaps in the town's stories, Korean and English. No
    positions.
    """

    def __init__(self, folder=FOLDER):
        self.tokenizer = WordPieceTokenizer.from_folder(folder)
        self.embedding = nn.Embedding(len(self.tokenizer.vocab), SIZE["hidden_size"])
        self.encoder = Encoder(**SIZE)
        model = nn.ModuleDict(dict(embedding=self.embedding, encoder=self.encoder))
        model.load_state_dict(read_safetensors(Path(folder) / "encoder.safetensors"))
        model.eval()

    @torch.no_grad()
    def read(self, text):
        """A `Reading` of one text."""
        encoding = self.tokenizer.encode(composed(text))
        before = self.embedding(torch.tensor([encoding.ids]))  # (1, n, 64)
        after, attentions = self.encoder(before, output_attentions=True)
        return Reading(encoding.tokens, before[0], after[0], attentions)
