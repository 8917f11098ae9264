"""The rungs: each against a closed form, a brute force, or a case small enough for the hand."""

import math
import random
from collections import Counter

import pytest
import torch

from course_lib.bert import IGNORE_INDEX
from course_lib.ladder import (
    NGram,
    at_rest,
    count_neighbours,
    entropy,
    evaluate,
    ladder,
    mask_for_evaluation,
    neighbours_entropy,
    ngram_losses,
    told_twice,
)
from course_lib.masking import Vocabulary

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d"]
VOCAB = Vocabulary(PIECES)


def some_texts(count, seed):
    """Texts of 3 to 8 tokens in which b follows a more often than not."""
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        text = [rng.choice([5, 6, 7, 8])]
        while len(text) < rng.randrange(3, 9):
            text.append(6 if text[-1] == 5 and rng.random() < 0.8 else rng.choice([5, 6, 7, 8]))
        texts.append([2, *text, 3])
    return texts


def test_entropy_agrees_with_torch():
    counts = [5, 1, 0, 9, 2]
    theirs = torch.distributions.Categorical(torch.tensor(counts, dtype=torch.float64)).entropy()
    assert entropy(counts) == pytest.approx(theirs.item(), abs=1e-12)


def test_neighbours_never_make_it_harder():
    """Conditioning cannot raise the entropy (Cover and Thomas 2006, theorem 2.6.5)."""
    for seed in range(20):
        texts = some_texts(30, seed)
        middle = Counter(piece for text in texts for piece in text[1:-1])
        assert neighbours_entropy(count_neighbours(texts)) <= entropy(middle.values()) + 1e-12


def test_neighbours_entropy_is_joint_minus_neighbours():
    """The chain rule: H(token | pair) = H(pair, token) − H(pair)."""
    counts = count_neighbours(some_texts(50, seed=1))
    triples = entropy([n for pieces in counts.values() for n in pieces.values()])
    pairs = entropy([sum(pieces.values()) for pieces in counts.values()])
    assert neighbours_entropy(counts) == pytest.approx(triples - pairs, abs=1e-12)


def test_ngram_probabilities_sum_to_one():
    pieces = torch.tensor([5, 6, 6, 7, 5])
    contexts = torch.tensor([5, 5, 5, 6, 6])
    ngram = NGram(contexts, pieces, len(PIECES))
    every = torch.arange(len(PIECES))
    shorter = torch.full((len(PIECES),), 1 / len(PIECES))
    for context in (5, 6, 7):  # the last one was never seen
        found = ngram.probability(torch.full_like(every, context), every, shorter)
        assert found.sum().item() == pytest.approx(1, abs=1e-6)
        assert (found > 0).all()


def test_ngram_on_a_case_for_the_hand():
    """In context 5: 6 twice and 7 once, so d = 2 and n = 3."""
    ngram = NGram(torch.tensor([5, 5, 5]), torch.tensor([6, 7, 6]), len(PIECES))
    shorter = torch.tensor([0.1, 0.1, 0.1])
    found = ngram.probability(torch.tensor([5, 5, 6]), torch.tensor([6, 8, 6]), shorter)
    assert found.tolist() == pytest.approx([(2 + 2 * 0.1) / 5, (0 + 2 * 0.1) / 5, 0.1])


def test_ngram_losses_agree_with_a_brute_force():
    """The formula once more, with dictionaries and one gap at a time."""
    texts = some_texts(60, seed=2)
    ids = torch.tensor([[2, 5, 4, 7, 3], [2, 4, 4, 8, 3]])
    labels = torch.tensor([[-100, -100, 6, -100, -100], [-100, 5, 6, -100, -100]])
    seen = [(a, b, c) for text in texts for a, b, c in zip(text, text[1:], text[2:])]

    def witten_bell(context_of, context, piece, shorter):
        counts = Counter(triple[1] for triple in seen if context_of(triple) == context)
        n, d = sum(counts.values()), len(counts)
        return (counts[piece] + d * shorter) / (n + d) if n else shorter

    wanted = {"left neighbour": [], "both neighbours": []}
    for row, place in (labels != IGNORE_INDEX).nonzero().tolist():
        piece, left, right = labels[row, place].item(), ids[row, place - 1].item(), ids[row, place + 1].item()
        alone = witten_bell(lambda triple: None, None, piece, 1 / len(PIECES))
        from_left = witten_bell(lambda triple: triple[0], left, piece, alone)
        from_right = witten_bell(lambda triple: triple[2], right, piece, alone)
        both = witten_bell(lambda t: (t[0], t[2]), (left, right), piece, (from_left + from_right) / 2)
        wanted["left neighbour"].append(-math.log(from_left))
        wanted["both neighbours"].append(-math.log(both))
    found = ngram_losses(texts, [(ids, labels)], len(PIECES))
    for name, losses in wanted.items():
        assert found[name] == pytest.approx(sum(losses) / len(losses), abs=1e-5)


def test_pieces_that_begin_like_special_ones_are_counted():
    """Of [ [ a a every second token is a bracket: ln 2."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[", "[a", "a"]
    ids = torch.tensor([[2, 5, 6, 7, 7, 3, 0]])
    rungs = ladder(pieces, [(ids, torch.full_like(ids, IGNORE_INDEX))])
    assert rungs["entropy of the tokens"] == pytest.approx(entropy([1, 1, 2]), abs=1e-12)


def test_the_rungs_without_a_town_are_those_of_counts():
    texts = some_texts(30, seed=3)
    ids, labels = torch.tensor([texts[0]]), torch.full((1, len(texts[0])), IGNORE_INDEX)
    labels[0, 1], ids[0, 1] = ids[0, 1].item(), 4
    rungs = ladder(PIECES, [(ids, labels)], examples=texts)
    assert list(rungs) == ["even guess (ln V)", "entropy of the tokens", "left neighbour", "both neighbours"]


def test_the_keys_of_a_counter_are_not_taken_for_its_counts():
    with pytest.raises(TypeError, match=r"of a Counter, take its values\(\)"):
        entropy(Counter([3, 3, 1]))


# -- a model that is asked


@pytest.mark.parametrize("training", [True, False])
def test_after_a_question_a_model_has_the_mode_that_it_had(training):
    model = torch.nn.Sequential(torch.nn.Dropout(0.5)).train(training)
    with pytest.raises(KeyError), at_rest(model):
        assert not model.training and not model[0].training
        raise KeyError
    assert model.training == model[0].training == training


def test_held_out_texts_without_a_gap_are_refused_before_training():
    with pytest.raises(ValueError, match=r"no token of the 3 held-out texts is hidden.*than \[UNK\]$"):
        mask_for_evaluation([[2, 1, 3]] * 3, VOCAB)


def test_without_a_gap_there_is_no_loss_to_measure():
    ids = torch.tensor([[2, 5, 6, 3]])
    with pytest.raises(ValueError, match="no token of the 1 held-out texts is hidden"):
        evaluate(torch.nn.Linear(1, 1), [(ids, torch.full_like(ids, IGNORE_INDEX))], VOCAB)


def test_held_out_texts_that_are_training_texts_are_counted():
    held_out = [[2, 5, 3], [2, 5, 6, 3], [2, 5, 6, 3], [2, 8, 7, 8, 3]]
    gaps = mask_for_evaluation(held_out, VOCAB)
    said = told_twice(gaps, [[2, 5, 6, 3]] * 1000 + [[2, 5, 5, 3]], VOCAB)
    assert said.startswith("2 of 4 held-out texts occur among 1,001 training texts, too: ")


def test_a_few_held_out_texts_among_the_training_texts_need_no_word():
    gaps = mask_for_evaluation([[2, 5 + i % 4, 5 + i // 4, 3] for i in range(16)], VOCAB)
    assert told_twice(gaps, [[2, 5, 5, 3], [2, 6, 6, 7, 3]], VOCAB) == ""
