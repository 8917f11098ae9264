"""Training a WordPiece vocabulary on the installed documentation: how many times as long as Rust, by rule."""

import time
from collections import Counter
from itertools import cycle

import tokenizers
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer
from transformers.models.bert.tokenization_bert_legacy import BasicTokenizer

from benchmarks.measure import ratios, speeds, spread, table
from course_lib.corpus import documentation
from course_lib.wordpiece import SPECIAL
from course_lib.wordpiece_training import count_words, train_wordpiece

VOCAB_SIZE = 8000
WANTED = "≤ 6.0"  # times as long as Rust, which knows one of the rules and uses all cores


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
    """(seconds of counting, seconds of merging, number of pieces): counted once alone, then trained whole."""
    began = time.perf_counter()
    count_words(texts, strip_accents=False)
    counting = time.perf_counter() - began
    began = time.perf_counter()
    vocab = train_wordpiece(texts, VOCAB_SIZE, rule, progress=False, strip_accents=False)
    return counting, time.perf_counter() - began - counting, len(vocab)


def rust_seconds(texts):
    """(seconds of everything, number of pieces). Its rule is frequency, and it uses all cores."""
    tokenizer = tokenizers.Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True, strip_accents=False)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    trainer = WordPieceTrainer(
        vocab_size=VOCAB_SIZE, special_tokens=list(SPECIAL), min_frequency=2, show_progress=False
    )
    began = time.perf_counter()
    tokenizer.train_from_iterator(texts, trainer)
    return time.perf_counter() - began, tokenizer.get_vocab_size()


def counting_table(texts, rounds):
    """Counting the words alone, beside the splitting into words of transformers in Python."""
    theirs = BasicTokenizer(do_lower_case=True, strip_accents=False)

    def their_count():
        return Counter(word for text in texts for word in theirs.tokenize(text))

    def our_count():
        return count_words(texts, lowercase=True, strip_accents=False)

    if our_count() != their_count():
        raise ValueError("the two sides count different words, so they would not do the same work")
    characters = sum(map(len, texts))
    sides = {"ours": our_count, "theirs": their_count}
    found = speeds({name: counted(count, characters) for name, count in sides.items()}, rounds)
    row = (spread(found["ours"], ",.0f"), spread(found["theirs"], ",.0f"), spread(ratios(*found.values())))
    return table(["counting words: our characters/s", "transformers'", "ours : transformers"], [row])


def counted(count, characters):
    """A function that counts and returns how many characters it has read."""

    def work():
        count()
        return characters

    return work


def training_table(texts, rounds):
    """Whole trainings. Each round trains every way once, and every second round goes backwards."""
    ways = {
        "Rust, frequency": lambda: rust_seconds(texts),
        "ours, frequency": lambda: our_seconds(texts, "frequency"),
        "ours, ratio": lambda: our_seconds(texts, "ratio"),
    }
    found = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: 1 if number % 2 == 0 else -1]:
            found[name].append(ways[name]())
    (rust, *ours), rows = ways, []
    wholes = [together for together, _ in found[rust]]
    rows.append((rust, found[rust][0][-1], "–", "–", spread(wholes, ".1f"), "", ""))
    for name in ours:
        counting, merging, pieces = zip(*found[name])
        together = list(map(sum, zip(counting, merging)))
        seconds = [spread(each, ".1f") for each in (counting, merging, together)]
        rows.append((name, pieces[0], *seconds, spread(ratios(together, wholes), ".1f"), WANTED))
    return table(["rule", "pieces", "counting", "merging", "together", "ours : Rust", "wanted"], rows)


def measure(options):
    rounds, size = (1, 1_000_000) if options.quick else (3, 20_000_000)
    texts, size, unique = text_to_train_on(size)
    some, some_size = upto(texts, 2_000_000)
    return (
        f"{size / 1e6:.1f} MB of documentation, {unique / 1e6:.1f} MB of them unique; seconds.\n\n"
        f"{training_table(texts, rounds)}\n\nOn {some_size / 1e6:.1f} MB of them:\n\n"
        f"{counting_table(some, rounds)}"
    )
