"""The two forms of attention give the same numbers; masks, padding and shapes do what they say."""

import re
from dataclasses import fields

import pytest
import torch

from course_lib.attention import SelfAttention, attention, attention_weights, fused_attention
from course_lib.bert import BertConfig, BertForMaskedLM, BertModel
from course_lib.embeddings import BertEmbeddings, sinusoidal_positions
from course_lib.encoder import Encoder
from course_lib.positions import RotaryAttention


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


MASKS = {
    "none": None,
    "padding": torch.tensor([True, True, True, False, False])[None, None, None],
    "one for all texts": torch.tensor([True, True, True, False, False]),
    "causal": torch.ones(5, 5, dtype=torch.bool).tril(),
    "nothing allowed": torch.zeros(1, 1, 1, 5, dtype=torch.bool),
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_fused_form_equals_the_clear_one(mask):
    inputs = [draw(2, 3, 5, 7, seed=seed) for seed in range(3)]
    torch.testing.assert_close(
        fused_attention(*inputs, mask), attention(*inputs, mask)[0], rtol=0, atol=1e-10
    )


# A row that may look nowhere is left out: torch has a gradient of its own there, and no loss reads it.
@pytest.mark.parametrize("kind", ["none", "padding", "causal"])
def test_fused_form_has_the_gradients_of_the_clear_one(kind):
    inputs = [draw(2, 3, 5, 7, seed=seed).requires_grad_() for seed in range(3)]
    clear, fused = attention(*inputs, MASKS[kind])[0], fused_attention(*inputs, MASKS[kind])
    direction = draw(2, 3, 5, 7, seed=9)
    for mine, other in zip(
        torch.autograd.grad(clear, inputs, direction), torch.autograd.grad(fused, inputs, direction)
    ):
        torch.testing.assert_close(other, mine, rtol=0, atol=1e-10)


def test_rows_sum_to_one_and_forbidden_entries_are_zero():
    weights = attention_weights(draw(5, 7), draw(5, 7, seed=1), MASKS["causal"])
    torch.testing.assert_close(weights.sum(-1), torch.ones(5, dtype=torch.float64))
    assert (weights[~MASKS["causal"]] == 0).all()


def test_without_positions_attention_does_not_know_the_order():
    layer = SelfAttention(12, 3).double().eval()
    hidden, order = draw(1, 6, 12), torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(layer(hidden[:, order])[0], layer(hidden)[0][:, order])


def test_heads_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="hidden_size 10 .* num_heads 3"):
        SelfAttention(10, 3)


@pytest.mark.parametrize(("hidden_size", "num_heads"), [(10, 0), (10, -2), (0, 2), (-10, 2)])
def test_sizes_below_one_are_refused(hidden_size, num_heads):
    with pytest.raises(ValueError, match=f"hidden_size {hidden_size} .* num_heads {num_heads}"):
        SelfAttention(hidden_size, num_heads)


@pytest.mark.parametrize("shape", [(5, 12), (2, 5, 13), (1, 2, 5, 12)], ids=str)
@pytest.mark.parametrize("kind", [SelfAttention, RotaryAttention])
def test_hidden_states_of_another_shape_are_refused(kind, shape):
    with pytest.raises(ValueError, match=rf"\(batch, n, 12\), got {re.escape(str(shape))}"):
        kind(12, 3)(torch.zeros(shape))


@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
@pytest.mark.parametrize("dtype", [torch.long, torch.uint8, torch.float32])
def test_mask_that_is_not_bool_is_refused(dtype, fused):
    with pytest.raises(ValueError, match=f"mask must be bool, .*; got {dtype}"):
        SelfAttention(12, 3, fused=fused)(torch.zeros(2, 5, 12), torch.ones(5, 5, dtype=dtype))


@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
@pytest.mark.parametrize("shape", [(4,), (2, 5), (2, 5, 5), (1, 1, 1, 1, 5), (2, 4, 5, 5)], ids=str)
def test_mask_that_does_not_fit_is_refused(shape, fused):
    with pytest.raises(ValueError, match=rf"mask has the shape {re.escape(str(shape))}, .*\(2, 3, 5, 5\)"):
        SelfAttention(12, 3, fused=fused)(torch.zeros(2, 5, 12), torch.ones(shape, dtype=torch.bool))


@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
@pytest.mark.parametrize("shape", [(), (5,), (5, 5), (3, 1, 5), (2, 1, 1, 5), (2, 3, 5, 5)], ids=str)
def test_mask_that_can_be_broadcast_is_accepted(shape, fused):
    hidden = draw(2, 5, 12).float()
    layer = SelfAttention(12, 3, fused=fused)
    wanted = layer(hidden)[0]
    torch.testing.assert_close(layer(hidden, torch.ones(shape, dtype=torch.bool))[0], wanted)


ENCODER = Encoder(2, 12, 3, 24)


@pytest.mark.parametrize("name", ["attention_mask", "keep"])
@pytest.mark.parametrize("shape", [(5,), (2, 4), (2, 1, 5), (2, 1, 1, 5)], ids=str)
def test_one_number_per_position_is_wanted_by_the_encoder(name, shape):
    with pytest.raises(ValueError, match=rf"{name} has the shape {re.escape(str(shape))}, .*\(2, 5\)"):
        ENCODER(torch.zeros(2, 5, 12), **{name: torch.ones(shape, dtype=torch.bool)})


def test_mask_to_be_added_to_the_scores_is_refused():
    with pytest.raises(
        ValueError, match="attention_mask must be bool, or integers 1 and 0; got torch.float32"
    ):
        ENCODER(torch.zeros(2, 5, 12), torch.tensor([0.0, 0, 0, 0, -torch.inf]).repeat(2, 1))


def test_row_numbers_in_place_of_the_positions_to_keep_are_refused():
    with pytest.raises(ValueError, match="keep must be bool, got torch.int64"):
        ENCODER(torch.zeros(2, 5, 12), keep=torch.ones(2, 5, dtype=torch.long))


@pytest.fixture
def bert():
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30,
        hidden_size=12,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=20,
        max_position_embeddings=10,
        initializer_range=0.3,
    )
    return BertModel(config).eval()


def test_padding_changes_no_real_position(bert):
    ids = torch.tensor([[2, 7, 8, 3]])
    alone = bert(ids).last_hidden_state
    padded = torch.cat([ids, torch.full((1, 4), 9)], dim=1)
    mask = torch.tensor([[1, 1, 1, 1, 0, 0, 0, 0]])
    torch.testing.assert_close(bert(padded, attention_mask=mask).last_hidden_state[:, :4], alone)


@pytest.mark.parametrize("weights", [False, True], ids=["fused", "clear"])
def test_row_of_padding_alone_gives_no_nan(bert, weights):
    mask = torch.tensor([[1, 1, 1], [0, 0, 0]])
    output = bert(torch.ones(2, 3, dtype=torch.long), attention_mask=mask, output_attentions=weights)
    assert output.last_hidden_state.isfinite().all()


@pytest.mark.parametrize("given, said", [(-1, "-1 to 2"), (40, "2 to 40")])
def test_ids_that_the_model_does_not_know_are_refused(given, said):
    embeddings = BertEmbeddings(40, 8)
    with pytest.raises(ValueError, match=f"knows ids 0 to 39, got {said}: take its tokenizer"):
        embeddings(torch.tensor([[2, given]]))


@pytest.mark.parametrize("form", [attention, fused_attention], ids=["clear", "fused"])
@pytest.mark.parametrize("mask", [torch.ones(3, 4), torch.ones(3, 4).long()], ids=["floats", "integers"])
def test_both_forms_refuse_a_mask_that_is_not_bool(form, mask):
    query, key = torch.randn(2, 3, 8), torch.randn(2, 4, 8)
    with pytest.raises(ValueError, match="mask must be bool, True where looking is allowed; got torch"):
        form(query, key, key, mask)


@pytest.mark.parametrize("form", [attention, fused_attention], ids=["clear", "fused"])
def test_both_forms_refuse_a_mask_of_another_shape(form):
    query, key = torch.randn(2, 3, 8), torch.randn(2, 4, 8)
    with pytest.raises(ValueError, match=r"shape \(4, 3\), which does not fit scores of \(2, 3, 4\)"):
        form(query, key, key, torch.ones(4, 3).bool())


def test_text_beyond_the_table_of_positions_is_refused(bert):
    with pytest.raises(ValueError, match="11 tokens, .* ends at 10"):
        bert(torch.ones(1, 11, dtype=torch.long))


def test_sinusoids_of_the_paper():
    table = sinusoidal_positions(50, 8)
    for position, i in [(0, 0), (3, 0), (49, 3), (17, 2)]:
        angle = torch.tensor(position / 10000 ** (2 * i / 8), dtype=torch.float64)
        assert table[position, 2 * i].item() == pytest.approx(angle.sin().item(), abs=1e-6)
        assert table[position, 2 * i + 1].item() == pytest.approx(angle.cos().item(), abs=1e-6)


def test_row_of_padding_is_not_learned_by_reading_it():
    layer = BertEmbeddings(5, 4, 3)
    layer(torch.tensor([[0, 1]])).square().sum().backward()
    assert (layer.word_embeddings.weight.grad[0] == 0).all()


# -- configuration


@pytest.mark.parametrize(
    "kind, wanted", [(BertConfig.base, 109_482_240), (BertConfig.large, 335_141_888)], ids=["base", "large"]
)
def test_published_sizes_to_the_last_parameter(kind, wanted):
    with torch.device("meta"):
        model = BertModel(kind())
    assert sum(parameter.numel() for parameter in model.parameters()) == wanted


@pytest.mark.parametrize(
    "field, value",
    [
        ("hidden_size", 0),
        ("hidden_size", 770),
        ("vocab_size", "many"),
        ("hidden_dropout_prob", 1.0),
        ("layer_norm_eps", -1e-12),
        ("pad_token_id", 30522),
        ("num_hidden_layers", True),
    ],
)
def test_impossible_value_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=rf"BertConfig\.{field} must be .*got {value!r}"):
        BertConfig(**{field: value})


@pytest.mark.parametrize("field", [field.name for field in fields(BertConfig)])
def test_every_setting_has_a_rule(field):
    with pytest.raises(ValueError, match=rf"BertConfig\.{field} must be .*got -1"):
        BertConfig(**{field: -1})


def test_published_config_is_read_and_what_does_not_matter_ignored():
    published = {
        "model_type": "bert",
        "hidden_size": 384,
        "num_attention_heads": 12,
        "transformers_version": "4",
    }
    assert BertConfig.from_dict(published) == BertConfig(hidden_size=384)


@pytest.mark.parametrize("setting", [{"hidden_act": "relu"}, {"model_type": "gpt2"}, {"is_decoder": True}])
def test_setting_that_cannot_be_honoured_is_refused(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        BertConfig.from_dict(setting)


def test_config_file_that_is_no_json_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="config.json"):
        BertConfig.from_file(tmp_path / "config.json")


def test_weights_start_as_published():
    """Cut off at two standard deviations, a normal distribution keeps 0.8796 of its spread."""
    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig(vocab_size=3000, num_hidden_layers=1))
    weight = model.bert.embeddings.word_embeddings.weight[1:]
    assert weight.abs().max() <= 0.04
    assert weight.std().item() == pytest.approx(0.8796 * 0.02, rel=0.005)
