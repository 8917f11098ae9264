"""Folders in the form in which two BERTs that know Korean are published, with random weights: opened as the
reference opens them. Nothing is downloaded: the settings and the names of the tensors are those of
klue/bert-base and google-bert/bert-base-multilingual-cased, the sizes and the vocabulary are small.
"""

import json
import unicodedata
from functools import cache

import pytest
import safetensors.torch
import torch
import transformers

from course_lib.bert import BertForMaskedLM, BertModel
from course_lib.checkpoint import load_model, load_tokenizer
from course_lib.fill_mask import fill_mask
from course_lib.town import Town
from course_lib.wordpiece_training import train_wordpiece

SIZES = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40)
COMMON = dict(
    architectures=["BertForMaskedLM"],
    attention_probs_dropout_prob=0.1,
    hidden_act="gelu",
    hidden_dropout_prob=0.1,
    initializer_range=0.02,
    layer_norm_eps=1e-12,
    max_position_embeddings=512,
    model_type="bert",
    pad_token_id=0,
    position_embedding_type="absolute",
    type_vocab_size=2,
    use_cache=True,
)
CONFIGS = {
    "klue": COMMON | dict(gradient_checkpointing=False),
    "multilingual": COMMON
    | dict(
        directionality="bidi",
        pooler_fc_size=768,
        pooler_num_attention_heads=12,
        pooler_num_fc_layers=3,
        pooler_size_per_head=128,
        pooler_type="first_token_transform",
    ),
}
TOKENIZERS = {
    "klue": dict(
        do_lower_case=False,
        do_basic_tokenize=True,
        never_split=None,
        bos_token="[CLS]",
        eos_token="[SEP]",
        tokenize_chinese_chars=True,
        strip_accents=None,
        model_max_length=512,
    ),
    "multilingual": dict(do_lower_case=False, model_max_length=512),
}
SEED_SENTENCE = "나는 [MASK]에 가서 그곳에서 빵과 [MASK]를 샀다"
TEXTS = [
    SEED_SENTENCE,
    "Seoul의 Café에서 NumPy를 배웠다.",  # capitals and accents stay
    unicodedata.normalize("NFD", "나는 우유를 마셨다."),  # as some programs store it
    "東京과 서울, 그리고 [MASK].",
    *Town("ko").stories(20, seed=4),
]


@cache
def small_vocabulary():
    texts = [*Town("ko").stories(300, seed=3), *TEXTS]
    return train_wordpiece(texts, 900, lowercase=False, strip_accents=False, progress=False)


@pytest.fixture(params=CONFIGS)
def folder(request, tmp_path):
    """What a download would leave, small."""
    kind = request.param
    vocab = small_vocabulary()
    config = CONFIGS[kind] | SIZES | dict(vocab_size=len(vocab))
    torch.manual_seed(0)
    whole = transformers.BertForPreTraining(transformers.BertConfig(**config))
    tensors = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    if kind == "multilingual":  # of 2018: both heads, a pooler, and the first names of a LayerNorm
        old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
        for new, first in old.items():
            tensors = {name.replace(new, first): tensor for name, tensor in tensors.items()}
        tensors = {name: each for name, each in tensors.items() if "decoder" not in name}  # tied
    else:  # one head, and the numbers of the positions
        beyond = ("cls.seq_relationship", "bert.pooler")
        tensors = {name: each for name, each in tensors.items() if not name.startswith(beyond)}
        tensors["bert.embeddings.position_ids"] = torch.arange(512)[None]
    safetensors.torch.save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(TOKENIZERS[kind]), encoding="utf-8")
    (tmp_path / "vocab.txt").write_text("".join(f"{piece}\n" for piece in vocab), encoding="utf-8")
    return tmp_path


def test_gaps_have_the_references_probabilities(folder):
    ours = load_model(folder, BertForMaskedLM)
    theirs = transformers.BertForMaskedLM.from_pretrained(folder).eval()
    ids = torch.tensor([load_tokenizer(folder).encode(SEED_SENTENCE).ids])
    with torch.no_grad():
        torch.testing.assert_close(ours(ids).logits, theirs(ids).logits, atol=1e-5, rtol=0)


def test_the_encoder_alone_is_the_references(folder):
    ours = load_model(folder, BertModel)
    theirs = transformers.BertForMaskedLM.from_pretrained(folder).eval().bert
    ids = torch.tensor([load_tokenizer(folder).encode(TEXTS[1]).ids])
    with torch.no_grad():
        got, wanted = ours(ids).last_hidden_state, theirs(ids).last_hidden_state
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def test_ids_are_the_references(folder):
    ours, theirs = load_tokenizer(folder), transformers.BertTokenizer.from_pretrained(folder)
    for text in TEXTS:
        assert ours.encode(text).ids == theirs(text)["input_ids"], text


def test_capitals_and_syllables_stay_whole(folder):
    tokens = load_tokenizer(folder).tokenize("Seoul의 나는")
    assert "".join(token.removeprefix("##") for token in tokens) == "Seoul의나는"


def test_each_gap_of_the_seed_sentence_is_filled(folder):
    answers = fill_mask(load_model(folder, BertForMaskedLM), load_tokenizer(folder), SEED_SENTENCE)
    assert [len(each) for each in answers] == [5, 5]
