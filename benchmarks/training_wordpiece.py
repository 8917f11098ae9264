"""Training a WordPiece vocabulary on the installed documentation: how many times as long as Rust, by rule."""

import time
from itertools import cycle

import tokenizers
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer

from benchmarks.measure import table
from course_lib.corpus import documentation
from course_lib.wordpiece import SPECIAL
from course_lib.wordpiece_training import train_wordpiece

VOCAB_SIZE = 8000
WANTED = "≤ 6.0"  # times as long as Rust, which knows one of the two rules and uses all cores


def upto(texts, size):
    """The first texts, as far as they hold `size` bytes together, and how many bytes they hold."""
    found, read = [], 0
    for text in texts:
        if read >= size:
            break
        found.append(text)
        read += len(text.encode())
    return found, read


def text_to_train_on(size):
    """(texts of `size` bytes, bytes, bytes that are unique): the documentation, again where it ends."""
    unique, unique_size = upto(documentation(), size)
    texts, whole_size = upto(cycle(unique), size)
    return texts, whole_size, min(unique_size, whole_size)


def our_seconds(texts, rule):
    """(seconds of counting, seconds of merging, number of pieces)"""
    counted = None

    def watched():
        nonlocal counted
        yield from texts
        counted = time.perf_counter()  # asked for one more: all before it are counted

    began = time.perf_counter()
    vocab = train_wordpiece(watched(), VOCAB_SIZE, rule, progress=False, strip_accents=False)
    return counted - began, time.perf_counter() - counted, len(vocab)


def rust_seconds(texts):
    """(seconds of everything, number of pieces). Its rule is frequency, and it uses all cores."""
    tokenizer = tokenizers.Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True, strip_accents=False)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    trainer = WordPieceTrainer(vocab_size=VOCAB_SIZE, special_tokens=list(SPECIAL), show_progress=False)
    began = time.perf_counter()
    tokenizer.train_from_iterator(texts, trainer)
    return time.perf_counter() - began, tokenizer.get_vocab_size()


def measure(options):
    texts, size, unique = text_to_train_on(1_000_000 if options.quick else 20_000_000)
    rust, pieces = rust_seconds(texts)
    rows = [("Rust, frequency", pieces, "–", "–", f"{rust:.1f}", "", "")]
    for rule in ("frequency", "likelihood"):
        counting, merging, pieces = our_seconds(texts, rule)
        seconds = [f"{each:.1f}" for each in (counting, merging, counting + merging)]
        rows.append((f"ours, {rule}", pieces, *seconds, f"{(counting + merging) / rust:.1f}", WANTED))
    text = f"{size / 1e6:.1f} MB of documentation, {unique / 1e6:.1f} MB of them unique; seconds.\n\n"
    header = ["rule", "pieces", "counting", "merging", "together", "ours : Rust", "wanted"]
    return text + table(header, rows)
