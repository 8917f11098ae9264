"""Three that must be equal on generated strings: the functions of week 3 one by one, our tokenizer, which is
fast by remembering, and `tokenizers.BertWordPieceTokenizer` in Rust. `make fuzz`
"""

import argparse
import random
import re
import sys
import unicodedata
from pathlib import Path

import tokenizers

from course_lib.wordpiece import (
    LONGEST_WORD,
    SPECIAL,
    WordPieceTokenizer,
    is_punctuation,
    longest_match,
    read,
    words,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from unicode_versions import code_points

BETWEEN_SPECIAL = re.compile(f"({'|'.join(map(re.escape, SPECIAL))})")
SETTINGS = [(lowercase, accents) for lowercase in (True, False) for accents in (None, True, False)]
NEARLY_SPECIAL = "[mask]", "[MASK", "MASK]", "[[PAD]]", "##a"
FAMILIES = "👨\u200d👩\u200d👧\u200d👦", "👍🏽", "🇰🇷", "❤️\u200d🔥", "1️⃣"


def drawable():
    """Every code point that can stand in a string for Rust, by category, without those that are listed."""
    differ, found = code_points(), {}
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        if category != "Cs" and code not in differ:
            found.setdefault(category, []).append(chr(code))
    return found


def vocabulary(rng, characters):
    """A vocabulary with a share of what the strings are made of, as first pieces and as later ones."""
    some = {rng.choice(characters[category]) for category in characters for _ in range(40)}
    syllables = [chr(code) for code in range(0xAC00, 0xD7A4, 7)] + [
        chr(code) for code in range(0x1100, 0x11FF)
    ]
    pieces = [
        *"abcdefghijklmnopqrstuvwxyz0123456789",
        "the",
        "un",
        "able",
        "ing",
        "한국",
        "어",
        *syllables,
        *some,
    ]
    pieces = [piece for piece in dict.fromkeys(pieces) if piece.strip() == piece and piece]
    return [*SPECIAL, *pieces, *("##" + piece for piece in pieces)]


def draw_string(rng, characters, kinds):
    """A string of parts: words, jamo, accents, emoji, control characters, special pieces, anything at all."""
    parts = []
    for _ in range(rng.randint(0, 8)):
        kind = rng.randrange(10)
        if kind == 0:
            parts.append("".join(rng.choice(characters[rng.choice(kinds)]) for _ in range(rng.randint(1, 6))))
        elif kind == 1:
            text = "".join(chr(rng.randrange(0xAC00, 0xD7A4)) for _ in range(rng.randint(1, 5)))
            parts.append(unicodedata.normalize(rng.choice(["NFC", "NFD"]), text))
        elif kind == 2:
            parts.append(
                "".join(rng.choice("aeiouAEIOUnÅÉİßΣσς") + rng.choice(characters["Mn"]) for _ in range(3))
            )
        elif kind == 3:
            parts.append(rng.choice(FAMILIES))
        elif kind == 4:
            parts.append(rng.choice(characters[rng.choice(["Cc", "Cf", "Zs", "Zl", "Zp", "Cn", "Co"])]))
        elif kind == 5:
            parts.append(rng.choice([*SPECIAL, *SPECIAL, *NEARLY_SPECIAL]))
        elif kind == 6:
            parts.append(rng.choice(" \t\n\u00a0\u3000") * rng.randint(1, 3))
        elif kind == 7:
            parts.append(rng.choice([*"!#$,.;?[]_'\"「」。、·…-–", "漢字", "日本", "カナ"]))
        else:
            parts.append("".join(rng.choice("abcdeABC한국어theun") for _ in range(rng.randint(1, 9))))
    if rng.random() < 0.0005:
        parts.append(rng.choice("a한é") * rng.choice([99, 100, 101, 100_000]))
    return "".join(parts)


def drawn(count, seed):
    """(number, setting, split, pieces of the vocabulary, string) for each of `count` strings.

    split: whether special pieces in the string are text like any other. Each setting comes with both.
    """
    rng = random.Random(seed)
    characters = drawable()
    kinds = sorted(characters)
    pieces = vocabulary(rng, characters)
    for number in range(count):
        setting, split = SETTINGS[number % len(SETTINGS)], number // len(SETTINGS) % 2 == 1
        yield number, setting, split, pieces, draw_string(rng, characters, kinds)


def compare(count, seed):
    """Ours with that in Rust: (number of strings with equal ids and offsets, the first difference or None)"""
    pairs = {}
    for number, (lowercase, accents), split, pieces, text in drawn(count, seed):
        if (lowercase, accents, split) not in pairs:
            ours = WordPieceTokenizer(pieces, lowercase, accents)
            pairs[lowercase, accents, split] = ours, ours.fast(split_special_tokens=split)
        ours, theirs = pairs[lowercase, accents, split]
        got, wanted = ours.encode(text, split_special_tokens=split), theirs.encode(text)
        if (got.ids, got.tokens, got.offsets) != (wanted.ids, wanted.tokens, wanted.offsets):
            return number, (text, (lowercase, accents, split), got, wanted)
    return count, None


def step_by_step(tokenizer, text, continue_masks, split_special_tokens):
    """[(piece, start, end)], by the functions of week 3 over the text as a whole: nothing is remembered."""
    found, place = [], 0
    for part in [text] if split_special_tokens else BETWEEN_SPECIAL.split(text):
        if part in SPECIAL and not split_special_tokens:
            found.append((part, place, place + len(part)))
            after_mask = continue_masks and part == "[MASK]"
        else:
            for word in words(tokenizer.normalise(read(part, place))):
                continues = place > 0 and after_mask and word[0].start == place
                continues = continues and not is_punctuation(word[0].text)
                spelled = "".join(each.text for each in word)
                too_long = len(spelled) > LONGEST_WORD
                pieces = ["[UNK]"] if too_long else longest_match(spelled, tokenizer.known, continues)
                if pieces == ["[UNK]"]:
                    found.append(("[UNK]", word[0].start, word[-1].end))
                    continue
                for piece in pieces:
                    here, word = word[: len(piece.removeprefix("##"))], word[len(piece.removeprefix("##")) :]
                    found.append((piece, here[0].start, here[-1].end))
        place += len(part)
    return found


def compare_steps(count, seed):
    """Ours with its own steps, on the strings and in the settings of `compare`. Returns as `compare` does.

    Where there is a [MASK], its word may go on behind it, which Rust has no setting for.
    """
    ours = {}
    for number, setting, split, pieces, text in drawn(count, seed):
        if setting not in ours:
            ours[setting] = WordPieceTokenizer(pieces, *setting)
        for continue_masks in (False, True) if "[MASK]" in text else (False,):
            options = dict(continue_masks=continue_masks, split_special_tokens=split)
            got = list(ours[setting].pieces(text, **options))
            wanted = step_by_step(ours[setting], text, **options)
            if got != wanted:
                return number, (text, (setting, options), got, wanted)
    return count, None


def scan():
    """The code points that the two sides treat differently."""
    decompose = tokenizers.normalizers.NFD().normalize_str
    found = set()
    for code in range(sys.maxunicode + 1):
        if not 0xD800 <= code < 0xE000:
            # The order of these three marks shows how the one in the middle combines.
            text = f"a\u0345{chr(code)}\u0334"
            if decompose(text) != unicodedata.normalize("NFD", text):
                found.add(code)
    for lowercase, accents in SETTINGS:
        ours = WordPieceTokenizer(SPECIAL, lowercase, accents)
        normaliser = tokenizers.normalizers.BertNormalizer(lowercase=lowercase, strip_accents=accents)
        splitter = tokenizers.pre_tokenizers.BertPreTokenizer()
        for code in range(sys.maxunicode + 1):
            if not 0xD800 <= code < 0xE000:
                text = f"a{chr(code)}b"
                wanted = [word for word, _ in splitter.pre_tokenize_str(normaliser.normalize_str(text))]
                if [
                    "".join(each.text for each in word) for word in words(ours.normalise(read(text)))
                ] != wanted:
                    found.add(code)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--scan", action="store_true", help="list the code points at which Unicode versions differ"
    )
    args = parser.parse_args()
    if args.scan:
        found = scan()
        unlisted = sorted(found - code_points())
        print(
            f"Unicode {unicodedata.unidata_version}: {len(found)} code points differ, not listed: {unlisted}"
        )
        sys.exit(bool(unlisted))
    for other, comparison in {"that in Rust": compare, "its own steps": compare_steps}.items():
        compared, difference = comparison(args.count, args.seed)
        print(f"{compared:,} strings with the same ids and offsets as {other} (seed {args.seed})", flush=True)
        if difference:
            text, setting, got, wanted = difference
            print(f"then a difference, settings {setting}: {text!r}\nours {got}\ntheirs {wanted}")
            sys.exit(1)


if __name__ == "__main__":
    main()
