"""Week 5: the rooms put together. BERT, and the heads that turn its vectors into answers.

Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding".
"""

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.embeddings import BertEmbeddings
from course_lib.encoder import Encoder

IGNORE_INDEX = -100  # the label of a position that the loss leaves out

# Settings of published config files that change the computation, with the one value that this BERT honours.
HONOURED = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
}


@dataclass(frozen=True)
class BertConfig:
    """The numbers that fix a BERT's architecture, under the names of the published config.json."""

    vocab_size: int = 30522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int = 0

    def __post_init__(self):
        sizes = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads")
        sizes += ("intermediate_size", "max_position_embeddings", "type_vocab_size")
        for name in sizes:
            self.require(name, int, lambda value: value >= 1, "an integer ≥ 1")
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            allowed = "a number from 0 up to, but not including, 1"
            self.require(name, (int, float), lambda value: 0 <= value < 1, allowed)
        for name in ("initializer_range", "layer_norm_eps"):
            self.require(name, (int, float), lambda value: 0 < value < math.inf, "a number > 0")
        allowed = f"a multiple of num_attention_heads ({self.num_attention_heads})"
        self.require("hidden_size", int, lambda value: value % self.num_attention_heads == 0, allowed)
        allowed = f"an integer ≥ 0 and below vocab_size ({self.vocab_size})"
        self.require("pad_token_id", int, lambda value: 0 <= value < self.vocab_size, allowed)

    def require(self, name, types, is_allowed, allowed):
        """ValueError unless a setting has one of these types and `is_allowed` says yes; allowed: in words"""
        value = getattr(self, name)
        is_number = isinstance(value, types) and not isinstance(value, bool)  # True would count as 1
        if not (is_number and is_allowed(value)):
            raise ValueError(f"BertConfig.{name} must be {allowed}, got {value!r}")

    @classmethod
    def base(cls):
        """BERT-Base, uncased vocabulary."""
        return cls()

    @classmethod
    def large(cls):
        """BERT-Large, uncased vocabulary."""
        return cls(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096)

    @classmethod
    def from_dict(cls, settings):
        """A config from those settings of a published config.json that are architecture."""
        for name, honoured in HONOURED.items():
            if settings.get(name, honoured) != honoured:
                raise ValueError(f"this BERT cannot honour {name} = {settings[name]!r}, only {honoured!r}")
        if settings.get("pruned_heads"):
            raise ValueError(f"this BERT keeps all heads; pruned_heads is {settings['pruned_heads']!r}")
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in settings.items() if name in names and value is not None})

    @classmethod
    def from_file(cls, path):
        """Read a config.json. ValueError names the file if it is not JSON or holds what we cannot honour."""
        try:
            settings = json.loads(Path(path).read_text(encoding="utf-8"))
            if not isinstance(settings, dict):
                raise ValueError(f"expected one JSON object, found a {type(settings).__name__}")
            return cls.from_dict(settings)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def to_dict(self):
        """The settings for a config.json, with those that this BERT takes for granted."""
        return asdict(self) | HONOURED


@dataclass
class BertOutput:
    """last_hidden_state: (batch, n, hidden_size)
    pooler_output: (batch, hidden_size), or None without a pooler
    attentions: one (batch, num_attention_heads, n, n) per layer, or None unless asked for
    """

    last_hidden_state: torch.Tensor
    pooler_output: torch.Tensor | None = None
    attentions: tuple | None = None


@dataclass
class HeadOutput:
    """loss: a scalar, or None without labels   logits: as the head's class says
    next_sentence_logits: (batch, 2) or None   attentions: as in BertOutput"""

    loss: torch.Tensor | None
    logits: torch.Tensor
    next_sentence_logits: torch.Tensor | None = None
    attentions: tuple | None = None


class BertModel(nn.Module):
    """Embeddings, then the encoder; the pooler is one more layer on top of the first token, [CLS].

    fused: which form of attention to use, see `attention.py`   pooler: False leaves it out, as masked LM does
    """

    def __init__(self, config, fused=True, pooler=True):
        super().__init__()
        self.config = config
        self.embeddings = BertEmbeddings(
            config.vocab_size,
            config.hidden_size,
            config.max_position_embeddings,
            config.type_vocab_size,
            dropout=config.hidden_dropout_prob,
            eps=config.layer_norm_eps,
            pad_token_id=config.pad_token_id,
        )
        self.encoder = Encoder(
            config.num_hidden_layers,
            config.hidden_size,
            config.num_attention_heads,
            config.intermediate_size,
            dropout=config.hidden_dropout_prob,
            attention_dropout=config.attention_probs_dropout_prob,
            eps=config.layer_norm_eps,
            fused=fused,
        )
        self.pooler = nn.Linear(config.hidden_size, config.hidden_size) if pooler else None
        initialise(self, config)

    def forward(
        self, input_ids, token_type_ids=None, attention_mask=None, output_attentions=False, keep=None
    ):
        """input_ids, token_type_ids, attention_mask: (batch, n); types default to 0, the mask to 1.
        keep: (batch, n) bool, the positions whose hidden state is wanted (without a pooler only)

        Returns a BertOutput; with `keep` its last_hidden_state is (kept, hidden_size), in reading order.
        """
        if keep is not None and self.pooler is not None:
            raise ValueError("keep needs a model without a pooler: it reads the first position of each text")
        for name, other in [("token_type_ids", token_type_ids), ("attention_mask", attention_mask)]:
            if other is not None and other.shape != input_ids.shape:
                raise ValueError(
                    f"{name} has the shape {tuple(other.shape)}, input_ids {tuple(input_ids.shape)}"
                )
        embedded = self.embeddings(input_ids, token_type_ids)  # (batch, n, hidden_size)
        hidden, attentions = self.encoder(embedded, attention_mask, output_attentions, keep)
        pooled = None
        if self.pooler is not None:
            pooled = torch.tanh(self.pooler(hidden[:, 0]))  # (batch, hidden_size)
        return BertOutput(hidden, pooled, attentions)


class MaskedLMHead(nn.Module):
    """From a hidden vector to a score for every token: one layer, then a dot product with each embedding.

    The decoder has no matrix of its own: it is the table of word embeddings, used the other way round (tied).
    """

    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, hidden, word_embeddings):
        """hidden: (..., hidden_size), word_embeddings: (vocab_size, hidden_size) → (..., vocab_size)"""
        return F.linear(self.layer_norm(F.gelu(self.dense(hidden))), word_embeddings, self.bias)


class BertForPreTraining(nn.Module):
    """BERT with both tasks of pre-training: fill the gaps, and say whether one text followed the other.

    Devlin et al. 2019, section 3.1. With `next_sentence=False` it is `BertForMaskedLM`.
    """

    def __init__(self, config, fused=True, next_sentence=True):
        super().__init__()
        self.bert = BertModel(config, fused, pooler=next_sentence)  # only the second task reads [CLS]
        self.lm_head = initialise(MaskedLMHead(config), config)
        self.next_sentence = initialise(nn.Linear(config.hidden_size, 2), config) if next_sentence else None

    @property
    def config(self):
        return self.bert.config

    def forward(
        self,
        input_ids,
        token_type_ids=None,
        attention_mask=None,
        labels=None,
        next_sentence_label=None,
        output_attentions=False,
        masked_only=False,
    ):
        """labels: (batch, n), the hidden token where one is to be predicted and −100 elsewhere
        next_sentence_label: (batch,), 0 where the second text followed the first, 1 where it was drawn
        The loss is the mean of each task over its labels, as `mean_loss` takes it.
        masked_only: compute logits at the labelled positions only, in reading order; much less work

        Returns a HeadOutput, logits (batch, n, vocab_size), or (number of labels, vocab_size) masked only.
        """
        if masked_only and labels is None:
            raise ValueError("masked_only needs labels: they say which positions are masked")
        labelled = labels != IGNORE_INDEX if masked_only else None  # (batch, n)
        labels = labels[labelled] if masked_only else labels  # (number of labels,)
        keep = labelled if self.next_sentence is None else None  # the second task reads [CLS] too
        output = self.bert(input_ids, token_type_ids, attention_mask, output_attentions, keep)
        hidden = output.last_hidden_state  # (batch, n, hidden_size), or (number of labels, hidden_size)
        if masked_only and keep is None:
            hidden = hidden[labelled]  # (number of labels, hidden_size)
        logits = self.lm_head(hidden, self.bert.embeddings.word_embeddings.weight)
        loss = None if labels is None else mean_loss(logits, labels)
        next_sentence_logits = None
        if self.next_sentence is not None:
            next_sentence_logits = self.next_sentence(output.pooler_output)  # (batch, 2)
            if next_sentence_label is not None:
                next_sentence_loss = mean_loss(next_sentence_logits, next_sentence_label)
                loss = next_sentence_loss if loss is None else loss + next_sentence_loss
        return HeadOutput(loss, logits, next_sentence_logits, output.attentions)


class BertForMaskedLM(BertForPreTraining):
    """BERT that fills gaps. Logits: (batch, n, vocab_size)."""

    def __init__(self, config, fused=True):
        super().__init__(config, fused, next_sentence=False)


def mean_loss(logits, labels):
    """Cross-entropy: its mean over the labels that are not −100.

    logits: (..., classes)   labels: (...) → a scalar
    Where all are −100 it is exactly 0, and so is every gradient: such a share of a batch adds nothing to the
    mean over all shares, weighted by their numbers of labels.
    """
    if labels.shape != logits.shape[:-1]:
        raise ValueError(f"labels have the shape {tuple(labels.shape)}, expected {tuple(logits.shape[:-1])}")
    options = dict(ignore_index=IGNORE_INDEX, reduction="sum")
    total = F.cross_entropy(logits.flatten(0, -2), labels.flatten(), **options)
    return total / (labels != IGNORE_INDEX).sum().clamp(min=1)


def initialise(model, config):
    """Start as published: weights normal, cut off at two standard deviations; biases 0, norms 1."""
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Embedding)):
            spread = config.initializer_range
            nn.init.trunc_normal_(module.weight, std=spread, a=-2 * spread, b=2 * spread)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            with torch.no_grad():
                module.weight[module.padding_idx].zero_()
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
    return model
