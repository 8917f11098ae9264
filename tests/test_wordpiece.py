"""WordPiece against the Rust library, and its training against a brute force."""

import random
import sys
from collections import Counter
from math import fsum, log
from pathlib import Path

import pytest
import tokenizers
import transformers

from course_lib import wordpiece_training
from course_lib.wordpiece import (
    SPECIAL,
    WordPieceTokenizer,
    clean,
    lowered,
    read,
    separate_ideographs,
    without_accents,
    words,
)
from course_lib.wordpiece_training import (
    RULES,
    PairCounts,
    characters_of,
    count_words,
    join,
    joined,
    merges,
    train_wordpiece,
)

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from fuzz_wordpiece import SETTINGS, compare, drawn

VOCAB = [*SPECIAL, *"abcdefg", *("##" + c for c in "abcdefg"), "나", "##는", "##에", "에", "bad", "##ge", "!"]


@pytest.fixture
def tokenizer():
    return WordPieceTokenizer(VOCAB, lowercase=False)


def text_of(characters):
    return "".join(each.text for each in characters)


# -- normalisation, one rule at a time


@pytest.mark.parametrize(
    "step, text, wanted",
    [
        (clean, "a\0b\ufffdc\u200dd", "abcd"),
        (clean, "a\tb\nc\u00a0d\u3000e", "a b c d e"),
        (separate_ideographs, "ab漢字か한", "ab 漢  字 か한"),
        (without_accents, "éÅñ", "eAn"),
        (without_accents, "한", "\u1112\u1161\u11ab"),
        (lowered, "ÀİΣ", "ài̇σ"),
    ],
)
def test_step_of_normalisation(step, text, wanted):
    assert text_of(step(read(text))) == wanted


def test_punctuation_stands_alone():
    assert [text_of(word) for word in words(read("Don't go, 「한국」+1"))] == [
        "Don", "'", "t", "go", ",", "「", "한국", "」", "+", "1",
    ]  # fmt: skip


# -- pieces


def test_longest_piece_comes_first(tokenizer):
    assert tokenizer.tokenize("badge") == ["bad", "##ge"]


def test_word_that_cannot_be_finished_is_unknown(tokenizer):
    assert tokenizer.tokenize("badx bad") == ["[UNK]", "bad"]


def test_text_behind_a_mask_is_a_new_word_unless_asked(tokenizer):
    assert tokenizer.tokenize("나는 [MASK]에") == ["나", "##는", "[MASK]", "에"]
    assert tokenizer.tokenize("나는 [MASK]에", continue_masks=True) == ["나", "##는", "[MASK]", "##에"]
    assert tokenizer.tokenize("[MASK]! [MASK] 에", continue_masks=True) == ["[MASK]", "!", "[MASK]", "에"]


def test_50_000_strings_have_the_ids_and_offsets_of_the_reference():
    compared, difference = compare(50_000, seed=1)
    assert difference is None and compared == 50_000


@pytest.mark.parametrize("max_length", range(3, 12))
def test_pairs_are_cut_as_the_reference_cuts_them(tokenizer, max_length):
    theirs = tokenizers.BertWordPieceTokenizer(tokenizer.ids, lowercase=False)
    theirs.enable_truncation(max_length)
    for first, second in [("a b c d e", "f g"), ("a b", "c d e f g"), ("a b c", "d e f"), ("", "a b c d")]:
        got, wanted = tokenizer.encode(first, second, max_length), theirs.encode(first, second)
        assert (got.ids, got.type_ids) == (wanted.ids, wanted.type_ids)


def test_fast_form_gives_the_same(tokenizer):
    text = "나는 badge [MASK] Bad!"
    got, fast = tokenizer.encode(text), tokenizer.fast().encode(text)
    assert (got.ids, got.offsets, got.type_ids) == (fast.ids, fast.offsets, fast.type_ids)


def test_decode_gives_words_back(tokenizer):
    assert tokenizer.decode(tokenizer.encode("나는 badge").ids) == "나는 badge"


@pytest.mark.parametrize("lowercase, accents", [(True, None), (True, False), (False, None)])
def test_saved_tokenizer_opens_everywhere(tmp_path, lowercase, accents):
    ours = WordPieceTokenizer(VOCAB, lowercase, accents)
    ours.save(tmp_path)
    text = "나는 Bàdge [MASK] bad!"
    wanted = ours.encode(text).ids
    assert WordPieceTokenizer.from_folder(tmp_path).encode(text).ids == wanted
    assert tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode(text).ids == wanted
    assert transformers.AutoTokenizer.from_pretrained(tmp_path)(text)["input_ids"] == wanted


# -- bad input


def test_vocabulary_without_special_pieces_is_refused():
    with pytest.raises(ValueError, match=r"lacks \[PAD\]"):
        WordPieceTokenizer(["a"])


def test_piece_listed_twice_is_refused():
    with pytest.raises(ValueError, match="'a' twice"):
        WordPieceTokenizer([*SPECIAL, "a", "a"])


def test_text_that_is_no_string_is_refused(tokenizer):
    with pytest.raises(ValueError, match="got bytes"):
        tokenizer.encode(b"abc")


def test_too_little_room_is_refused(tokenizer):
    with pytest.raises(ValueError, match="at least 2.*got 1"):
        tokenizer.encode("a", max_length=1)


def test_unknown_id_is_refused(tokenizer):
    with pytest.raises(ValueError, match="id 999"):
        tokenizer.decode([999])


def test_file_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_bytes("한국".encode("euc-kr"))
    with pytest.raises(ValueError, match="vocab.txt is not UTF-8"):
        WordPieceTokenizer.from_file(tmp_path / "vocab.txt")


# -- training


def random_corpus(seed, words=600):
    """Words over few letters, some much commoner than others, so that pairs repeat and seldom tie."""
    rng = random.Random(seed)
    drawn = ["".join(rng.choices("abcde", (9, 6, 4, 2, 1), k=rng.randint(1, 8))) for _ in range(words)]
    return [" ".join(drawn[start : start + 30]) for start in range(0, words, 30)]


@pytest.mark.parametrize("at_once", [1, 2_000, 10**9])
@pytest.mark.parametrize("lowercase, accents", SETTINGS)
def test_words_are_counted_as_one_by_one(monkeypatch, lowercase, accents, at_once):
    """And in the order in which they come: of equal counts, `most_common` shows the first."""
    monkeypatch.setattr(wordpiece_training, "COUNTED_AT_ONCE", at_once)
    texts = [text for *_, text in drawn(500, seed=2)]
    texts += [*random_corpus(3), "[MASK] [mask] \x1c[PAD]", " ", ""]
    tokenizer = WordPieceTokenizer(SPECIAL, lowercase, accents)
    wanted = Counter(text_of(word) for text in texts for word in words(tokenizer.normalise(read(text))))
    assert list(count_words(texts, lowercase, accents).items()) == list(wanted.items())


def brute_force(counts, rule, min_frequency=2):
    """Each merge by counting everything anew, and how many pairs were as good as the best."""
    split = {word: characters_of(word) for word in counts}
    while True:
        pieces, pairs = Counter(), Counter()
        for word, parts in split.items():
            for part in parts:
                pieces[part] += counts[word]
            for pair in zip(parts, parts[1:]):
                pairs[pair] += counts[word]
        scores = {
            pair: n if rule == "frequency" else n / (pieces[pair[0]] * pieces[pair[1]])
            for pair, n in pairs.items()
            if n >= min_frequency
        }
        if not scores:
            return
        best = min(scores, key=lambda pair: (-scores[pair], pair))
        merged = best[0] + best[1].removeprefix("##")
        split = {word: joined(parts, best, merged) for word, parts in split.items()}
        yield merged, pairs[best], scores[best], list(scores.values()).count(scores[best])


@pytest.mark.parametrize("rule", ["ratio", "frequency"])
@pytest.mark.parametrize("seed", range(10))
def test_merges_equal_brute_force(seed, rule):
    counts = count_words(random_corpus(seed))
    got = [(merge.piece, merge.frequency, merge.score) for merge in merges(counts, rule)]
    assert got == [best[:3] for best in brute_force(counts, rule)]
    assert len(got) > 100


def log_likelihood(split, counts):
    """Of a text, if each subword comes by itself and as often as it occurs: Σ c · ln(c / N)."""
    often = Counter()
    for word, parts in split.items():
        for part in parts:
            often[part] += counts[word]
    return fsum(count * log(count / often.total()) for count in often.values())


def gains(split, counts, min_frequency=2):
    """{pair: by how much the log-likelihood rises if it is joined everywhere}, from the two texts alone."""
    pairs = Counter()
    for word, parts in split.items():
        for pair in zip(parts, parts[1:]):
            pairs[pair] += counts[word]
    before = log_likelihood(split, counts)
    return {
        pair: log_likelihood(
            {word: joined(parts, pair, join(*pair)) for word, parts in split.items()}, counts
        )
        - before
        for pair, often in pairs.items()
        if often >= min_frequency
    }


@pytest.mark.parametrize("seed", range(6))
def test_likelihood_rule_takes_the_pair_that_raises_the_likelihood_of_the_text_most(seed):
    rng = random.Random(seed)
    parts = ["".join(rng.choices("abc", k=rng.randint(2, 4))) for _ in range(6)]  # made in more than one way
    counts = {"".join(rng.choices(parts, k=rng.randint(1, 3))): rng.randint(1, 9) for _ in range(60)}
    split = {word: characters_of(word) for word in counts}
    got = list(merges(counts, "likelihood"))
    assert len(got) > 5
    for merge in got:
        found = gains(split, counts)
        assert merge.score == pytest.approx(max(found.values()), rel=1e-9, abs=1e-9)
        pair = (merge.left, merge.right)
        assert pair == min(each for each in found if found[each] > merge.score - 1e-9)
        split = {word: joined(parts, pair, merge.piece) for word, parts in split.items()}
    assert min(merge.score for merge in got) > 0 >= max(gains(split, counts).values(), default=0)


def test_of_a_run_only_every_other_pair_can_be_joined():
    counts = {"ㅋㅋㅋㅋㅋ": 3, "ㅋ": 2}
    split = {word: characters_of(word) for word in counts}
    found = PairCounts("likelihood")
    for word, parts in split.items():
        found.add(parts, counts[word])
    pair = ("##ㅋ", "##ㅋ")
    assert found.score(pair) == pytest.approx(gains(split, counts)[pair])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("letters", ["a", "ab", "abcde"])
def test_each_subword_is_made_once(letters, rule):
    rng = random.Random(1)
    for _ in range(100):
        words = ["".join(rng.choices(letters, k=rng.randint(1, 14))) for _ in range(20)]
        made = [merge.piece for merge in merges(Counter(words), rule, min_frequency=1)]
        assert len(made) == len(set(made))


@pytest.mark.parametrize("seed", range(20))
def test_frequency_rule_equals_the_rust_trainer_until_a_tie_decides(seed):
    texts = random_corpus(seed + 100, words=5_000)
    counts = count_words(texts)
    decided = next(
        number for number, (*_, equals) in enumerate(brute_force(counts, "frequency")) if equals > 1
    )
    assert decided > 0  # or nothing would be compared
    size = len(train_wordpiece(texts, 10_000, "frequency", min_frequency=10**9, progress=False)) + decided
    theirs = tokenizers.BertWordPieceTokenizer()
    theirs.train_from_iterator(texts, vocab_size=size, show_progress=False)
    assert set(train_wordpiece(texts, size, "frequency", progress=False)) == set(theirs.get_vocab())


def test_texts_are_read_once():
    texts = iter(random_corpus(0))
    assert len(train_wordpiece(texts, 60, progress=False)) == 60 and next(texts, None) is None


def test_vocabulary_too_small_for_the_alphabet_is_refused():
    with pytest.raises(ValueError, match="at least 15.*got 10"):
        train_wordpiece(random_corpus(0), 10, progress=False)


def test_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="rule must be"):
        train_wordpiece(random_corpus(0), 50, rule="luck", progress=False)
