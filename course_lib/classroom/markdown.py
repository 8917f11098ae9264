"""Markdown of cards as HTML: **bold**, *italic* and `code`, and nothing else.

What learners write stands in these texts, too, so there are no links, no lists, no HTML, and no emphasis by
_, which is in too many names.
"""

import re
from html import escape

import mistune


class Inline(mistune.HTMLRenderer):
    """Tags of the course: b, i and code."""

    def text(self, text):
        return escape(text)

    def underscores(self, text):
        return text

    def strong(self, text):
        return f"<b>{text}</b>"

    def emphasis(self, text):
        return f"<i>{text}</i>"

    def codespan(self, text):
        return f"<code>{escape(text)}</code>"


def keep_underscores(_, match, state):
    # a token of its own, for mistune looks for emphasis in all ordinary text
    state.append_token({"type": "underscores", "raw": match[0]})
    return match.end()


PARSE = mistune.InlineParser()
PARSE.specification = {"codespan": "`+", "emphasis": r"\*+"}
PARSE.rules = list(PARSE.specification)
PARSE.register("underscores", "_+", keep_underscores)
RENDER = Inline()


def text(markdown):
    """A text of a card as HTML, in one line."""
    return RENDER(PARSE(markdown.replace("\n", " "), {}), None)


def code(said):
    """Markdown that shows any text as code, as it is; an empty one as a blank."""
    fence = "`" * (1 + max(map(len, re.findall("`+", said)), default=0))
    touches = said.strip(" ") and (said[0] in " `" or said[-1] in " `")
    blank = " " if touches else ""  # Markdown takes one away at each end, but of blanks alone
    return f"{fence}{blank}{said or ' '}{blank}{fence}"


def plain(said):
    """Markdown that shows a text as it is: as code where it has marks in it."""
    return code(said) if re.search("[*`]", said) else said
