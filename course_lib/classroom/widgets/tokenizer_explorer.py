"""A text to type, cut by several vocabularies side by side: click a token and see its characters.

Three files lie side by side: this one cuts and describes, the .js draws, the .css dresses.
"""

from html import escape
from pathlib import Path

import anywidget
import traitlets

from course_lib.classroom.materials.interface_texts import interface_texts
from course_lib.classroom.widgets.shown import Shown
from course_lib.files import composed
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer
from course_lib.wordpiece_training import alphabet, count_words, train_wordpiece

LONGEST = 200  # characters; a longer text cannot be seen at one glance


class TokenizerExplorer(Shown, anywidget.AnyWidget):
    """Type a text and see how each tokenizer cuts it.

    tokenizers: {title: WordPieceTokenizer}   text: the text at first

    The view sends what is typed as `text`; `rows` answers it, composed (NFC), one row for each tokenizer.
    """

    GO_ON = "Run this cell to type your own text."

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    text = traitlets.Unicode().tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    longest = traitlets.Int(LONGEST).tag(sync=True)

    def __init__(self, tokenizers, text, **options):
        if not tokenizers:
            raise ValueError("tokenizers is empty: pass {title: tokenizer}, at least one")
        self.tokenizers = dict(tokenizers)
        super().__init__(text=text, **options)

    @traitlets.validate("text")
    def _cut(self, proposal):
        return composed(proposal["value"])[:LONGEST]

    @traitlets.observe("text")
    def _answer(self, change):
        # The text goes along: the view may have sent the next one by the time this arrives.
        self.rows = [
            row(title, tokenizer, change["new"]) | {"text": change["new"]}
            for title, tokenizer in self.tokenizers.items()
        ]

    def summary(self):
        """What the explorer shows, a line for each tokenizer."""
        lines = [f"Tokenizer explorer: {self.text}"]
        for each in self.rows:
            pieces = " ".join(piece["text"] for piece in each["pieces"])
            lines.append(f"{each['title']} ({each['says']}): {pieces}")
        return "\n".join(lines)

    def still(self):
        """The words of `summary`, and the rows as HTML: for a page that is read without a kernel."""
        parts = [f"<p>{escape(self.text)}</p>"]
        for each in self.rows:
            style = "display:inline-block;margin:2px;padding:2px 6px;border-radius:4px;border:1px "
            pieces = "".join(
                f"<span style='{style}{'solid' if piece['known'] else 'dashed'} #666'>"
                f"{escape(piece['text'])}</span>"
                for piece in each["pieces"]
            )
            parts.append(f"<p><b>{escape(each['title'])}</b> · {each['says']}<br>{pieces}</p>")
        return self.summary(), "".join(parts)


def row(title, tokenizer, text):
    """How one tokenizer cuts the text: its tokens with their places, and a summary in words."""
    pieces = [
        {"text": piece, "start": start, "end": end, "id": tokenizer.ids[piece], "known": piece != "[UNK]"}
        for piece, start, end in tokenizer.pieces(text)
    ]
    unknown = sum(not piece["known"] for piece in pieces)
    says = f"{len(pieces)} tokens, {unknown} unknown; a vocabulary of {len(tokenizer.vocab):,}"
    return {"title": title, "pieces": pieces, "says": says}


def tokenizer_demo():
    """Characters, words and subwords of JupyterLab's interface, English and Korean together."""
    texts = [text for pair in interface_texts() for text in pair]
    options = dict(lowercase=True, strip_accents=False)
    counts = count_words(texts, **options)
    vocabularies = {
        "characters": [*SPECIAL, *alphabet(counts)],
        "words": [*SPECIAL, *counts],
        "subwords": train_wordpiece(texts, 4000, "frequency", progress=False, **options),
    }
    tokenizers = {title: WordPieceTokenizer(vocab, **options) for title, vocab in vocabularies.items()}
    return TokenizerExplorer(tokenizers, "새로운 노트북을 저장했다. The unsaved notebooks are reopened.")
