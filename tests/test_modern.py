"""What has changed since 2018, against implementations that nobody here wrote."""

import dataclasses

import pytest
import torch
from torch import nn
from transformers import ModernBertConfig
from transformers.models.modernbert.modeling_modernbert import ModernBertMLP

from course_lib import modern
from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.classroom.experiments.changes import CHANGES, MODERN_BERT
from course_lib.encoder import EncoderLayer

CONFIG = BertConfig(
    vocab_size=40,
    hidden_size=24,
    num_hidden_layers=4,
    num_attention_heads=4,
    intermediate_size=48,
    max_position_embeddings=32,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    initializer_range=0.3,
)
IDS = torch.randint(5, 40, (3, 14), generator=torch.Generator().manual_seed(0))
ALL = [change for changes, _ in CHANGES.values() for change in changes if change in vars(modern).values()]


def changed(*changes):
    torch.manual_seed(0)
    model = BertForMaskedLM(CONFIG)
    for change in changes:
        change(model)
    return model.eval()


def test_pre_norm_layer_is_torchs_with_norm_first():
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(
        24, 4, 48, dropout=0.0, activation="gelu", norm_first=True, batch_first=True, layer_norm_eps=1e-12
    )
    ours = EncoderLayer(24, 4, 48, dropout=0.0, attention_dropout=0.0)
    ours.__class__ = modern.PreNormLayer
    ours.attention.query_key_value.weight.data = theirs.self_attn.in_proj_weight.data
    ours.attention.query_key_value.bias.data = theirs.self_attn.in_proj_bias.data
    pairs = [
        (ours.attention.output, theirs.self_attn.out_proj),
        (ours.attention_norm, theirs.norm1),
        (ours.feed_forward.expand, theirs.linear1),
        (ours.feed_forward.contract, theirs.linear2),
        (ours.feed_forward_norm, theirs.norm2),
    ]
    for our, their in pairs:
        our.load_state_dict(their.state_dict())
    hidden = torch.randn(2, 7, 24)
    torch.testing.assert_close(ours(hidden)[0], theirs(hidden), atol=2e-6, rtol=1e-5)


def test_gated_feed_forward_is_that_of_modernbert():
    config = ModernBertConfig(hidden_size=24, intermediate_size=32, mlp_bias=True, mlp_dropout=0.0)
    theirs, ours = ModernBertMLP(config), modern.GatedFeedForward(24, 32)
    ours.expand.load_state_dict(theirs.Wi.state_dict())
    ours.contract.load_state_dict(theirs.Wo.state_dict())
    hidden = torch.randn(2, 5, 24)
    torch.testing.assert_close(ours(hidden), theirs(hidden))


def test_the_gate_costs_no_weights():
    def weights(model):
        return sum(p.numel() for layer in model.bert.encoder.layers for p in layer.feed_forward.parameters())

    before, after = weights(changed()), weights(changed(modern.gated_feed_forward))
    assert abs(after - before) / before < 0.02  # the biases differ


@pytest.mark.parametrize(("length", "window"), [(1, 2), (6, 2), (9, 4), (7, 5), (4, 100)])
def test_local_mask_is_that_of_a_loop(length, window):
    wanted = [[abs(i - j) <= window // 2 for j in range(length)] for i in range(length)]
    assert modern.local_mask(length, window).tolist() == wanted


def test_local_attention_sees_nothing_beyond_its_window():
    """A change at the last position reaches each layer's window farther, and no more."""
    model = changed(lambda model: modern.alternating_attention(model, window=4, every=100))
    model.bert.encoder.layers[0].attention = modern.LocalAttention(model.bert.encoder.layers[0].attention, 4)
    other = IDS.clone()
    other[:, -1] = 5 + (IDS[:, -1] + 1) % 30
    with torch.no_grad():
        difference = (model(IDS).logits - model(other).logits).abs().amax(dim=(0, 2))
    reach = 2 * CONFIG.num_hidden_layers  # two to each side in every layer
    assert difference[: -1 - reach].max() == 0 and difference[-1 - reach] > 0


def test_every_third_layer_looks_at_everything():
    local = [
        isinstance(layer.attention, modern.LocalAttention)
        for layer in changed(modern.alternating_attention).bert.encoder.layers
    ]
    assert local == [False, True, True, False]


def test_padding_changes_nothing_under_any_change():
    for changes, _ in CHANGES.values():
        model = changed(*changes)
        longer = torch.cat([IDS, torch.zeros(3, 5, dtype=torch.long)], dim=1)
        with torch.no_grad():
            alone, padded = model(IDS).logits, model(longer, attention_mask=longer != 0).logits[:, :14]
        torch.testing.assert_close(alone, padded, atol=1e-5, rtol=1e-4)


def test_without_biases_the_layers_have_none():
    model = changed(modern.no_biases)
    assert not [name for name, _ in model.bert.encoder.named_parameters() if "bias" in name]
    assert model.lm_head.bias is not None


def test_rotary_positions_know_only_distances():
    """A text moved along by padding in front has the same vectors, which a table of positions cannot give."""
    moved = torch.cat([torch.full((3, 4), CONFIG.pad_token_id), IDS], dim=1)
    for changes, same in (((), False), ((modern.rotary_positions,), True)):
        model = changed(*changes)
        with torch.no_grad():
            at_start, later = model(IDS).logits, model(moved, attention_mask=moved != 0).logits[:, 4:]
        assert torch.allclose(at_start, later, atol=1e-4) == same


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.__name__)
def test_each_change_changes_something_and_can_be_trained(change):
    model = changed(change)
    assert (
        not torch.allclose(model(IDS).logits, changed()(IDS).logits, atol=1e-3) or change is modern.no_biases
    )
    model.train()(IDS, labels=IDS).loss.backward()
    missing = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not missing


def test_all_changes_together_leave_no_bias_behind():
    model = changed(*CHANGES["all of these"][0])
    assert not [name for name, _ in model.bert.encoder.named_parameters() if "bias" in name]
    assert isinstance(model.bert.encoder.layers[1].attention.attention, modern.RotaryAttention)


def test_only_positions_kept_give_the_same_numbers():
    labels = IDS.masked_fill(torch.arange(14) % 3 != 0, -100)
    for changes, _ in CHANGES.values():
        model = changed(*changes)
        whole, part = model(IDS, labels=labels), model(IDS, labels=labels, masked_only=True)
        torch.testing.assert_close(part.loss, whole.loss, atol=1e-5, rtol=1e-5)


def test_the_table_says_what_modernbert_does():
    """The column is written by hand; this holds it against the reference's own settings."""
    config = ModernBertConfig()
    facts = {
        "no biases": not (config.attention_bias or config.mlp_bias or config.norm_bias),
        "GeGLU": config.hidden_activation == "gelu",
        "rotary positions": "rope_parameters" in config.to_dict(),
        "alternating local attention": {*config.layer_types} == {"sliding_attention", "full_attention"},
    }
    assert config.layer_types[:4] == [
        "full_attention",
        "sliding_attention",
        "sliding_attention",
        "full_attention",
    ]
    for name, is_so in facts.items():
        assert is_so and MODERN_BERT[name].startswith("yes"), name


def test_attention_weights_can_be_seen_under_every_change():
    for changes, _ in CHANGES.values():
        weights = changed(*changes)(IDS, output_attentions=True).attentions
        assert len(weights) == CONFIG.num_hidden_layers
        torch.testing.assert_close(weights[1].sum(-1), torch.ones(3, 4, 14))


def test_rotary_positions_on_heads_of_odd_size_are_refused_and_change_nothing():
    model = BertForMaskedLM(dataclasses.replace(CONFIG, hidden_size=20, num_attention_heads=4))
    before = model(IDS).logits
    with pytest.raises(ValueError, match="head_size .* must be even.* 20 / 4 = 5"):
        modern.rotary_positions(model)
    assert torch.equal(model(IDS).logits, before)


@pytest.mark.parametrize(("window", "every"), [(-1, 3), (8, 0), (8, -1)])
def test_a_window_or_a_turn_below_the_least_is_refused(window, every):
    with pytest.raises(ValueError, match=f"got {window} and {every}"):
        modern.alternating_attention(changed(), window, every)


def test_a_gate_of_odd_width_is_refused():
    with pytest.raises(ValueError, match="even number of columns, got 5"):
        modern.geglu(torch.zeros(2, 5))


def test_a_network_too_narrow_for_a_gate_is_refused():
    with pytest.raises(ValueError, match="intermediate_size of at least 2, got 1"):
        modern.gated_feed_forward(BertForMaskedLM(dataclasses.replace(CONFIG, intermediate_size=1)))
