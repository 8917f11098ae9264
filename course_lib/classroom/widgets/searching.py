"""Search the installed documentation: by meaning, with sentence vectors, and by keywords."""

import re
from html import escape
from typing import NamedTuple

import bm25s
import ipywidgets as widgets
import torch

from course_lib.classroom.progress_bar import watch
from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.files import DATA, composed
from course_lib.similarity import most_similar, sentence_vectors

QUESTIONS = DATA / "week7" / "questions.tsv"
SHOWN, LONGEST = 5, 40  # answers beside each other; tokens of a description that are read


class Question(NamedTuple):
    """text: what somebody asks   answers: the names of all functions that answer it"""

    text: str
    answers: set


def read_questions():
    """The questions of data/week7/questions.tsv."""
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Question(text, set(answers.split(", "))) for text, answers in cells]


def words(text):
    """What a keyword search looks for: the words in lower case; a name such as numpy.argsort gives two."""
    return re.findall(r"[a-z0-9]+", composed(text).lower())


class Search:
    """Two ways to find a function. functions: {name: description}   encoder, tokenizer: of a BertModel"""

    def __init__(self, functions, encoder, tokenizer):
        self.functions, self.encoder, self.tokenizer = functions, encoder, tokenizer
        self.names = list(functions)
        texts = [f"{name}: {description}" for name, description in functions.items()]
        self.vectors = sentence_vectors(
            encoder,
            tokenizer,
            texts,
            LONGEST,
            progress=lambda batches: watch(batches, len(batches), "reading the documentation", every=1),
        )  # (functions, hidden_size)
        self.keywords = bm25s.BM25()
        self.keywords.index([words(text) for text in texts], show_progress=False)

    def by_meaning(self, question, k=SHOWN):
        """The k names whose description lies nearest to the question."""
        (query,) = sentence_vectors(self.encoder, self.tokenizer, [question], LONGEST)
        return [self.names[row] for row in most_similar(query, self.vectors, k).tolist()]

    def by_keywords(self, question, k=SHOWN):
        """The k names with the highest BM25 score; fewer where no word of the question occurs anywhere.

        BM25 adds up the words that question and text share, rare words more. Robertson and Zaragoza 2009.
        """
        if not words(question):
            return []
        scores = torch.from_numpy(self.keywords.get_scores(words(question)))  # (functions,)
        best = scores.argsort(descending=True, stable=True)[:k].tolist()
        return [self.names[row] for row in best if scores[row] > 0]


def share_answered(questions, found, k):
    """How many of the questions have one of their answers among the first k names, as a share.

    found: for each question the names that a search gave, the best first
    """
    right = [not each.answers.isdisjoint(names[:k]) for each, names in zip(questions, found, strict=True)]
    return sum(right) / len(right)


class Searching(Shown, widgets.VBox):
    """A field for a question; what both searches find follows what is typed."""

    GO_ON = "Run this cell to ask your own question."

    def __init__(self, search, question):
        self.search = search
        self.text = widgets.Text(value=question, description="question", layout={"width": "620px"})
        self.text.observe(lambda _: self.answer(), "value")
        self.shown = widgets.HTML()
        head = f"{STYLE}<div class='course-title'>Which function is it?</div>"
        super().__init__([widgets.HTML(head), self.text, self.shown])
        self.add_class("course-card")
        self.answer()

    def answer(self):
        """Answer what stands in the field."""
        found = {
            "by meaning": self.search.by_meaning(self.text.value),
            "by keywords": self.search.by_keywords(self.text.value),
        }
        columns = "".join(
            f"<td style='vertical-align:top;text-align:left;padding:2px 12px;width:50%'><b>{way}</b>"
            f"<ol>{''.join(self.line(name) for name in names) or '<li>nothing</li>'}</ol></td>"
            for way, names in found.items()
        )
        self.shown.value = f"<table style='width:100%'><tr>{columns}</tr></table>"
        self.words = "; ".join(f"{way}: {', '.join(names) or 'nothing'}" for way, names in found.items())

    def line(self, name):
        description = self.search.functions[name]
        short = description if len(description) <= 90 else description[:89] + "…"
        return f"<li><code>{escape(name)}</code><br><small>{escape(short)}</small></li>"

    def still(self):
        question = self.text.value
        return f"[Search: {question} → {self.words}]", f"<p>{escape(question)}</p>{self.shown.value}"
