"""Sentence vectors: what a text is read as, and that neither spelling nor company changes its vector."""

import unicodedata
from types import SimpleNamespace

import pytest
import torch

from course_lib.bert import BertConfig, BertForMaskedLM, BertModel
from course_lib.similarity import encode, most_similar, sentence_vectors
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer
from course_lib.wordpiece_training import train_wordpiece

TEXTS = [
    "나는 시장에서 사과를 샀다.",
    "Padding is written [PAD], and a gap [MASK]: not [mask] or [CLS][SEP].",
    "naïve café",
    "",
    "a " * 40,
]
OPTIONS = dict(lowercase=True, strip_accents=False)


@pytest.fixture
def tokenizer():
    return WordPieceTokenizer(train_wordpiece(TEXTS * 2, 120, progress=False, **OPTIONS), **OPTIONS)


@pytest.fixture
def model(tokenizer):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer.vocab),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    return BertModel(config).eval()


@pytest.mark.parametrize("max_length", [2, 3, 7, 64])
def test_texts_are_cut_as_the_reference_cuts_them(tokenizer, max_length):
    theirs = tokenizer.fast(split_special_tokens=True)
    theirs.enable_truncation(max_length)
    assert encode(TEXTS, tokenizer, max_length) == [each.ids for each in theirs.encode_batch(TEXTS)]


def test_too_little_room_is_refused(tokenizer):
    with pytest.raises(ValueError, match=r"max_length must be at least 2 for \[CLS\] and \[SEP\], got 1"):
        encode(TEXTS, tokenizer, 1)


def test_a_text_that_tells_of_special_pieces_holds_none(tokenizer):
    (ids,) = encode(["[PAD] [MASK] [UNK] [CLS] [SEP]"], tokenizer, 64)
    assert not {tokenizer.vocab[number] for number in ids[1:-1]} & set(SPECIAL) - {"[UNK]"}


def test_decomposed_text_has_the_vector_of_the_composed_one(model, tokenizer):
    vectors = [
        sentence_vectors(model, tokenizer, [unicodedata.normalize(form, text) for text in TEXTS])
        for form in ("NFC", "NFD")
    ]
    assert torch.equal(*vectors)


def test_a_text_that_tells_of_padding_has_the_same_vector_with_and_without_company(model, tokenizer):
    alone = model(torch.tensor(encode(TEXTS[1:2], tokenizer, 64))).last_hidden_state.mean(dim=1)
    together = sentence_vectors(model, tokenizer, TEXTS)[1:2]
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_the_fast_tokenizer_is_built_once(tokenizer, monkeypatch):
    built, fast = [], WordPieceTokenizer.fast
    monkeypatch.setattr(WordPieceTokenizer, "fast", lambda *a, **k: built.append(1) or fast(*a, **k))
    for text in TEXTS:
        encode([text], tokenizer, 64)
    assert len(built) == 1


def test_a_setting_that_is_changed_counts_at_once(tokenizer):
    before = encode(["café"], tokenizer, 8)
    tokenizer.strip_accents = True
    assert encode(["café"], tokenizer, 8) != before


class Elsewhere(torch.nn.Module):
    """A model on the device "meta", for which no GPU is needed. It notes where its input was."""

    def __init__(self, config):
        super().__init__()
        self.config, self.seen = config, []
        self.weight = torch.nn.Parameter(torch.empty(1, device="meta"))

    def forward(self, ids, attention_mask):
        self.seen += [ids.device.type, attention_mask.device.type]
        return SimpleNamespace(
            last_hidden_state=torch.zeros(*ids.shape, self.config.hidden_size, device="meta")
        )


def test_vectors_are_computed_where_the_model_is(model, tokenizer, monkeypatch):
    elsewhere = Elsewhere(model.config)
    monkeypatch.setattr(
        "course_lib.similarity.mean_pooling", lambda hidden, _: torch.zeros(hidden.shape[::2])
    )
    assert sentence_vectors(elsewhere, tokenizer, TEXTS).device.type == "cpu"
    assert set(elsewhere.seen) == {"meta"}


def test_a_batch_of_one_vector_is_not_taken_for_a_query():
    with pytest.raises(ValueError, match=r"query must have the shape \(8,\) of one vector, got \(1, 8\)"):
        most_similar(torch.ones(1, 8), torch.ones(3, 8), 1)


def test_the_encoder_of_a_model_with_a_head_gives_the_same_vectors(model, tokenizer):
    with_head = BertForMaskedLM(model.config)
    with_head.bert = model
    vectors = [sentence_vectors(each, tokenizer, TEXTS) for each in (model, with_head)]
    assert torch.equal(*vectors)
