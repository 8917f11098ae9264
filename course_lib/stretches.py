"""Week 3: the stretches of a text between blanks, which make the tokenizer fast.

No rule of BERT's reaches over a blank. So a stretch gives the same words and tokens wherever it stands: it is
cut once, and what came out is remembered.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

# Python takes a few control characters for blanks. BERT drops them, and what is around them stays together.
STRETCH = re.compile(r"[\S\x0b\x0c\x1c-\x1f\x85]+")
MOST_REMEMBERED = 500_000  # characters; far more than the common words of a language have


class Remembered(dict):
    """What a function gives for a str, worked out when it is first asked for.

    When too much is remembered all is forgotten, so that no text, however long, fills the memory.
    """

    def __init__(self, function):
        super().__init__()
        self.function, self.size = function, 0

    def __missing__(self, text):
        if self.size >= MOST_REMEMBERED:
            self.clear()
            self.size = 0
        self.size += len(text)
        self[text] = found = self.function(text)
        return found


class Word(NamedTuple):
    """text: normalised   starts, ends: for each of its characters, where it comes from in the stretch"""

    text: str
    starts: Sequence
    ends: Sequence


class Stretches:
    """The words of stretches: the same as step by step, and most of them much faster.

    step_by_step: from a str to its words, each a list of Characters
    """

    def __init__(self, step_by_step):
        self.step_by_step = step_by_step
        self.becomes = Remembered(self.what_becomes_of)

    def words(self, stretch):
        """A list of Words."""
        becomes = [self.becomes[character] for character in stretch]
        if None in becomes:
            found = [zip(*word) for word in self.step_by_step(stretch)]  # texts, starts and ends of each word
            return [Word("".join(text), starts, ends) for text, starts, ends in found]
        found, start = [], 0
        for text in "".join(becomes).split():
            end = start + len(text)
            found.append(Word(text, range(start, end), range(start + 1, end + 1)))
            start = end
        return found

    def what_becomes_of(self, character):
        """One character, with blanks around it where it is always a word of its own; None where it vanishes,
        becomes several, or may change places with its neighbours, as marks on a letter do.
        """
        # Two of it are one word of two characters, or two words of one where it always stands alone.
        twice = ["".join(each.text for each in word) for word in self.step_by_step(2 * character)]
        text = "".join(twice)[:1]
        if not text or unicodedata.combining(text) or twice not in ([2 * text], [text, text]):
            return None
        return text if len(twice) == 1 else f" {text} "
