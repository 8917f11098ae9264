"""Week 8: a story of the town together with the facts behind its words.

The grammar that tells a story knows which row of which table stands at which place. So no word has to be
searched for in the text: 배 is a pear where the grammar drew the pear, and a ship where it drew the ship.
"""

import random
from dataclasses import dataclass
from typing import NamedTuple

from course_lib.world import Slot, base

AGREEING = ("was", "it")  # forms that agree with a fact and do not name it


class Mention(NamedTuple):
    """The characters [start, end) of a story that name a fact. column: as in {person2.object}, or None"""

    start: int
    end: int
    fact: str
    column: str | None

    @property
    def source(self):
        """The table, and the column if it is not the word itself: "person", "person.object"."""
        return base(self.fact) if self.column is None else f"{base(self.fact)}.{self.column}"


@dataclass(frozen=True)
class Told:
    """text: the story   template: its shape   rows: {fact: Row} of all facts   mentions: in reading order"""

    text: str
    template: str
    rows: dict
    mentions: tuple

    def mention(self, fact):
        """The first Mention that names this fact by its word, or None."""
        return next((each for each in self.mentions if each.fact == fact and is_name(each)), None)


# Columns that name their row as its word does: "at the park" for park, 친구에게서 for 친구, "me" for I.
NAMES = {"person.object", "spot.to", "spot.at", "friend.from"}


def is_name(mention):
    """Does it name the fact itself? {goods} does, and {spot.at}; {goods.used} tells something else of it."""
    return mention.column is None or mention.source in NAMES


def tell_with_facts(town, rng):
    """One story as a Told: the same draws, and so the same text, as `town.tell(rng)`."""
    words, rows, mentions, before, start = [], {}, [], (), 0
    for step, text, after in town.words(rng):
        if not words:
            template = template_of(town, step)
        rows |= rows_behind(town, step, before, text, after)
        for first, end, fact, column in mentions_in(step, rows):
            mentions.append(Mention(start + first, start + end, fact, column))
        words.append(text)
        before, start = after, start + len(text) + 1
    return Told(" ".join(words), template, rows, tuple(mentions))


def stories_with_facts(town, seed=0):
    """Told stories without end; the texts are those of `town.stories` with this seed."""
    rng = random.Random(seed)
    while True:
        yield tell_with_facts(town, rng)


def template_of(town, first_step):
    """The shape that begins with just this Step."""
    return next(each for each, steps in zip(town.templates, town.shapes) if steps[0] is first_step)


def rows_behind(town, step, before, text, after):
    """{fact: Row} for the facts that a step drew or needed, given what came of it.

    Where several draws would have come to the same, the first of them: they differ in nothing that is told.
    """
    ways = [dict(zip(step.before + step.after, before + after, strict=True))]
    for fact in step.draws:
        if fact not in step.after:  # then nothing but the text tells which row it was
            ways = [known | {fact: row} for known in ways for row, _ in town.draw(fact, known)]
    for known in ways:
        rows = {fact: town.tables[base(fact)][row] for fact, row in known.items()}
        if step.text(rows) == text:
            return rows
    raise ValueError(f"no draw of this step tells {text!r}")


def mentions_in(step, rows):
    """(start, end, fact, column) for each fact that a word of the story names, counted from its beginning."""
    place = 0
    for part in step.parts:
        text = part if isinstance(part, str) else part.text(rows)
        if isinstance(part, Slot) and part.form not in AGREEING:
            texts = [rows[fact].columns[column] if column else rows[fact].word for fact, column in part.facts]
            # The article stands before the words (a cake), the particle behind them (빵을).
            start = place + (len(text) - len(" ".join(texts)) if part.form == "a" else 0)
            for (fact, column), shown in zip(part.facts, texts, strict=True):
                offset, length = name_inside(shown, rows[fact].word)
                yield start + offset, start + offset + length, fact, column
                start += len(shown) + 1
        place += len(text)


def name_inside(shown, word):
    """(offset, length) of the row's word in its column's text: park in "at the park", 친구 in 친구에게서.

    The whole text where it is neither the end nor the beginning: "me" for I.
    """
    if shown.endswith(word):
        return len(shown) - len(word), len(word)
    return 0, len(word) if shown.startswith(word) else len(shown)


def filled(town, template, rows):
    """A sentence of the same notation as the stories, with these rows: {fact: Row} → str"""
    words = []
    for parts, capital in town.parse(template):
        text = "".join(part if isinstance(part, str) else part.text(rows) for part in parts)
        words.append(text[0].upper() + text[1:] if capital else text)
    return " ".join(words)


def facts_of(town, template):
    """The facts that a sentence of this notation names, in their order, each once."""
    slots = [part for parts, _ in town.parse(template) for part in parts if isinstance(part, Slot)]
    return list(dict.fromkeys(fact for slot in slots for fact, _ in slot.facts))
