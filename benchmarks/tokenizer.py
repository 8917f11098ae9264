"""Characters a second of our tokenizer, of transformers' in Python, and of the one in Rust on one thread."""

import tempfile
from pathlib import Path

from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

from benchmarks.measure import ratios, speeds, spread, table
from benchmarks.texts import topics, town_stories


def encoders(tokenizer):
    """{name: function from a text to its ids}, three tokenizers of the same vocabulary and settings."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(folder)
        slow = BertTokenizerLegacy(
            str(Path(folder) / "vocab.txt"),
            do_lower_case=tokenizer.lowercase,
            strip_accents=tokenizer.strip_accents,
        )
    fast = tokenizer.fast()
    return {
        "ours": lambda text: tokenizer.encode(text).ids,
        "transformers": slow.encode,
        "Rust": lambda text: fast.encode(text).ids,
    }


def compare(texts, tokenizer, rounds):
    """{name: speeds} on `texts`. All must give the same ids, or they would not do the same work."""
    sides = encoders(tokenizer)
    for text in texts:
        ids, *others = [encode(text) for encode in sides.values()]
        if any(other != ids for other in others):
            raise ValueError(f"the tokenizers give different ids for {text[:80]!r}")
    return speeds({name: reading(texts, encode) for name, encode in sides.items()}, rounds)


def reading(texts, encode):
    """A function that encodes all texts, one by one, and returns their length."""

    def read():
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
    rows = [
        (
            name,
            *(spread(speed, ",.0f") for speed in sides.values()),
            spread(ratios(sides["ours"], sides["transformers"])),
            spread(ratios(sides["ours"], sides["Rust"]), ".3f"),
        )
        for name, sides in found.items()
    ]
    header = ["text", "our characters/s", "transformers'", "Rust's"]
    return table([*header, "ours : transformers", "ours : Rust"], rows)
