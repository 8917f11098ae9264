"""Spans: from characters to tokens and back, as others count them; answers as a brute force finds them."""

import itertools
import random
import re
from collections import Counter

import pytest
import torch
from seqeval.metrics import f1_score
from seqeval.metrics.sequence_labeling import get_entities

from course_lib.bert import IGNORE_INDEX
from course_lib.spans import (
    answer_f1,
    best_span,
    exact_match,
    labels_of_tokens,
    span_f1,
    spans_of_tags,
    tag_names,
)
from course_lib.wordpiece import WordPieceTokenizer

KINDS = ("who", "where", "what")
NAMES = tag_names(KINDS)
PIECES = "민 ##수 ##는 빵 ##집 ##에서 과일 가게 김치와 ##와 fruit shop the at a minsu bought . bread"


@pytest.fixture(scope="module")
def tokenizer():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return WordPieceTokenizer([*special, *PIECES.split()], strip_accents=False)


def tags_of(tokenizer, text, *marked):
    """[(token, tag or None), …] of a text in which these parts are marked: (text of the part, kind)."""
    spans = [(text.index(part), text.index(part) + len(part), kind) for part, kind in marked]
    encoding = tokenizer.encode(text)
    labels = labels_of_tokens(encoding.offsets, spans, NAMES)
    tags = [None if label == IGNORE_INDEX else NAMES[label] for label in labels]
    return list(zip(encoding.tokens, tags, strict=True))


# -- labels


def test_a_noun_is_tagged_and_its_particle_is_not(tokenizer):
    assert tags_of(tokenizer, "민수는 빵집에서", ("민수", "who"), ("빵집", "where")) == [
        ("[CLS]", None),
        ("민", "B-who"),
        ("##수", "I-who"),
        ("##는", "O"),
        ("빵", "B-where"),
        ("##집", "I-where"),
        ("##에서", "O"),
        ("[SEP]", None),
    ]


def test_two_words_are_one_span(tokenizer):
    tagged = tags_of(tokenizer, "Minsu bought bread at the fruit shop.", ("fruit shop", "where"))
    assert [tag for _, tag in tagged if tag] == ["O"] * 5 + ["B-where", "I-where", "O"]


def test_neighbours_of_one_kind_stay_two_spans(tokenizer):
    text, spans = "빵집과일 가게", [(0, 2, "where"), (2, 7, "where")]
    offsets = [(0, 1), (1, 2), (2, 4), (5, 7)]
    tags = [NAMES[label] for label in labels_of_tokens(offsets, spans, NAMES)]
    assert tags == ["B-where", "I-where", "B-where", "I-where"]
    assert spans_of_tags(tags, offsets) == spans and text[2:7] == "과일 가게"


def test_a_token_with_a_particle_inside_is_tagged_as_the_noun(tokenizer):
    assert tags_of(tokenizer, "김치와 빵", ("김치", "what"))[1] == ("김치와", "B-what")


def test_overlapping_spans_are_refused():
    with pytest.raises(ValueError, match="one ends at 3, the next begins at 2"):
        labels_of_tokens([(0, 3)], [(2, 4, "who"), (0, 3, "what")], NAMES)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="no tag B-when among O, B-who"):
        labels_of_tokens([(0, 3)], [(0, 3, "when")], NAMES)


def test_spans_survive_the_way_there_and_back():
    """Where every border of a span is a border of a token."""
    rng = random.Random(0)
    for _ in range(500):
        borders = sorted(rng.sample(range(1, 60), 24))
        offsets = [(0, 0), *itertools.pairwise(borders), (0, 0)]
        cuts = sorted(rng.sample(range(len(borders)), 8))
        spans = [(borders[a], borders[b], rng.choice(KINDS)) for a, b in zip(cuts[::2], cuts[1::2])]
        labels = labels_of_tokens(offsets, spans, NAMES)
        tags = ["O" if label == IGNORE_INDEX else NAMES[label] for label in labels]
        assert spans_of_tags(tags, offsets) == spans


# -- against seqeval, with tags as a model may say them, I without B among them


def random_tags(rng, texts=4, longest=12):
    return [[rng.choice(NAMES) for _ in range(rng.randint(1, longest))] for _ in range(texts)]


def spans_in_order(tags):
    """Spans over tokens that have one character each, at 1, 2, 3, …"""
    return spans_of_tags(tags, [(place, place + 1) for place in range(1, len(tags) + 1)])


def test_spans_are_those_of_seqeval():
    rng = random.Random(1)
    for (tags,) in (random_tags(rng, texts=1) for _ in range(5000)):
        wanted = [(first + 1, last + 2, kind) for kind, first, last in get_entities(tags)]
        assert spans_in_order(tags) == wanted


def test_f1_is_that_of_seqeval():
    rng, compared = random.Random(2), 0
    for _ in range(2000):
        true = random_tags(rng)
        predicted = [[rng.choice((tag, *NAMES)) for tag in tags] for tags in true]
        spans = [[spans_in_order(tags) for tags in each] for each in (true, predicted)]
        if all(map(any, spans)):  # seqeval warns where there is nothing
            assert span_f1(*spans) == pytest.approx(f1_score(true, predicted))
            compared += 1
    assert compared > 1900


def test_a_special_token_inside_a_span_is_passed_over():
    assert spans_of_tags(["B-who", "I-what", "I-who"], [(0, 1), (0, 0), (1, 2)]) == [(0, 2, "who")]


def test_nothing_to_find_and_nothing_found_is_0():
    assert span_f1([[]], [[]]) == 0.0


def test_the_same_span_in_another_text_does_not_count():
    assert span_f1([[(0, 1, "who")], []], [[], [(0, 1, "who")]]) == 0.0


def test_a_tag_that_is_none_is_refused():
    with pytest.raises(ValueError, match="got 'where'"):
        spans_of_tags(["where"], [(0, 1)])


# -- answers


def brute_force(starts, ends, allowed, longest):
    """All pairs, one after the other."""
    found = {
        (i, j): starts[i] + ends[j]
        for i in range(len(starts))
        for j in range(len(ends))
        if i <= j < i + longest and allowed[i] and allowed[j]
    }
    best = max(found, key=found.get, default=None)
    return best if best and found[best] > starts[0] + ends[0] else None


def test_the_best_span_is_that_of_a_brute_force():
    generator, rng, kinds = torch.Generator().manual_seed(0), random.Random(3), Counter()
    for _ in range(2000):
        n, longest = rng.randint(3, 14), rng.randint(1, 5)
        starts, ends = torch.randn(2, n, generator=generator, dtype=torch.float64)
        first = rng.randint(1, n - 1)
        allowed = [first <= place < n - 1 for place in range(n)]  # question in front, [SEP] behind
        got = best_span(starts, ends, torch.tensor(allowed), longest)
        assert got == brute_force(starts.tolist(), ends.tolist(), allowed, longest)
        kinds[got is None] += 1
    assert min(kinds.values()) > 300


def test_cls_alone_means_no_answer():
    assert best_span([3.0, 1.0], [3.0, 1.0], [False, True]) is None
    assert best_span([3.0, 4.0], [3.0, 4.0], [False, True]) == (1, 1)


def test_logits_of_another_length_are_refused():
    with pytest.raises(ValueError, match="got 2, 3 and 2"):
        best_span([0.0] * 2, [0.0] * 3, [True] * 2)


@pytest.mark.parametrize(
    ("true", "predicted", "match", "f1"),
    [
        ("the bakery", "Bakery", 1, 1),
        ("fruit shop", "the fruit shop.", 1, 1),
        ("fruit shop", "shop", 0, 2 / 3),
        ("fruit shop", "fruit fruit shop", 0, 4 / 5),
        ("butcher's", "butchers", 1, 1),
        ("bakery", "market", 0, 0),
        ("the", "a", 1, 1),  # nothing is left of either
        ("bakery", "the", 0, 0),
        (None, None, 1, 1),
        (None, "bakery", 0, 0),
        ("bakery", None, 0, 0),
    ],
)
def test_english_answers_as_squad_scores_them(true, predicted, match, f1):
    assert exact_match(true, predicted) == match
    assert answer_f1(true, predicted, "en") == pytest.approx(f1)


@pytest.mark.parametrize(
    ("true", "predicted", "f1"),
    [("빵집", "빵집에서", 2 / 3), ("과일 가게", "과일가게", 1), ("빵집", "서점", 0), ("빵집", "빵집", 1)],
)
def test_korean_answers_share_characters(true, predicted, f1):
    assert answer_f1(true, predicted, "ko") == pytest.approx(f1)


def squad_f1(true, predicted):
    """Written from the description of the SQuAD script: regular expressions, precision and recall."""
    words = []
    for answer in (true, predicted):
        text = re.sub(r"[!-/:-@\[-`{-~]", "", answer.lower())
        words.append(re.sub(r"\b(a|an|the)\b", " ", text).split())
    wanted, found = words
    left, same = list(wanted), 0
    for word in found:
        if word in left:
            left.remove(word)
            same += 1
    if not wanted or not found:
        return float(wanted == found)
    precision, recall = same / len(found), same / len(wanted)
    return 0.0 if same == 0 else 2 * precision * recall / (precision + recall)


def test_english_f1_is_that_of_precision_and_recall():
    rng = random.Random(4)
    words = "the a an fruit Fruit shop shop. butcher's , The! at bakery bakery".split()
    for _ in range(3000):
        true, predicted = (" ".join(rng.choices(words, k=rng.randint(0, 6))) for _ in range(2))
        assert answer_f1(true, predicted, "en") == pytest.approx(squad_f1(true, predicted))
