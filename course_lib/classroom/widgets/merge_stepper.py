"""Step through the merges of three rules on the same words: what each has made, and what it joins next."""

from bisect import bisect_right
from html import escape
from itertools import islice

import ipywidgets as widgets

from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.classroom.widgets.slider import Slider
from course_lib.files import composed
from course_lib.wordpiece_training import PairCounts, characters_of, joined, merges

NAMES = {
    "frequency": "frequency (BPE)",
    "ratio": "ratio (Hugging Face's course)",
    "likelihood": "likelihood (Schuster and Nakajima 2012)",
}
CANDIDATES = 4


class History:
    """A training that can be shown as it was after any number of merges.

    counts: {word: how often}   rule: see `merges`   most: how many merges are kept
    """

    def __init__(self, counts, rule, most):
        self.counts, self.rule = dict(counts), rule
        self.merges = list(islice(merges(self.counts, rule), most))
        # For each word its states, as (number of the merge from which on it holds, pieces).
        self.states = {word: [(0, characters_of(word))] for word in self.counts}
        for number, merge in enumerate(self.merges, 1):
            for states in self.states.values():
                pieces = states[-1][1]
                if merge.left in pieces and merge.right in pieces:
                    after = joined(pieces, (merge.left, merge.right), merge.piece)
                    if after != pieces:
                        states.append((number, after))

    def pieces(self, word, step):
        """The pieces of a word after `step` merges."""
        states = self.states[word]
        return states[bisect_right(states, step, key=lambda state: state[0]) - 1][1]

    def candidates(self, step):
        """What could be joined next, best first: (score, pair, count of the pair, of left, of right)."""
        found = PairCounts(self.rule)
        for word, count in self.counts.items():
            found.add(self.pieces(word, step), count)
        scores = {pair: found.score(pair) for pair, count in found.of_pair.items() if count > 1}
        best = sorted(scores, key=lambda pair: (-scores[pair], pair))[:CANDIDATES]
        return [
            (scores[pair], pair, found.of_pair[pair], found.of_piece[pair[0]], found.of_piece[pair[1]])
            for pair in best
            if scores[pair] > 0  # as in `merges`
        ]


class MergeStepper(Shown, widgets.VBox):
    """All three rules on the words of `counts`, merge by merge.

    counts: {word: how often}   watched: the words that are shown   most: merges to step through
    step: so many merges are done at first
    """

    GO_ON = "Run this cell to step through the merges."

    def __init__(self, counts, watched, most=200, step=0):
        counted = {composed(word): word for word in counts}  # decomposed ones stay so: they merge otherwise
        if missing := [word for word in watched if composed(word) not in counted]:
            raise ValueError(f"watched words must be among the counted ones; {', '.join(missing)} is not")
        self.histories = {rule: History(counts, rule, most) for rule in NAMES}
        self.watched = [counted[composed(word)] for word in watched]
        last = max(len(history.merges) for history in self.histories.values())
        self.slider = Slider("merges", range(last + 1), value=step)
        self.back = widgets.Button(description="◀ one back", tooltip="Undo one merge")
        self.on = widgets.Button(description="one on ▶", tooltip="One more merge")
        self.back.on_click(lambda _: self.move(-1))
        self.on.on_click(lambda _: self.move(+1))
        self.picture = widgets.HTML()
        self.slider.on_change(self.draw)
        controls = widgets.HBox([self.slider, self.back, self.on], layout={"flex_flow": "row wrap"})
        super().__init__([widgets.HTML(STYLE), controls, self.picture])
        self.add_class("course-card")
        self.draw()

    def move(self, step):
        self.slider.value = min(max(self.slider.value + step, 0), self.slider.options[-1])

    def draw(self):
        self.back.disabled = self.slider.value == 0
        self.on.disabled = self.slider.value == self.slider.options[-1]
        self.picture.value = self.html()

    def html(self):
        step = self.slider.value
        parts = [self.rule_html(rule, history, step) for rule, history in self.histories.items()]
        return f"<div style='display:flex;flex-wrap:wrap;gap:8px 12px'>{''.join(parts)}</div>"

    def rule_html(self, rule, history, step):
        """One of the rules: its last merge, what it would join next, and the watched words."""
        if step == 0:
            last = "no merge yet"
        elif step > len(history.merges):
            last = "no pair is left"
        else:
            merge = history.merges[step - 1]
            left, right, piece = map(escape, merge[:3])
            last = f"merge {step}: {left} + {right} → <b>{piece}</b>"
        rows = "".join(
            f"<tr>{cell('→' if number == 0 else '')}{cell(f'{escape(left)} {escape(right)}')}"
            f"{cell(pair)}{cell(f'{first} · {second}')}{cell(f'{score:.3g}')}</tr>"
            for number, (score, (left, right), pair, first, second) in enumerate(history.candidates(step))
        )
        head = "".join(map(cell, ("", "next", "together", "each", "score")))
        words = "".join(f"<div>{boxes(history.pieces(word, step))}</div>" for word in self.watched)
        return f"<div><b>{escape(NAMES[rule])}</b><br>{last}{words}<table><tr>{head}</tr>{rows}</table></div>"

    def summary(self):
        """The watched words after the merges that are shown, a line for each rule."""
        step = self.slider.value
        lines = [
            f"{NAMES[rule]}: " + ", ".join(" ".join(history.pieces(word, step)) for word in self.watched)
            for rule, history in self.histories.items()
        ]
        return "\n".join([f"After {step} merges", *lines])

    def still(self):
        return self.summary(), f"<p>After {self.slider.value} merges:</p>{self.html()}"


def cell(content):
    """A cell of the table of candidates."""
    return f"<td style='text-align:left;padding:1px 6px 1px 0'>{content}</td>"


def boxes(pieces):
    """Pieces in frames of their own."""
    style = "display:inline-block;margin:1px;padding:0 6px;border:1px solid #666;border-radius:4px"
    return "".join(f"<span style='{style}'>{escape(piece)}</span>" for piece in pieces)
