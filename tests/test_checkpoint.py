"""Files that are damaged, foreign or dangerous are refused in words."""

import dataclasses
import os
import pickle
import re
from functools import partial

import pytest
import safetensors.torch
import torch
from torch import nn

from course_lib import modern
from course_lib.bert import (
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertModel,
)
from course_lib.checkpoint import (
    from_published,
    load_model,
    load_tokenizer,
    published_names,
    read_safetensors,
    save_model,
)
from course_lib.classroom.experiments.changes import CHANGES, ask_every_second_gap
from course_lib.tasks import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from course_lib.wordpiece import WordPieceTokenizer

CONFIG = BertConfig(
    vocab_size=20, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12
)
IDS = torch.randint(1, 20, (3, 9), generator=torch.Generator().manual_seed(0))


def perturbed(model):
    """Ready to answer, its weights drawn anew so that biases and norms count too."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model.eval()


def answers(model):
    """All tensors that a model gives for IDS."""
    with torch.no_grad():
        return [each for each in vars(model(IDS)).values() if each is not None]


@pytest.fixture
def folder(tmp_path):
    save_model(BertForMaskedLM(CONFIG), tmp_path)
    return tmp_path


def change(folder, function):
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    function(tensors)
    safetensors.torch.save_file(tensors, folder / "model.safetensors")


def test_model_comes_back_as_it_was(folder):
    model = load_model(folder)
    save_model(model, folder / "again")
    wanted = safetensors.torch.load_file(folder / "model.safetensors")
    got = safetensors.torch.load_file(folder / "again" / "model.safetensors")
    assert all(torch.equal(got[name], wanted[name]) for name in wanted) and got.keys() == wanted.keys()


def test_encoder_alone_is_taken_from_a_model_with_a_head(folder):
    change(folder, lambda tensors: tensors.update({"bert.pooler.dense.weight": torch.ones(8, 8)}))
    change(folder, lambda tensors: tensors.update({"bert.pooler.dense.bias": torch.ones(8)}))
    change(folder, lambda tensors: tensors.update({"qa_outputs.weight": torch.ones(2, 8)}))
    assert isinstance(load_model(folder, BertModel), BertModel)


def test_encoder_without_pooler_is_taken_as_it_is(folder):
    assert load_model(folder, BertModel).pooler is None


def test_half_precision_is_read_as_float32(folder):
    change(folder, lambda tensors: tensors.update({name: t.half() for name, t in tensors.items()}))
    assert {tensor.dtype for tensor in load_model(folder).state_dict().values()} == {torch.float32}


def test_missing_tensor_is_named(folder):
    change(folder, lambda tensors: tensors.pop("bert.encoder.layer.1.attention.self.key.bias"))
    with pytest.raises(ValueError, match=r"missing: bert\.encoder\.layer\.1\.attention\.self\.key\.bias$"):
        load_model(folder)


def test_extra_tensor_is_named(folder):
    change(folder, lambda tensors: tensors.update({"bert.encoder.layer.2.output.dense.bias": torch.ones(8)}))
    with pytest.raises(ValueError, match=r"no place for: bert\.encoder\.layer\.2"):
        load_model(folder)


def test_tensor_of_a_wrong_shape_is_named(folder):
    change(folder, lambda tensors: tensors.update({"cls.predictions.bias": torch.ones(21)}))
    with pytest.raises(ValueError, match=r"cls\.predictions\.bias has the shape \(21,\), expected \(20,\)"):
        load_model(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x04N.", pickle.dumps({"a": 1}), b"\xff" * 100],
    ids=["empty", "tiny", "pickle", "noise"],
)
def test_file_that_is_no_safetensors_is_refused(folder, content):
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="model.safetensors is not a sound safetensors file"):
        load_model(folder)


def test_file_cut_short_is_refused(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(ValueError, match="not a sound safetensors file"):
        load_model(folder)


def test_folder_without_weights_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no config.json"):
        load_model(tmp_path)


def test_weights_in_a_pickle_are_named_and_not_opened(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(FileNotFoundError, match=r"a \.bin file, a pickle, .* with a model.safetensors"):
        load_model(folder)


@pytest.mark.parametrize("name", ["vocab.txt", "tokenizer_config.json"])
def test_folder_without_a_tokenizer_is_named(folder, name):
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"])
    tokenizer.save(folder)
    assert load_tokenizer(folder).vocab == tokenizer.vocab
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"no {name}"):
        load_tokenizer(folder)


def test_old_names_of_layer_norm_are_understood(folder):
    def rename(tensors):
        for name in [name for name in tensors if "LayerNorm" in name]:
            old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
                "LayerNorm.bias", "LayerNorm.beta"
            )
            tensors[old] = tensors.pop(name)

    change(folder, rename)
    load_model(folder)


def test_three_maps_of_attention_are_one_of_ours():
    assert len(published_names("encoder.layers.0.attention.query_key_value.weight")) == 3


# -- what is saved is loaded again as the same model, or refused


MODELS = {
    "bare": BertModel,
    "bare, no pooler": partial(BertModel, pooler=False),
    "masked LM": BertForMaskedLM,
    "both tasks": BertForPreTraining,
    "both tasks, without the second": partial(BertForPreTraining, next_sentence=False),
    "two labels": BertForSequenceClassification,
    "one label": partial(BertForSequenceClassification, num_labels=1),
    "five labels": partial(BertForSequenceClassification, num_labels=5),
    "labels of tokens": partial(BertForTokenClassification, num_labels=5),
    "answers": BertForQuestionAnswering,
}


@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_every_model_comes_back_with_the_same_answers(make, fused, tmp_path):
    model = perturbed(make(CONFIG, fused=fused))
    before = torch.get_rng_state()
    save_model(model, tmp_path)
    assert torch.equal(torch.get_rng_state(), before)  # a training that saves draws the same numbers
    again = load_model(tmp_path, type(model) if hasattr(model, "label_head") else None, fused)
    for got, wanted in zip(answers(again), answers(model), strict=True):
        assert torch.equal(got, wanted)


def decoder_of_its_own(model):
    model.lm_head.decoder = nn.Linear(8, 20)
    model.lm_head.forward = lambda hidden, _: model.lm_head.decoder(hidden)


def scale_of_its_own(model):
    model.lm_head.scale = nn.Parameter(torch.ones(1))


def other_forward(model):
    model.forward = lambda input_ids: BertForMaskedLM.forward(model, input_ids.flip(1))


def other_class(model):
    class Backwards(BertForMaskedLM):
        def forward(self, input_ids):
            return super().forward(input_ids.flip(1))

    model.__class__ = Backwards


def fewer_layers(model):
    del model.bert.encoder.layers[1:]


def fewer_layers_and_local(model):
    fewer_layers(model)
    modern.alternating_attention(model, window=2, every=1)
    model.bert.encoder.layers[0].attention = modern.LocalAttention(model.bert.encoder.layers[0].attention, 2)


def other_heads(model):
    model.bert.encoder.layers[1].attention.num_heads = 4


def other_eps(model):
    model.lm_head.layer_norm.eps = 0.1


def half_of_these(model):
    modern.pre_norm(model)
    modern.rotary_positions(model)


def all_of_these(model):
    for change in CHANGES["all of these"][0]:
        change(model)


ALTERED = {  # what is done to a masked LM: what the refusal must name
    modern.pre_norm: r"bert\.encoder is of the class PreNormEncoder, not Encoder",
    modern.gated_feed_forward: r"bert\.encoder\.layers\.0\.feed_forward is of the class GatedFeedForward",
    modern.no_biases: r"bert\.encoder\.layers\.0\.attention\.query_key_value\.bias is None, not \(24,\)",
    modern.rotary_positions: r"bert\.encoder\.layers\.0\.attention is of the class RotaryAttention",
    modern.alternating_attention: r"bert\.encoder\.layers\.1\.attention is of the class LocalAttention",
    ask_every_second_gap: "forward is its own",
    half_of_these: "PreNormEncoder",
    all_of_these: "PreNormEncoder",
    decoder_of_its_own: r"lm_head\.forward is its own, .* lm_head\.decoder\.weight is new",
    scale_of_its_own: r"lm_head\.scale is new",
    other_forward: "forward is its own",
    other_class: "a folder can hold a BertModel, .*; got a Backwards",
    fewer_layers: r"bert\.encoder\.layers\.1 is missing",
    fewer_layers_and_local: r"bert\.encoder\.layers\.0\.attention is of the class LocalAttention",
    other_heads: r"bert\.encoder\.layers\.1\.attention\.num_heads is 4, not 2",
    other_eps: r"lm_head\.layer_norm\.eps is 0\.1, not 1e-12",
}


@pytest.mark.parametrize("alter", ALTERED, ids=lambda alter: alter.__name__)
def test_altered_model_is_refused_before_anything_is_written(alter, folder):
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    model = BertForMaskedLM(CONFIG)
    alter(model)
    with pytest.raises(ValueError, match=ALTERED[alter]):
        save_model(model, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole


def test_every_change_since_2018_is_among_those_that_are_refused():
    assert {change for changes, _ in CHANGES.values() for change in changes} <= set(ALTERED)


def test_alternating_attention_that_changed_no_layer_is_saved(tmp_path):
    model = perturbed(BertForMaskedLM(dataclasses.replace(CONFIG, num_hidden_layers=1)))
    modern.alternating_attention(model)
    save_model(model, tmp_path)
    assert torch.equal(*(each(IDS).logits for each in (model, load_model(tmp_path))))


def test_name_that_no_published_bert_has_is_said():
    with pytest.raises(ValueError, match="the published format has no name for lm_head.decoder.weight"):
        published_names("lm_head.decoder.weight")


# -- weights that do not fit are refused by name


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
        ("cls.predictions.decoder.bias", "cls.predictions.bias"),
    ],
)
def test_decoder_is_accepted_only_where_it_is_the_table_of_words(folder, name, original):
    change(folder, lambda tensors: tensors.update({name: tensors[original].clone()}))
    load_model(folder)
    change(folder, lambda tensors: tensors[name][3].add_(1))
    with pytest.raises(ValueError, match=f"{re.escape(name)} differs from {re.escape(original)}"):
        load_model(folder)
    load_model(folder, BertModel)  # which has no decoder


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_position_numbers_are_accepted_only_in_their_order(tmp_path, prefix):
    save_model((BertForMaskedLM if prefix else BertModel)(CONFIG), tmp_path)
    name = prefix + "embeddings.position_ids"
    change(tmp_path, lambda tensors: tensors.update({name: torch.arange(512)[None]}))
    load_model(tmp_path)
    change(tmp_path, lambda tensors: tensors.update({name: torch.arange(512).flip(0)[None]}))
    with pytest.raises(ValueError, match=f"{re.escape(name)} is not 0, 1, 2"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("saved", "wanted", "head"),
    [
        (BertModel, BertForMaskedLM, "cls.predictions"),
        (BertModel, BertForPreTraining, "cls.predictions"),
        (BertForMaskedLM, BertForPreTraining, "cls.seq_relationship"),
        (BertModel, BertForSequenceClassification, "classifier"),
        (BertForMaskedLM, BertForSequenceClassification, "classifier"),
        (BertForMaskedLM, BertForTokenClassification, "classifier"),
        (BertForSequenceClassification, BertForQuestionAnswering, "qa_outputs"),
    ],
)
def test_missing_head_is_named_with_what_to_do(saved, wanted, head, tmp_path):
    save_model(saved(CONFIG), tmp_path)
    with pytest.raises(
        ValueError, match=f"lack the head of a {wanted.__name__}, published as {head}: .*"
    ) as e:
        load_model(tmp_path, wanted)
    assert "load_model(folder, BertModel)" in str(e.value) and "\n" not in str(e.value)


def test_advice_for_a_missing_head_puts_the_encoder_below_a_new_one(tmp_path):
    body = perturbed(BertModel(CONFIG))
    save_model(body, tmp_path)
    model = BertForMaskedLM(CONFIG).eval()
    from_published(model.bert, read_safetensors(tmp_path / "model.safetensors"))
    assert torch.equal(model.bert(IDS).last_hidden_state, body(IDS).last_hidden_state)


# -- weights in memory of their own


def test_tensors_do_not_change_with_the_file_that_they_came_from(folder):
    path = folder / "model.safetensors"
    tensors = read_safetensors(path)
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    with open(path, "r+b") as file:  # in place, as no program should; a mapped tensor would follow
        file.seek(-1000, os.SEEK_END)
        file.write(b"\x55" * 1000)
    assert all(torch.equal(tensors[name], before[name]) for name in tensors)
