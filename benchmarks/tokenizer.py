"""Characters a second of our tokenizer, of transformers' in Python, and of the one in Rust on one thread."""

import tempfile
from pathlib import Path

from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

from benchmarks.measure import ratios, speeds, spread, table
from benchmarks.texts import topics, town_stories
from course_lib.wordpiece import WordPieceTokenizer


def makers(tokenizer):
    """{name: function that gives an encoder, a function from a text to its ids}: three tokenizers of the same
    vocabulary and settings. Ours remembers what it has cut, so each round gets one that has seen nothing.
    """
    options = dict(lowercase=tokenizer.lowercase, strip_accents=tokenizer.strip_accents)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(folder)
        slow = BertTokenizerLegacy(
            str(Path(folder) / "vocab.txt"),
            do_lower_case=tokenizer.lowercase,
            strip_accents=tokenizer.strip_accents,
        )
    fast = tokenizer.fast()

    def ours():
        fresh = WordPieceTokenizer(tokenizer.vocab, **options)
        return lambda text: fresh.encode(text).ids

    return {
        "ours": ours,
        "transformers": lambda: slow.encode,
        "Rust": lambda: lambda text: fast.encode(text).ids,
    }


def compare(texts, tokenizer, rounds):
    """{name: speeds} on `texts`. All must give the same ids, or they would not do the same work."""
    sides = makers(tokenizer)
    encoders = [make() for make in sides.values()]
    for text in texts:
        ids, *others = [encode(text) for encode in encoders]
        if any(other != ids for other in others):
            raise ValueError(f"the tokenizers give different ids for {text[:80]!r}")
    return speeds({name: reading(texts, make) for name, make in sides.items()}, rounds)


def reading(texts, make):
    """A function that makes an encoder, encodes all texts with it, one by one, and returns their length."""

    def read():
        encode = make()
        for text in texts:
            encode(text)
        return sum(map(len, texts))

    return read


def measure(options):
    rounds, share = (2, 20) if options.quick else (7, 1)  # only every 20th text is read
    (english, english_tokenizer), (korean, korean_tokenizer) = topics(), town_stories()
    found = {
        "Python's topics, English": compare(english[::share], english_tokenizer, rounds),
        "stories of the Korean town": compare(korean[::share], korean_tokenizer, rounds),
    }
    wanted = dict(zip(found, ("≥ 2.00", "≥ 3.00")))
    rows = [
        (
            name,
            *(spread(speed, ",.0f") for speed in sides.values()),
            spread(ratios(sides["ours"], sides["transformers"])),
            wanted[name],
            spread(ratios(sides["ours"], sides["Rust"]), ".3f"),
        )
        for name, sides in found.items()
    ]
    header = ["text", "our characters/s", "transformers'", "Rust's"]
    return table([*header, "ours : transformers", "wanted", "ours : Rust"], rows)
