"""Week 5: hide some words and remember them. What BERT is asked during its pre-training.

Devlin et al. 2019, section 3.1: of the positions that may be hidden, 15 % are; of those, 80 % become [MASK],
10 % a random token, and 10 % stay as they are. The loss counts these positions and no other.
"""

import torch

from course_lib.bert import IGNORE_INDEX
from course_lib.wordpiece import SPECIAL, require_special


def choose_positions(candidates, probability=0.15, generator=None):
    """Choose each candidate with `probability`, and at least one in every row that has any.

    candidates: (batch, n) bool, True where a position may be hidden. Returns (batch, n) bool.
    """
    draw = torch.rand(candidates.shape, generator=generator).masked_fill(~candidates, 2.0)  # 2: never chosen
    chosen = draw < probability
    empty = ~chosen.any(dim=1) & candidates.any(dim=1)  # (batch,)
    lowest = draw.argmin(dim=1)  # (batch,), the candidate that came nearest to being chosen
    chosen[empty, lowest[empty]] = True
    return chosen


def whole_words(chosen, is_continuation):
    """Extend the choice to whole words: a word is hidden in all its tokens where its first token was chosen.

    chosen, is_continuation: (batch, n) bool, the second True at tokens that begin with ##. Returns (batch,
    n).
    """
    position = torch.arange(chosen.shape[1]).expand_as(chosen)
    start = (
        position.masked_fill(is_continuation, 0).cummax(dim=1).values
    )  # (batch, n), where each word begins
    return chosen.gather(1, start)


def replace_chosen(input_ids, chosen, kind, random_ids, mask_id, shares):
    """The three fates of a chosen token: it becomes [MASK], becomes a random token, or stays as it is.

    input_ids, random_ids: (batch, n) integers   chosen: (batch, n) bool
    kind: (batch, n), a number from 0 to 1 for each position: below shares[0] the token becomes [MASK], in the
    next shares[1] the random token, and in the rest it stays. Returns (batch, n), new.
    """
    becomes_mask = chosen & (kind < shares[0])
    becomes_random = chosen & ~becomes_mask & (kind < shares[0] + shares[1])
    return torch.where(becomes_random, random_ids, input_ids).masked_fill(becomes_mask, mask_id)


def mask_tokens(
    input_ids,
    vocabulary,
    probability=0.15,
    shares=(0.8, 0.1, 0.1),
    whole_word=False,
    generator=None,
):
    """Hide tokens of a batch, on the CPU: so the gaps are the same with and without a GPU.

    input_ids: (batch, n) integers, left unchanged   vocabulary: the `Vocabulary` of their tokens
    shares: of the chosen tokens, how many become [MASK], a random token, or stay as they are
    Returns the ids with gaps and the labels, both (batch, n); labels are −100 where nothing was chosen. In a
    row that holds anything but special tokens (with `whole_word`, the beginning of a word), at least one is
    chosen. ValueError where a number makes no sense.
    """
    if not 0 < probability <= 1:
        raise ValueError(f"probability must be above 0 and at most 1, got {probability}")
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares must be three numbers ≥ 0 with the sum 1, got {shares}")
    if not torch.is_tensor(input_ids) or input_ids.ndim != 2:
        raise ValueError(f"input_ids must be a tensor of the shape (batch, n), got {input_ids}")
    candidates = ~vocabulary.is_special[input_ids]  # (batch, n); padding is special too
    if whole_word:
        is_continuation = vocabulary.is_continuation[input_ids]
        chosen = whole_words(
            choose_positions(candidates & ~is_continuation, probability, generator), is_continuation
        )
        chosen &= candidates
    else:
        chosen = choose_positions(candidates, probability, generator)
    labels = input_ids.masked_fill(~chosen, IGNORE_INDEX)
    kind = torch.rand(input_ids.shape, generator=generator)  # (batch, n), decides among the three fates
    ordinary = vocabulary.ordinary_ids  # a random token is never a special one
    random_ids = ordinary[torch.randint(len(ordinary), input_ids.shape, generator=generator)]
    masked = replace_chosen(input_ids, chosen, kind, random_ids, vocabulary.mask_id, shares)
    return masked, labels


class Vocabulary:
    """What masking has to know about a tokenizer's tokens.

    is_special, is_continuation: (vocab_size,) bool   ordinary_ids: the ids of all tokens that are not special
    """

    def __init__(self, pieces):
        """pieces: the list of all tokens, in the order of their ids"""
        pieces = list(pieces)
        require_special(pieces)
        self.is_special = torch.tensor([piece in SPECIAL for piece in pieces])
        self.is_continuation = torch.tensor([piece.startswith("##") for piece in pieces])
        self.ordinary_ids = (~self.is_special).nonzero().flatten()
        self.mask_id = pieces.index("[MASK]")
        self.pad_id = pieces.index("[PAD]")


def next_sentence_pairs(documents, rng):
    """Pairs of neighbouring sentences, half of them torn: the second task of Devlin et al. 2019.

    documents: lists of sentences; at least two documents, or nothing could be torn   rng: a random.Random
    Yields (first, second, label): label 0 where `second` followed, 1 where it is from another document.
    """
    documents = [list(sentences) for sentences in documents if sentences]
    if len(documents) < 2:
        raise ValueError(f"next-sentence pairs need at least 2 documents, got {len(documents)}")
    for number, sentences in enumerate(documents):
        for first, second in zip(sentences, sentences[1:]):
            if rng.random() < 0.5:
                yield first, second, 0
            else:
                other = rng.randrange(len(documents) - 1)
                other += other >= number  # any document but this one
                yield first, rng.choice(documents[other]), 1
