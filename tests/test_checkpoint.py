"""Files that are damaged, foreign or dangerous are refused in words."""

import pickle

import pytest
import safetensors.torch
import torch

from course_lib.bert import BertConfig, BertForMaskedLM, BertModel
from course_lib.checkpoint import load_model, load_tokenizer, published_names, save_model
from course_lib.wordpiece import WordPieceTokenizer

CONFIG = BertConfig(
    vocab_size=20, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12
)


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
