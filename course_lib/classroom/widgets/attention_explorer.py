"""A picture to play with: point at a token, or walk with the arrow keys, and see where it looks.

Three files lie side by side: this one checks and describes, the .js draws, the .css dresses.
"""

from html import escape
from pathlib import Path

import anywidget
import numpy
import torch
import traitlets

from course_lib.classroom.figures import BLUE, GREY, ORANGE
from course_lib.classroom.widgets.shown import Shown

MAX_TOKENS = 64  # more than this, and neither the row of tokens nor the matrix can be read
TOLERANCE = 1e-3  # how far a row's sum may be from 1: half precision rounds that much
FULL_STRENGTH = 0.85  # how opaque the blue of weight 1 is; above this, text on it is hard to read


class AttentionExplorer(Shown, anywidget.AnyWidget):
    """Where does each token look? Tokens, matrix and words, for one layer and head at a time.

    Point with the mouse, or use the arrow keys.

    tokens: list of n ≤ 64 strings   attentions: tuple of tensors, one per layer, (1, heads, n, n) or
    (heads, n, n), every row a softmax   layer, head, position: what is shown first, counted from 0

    The view moves when you set `.layer`, `.head` or `.position`, and these follow the view. Where there is
    no such layer, head or position, the nearest one is taken. ValueError where these are not
    the weights of this text.
    """

    GO_ON = "Run this cell to see where each token looks."

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)  # float32, little-endian, (layers, heads, n, n)
    layers = traitlets.Int().tag(sync=True)
    heads = traitlets.Int().tag(sync=True)
    layer = traitlets.Int().tag(sync=True)
    head = traitlets.Int().tag(sync=True)
    position = traitlets.Int().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)

    def __init__(self, tokens, attentions, title="", layer=0, head=0, position=0, **options):
        view = {"layer": int(layer), "head": int(head), "position": int(position)}
        super().__init__(**describe(tokens, attentions), **view, title=title, **options)

    @traitlets.validate("layer", "head", "position")
    def _stay_inside(self, proposal):
        counts = {"layer": self.layers, "head": self.heads, "position": len(self.tokens)}
        return max(0, min(proposal["value"], counts[proposal["trait"].name] - 1))

    def _looks(self):
        """The weights of the shown row: (n,) float32, where the token at `position` looks."""
        count = len(self.tokens)
        weights = numpy.frombuffer(self.weights, "<f4").reshape(self.layers, self.heads, count, count)
        return weights[self.layer, self.head, self.position]

    def _name(self, position):
        """A token in quotation marks; its place is added where the same token stands in the text twice."""
        token = self.tokens[position]
        return f"“{token}”" + (f" (token {position + 1})" if self.tokens.count(token) > 1 else "")

    def summary(self):
        """What the explorer shows, in one line."""
        looks = self._looks()
        most = int(looks.argmax())
        target = "itself" if most == self.position else self._name(most)
        return (
            f"Attention explorer: {plural(len(self.tokens), 'token')}, {plural(self.layers, 'layer')} of "
            f"{plural(self.heads, 'head')}; in layer {self.layer + 1}, head {self.head + 1}, "
            f"{self._name(self.position)} looks most at {target} ({looks[most]:.2f})"
        )

    def still(self):
        """The words of `summary`, and the row of tokens as it stands now as plain HTML: for a page that is
        read without a kernel.
        """
        looks = self._looks()
        most = int(looks.argmax())
        cells = []
        for position, (token, weight) in enumerate(zip(self.tokens, looks)):
            edge = f"3px solid {BLUE}" if position == most else f"1px solid {GREY}"
            place = f" <small>{position + 1}</small>" if self.tokens.count(token) > 1 else ""
            tag = f"<b style='color:{ORANGE}'>looks</b>" if position == self.position else "&nbsp;"
            # Each colour is given with its ground, so the picture reads on a dark page as on a light one.
            cells.append(
                "<span style='display:inline-block;vertical-align:bottom;text-align:center;margin:2px'>"
                f"<small>{tag}</small><br>"
                f"<span style='display:inline-block;min-width:48px;padding:3px;border:{edge};"
                "border-radius:4px;background:#fff;color:#000'>"
                "<span style='display:block;padding:1px 3px;"
                f"background:rgba(0,114,178,{FULL_STRENGTH * weight:.3f})'>{escape(token)}{place}</span>"
                "<span style='display:block;width:44px;height:5px;margin:2px auto;background:#ddd'>"
                f"<span style='display:block;width:{100 * weight:.1f}%;height:5px;background:{BLUE}'></span>"
                f"</span><small>{weight:.2f}</small></span></span> "
            )
        title = f"<b>{escape(self.title)}</b><br>" if self.title else ""
        words = self.summary()
        return words, f"{title}{''.join(cells)}<br><small>{escape(words)}</small>"


def plural(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def describe(tokens, attentions):
    """The state that the view draws from: tokens, weights, layers and heads, checked."""
    if isinstance(tokens, str):
        raise ValueError(f"tokens is one string, {tokens!r}: pass a list with a string for each token")
    tokens = list(tokens)
    for position, token in enumerate(tokens):
        if not isinstance(token, str):
            raise ValueError(f"tokens[{position}] is {token!r}: pass the tokens as strings, not their ids")
    if not 1 <= len(tokens) <= MAX_TOKENS:
        raise ValueError(
            f"tokens has {len(tokens)} entries: the explorer shows 1 to {MAX_TOKENS} tokens, "
            + ("so pass at least one" if not tokens else "so cut the text")
        )
    weights = stack(attentions)  # (layers, heads, n, n)
    layers, heads, length, _ = weights.shape
    if length != len(tokens):
        raise ValueError(
            f"there are {len(tokens)} tokens, but each attention matrix is {length} × {length}: "
            f"pass {length} tokens, [CLS] and [SEP] included, or the attentions of this text"
        )
    sums = weights.sum(dim=-1, dtype=torch.float64)  # (layers, heads, n)
    below = ~(weights >= 0).all(dim=-1)  # (layers, heads, n); not `< 0`, which NaN would pass
    wrong = ((sums - 1).abs() > TOLERANCE) | below
    if wrong.any():
        layer, head, position = place = tuple(wrong.nonzero()[0].tolist())
        raise ValueError(
            f"attentions[{layer}], head {head}, row {position} sums to {sums[place].item():.4f} and its "
            f"smallest entry is {weights[place].min().item():.4f}: every row must be a softmax, with no "
            "entry below 0 and the sum 1. Pass weights, not scores, of a model after model.eval(), since "
            "dropout breaks the sum"
        )
    return {
        "tokens": tokens,
        "weights": weights.numpy().astype("<f4").tobytes(),
        "layers": layers,
        "heads": heads,
    }


def stack(attentions):
    """One (1, heads, n, n) or (heads, n, n) per layer → one float32 tensor (layers, heads, n, n)."""
    attentions = [None] if attentions is None else list(attentions)
    if any(layer is None for layer in attentions):
        raise ValueError("attentions is None: ask the model for its weights, with output_attentions=True")
    stacked = []
    for number, layer in enumerate(attentions):
        layer = torch.as_tensor(layer).detach().to("cpu", torch.float32)
        shape = tuple(layer.shape)
        if layer.dim() == 4 and shape[0] == 1:
            layer = layer[0]
        if layer.dim() != 3 or layer.shape[1] != layer.shape[2] or 0 in layer.shape:
            raise ValueError(
                f"attentions[{number}] has the shape {shape}: pass the weights of one text, "
                "(1, heads, n, n) or (heads, n, n)"
            )
        if stacked and layer.shape != stacked[0].shape:
            raise ValueError(
                f"attentions[{number}] has the shape {shape}, but attentions[0] has "
                f"{tuple(torch.as_tensor(attentions[0]).shape)}: all layers need the same heads and n"
            )
        stacked.append(layer)
    if not stacked:
        raise ValueError("attentions is empty: pass one tensor per layer")
    return torch.stack(stacked)  # (layers, heads, n, n)
