"""Masking: each share is held to 5 standard deviations, a false alarm in fewer than 1 of 1,000,000 runs."""

import random

import pytest
import torch

from course_lib.bert import IGNORE_INDEX
from course_lib.masking import Vocabulary, mask_tokens, next_sentence_pairs

PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"abcdefghijklmnop",
    *("##" + c for c in "abcdefghijklmnop"),
]
VOCAB = Vocabulary(PIECES)
SPECIAL = 5


def texts(rows=4000, length=40, seed=0):
    """[CLS] text [SEP] [PAD] …, the text of any length from 1."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(SPECIAL, len(PIECES), (rows, length), generator=generator)
    ends = torch.randint(2, length, (rows, 1), generator=generator)
    position = torch.arange(length)
    ids = ids.masked_fill(position == ends, 3).masked_fill(position > ends, 0)
    ids[:, 0] = 2
    return ids


def masked(ids, seed=1, **options):
    return mask_tokens(ids, VOCAB, generator=torch.Generator().manual_seed(seed), **options)


def assert_share(count, total, share):
    spread = (total * share * (1 - share)) ** 0.5
    assert abs(count - total * share) < 5 * spread, f"{count / total:.4f} instead of {share}"


def test_share_of_chosen_positions():
    ids = torch.randint(
        SPECIAL, len(PIECES), (2000, 200), generator=torch.Generator().manual_seed(0)
    )  # so long that no row is ever empty
    _, labels = masked(ids)
    assert_share((labels != IGNORE_INDEX).sum().item(), ids.numel(), 0.15)


def test_shares_of_mask_random_and_kept():
    ids = texts()
    after, labels = masked(ids)
    chosen = labels != IGNORE_INDEX
    total = chosen.sum().item()
    ordinary = len(PIECES) - SPECIAL
    assert_share((after[chosen] == VOCAB.mask_id).sum().item(), total, 0.8)
    changed = (after[chosen] != VOCAB.mask_id) & (after[chosen] != labels[chosen])
    assert_share(
        changed.sum().item(), total, 0.1 * (ordinary - 1) / ordinary
    )  # a random piece may be the old one


def test_random_pieces_are_never_special_and_all_occur():
    ids = texts()
    after, labels = masked(ids, shares=(0, 1, 0))
    drawn = after[labels != IGNORE_INDEX]
    assert not VOCAB.is_special[drawn].any()
    assert set(drawn.tolist()) == set(VOCAB.ordinary_ids.tolist())


def test_special_pieces_and_padding_are_never_chosen():
    ids = texts()
    after, labels = masked(ids, probability=1.0)
    special = VOCAB.is_special[ids]
    assert (labels[special] == IGNORE_INDEX).all() and (after[special] == ids[special]).all()
    assert (labels[~special] == ids[~special]).all()


def test_every_row_has_a_gap():
    _, labels = masked(texts(), probability=1e-6)
    assert ((labels != IGNORE_INDEX).sum(dim=1) == 1).all()


def test_row_without_text_has_no_gap():
    _, labels = masked(torch.tensor([[2, 3, 0], [2, 7, 3]]))
    assert (labels[0] == IGNORE_INDEX).all() and labels[1, 1] == 7


def test_visible_positions_are_unchanged_and_input_is_kept():
    ids = texts()
    before = ids.clone()
    after, labels = masked(ids)
    assert (ids == before).all()
    assert (after == ids)[labels == IGNORE_INDEX].all()


def test_whole_words_are_hidden_whole():
    ids = texts()
    _, labels = masked(ids, whole_word=True)
    chosen = labels != IGNORE_INDEX
    continues = VOCAB.is_continuation[ids[:, 1:]] & ~VOCAB.is_special[ids[:, :-1]]
    assert (chosen[:, 1:] == chosen[:, :-1])[continues].all()


def test_same_seed_hides_the_same():
    first, second = masked(texts(), seed=4), masked(texts(), seed=4)
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("options", [dict(probability=0), dict(probability=1.5), dict(shares=(0.8, 0.1))])
def test_senseless_numbers_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        masked(texts(), **options)


def test_next_sentence_pairs_are_torn_half_of_the_time():
    documents = [[f"{number}.{sentence}" for sentence in range(5)] for number in range(2000)]
    pairs = list(next_sentence_pairs(documents, random.Random(0)))
    assert_share(sum(label for *_, label in pairs), len(pairs), 0.5)
    for first, second, label in pairs:
        (document, sentence), (other, following) = (map(int, each.split(".")) for each in (first, second))
        assert (other != document) if label else (other, following) == (document, sentence + 1)


def test_one_document_cannot_be_torn():
    with pytest.raises(ValueError, match="2 documents, got 1"):
        list(next_sentence_pairs([["a", "b"]], random.Random(0)))


@pytest.mark.parametrize("ids", [torch.tensor([2, 5, 3]), [[2, 5, 3]]], ids=["one text", "a list"])
def test_ids_that_are_no_batch_are_refused(ids):
    with pytest.raises(
        ValueError, match=r"input_ids must be a tensor of the shape \(batch, n\), got .*2, 5, 3"
    ):
        mask_tokens(ids, VOCAB)
