"""Week 3: WordPiece. A text is cut into words, and words into subwords of a vocabulary of fixed size.

Normalisation and the cutting into words follow BERT's rules, one function for each. The subwords of a word
are found by greedy longest match (Song et al. 2021, abstract). Every character remembers its place.
"""

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import tokenizers

from course_lib.files import write_file
from course_lib.stretches import STRETCH, Remembered, Stretches

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SPECIAL_IN_TEXT = re.compile("|".join(map(re.escape, SPECIAL)))
LONGEST_WORD = 100  # characters; a longer word becomes [UNK]

# The blocks of CJK ideographs, each of which stands alone. Hangul and kana are not among them.
# For 0x2B920 BERT's own code has 0x2B820; `tokenizers` has it as here, and both have to cut alike.
IDEOGRAPHS = [
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
]  # fmt: skip


class Character(NamedTuple):
    """A character after normalisation, and where it comes from: [start, end) of the original text."""

    text: str
    start: int
    end: int


# -- normalisation: each step takes and gives a list of Characters


def read(text, start=0):
    """A text as Characters; `start` is where it stands in a longer one."""
    return [Character(character, place, place + 1) for place, character in enumerate(text, start)]


def clean(characters):
    """Drop invisible characters and the sign for a broken one; every other blank becomes a space."""
    kept = [each for each in characters if not is_control(each.text)]
    return [Character(" ", each.start, each.end) if each.text.isspace() else each for each in kept]


def is_control(character):
    if character in "\t\n\r":
        return False
    return character in "\0\ufffd" or unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs")


def separate_ideographs(characters):
    """Put blanks around every CJK ideograph, so that it becomes a word of its own."""
    result = []
    for each in characters:
        is_ideograph = any(first <= ord(each.text) <= last for first, last in IDEOGRAPHS)
        blank = Character(" ", each.start, each.end)
        result += [blank, each, blank] if is_ideograph else [each]
    return result


def without_accents(characters):
    """Decompose (NFD) and drop the marks (Mn): é → e. The trap for Korean: 한 decomposes too, into ᄒ ᅡ ᆫ."""
    letters = []  # each a letter and the marks on it: (combining class, part, does it begin a character?)
    for each in characters:
        for number, part in enumerate(unicodedata.normalize("NFD", each.text)):
            combining = unicodedata.combining(part)  # 0 for a letter
            if combining == 0 or not letters:
                letters.append([])
            letters[-1].append((combining, part, number == 0))
    kept, origins = [], iter(characters)
    for letter in letters:
        if len(letter) > 1:
            letter.sort(key=itemgetter(0))  # as NFD does; the reference counts characters only after that
        for _, part, is_first in letter:
            if is_first:
                origin = next(origins)
            if unicodedata.category(part) != "Mn":
                kept.append(Character(part, origin.start, origin.end))
    return kept


def lowered(characters):
    """Lower case, each character by itself: İ becomes two."""
    return [Character(part, each.start, each.end) for each in characters for part in each.text.lower()]


# -- words


def words(characters):
    """Split at blanks, and around every punctuation mark, which is a word of its own."""
    word = []
    for each in characters:
        alone = is_punctuation(each.text)
        if (alone or each.text.isspace()) and word:
            yield word
            word = []
        if alone:
            yield [each]
        elif not each.text.isspace():
            word.append(each)
    if word:
        yield word


def is_punctuation(character):
    """Unicode's punctuation, and all visible characters of ASCII but letters and digits, such as $ and +."""
    is_sign = character.isprintable() and not character.isalnum() and character != " "
    return (character.isascii() and is_sign) or unicodedata.category(character).startswith("P")


# -- tokens


def require_special(pieces):
    """ValueError names the special tokens that a vocabulary lacks."""
    if missing := [piece for piece in SPECIAL if piece not in pieces]:
        raise ValueError(f"the vocabulary lacks {', '.join(missing)}")


def longest_match(word, vocab, continues=False):
    """The longest subword that begins the word, then the longest that goes on, …; ["[UNK]"] if none fits.

    word: str   vocab: the subwords, a set or anything else in which `in` is quick
    continues: the word itself continues something, so that its first subword has ##, too
    Song et al. 2021, abstract
    """
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start > 0 or continues else ""
        for end in range(len(word), start, -1):
            if prefix + word[start:end] in vocab:
                break
        else:
            return ["[UNK]"]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces


# -- the tokenizer


@dataclass(frozen=True)
class Encoding:
    """ids, type_ids: numbers for the model   tokens: strings   offsets: (start, end) in the text"""

    ids: list
    type_ids: list
    tokens: list
    offsets: list


class WordPieceTokenizer:
    """Text → tokens → ids, and back. The same ids and offsets as `tokenizers.BertWordPieceTokenizer`.

    vocab: all subwords in the order of their ids. lowercase and strip_accents are BERT's; strip_accents=None
    follows lowercase. For Korean say strip_accents=False: else syllables fall apart into letters.
    """

    def __init__(self, vocab, lowercase=True, strip_accents=None):
        self.vocab = list(vocab)
        self.ids = {piece: number for number, piece in enumerate(self.vocab)}
        self.known = frozenset(self.vocab)
        if len(self.ids) < len(self.vocab):
            twice = next(piece for piece, count in Counter(self.vocab).items() if count > 1)
            raise ValueError(f"the vocabulary holds {twice!r} twice")
        require_special(self.ids)
        self.lowercase, self.strip_accents = lowercase, strip_accents
        self.made_by = None  # nothing is remembered yet

    @classmethod
    def from_file(cls, path, **options):
        """Read vocab.txt: one token a line."""
        try:
            lines = Path(path).read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not UTF-8 at byte {error.start}: is it a vocabulary?") from error
        return cls(lines[:-1] if lines[-1] == "" else lines, **options)

    @classmethod
    def from_folder(cls, folder):
        """Read what `save` wrote."""
        folder = Path(folder)
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        lowercase, accents = settings.get("do_lower_case", True), settings.get("strip_accents")
        return cls.from_file(folder / "vocab.txt", lowercase=lowercase, strip_accents=accents)

    def save(self, folder):
        """Write vocab.txt, tokenizer.json and tokenizer_config.json."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        settings = dict(
            tokenizer_class="BertTokenizer",
            do_lower_case=self.lowercase,
            strip_accents=self.strip_accents,
            tokenize_chinese_chars=True,
        )
        settings |= {f"{name[1:-1].lower()}_token": name for name in SPECIAL}
        contents = {
            "vocab.txt": "".join(piece + "\n" for piece in self.vocab),
            "tokenizer.json": self.fast().to_str(pretty=True),
            "tokenizer_config.json": json.dumps(settings, indent=2) + "\n",
        }
        for name, content in contents.items():
            write_file(folder / name, content.encode())

    def normalise(self, characters):
        """BERT's steps, in their order."""
        characters = separate_ideographs(clean(characters))
        if self.lowercase if self.strip_accents is None else self.strip_accents:
            characters = without_accents(characters)
        return lowered(characters) if self.lowercase else characters

    def step_by_step(self, text):
        """The words of a text, each a list of Characters."""
        return list(words(self.normalise(read(text))))

    def check_memory(self):
        """Begin with an empty memory, at first and whenever functions are exchanged, as `my_code` does."""
        steps = (read, clean, is_control, separate_ideographs, without_accents, lowered, words)
        made_by = (*steps, is_punctuation, longest_match, self.lowercase, self.strip_accents)
        if self.made_by != made_by:
            self.made_by, self.remembered = made_by, Remembered(self.cut)
            self.stretches = Stretches(self.step_by_step)

    def cut(self, stretch, continues=False):
        """The tokens of a stretch between blanks, as (token, start, end); continues: see `longest_match`."""
        pieces = []
        for text, starts, ends in self.stretches.words(stretch):
            goes_on = continues and starts[0] == 0 and not is_punctuation(text[0])
            found = longest_match(text, self.known, goes_on) if len(text) <= LONGEST_WORD else ["[UNK]"]
            start = 0
            for piece in found:
                end = len(text) if piece == "[UNK]" else start + len(piece.removeprefix("##"))
                pieces.append((piece, starts[start], ends[end - 1]))
                start = end
        return pieces

    def pieces(self, text, continue_masks=False, split_special_tokens=False):
        """All tokens of a text with their places, as (token, start, end). Special tokens written in the text,
        such as [MASK], stay whole.

        continue_masks: text right behind a [MASK] goes on in the hidden word, so [MASK]에 is [MASK] ##에. The
        reference takes it for a new word, and so does the default.
        split_special_tokens: for text that is data and may tell of BERT; [MASK] is three words, [ mask ].
        """
        if not isinstance(text, str):
            raise ValueError(f"text must be a str, got {type(text).__name__}")
        self.check_memory()
        start, after_mask = 0, False
        for special in [*(() if split_special_tokens else SPECIAL_IN_TEXT.finditer(text)), None]:
            for match in STRETCH.finditer(text, start, special.start() if special else len(text)):
                stretch, place = match[0], match.start()
                continues = after_mask and place == start
                found = self.cut(stretch, continues) if continues else self.remembered[stretch]
                for piece, first, last in found:
                    yield piece, place + first, place + last
            if special:
                yield special[0], *special.span()
                start, after_mask = special.end(), continue_masks and special[0] == "[MASK]"

    def tokenize(self, text, **options):
        """The tokens of a text, as strings. options: those of `pieces`"""
        return [piece for piece, _, _ in self.pieces(text, **options)]

    def encode(self, text, pair=None, max_length=None, **options):
        """[CLS] text [SEP], or [CLS] text [SEP] pair [SEP]. The longer one is cut to fit max_length."""
        parts = [list(self.pieces(each, **options)) for each in (text, pair) if each is not None]
        if max_length is not None:
            least = 1 + len(parts)
            if max_length < least:
                raise ValueError(f"max_length must be at least {least} for [CLS] and [SEP], got {max_length}")
            shorter = min(parts, key=len)
            while least + sum(map(len, parts)) > max_length:
                max(parts, key=lambda part: (len(part), part is shorter)).pop()
        pieces, type_ids = [("[CLS]", 0, 0)], [0]
        for number, part in enumerate(parts):
            pieces += [*part, ("[SEP]", 0, 0)]
            type_ids += [number] * (len(part) + 1)
        return Encoding(
            ids=[self.ids[piece] for piece, _, _ in pieces],
            type_ids=type_ids,
            tokens=[piece for piece, _, _ in pieces],
            offsets=[(start, end) for _, start, end in pieces],
        )

    def encode_batch(self, texts, **options):
        """One Encoding for each text, or for each (text, pair)."""
        return [self.encode(*((each,) if isinstance(each, str) else each), **options) for each in texts]

    def decode(self, ids):
        """The text of the tokens, without special ones; blanks are back only between words."""
        last = len(self.vocab) - 1
        for number in ids:
            if not 0 <= number <= last:
                raise ValueError(f"id {number} is not in the vocabulary: ids go from 0 to {last}")
        pieces = [self.vocab[number] for number in ids]
        text = " ".join(piece for piece in pieces if piece not in SPECIAL)
        return text.replace(" ##", "")

    def fast(self, split_special_tokens=False):
        """The same tokenizer in Rust, for bulk work."""
        options = dict(lowercase=self.lowercase, strip_accents=self.strip_accents)
        fast = tokenizers.BertWordPieceTokenizer(self.ids, **options)
        fast = tokenizers.Tokenizer.from_str(fast.to_str())
        fast.encode_special_tokens = split_special_tokens
        return fast
