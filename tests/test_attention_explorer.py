"""The attention explorer takes only what it can show, sends the very weights, and says it in words too."""

import re

import numpy
import pytest
import torch

from course_lib.classroom.widgets.attention_explorer import AttentionExplorer
from course_lib.encoder import Encoder

TOKENS = ["[CLS]", "배", "##를", "깎", "##았", "다", ".", "배", "[SEP]"]


def draw(layers=2, heads=3, length=9, seed=0, batch=(1,)):
    generator = torch.Generator().manual_seed(seed)
    shape = (*batch, heads, length, length)
    return tuple(torch.randn(shape, generator=generator).mul(3).softmax(-1) for _ in range(layers))


def changed(attentions, place, value):
    attentions = tuple(layer.clone() for layer in attentions)
    attentions[1][place] = value
    return attentions


LONG = ["다"] * 65
REFUSED = {
    "no tokens": ([], draw(), "tokens has 0 entries: .* 1 to 64"),
    "65 tokens": (LONG, draw(length=65), "tokens has 65 entries: .* 1 to 64"),
    "a string for tokens": ("배를", draw(), "tokens is one string, '배를': pass a list"),
    "ids for tokens": ([2, 17, 3], draw(length=3), r"tokens\[0\] is 2: .* strings"),
    "a token too few": (TOKENS[:-1], draw(), "there are 8 tokens, .* 9 × 9: pass 9 tokens"),
    "no layers": (TOKENS, (), "attentions is empty: pass one tensor per layer"),
    "not asked for": (TOKENS, None, "attentions is None: .*output_attentions=True"),
    "not asked for by the encoder": (TOKENS, (None, None), "attentions is None: .*output_attentions=True"),
    "two texts": (TOKENS, draw(batch=(2,)), r"attentions\[0\] has the shape \(2, 3, 9, 9\): .* one text"),
    "a matrix for a layer": (TOKENS, draw()[0][0], r"attentions\[0\] has the shape \(9, 9\): "),
    "not square": (TOKENS, (torch.ones(3, 9, 8) / 8,), r"attentions\[0\] has the shape \(3, 9, 8\): "),
    "layers that differ": (
        TOKENS,
        draw(1) + draw(1, heads=2),
        r"attentions\[1\] has the shape \(1, 2, 9, 9\), but attentions\[0\] has \(1, 3, 9, 9\)",
    ),
    "sum above 1": (
        TOKENS,
        changed(draw(), (0, 2, 4), torch.full((9,), 1.002 / 9)),
        r"attentions\[1\], head 2, row 4 sums to 1.0020 .* softmax",
    ),
    "below 0": (
        TOKENS,
        changed(draw(), (0, 0, 3), torch.tensor([-0.5, 1.5] + [0.0] * 7)),
        r"attentions\[1\], head 0, row 3 .* smallest entry is -0.5000: .* softmax",
    ),
    "not a number": (TOKENS, changed(draw(), (0, 0, 3, 3), float("nan")), "row 3 sums to nan .* softmax"),
}


@pytest.mark.parametrize("tokens, attentions, message", REFUSED.values(), ids=REFUSED)
def test_refuses_what_it_cannot_show(tokens, attentions, message):
    with pytest.raises(ValueError, match=message):
        AttentionExplorer(tokens, attentions)


@pytest.mark.parametrize("batch", [(1,), ()], ids=["with a batch of one", "without"])
def test_sends_the_bytes_of_the_tensors(batch):
    attentions = draw(batch=batch)
    explorer = AttentionExplorer(TOKENS, attentions)
    sent = numpy.frombuffer(explorer.weights, "<f4").reshape(2, 3, 9, 9)
    numpy.testing.assert_array_equal(sent, torch.stack(attentions).reshape(2, 3, 9, 9).numpy())
    assert (explorer.layers, explorer.heads) == (2, 3)


def test_takes_what_our_encoder_gives():
    encoder = Encoder(num_layers=2, hidden_size=8, num_heads=2, intermediate_size=8).eval()
    _, attentions = encoder(torch.randn(1, 64, 8), output_attentions=True)  # 64 is the most it shows
    explorer = AttentionExplorer(["다"] * 64, attentions)
    assert len(explorer.weights) == 4 * 2 * 2 * 64 * 64


def test_half_precision_is_near_enough_to_a_softmax():
    AttentionExplorer(TOKENS, tuple(layer.half() for layer in draw()))


@pytest.mark.parametrize("asked, got", [(-1, 0), (4, 4), (99, 8)])
def test_position_stays_in_the_text(asked, got):
    explorer = AttentionExplorer(TOKENS, draw(), position=asked)
    assert explorer.position == got
    explorer.position = 3
    explorer.position = asked
    assert explorer.position == got


def test_layer_and_head_stay_in_the_model():
    explorer = AttentionExplorer(TOKENS, draw(), layer=5, head=5)
    assert (explorer.layer, explorer.head) == (1, 2)


def uniform_but(place, weights, layers=2, heads=2):
    """Everybody looks everywhere alike, but for one row."""
    length = len(weights)
    attentions = torch.full((layers, heads, length, length), 1 / length)
    attentions[place] = torch.tensor(weights)
    return tuple(attentions)


def bundle_of(explorer):
    data, _ = explorer._repr_mimebundle_()
    return data


def test_text_says_where_the_token_looks_most():
    attentions = uniform_but((0, 1, 1), [0.1, 0.2, 0.62, 0.08])
    explorer = AttentionExplorer(["[CLS]", "배", "깎았", "[SEP]"], attentions, head=1, position=1)
    assert bundle_of(explorer)["text/plain"] == (
        "Attention explorer: 4 tokens, 2 layers of 2 heads; in layer 1, head 2, "
        "“배” looks most at “깎았” (0.62)"
    )


def test_text_follows_the_view():
    explorer = AttentionExplorer(["배", "다"], uniform_but((1, 0, 1), [0.25, 0.75]))
    explorer.layer, explorer.position = 1, 1
    assert bundle_of(explorer)["text/plain"].endswith("in layer 2, head 1, “다” looks most at itself (0.75)")


def test_text_tells_two_equal_tokens_apart():
    attentions = uniform_but((0, 0, 0), [0.1, 0.1, 0.8], layers=1, heads=1)
    explorer = AttentionExplorer(["배", "다", "배"], attentions)
    assert explorer.summary() == (
        "Attention explorer: 3 tokens, 1 layer of 1 head; in layer 1, head 1, "
        "“배” (token 1) looks most at “배” (token 3) (0.80)"
    )


def test_still_picture_shows_every_token_with_its_weight():
    attentions = uniform_but((0, 0, 0), [0.05, 0.15, 0.8])
    html = bundle_of(AttentionExplorer(["[CLS]", "##에", "<b>"], attentions, title="배 & 배"))["text/html"]
    shown = re.findall(r">([^<>]+)</span><span[^>]*><span style='display:block;width:([\d.]+)%", html)
    assert shown == [("[CLS]", "5.0"), ("##에", "15.0"), ("&lt;b&gt;", "80.0")]
    assert re.findall(r"<small>(\d\.\d\d)</small>", html) == ["0.05", "0.15", "0.80"]
    assert "<b>배 &amp; 배</b>" in html


def test_still_picture_numbers_equal_tokens():
    _, html = AttentionExplorer(["배", "다", "배"], draw(length=3)).still()
    assert re.findall(r">([배다])(?: <small>(\d)</small>)?</span>", html) == [
        ("배", "1"),
        ("다", ""),
        ("배", "3"),
    ]


def test_still_picture_is_the_same_each_time_and_names_no_widget():
    first, second = (AttentionExplorer(TOKENS, draw()) for _ in range(2))
    assert bundle_of(first)["text/html"] == bundle_of(second)["text/html"]
    assert first.model_id not in bundle_of(first)["text/html"]
    assert not re.search(r"\bid=|/work|/home|<script|https?:", bundle_of(first)["text/html"])


def test_bundle_keeps_the_widget():
    explorer = AttentionExplorer(TOKENS, draw())
    assert bundle_of(explorer)["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id


def test_view_needs_no_network():
    """No import, no address: the widget works on a laptop in a train."""
    script, style = str(AttentionExplorer._esm), str(AttentionExplorer._css)
    assert "export default" in script and ".attention-explorer" in style
    assert not re.search(r"https?:|\bimport\b|@import|url\(|fetch\(", script + style)
