"""Positions: rotations that know distances, and small encoders that differ in nothing else."""

import pytest
import torch

from course_lib import positions
from course_lib.attention import SelfAttention
from course_lib.classroom.judging.own_code import replaced
from course_lib.embeddings import clock_angles, sinusoidal_positions
from course_lib.inductive_bias import Ensemble
from course_lib.positions import (
    HIDDEN_SIZE,
    LONGEST,
    PADDING,
    POSITION_KINDS,
    PlacedEncoder,
    RotaryAttention,
    rotary,
)

TABLES = ("learned", "frozen")


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_rotary_is_multiplication_by_a_complex_number():
    vectors = draw(2, 7, 6)
    numbers = torch.view_as_complex(vectors.view(2, 7, 3, 2))
    turned = numbers * torch.exp(1j * clock_angles(7, 6))
    torch.testing.assert_close(rotary(vectors), torch.view_as_real(turned).flatten(-2))


def test_rotary_keeps_lengths_and_dtype():
    vectors = draw(3, 5, 8).float()
    assert rotary(vectors).dtype == torch.float32
    torch.testing.assert_close(rotary(vectors).norm(dim=-1), vectors.norm(dim=-1))


def test_scores_of_turned_vectors_depend_on_the_distance_alone():
    query, key = draw(2, 8)
    scores = rotary(query.expand(20, 8)) @ rotary(key.expand(20, 8)).T
    for distance in range(-19, 20):
        diagonal = scores.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))


def test_sinusoids_are_the_rotation_of_their_first_row():
    first = sinusoidal_positions(1, 8).double()
    # (sin, cos) turns against the sense of (cos, sin): exchange the two numbers of each pair
    exchanged = first.view(4, 2).flip(-1).flatten()
    turned = rotary(exchanged.expand(50, 8)).view(50, 4, 2).flip(-1).flatten(1)
    torch.testing.assert_close(turned.float(), sinusoidal_positions(50, 8))


def test_without_positions_the_order_changes_nothing():
    torch.manual_seed(0)
    model = PlacedEncoder("none", vocab_size=9)
    ids = torch.tensor([[1, 2, 3, 4, 5], [5, 3, 1, 2, 4]])
    one, other = model(ids)
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("kind", [kind for kind in POSITION_KINDS if kind != "none"])
def test_with_positions_the_order_counts(kind):
    torch.manual_seed(0)
    model = PlacedEncoder(kind, vocab_size=9)
    one, other = model(torch.tensor([[1, 2, 3, 4, 5], [5, 3, 1, 2, 4]]))
    assert not torch.allclose(one, other, atol=1e-3)


def test_kinds_differ_in_nothing_but_their_positions():
    sizes = {}
    for kind in POSITION_KINDS:
        model = PlacedEncoder(kind, vocab_size=9)
        sizes[kind] = sum(parameter.numel() for parameter in model.parameters())
    assert sizes["none"] == sizes["sinusoidal"] == sizes["rotary"] == sizes["learned"] - LONGEST * HIDDEN_SIZE
    assert sizes["frozen"] == sizes["learned"]


@pytest.mark.parametrize("kind", TABLES)
def test_training_changes_a_learned_table_and_not_a_frozen_one(kind):
    ensemble = Ensemble(lambda: PlacedEncoder(kind, vocab_size=9), models=2)
    before = ensemble.parameters["positions"].detach().clone()
    ids = torch.randint(0, 9, (2, 8, 5), generator=torch.Generator().manual_seed(0))
    for _ in ensemble.train(ids, ids[:, :, 2], sizes=[8, 8], steps=2):
        pass
    assert torch.equal(ensemble.parameters["positions"], before) == (kind == "frozen")
    assert not torch.equal(before[0], before[1])


def test_the_frozen_kind_adds_the_table_that_it_is_given():
    torch.manual_seed(0)
    given = PlacedEncoder("frozen", vocab_size=9, table=sinusoidal_positions(LONGEST, HIDDEN_SIZE))
    computed = PlacedEncoder("sinusoidal", vocab_size=9)
    computed.load_state_dict({k: v for k, v in given.state_dict().items() if k != "positions"})
    ids = torch.tensor([[1, 2, 3, 4, 5]])
    torch.testing.assert_close(given(ids), computed(ids))


@pytest.mark.parametrize(("kind", "rows"), [("learned", LONGEST), ("frozen", 8)])
def test_a_table_is_refused_elsewhere_and_in_another_shape(kind, rows):
    with pytest.raises(ValueError, match=f"the kind 'frozen' and the shape .*, got '{kind}' and .{rows}, 32"):
        PlacedEncoder(kind, vocab_size=9, table=torch.zeros(rows, HIDDEN_SIZE))


@pytest.mark.parametrize("kind", POSITION_KINDS)
def test_padding_at_the_end_changes_nothing(kind):
    torch.manual_seed(0)
    model, ids = PlacedEncoder(kind, vocab_size=9), torch.tensor([[1, 2, 3, 4]])
    padded = torch.cat([ids, torch.full((1, 3), PADDING)], dim=1)
    torch.testing.assert_close(model(padded), model(ids))


@pytest.mark.parametrize("kind", POSITION_KINDS)
def test_padding_in_front_moves_the_text_which_only_added_positions_notice(kind):
    torch.manual_seed(0)
    model, ids = PlacedEncoder(kind, vocab_size=9), torch.tensor([[1, 2, 3, 4]])
    moved = model(torch.cat([torch.full((1, 16), PADDING), ids], dim=1))
    is_same = torch.allclose(moved, model(ids), atol=1e-4)
    assert is_same == (kind in ("none", "rotary"))


def test_dropout_acts_on_rotary_attention_in_training_alone():
    torch.manual_seed(0)
    attention, hidden = RotaryAttention(8, 2, dropout=0.5), torch.randn(1, 6, 8)
    for fused in (True, False):
        attention.fused = fused
        attention.train()
        assert not torch.equal(attention(hidden)[0], attention(hidden)[0])
        attention.eval()
        assert torch.equal(attention(hidden)[0], attention(hidden)[0])


def test_the_fused_form_of_rotary_attention_gives_the_same_numbers():
    torch.manual_seed(0)
    attention, hidden = RotaryAttention(8, 2), torch.randn(3, 6, 8)
    clear, weights = attention(hidden, output_attentions=True)
    fused, none = attention(hidden)
    assert weights is not None and none is None
    torch.testing.assert_close(fused, clear, atol=1e-6, rtol=1e-5)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="none, sinusoidal, learned, frozen, rotary, got 'relative'"):
        PlacedEncoder("relative", vocab_size=9)


def test_angles_are_computed_once_for_queries_and_keys(monkeypatch):
    calls = []
    monkeypatch.setattr(positions, "clock_angles", lambda *size: calls.append(size) or clock_angles(*size))
    RotaryAttention(12, 3)(torch.zeros(2, 5, 12))
    assert calls == [(5, 4)]


@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
def test_queries_and_keys_are_turned_and_values_are_not(fused):
    torch.manual_seed(0)
    layer, hidden = RotaryAttention(12, 3, fused=fused), torch.randn(2, 5, 12)
    query, key, value = layer.project(hidden)
    plain = SelfAttention.project(layer, hidden)
    assert torch.equal(query, rotary(plain[0])) and torch.equal(key, rotary(plain[1]))
    assert torch.equal(value, plain[2])


def test_rotary_attention_turns_with_the_learners_own_function():
    layer, hidden, calls = RotaryAttention(12, 3), torch.randn(2, 5, 12), []

    def mine(vectors):
        calls.append(vectors.shape)
        return rotary(vectors)

    wanted = layer(hidden)[0]
    undo = replaced("course_lib.positions.rotary", mine)
    try:
        assert torch.equal(layer(hidden)[0], wanted)
    finally:
        undo()
    assert calls == [(2, 6, 5, 4)]


def test_vectors_of_odd_size_are_refused():
    with pytest.raises(ValueError, match="an even size.*got 15"):
        rotary(torch.zeros(2, 15))


def test_heads_of_odd_size_are_refused_by_their_name():
    with pytest.raises(ValueError, match="head_size = hidden_size / num_heads must be even.*30 / 2 = 15"):
        RotaryAttention(30, 2)


@pytest.mark.parametrize("kind", TABLES)
def test_a_text_longer_than_the_table_is_refused_by_length(kind):
    ids = torch.ones(2, LONGEST + 1, dtype=torch.long)
    with pytest.raises(ValueError, match=f"has {LONGEST + 1} tokens, .* ends at {LONGEST}"):
        PlacedEncoder(kind, vocab_size=9)(ids)
    PlacedEncoder(kind, vocab_size=9)(ids[:, 1:])


@pytest.mark.parametrize("kind", [kind for kind in POSITION_KINDS if kind not in TABLES])
def test_the_other_kinds_know_no_end(kind):
    PlacedEncoder(kind, vocab_size=9)(torch.ones(2, LONGEST + 1, dtype=torch.long))


@pytest.mark.parametrize("vectors", [torch.ones(8), torch.tensor([[1, 0], [1, 0]])], ids=["one", "integers"])
def test_only_rows_of_floats_are_turned(vectors):
    with pytest.raises(
        ValueError, match=r"vectors must be floats of the shape \(\.\.\., n, d\), got torch\."
    ):
        rotary(vectors)
