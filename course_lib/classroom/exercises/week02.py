"""The exercises of week 2: from attention weights to an encoder layer."""

import math

import torch
from torch import nn

from course_lib.attention import merge_heads, split_heads
from course_lib.classroom.exercises.base import ClickCell, CodeExercise, Ordering, Quiz
from course_lib.classroom.exercises.random_cases import draw


class ReadTheMatrix(ClickCell):
    """Click the number that says how much **깎았다** (peeled) looks at **배** (pear)."""

    id, title = "2.1", "Read a matrix of weights"
    difficulty, importance, minutes = 1, 3, 3
    hints = (
        "The question names two words. Which one looks, and which one is looked at?",
        "Each row sums to 1: it shows how one word shares out its attention.",
        "Find the row of the word that looks. In this row, find the column of the word that is looked at.",
    )
    words = ("민수는", "부엌에서", "배를", "깎았다")
    scores = ((2.0, 0.5, 0.0, 1.0), (0.3, 2.0, 0.8, 1.2), (0.1, 1.5, 2.0, 2.2), (1.0, 0.9, 2.4, 1.6))

    def matrix():
        weights = torch.tensor(ReadTheMatrix.scores).softmax(dim=-1)
        return ReadTheMatrix.words, ReadTheMatrix.words, weights.tolist()

    def explain_cell(row, column):
        looking, looked_at = ReadTheMatrix.words[row], ReadTheMatrix.words[column]
        if (row, column) == (3, 2):
            return True, "Yes: row 깎았다, column 배를. Rows look, columns are looked at."
        if (row, column) == (2, 3):
            return (
                False,
                "This is the other direction: how much 배를 looks at 깎았다. The two need not be equal.",
            )
        return (
            False,
            f"This cell says how much {looking} looks at {looked_at}. Rows look, columns are looked at.",
        )


class AttentionWeights(CodeExercise):
    """Write softmax(Q Kᵀ / √d) as one function, for one text or a batch. Where `mask` is False, the weight
    must be 0. If `mask` is None, everything is allowed. One exception: if the mask allows nothing in a row,
    each of its m weights must be 1/m. Set forbidden scores to the most negative finite number for this.
    """

    id, title, name = "2.2", "Attention weights", "attention_weights"
    difficulty, importance, minutes = 2, 3, 15
    replaces = "course_lib.attention.attention_weights"
    hints = (
        "Three steps: the dot products of every query with every key, the division, the softmax. Which "
        "dimension of the scores belongs to the keys?",
        "`key.transpose(-2, -1)` works with and without batch. A forbidden score must become very negative "
        "*before* the softmax: then its weight is 0 and the rest still sums to 1.",
        "`scores.masked_fill(~mask, something)` changes the forbidden scores. With -inf, a row that allows "
        "nothing becomes nan. With the most negative finite number, `torch.finfo(scores.dtype).min`, it "
        "does not.",
    )

    def stub(query, key, mask=None):
        """softmax(Q Kᵀ / √d), (..., n, m). query: (..., n, d), key: (..., m, d), mask: bool, broadcastable"""
        ...

    def solution(query, key, mask=None):
        """softmax(Q Kᵀ / √d), (..., n, m). query: (..., n, d), key: (..., m, d), mask: bool, broadcastable"""
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        return scores.softmax(dim=-1)

    class mistakes:
        def forgot_the_root(query, key, mask=None):
            """You divided by d. It has to be √d: the *standard deviation* of a dot product grows like √d."""
            scores = query @ key.transpose(-2, -1) / query.shape[-1]
            return AttentionWeights.finish(scores, mask)

        def did_not_divide(query, key, mask=None):
            """You did not divide by √d. With many numbers per vector the softmax then puts nearly all its
            weight on one word.
            """
            return AttentionWeights.finish(query @ key.transpose(-2, -1), mask)

        def multiplied_by_the_root(query, key, mask=None):
            """You multiplied by √d. Divide the scores by it."""
            return AttentionWeights.finish(query @ key.transpose(-2, -1) * math.sqrt(query.shape[-1]), mask)

        def root_of_the_length(query, key, mask=None):
            """You divided by the root of the number of words. The d under the root is how many
            numbers one vector has.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-2])
            return AttentionWeights.finish(scores, mask)

        def root_of_the_number_of_keys(query, key, mask=None):
            """You divided by the root of the number of keys. The d under the root is how many
            numbers one vector has.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(key.shape[-2])
            return AttentionWeights.finish(scores, mask)

        def root_of_dimension_one(query, key, mask=None):
            """You take d from dimension 1. That is right for one text; in a batch d is another dimension, the
            last one: shape[-1].
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[1])
            return AttentionWeights.finish(scores, mask)

        def mask_always_there(query, key, mask=None):
            """`mask` may be None, which means that everything is allowed: mask only `if mask is not None`."""
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=-1)

        def softmax_over_queries(query, key, mask=None):
            """Your columns sum to 1 and your rows do not. The softmax must run over the keys, the last
            dimension.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            if mask is not None:
                scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
            return scores.softmax(dim=-2)

        def no_softmax(query, key, mask=None):
            """These are the scores. A softmax makes weights of them: none is negative, and each row sums to
            1.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return scores if mask is None else scores.masked_fill(~mask, torch.finfo(scores.dtype).min)

        def queries_with_queries(query, key, mask=None):
            """You multiplied the queries with the queries. Multiply each query with each **key**."""
            return AttentionWeights.finish(query @ query.transpose(-2, -1) / math.sqrt(query.shape[-1]), mask)

        def looked_from_the_keys(query, key, mask=None):
            """Rows and columns are exchanged. The rows must be the queries: query @ keyᵀ."""
            scores = key @ query.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return AttentionWeights.finish(scores, mask)

        def ignored_the_mask(query, key, mask=None):
            """Without a mask your answer is right. With a mask, forbidden positions still get weight: you do
            not use the mask, or you ignore the result of `masked_fill`.
            """
            return AttentionWeights.finish(query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]), None)

        def inverted_the_mask(query, key, mask=None):
            """You use the mask the wrong way round. True means that looking is *allowed*."""
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return AttentionWeights.finish(scores, None if mask is None else ~mask)

        def masked_after_the_softmax(query, key, mask=None):
            """Masked rows no longer sum to 1: you set weights to 0 after the softmax. Change the scores
            before the softmax.
            """
            weights = (query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])).softmax(dim=-1)
            return weights if mask is None else weights.masked_fill(~mask, 0.0)

        def zero_instead_of_small(query, key, mask=None):
            """You set forbidden *scores* to 0, but softmax turns 0 into e⁰ = 1. They must be very
            negative.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return (scores if mask is None else scores.masked_fill(~mask, 0.0)).softmax(dim=-1)

        def minus_infinity(query, key, mask=None):
            """A row that allows nothing becomes nan, because of -inf or of 0 / 0. Set the forbidden scores
            to `torch.finfo(scores.dtype).min` instead.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return (scores if mask is None else scores.masked_fill(~mask, -math.inf)).softmax(dim=-1)

        def masks_of_one_shape(query, key, mask=None):
            """You use the mask as an index, and an index must have the shape of the scores. A mask may have
            fewer dimensions, or the size 1 in some of them: `masked_fill` stretches it.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            if mask is not None:
                scores[~mask] = torch.finfo(scores.dtype).min
            return scores.softmax(dim=-1)

        def only_without_batch(query, key, mask=None):
            """It works for one text, but not for a batch. Exchange the *last two* dimensions: `transpose(-2,
            -1)`.
            """
            return AttentionWeights.finish(query @ key.transpose(0, 1) / math.sqrt(query.shape[-1]), mask)

    def finish(scores, mask):
        """The end of the computation, for mistakes that come before it."""
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        return scores.softmax(dim=-1)

    def cases():
        yield dict(query=draw(2, 3), key=draw(4, 3, seed=1), mask=None)
        yield dict(query=draw(3, 2), key=draw(3, 2, seed=1), mask=torch.ones(3, 3, dtype=torch.bool).tril())
        yield dict(query=draw(2, 4, 3), key=draw(2, 5, 3, seed=1), mask=torch.tensor([1, 1, 0, 1, 0]).bool())
        heads = dict(query=draw(2, 3, 2, 8).transpose(1, 2), key=draw(2, 3, 2, 8, seed=1).transpose(1, 2))
        yield dict(**heads, mask=None)  # as `split_heads` gives them
        padding = torch.tensor([[1, 1, 1], [1, 0, 0]]).bool()
        yield dict(**heads, mask=padding[:, None, None, :])  # (batch, 1, 1, n), as the encoder makes it
        near = torch.tensor([[1, 1, 0], [1, 1, 1], [0, 1, 1]]).bool()
        yield dict(**heads, mask=near)  # (n, n), the same for all texts and heads
        yield dict(**heads, mask=padding[:, None, None, :] & near)  # (batch, 1, n, n)
        yield dict(query=draw(3, 2, seed=2), key=draw(4, 2, seed=3), mask=torch.tensor([[1, 0, 1, 1]]).bool())
        yield dict(query=30 * draw(2, 6), key=30 * draw(3, 6, seed=1), mask=torch.tensor([True, True, False]))
        yield dict(query=draw(2, 3).double(), key=draw(2, 3, seed=1).double(), mask=None)
        yield dict(
            query=draw(2, 3), key=draw(2, 3, seed=1), mask=torch.tensor([[True, False], [False, False]])
        )
        far_below = dict(query=torch.tensor([[100.0]]), key=torch.tensor([[-2.0], [-1.99], [0.0]]))
        yield dict(**far_below, mask=torch.tensor([True, True, False]))
        farther = dict(query=torch.tensor([[1000.0]]), key=torch.tensor([[-30.0], [-29.0], [0.0]]))
        yield dict(**farther, mask=torch.tensor([True, True, False]))
        yield dict(query=draw(2, 3, seed=4), key=draw(4, 3, seed=5), mask=None)  # the first shapes again
        rows = torch.tensor([[True], [False], [True]])  # (n, 1): all of a row, or nothing
        yield dict(query=draw(3, 2, seed=6), key=draw(5, 2, seed=7), mask=rows)
        yield dict(query=draw(2, 1, 5, seed=8), key=draw(2, 1, 5, seed=9), mask=None)
        mask = draw(2, 3, 6, 7, seed=10) > 0.5
        mask[..., 0] = True
        batch = dict(query=draw(2, 3, 6, 5, seed=11), key=draw(2, 3, 7, 5, seed=12))
        yield dict(**batch, mask=mask)
        yield dict(query=draw(3, 4, seed=13), key=draw(2, 4, seed=14))  # its mask left out

    @classmethod
    def compares_gradients(cls, given):
        """Not where a row allows nothing: there they depend on how the scores were made small."""
        mask = given.get("mask")
        return mask is None or mask.any(dim=-1).all()

    def explain(given, got, wanted):
        mask = torch.ones(got.shape, dtype=torch.bool)
        if given.get("mask") is not None:
            mask = given["mask"].expand(got.shape)
        allows_some = mask.any(dim=-1)
        if not torch.allclose(got[~allows_some], wanted[~allows_some]):
            return "In a row that allows nothing, each weight must be 1 divided by the number of weights."
        if not torch.allclose(got.sum(dim=-1), wanted.sum(dim=-1)):
            return "Your rows don't sum to 1. Does the softmax run over the keys, and is it your last step?"
        if (got * ~mask)[allows_some].abs().max() > 0:
            return "Where the mask is False, your weight is not 0. Make these scores smaller, before softmax."
        return None


class SplitHeads(CodeExercise):
    """Give each head its own slice of every vector: head 0 gets the first numbers, head 1 the next, …"""

    id, title, name = "2.3", "Split into heads", "split_heads"
    difficulty, importance, minutes = 2, 3, 10
    replaces = "course_lib.attention.split_heads"
    hints = (
        "Two steps: cut the last dimension into (num_heads, head_size), then move the dimension of the "
        "heads to its place.",
        "After the cut the shape is (batch, n, num_heads, head_size). Which two dimensions must change "
        "places?",
        "`view` cuts a dimension and never moves a number. `transpose(1, 2)` exchanges n and num_heads.",
    )

    def stub(hidden, num_heads):
        """(batch, n, hidden_size) → (batch, num_heads, n, head_size), head_size = hidden_size / num_heads"""
        ...

    def solution(hidden, num_heads):
        """(batch, n, hidden_size) → (batch, num_heads, n, head_size), head_size = hidden_size / num_heads"""
        batch, length, hidden_size = hidden.shape
        return hidden.view(batch, length, num_heads, hidden_size // num_heads).transpose(1, 2)

    class mistakes:
        def straight_to_the_shape(hidden, num_heads):
            """The shape is right, but the numbers are in the wrong places: a single reshape mixes the words.
            Cut the vectors first, then exchange two dimensions.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.reshape(batch, num_heads, length, hidden_size // num_heads)

        def forgot_the_exchange(hidden, num_heads):
            """You cut the vectors, but the heads come after the words: (batch, n, num_heads, head_size).
            Exchange two dimensions.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, num_heads, hidden_size // num_heads)

        def dealt_out_like_cards(hidden, num_heads):
            """Each of your heads takes every num_heads-th number. A head must get neighbouring numbers."""
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, hidden_size // num_heads, num_heads).permute(0, 3, 1, 2)

        def heads_and_sizes_exchanged(hidden, num_heads):
            """You cut each vector into head_size heads of num_heads numbers. Exchange the two in your
            view.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, hidden_size // num_heads, num_heads).transpose(1, 2)

        def sizes_with_a_point(hidden, num_heads):
            """`/` gives a float, 2.0, and `view` needs whole numbers: divide with `//`."""
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, num_heads, hidden_size / num_heads).transpose(1, 2)

        def sizes_written_down(hidden, num_heads):
            """It works only for the sizes of the example. Take them from `hidden.shape` and `num_heads`."""
            return hidden.view(1, 2, 3, 2).transpose(1, 2)

        def exchanged_before_the_cut(hidden, num_heads):
            """You exchange two dimensions and then cut, so the cut no longer goes through the vectors. Cut
            first, while they are the last dimension; then exchange words and heads.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.transpose(1, 2).reshape(batch, num_heads, length, hidden_size // num_heads)

        def other_two_exchanged(hidden, num_heads):
            """The cut is right. Then you exchange dimensions 1 and 3, the words and the numbers of a head;
            it has to be 1 and 2, the words and the heads.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, num_heads, hidden_size // num_heads).transpose(1, 3)

        def last_two_exchanged(hidden, num_heads):
            """The cut is right. Then you exchange the last two dimensions, the heads and their numbers; it
            has to be 1 and 2, the words and the heads.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, num_heads, hidden_size // num_heads).transpose(2, 3)

        def cut_the_words(hidden, num_heads):
            """You give each head some of the *words*, with all their numbers. Each head gets all words,
            and a slice of each: cut the last dimension.
            """
            return torch.stack(hidden.chunk(num_heads, dim=1), dim=1)

        def whole_vectors_for_each(hidden, num_heads):
            """Each head has the whole vectors, with all their numbers. It gets a slice of each: head_size
            numbers.
            """
            return hidden[:, None].repeat(1, num_heads, 1, 1)

        def one_head_alone(hidden, num_heads):
            """There is only the first head in your result. Make a slice for each of num_heads heads."""
            return hidden[:, None, :, : hidden.shape[-1] // num_heads].clone()

        def heads_first(hidden, num_heads):
            """The slices are right, but the heads come before the texts: dimension 0 is the batch."""
            return torch.stack(hidden.chunk(num_heads, dim=-1))

        def turned_each_head(hidden, num_heads):
            """The last two dimensions are exchanged. Each head must be (n, head_size), one row per word."""
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, num_heads, hidden_size // num_heads).permute(0, 2, 3, 1)

    def explain(given, got, wanted):
        """From which word and which of its numbers the first wrong number comes."""
        hidden = given["hidden"]
        text, head, word, number = (got != wanted).nonzero()[0].tolist()
        found = (hidden[text] == got[text, head, word, number]).nonzero().tolist()
        if len(found) != 1:
            return None
        its_word, its_number = found[0]
        right = head * (hidden.shape[-1] // given["num_heads"]) + number
        return (
            f"Head {head}, word {word}, place {number}: yours is number {its_number} of word {its_word}. It "
            f"must be number {right} of word {word}."
        )

    def cases():
        yield dict(hidden=torch.arange(12.0).view(1, 2, 6), num_heads=3)
        yield dict(hidden=draw(2, 3, 8), num_heads=2)
        yield dict(hidden=draw(1, 5, 6, seed=1), num_heads=1)
        yield dict(hidden=draw(3, 1, 12, seed=2), num_heads=4)
        yield dict(hidden=draw(1, 2, 6, seed=3), num_heads=3)  # the first shape again
        yield dict(hidden=draw(2, 3, 8, seed=4), num_heads=8)
        yield dict(hidden=draw(4, 4, 16, seed=5), num_heads=4)
        yield dict(hidden=draw(3, 2, 8, seed=6).transpose(0, 1), num_heads=2)


class TooEven(CodeExercise):
    """This multi-head attention runs, its shapes are right, and its rows sum to 1. But its weights are too
    even, and more heads make them more even. Find the wrong line and fix it.
    """

    id, title, name = "2.4", "Find the bug: weights too even", "self_attention"
    difficulty, importance, minutes = 2, 2, 10
    hints = (
        "Weights are even when all scores are near 0. Which line decides how large the scores are?",
        "What are the scores divided by? And how many numbers does each of their dot products add up?",
        "After the split, each head works with vectors of head_size numbers. Division by the root of "
        "*head_size* keeps the standard deviation of its scores near 1.",
    )

    def stub(hidden, query_map, key_map, value_map, num_heads):
        """hidden: (batch, n, hidden_size), the maps: (hidden_size, hidden_size) → (batch, n, hidden_size)"""
        query = split_heads(hidden @ query_map, num_heads)
        key = split_heads(hidden @ key_map, num_heads)
        value = split_heads(hidden @ value_map, num_heads)
        scores = query @ key.transpose(-2, -1) / math.sqrt(hidden.shape[-1])
        weights = scores.softmax(dim=-1)
        return merge_heads(weights @ value)

    def solution(hidden, query_map, key_map, value_map, num_heads):
        """hidden: (batch, n, hidden_size), the maps: (hidden_size, hidden_size) → (batch, n, hidden_size)"""
        query = split_heads(hidden @ query_map, num_heads)
        key = split_heads(hidden @ key_map, num_heads)
        value = split_heads(hidden @ value_map, num_heads)
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        weights = scores.softmax(dim=-1)
        return merge_heads(weights @ value)

    class mistakes:
        def took_the_scale_away(hidden, query_map, key_map, value_map, num_heads):
            """You took the division away. The weights were too even; now a few of them are too large. Divide
            by another root.
            """
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale=1.0)

        def root_of_the_heads(hidden, query_map, key_map, value_map, num_heads):
            """You divide by √num_heads. Under the root must be how many terms each dot product has."""
            return TooEven.attend(
                hidden, query_map, key_map, value_map, num_heads, scale=math.sqrt(num_heads)
            )

        def forgot_the_root(hidden, query_map, key_map, value_map, num_heads):
            """You divide by head_size itself, without the root."""
            size = hidden.shape[-1] // num_heads
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale=size)

        def root_of_the_length(hidden, query_map, key_map, value_map, num_heads):
            """You divide by the root of the number of words. Under the root must be how many numbers a
            vector of one head has.
            """
            return TooEven.attend(
                hidden, query_map, key_map, value_map, num_heads, scale=math.sqrt(hidden.shape[-2])
            )

        def root_of_both(hidden, query_map, key_map, value_map, num_heads):
            """You divide by √(hidden_size · num_heads), so the weights become still more equal. A vector of
            one head has num_heads times *fewer* numbers than the whole vector.
            """
            scale = math.sqrt(hidden.shape[-1] * num_heads)
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale)

        def divided_outside_the_root(hidden, query_map, key_map, value_map, num_heads):
            """You divide by √hidden_size / num_heads. Divide by num_heads *under* the root: take the
            root of head_size.
            """
            scale = math.sqrt(hidden.shape[-1]) / num_heads
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale)

        def multiplied_by_the_root(hidden, query_map, key_map, value_map, num_heads):
            """You multiply by √head_size. It is the right root, but the scores have to be divided by it."""
            scale = 1 / math.sqrt(hidden.shape[-1] // num_heads)
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale)

        def divided_after_the_softmax(hidden, query_map, key_map, value_map, num_heads):
            """You divide the weights, after the softmax: then their rows no longer sum to 1. Divide the
            scores, before it.
            """
            size = hidden.shape[-1] // num_heads
            mixed = TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale=1.0)
            return mixed / math.sqrt(size)

        def whole_size_without_root(hidden, query_map, key_map, value_map, num_heads):
            """You divide by hidden_size, without a root: the weights become still more equal. It has to be
            the root of head_size.
            """
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale=hidden.shape[-1])

        def merged_without_the_exchange(hidden, query_map, key_map, value_map, num_heads):
            """The scale is right now. But the heads were merged correctly: `merge_heads` first exchanges
            heads and words, and a `view` or `reshape` alone does not.
            """
            query, key, value = (
                split_heads(hidden @ each, num_heads) for each in (query_map, key_map, value_map)
            )
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return (scores.softmax(dim=-1) @ value).reshape(hidden.shape)

        def queries_with_queries(hidden, query_map, key_map, value_map, num_heads):
            """The scale is right now. But the scores come from the queries alone: each query meets each
            **key**.
            """
            scale = math.sqrt(hidden.shape[-1] // num_heads)
            return TooEven.attend(hidden, query_map, query_map, value_map, num_heads, scale)

        def fixed_and_broken(hidden, query_map, key_map, value_map, num_heads):
            """The scale is right now. But you changed the softmax, which was right: it must run over the
            keys, dim=-1.
            """
            scale = math.sqrt(hidden.shape[-1] // num_heads)
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale, over=-2)

        def softmax_over_queries(hidden, query_map, key_map, value_map, num_heads):
            """The softmax was right: it ran over the keys. The bug is in another line: the scale is still
            wrong.
            """
            scale = math.sqrt(hidden.shape[-1])
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale, over=-2)

        def same_bug_in_other_words(hidden, query_map, key_map, value_map, num_heads):
            """This computes the same as before: the scores are still divided by √hidden_size."""
            scale = math.sqrt(hidden.shape[-1])
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale)

    def attend(hidden, query_map, key_map, value_map, num_heads, scale, over=-1):
        """The same with another scale, for the mistakes."""
        query, key, value = (
            split_heads(hidden @ each, num_heads) for each in (query_map, key_map, value_map)
        )
        return merge_heads((query @ key.transpose(-2, -1) / scale).softmax(dim=over) @ value)

    def explain(given, got, wanted):
        """By what the scores are divided, if it is that alone: the nearest of many numbers, then nearer."""
        lowest, highest = -6.0, 6.0
        for _ in range(8):
            powers = torch.linspace(lowest, highest, 41).tolist()
            errors = [(TooEven.attend(**given, scale=2**power) - got).abs().max().item() for power in powers]
            best = powers[errors.index(min(errors))]
            lowest, highest = best - (highest - lowest) / 20, best + (highest - lowest) / 20
        if min(errors) > 1e-4:
            return None
        head_size = given["hidden"].shape[-1] // given["num_heads"]
        return f"Your scores are divided by {2**best:.3g}; √head_size is {math.sqrt(head_size):.3g} here."

    def cases():
        yield dict(hidden=0.4 * draw(1, 2, 2), **TooEven.maps(2), num_heads=1)
        yield dict(hidden=draw(1, 3, 4), **TooEven.maps(4), num_heads=2)
        yield dict(hidden=draw(2, 5, 12, seed=1), **TooEven.maps(12), num_heads=4)
        yield dict(hidden=draw(2, 4, 6, seed=2), **TooEven.maps(6), num_heads=1)
        yield dict(hidden=draw(2, 3, 8, seed=7), **TooEven.maps(8), num_heads=2)
        yield dict(hidden=draw(2, 3, 8, seed=8), **TooEven.maps(8), num_heads=8)
        yield dict(hidden=draw(1, 1, 6, seed=9), **TooEven.maps(6), num_heads=3)
        yield dict(hidden=draw(2, 4, 6, seed=10), **TooEven.maps(6), num_heads=3)

    def maps(size):
        return {
            f"{name}_map": draw(size, size, seed=3 + i) for i, name in enumerate(("query", "key", "value"))
        }


class LayerOrder(Ordering):
    """Put the steps of one encoder layer of BERT in order, from what comes in to what goes out."""

    id, title = "2.5", "The order of an encoder layer"
    difficulty, importance, minutes = 1, 2, 4
    hints = (
        "A layer has two halves: first attention mixes the words, then the network works on each word.",
        "Each half ends in the same way: add the input of the sublayer, then normalise.",
        "The published BERT normalises *after* the addition, not before: post-LN.",
    )
    items = {
        "attention": (
            "Attention computes a weighted average of all positions for each position",
            "Its only input is the input of the layer.",
        ),
        "add1": (
            "Add these averages to the vectors that attention read",
            "A residual connection adds the input of a sublayer to its output, so it comes right after the "
            "sublayer.",
        ),
        "norm1": (
            "LayerNorm of the attention half",
            "BERT is post-LN: this LayerNorm gets the sum, and the network reads its result.",
        ),
        "network": (
            "The feed-forward network computes a change for each position",
            "It reads the result of the first half, after addition and LayerNorm.",
        ),
        "add2": (
            "Add the change to the vectors that the network read",
            "The change must be computed before it is added, and LayerNorm comes after the addition.",
        ),
        "norm2": (
            "LayerNorm of the feed-forward half",
            "It gets the sum of the second half, and its result is the output of the layer.",
        ),
    }


class AddAndNorm(CodeExercise):
    """Write the end of each half of an encoder layer as in the published BERT (post-LN): LayerNorm(x +
    Sublayer(x)). `hidden` is x, and `change` is what attention or the network has computed from x.
    `norm` is a layer: call it. (Some norms have no bias.)
    """

    id, title, name = "2.6", "Add and norm", "add_and_norm"
    difficulty, importance, minutes = 1, 3, 5
    replaces = "course_lib.encoder.add_and_norm"
    hints = (
        "`change` is the result of the sublayer, Sublayer(x) in the formula. Which argument is x?",
        "The addition is inside the parentheses of LayerNorm. Which comes first?",
        "Call `norm` once, with one argument: the sum of the two tensors.",
    )

    def stub(hidden, change, norm):
        """LayerNorm(x + Sublayer(x)).  hidden, change: (..., hidden_size), norm: a LayerNorm"""
        ...

    def solution(hidden, change, norm):
        """LayerNorm(x + Sublayer(x)).  hidden, change: (..., hidden_size), norm: a LayerNorm"""
        return norm(hidden + change)

    class mistakes:
        def norm_before_the_addition(hidden, change, norm):
            """You normalise the change and add x afterwards. BERT adds first and then normalises the sum."""
            return hidden + norm(change)

        def pre_norm(hidden, change, norm):
            """You normalise x and add the change. BERT normalises the sum of the two."""
            return norm(hidden) + change

        def no_residual(hidden, change, norm):
            """x is missing: you normalise the change alone. Without the residual connection, x is lost."""
            return norm(change)

        def no_norm(hidden, change, norm):
            """The sum is right, but nothing normalises it. Call `norm`."""
            return hidden + change

        def averaged(hidden, change, norm):
            """You halve the sum. LayerNorm nearly hides that, because it divides by the standard deviation.
            But the formula says x + Sublayer(x).
            """
            return norm((hidden + change) / 2)

        def residual_around_the_norm(hidden, change, norm):
            """You add x twice: in the sum, and again after the norm. The result must be the norm of the
            sum alone.
            """
            return hidden + norm(hidden + change)

        def ignored_the_change(hidden, change, norm):
            """The change is missing: you throw away what the sublayer computed."""
            return norm(hidden)

        def subtracted(hidden, change, norm):
            """You subtract the change. What is normalised is the sum, x + Sublayer(x)."""
            return norm(hidden - change)

        def normalised_each(hidden, change, norm):
            """You normalise both and then add. Normalise once: the sum."""
            return norm(hidden) + norm(change)

        def norm_of_your_own(hidden, change, norm):
            """You wrote your own normalisation. Call `norm`: it also has a learned scale and shift."""
            return nn.functional.layer_norm(hidden + change, hidden.shape[-1:])

        def eps_of_your_own(hidden, change, norm):
            """You use the weight and the bias of `norm`, but not its `eps`, which is different in BERT. Call
            `norm` itself: it uses all three.
            """
            return nn.functional.layer_norm(hidden + change, hidden.shape[-1:], norm.weight, norm.bias)

        def always_a_bias(hidden, change, norm):
            """Your own LayerNorm is right where `norm` has a bias. Some have none, and then `norm.bias` is
            None. Call `norm` itself: it knows what it has.
            """
            return nn.functional.layer_norm(
                hidden + change, hidden.shape[-1:], norm.weight, norm.bias + 0, norm.eps
            )

        def spread_by_one_less(hidden, change, norm):
            """You normalise by yourself, with the standard deviation that divides by n − 1: LayerNorm divides
            by n. Call `norm` itself.
            """
            return AddAndNorm.by_hand(hidden + change, norm, lambda x: x.std(-1, keepdim=True) + norm.eps)

        def variance_by_one_less(hidden, change, norm):
            """You normalise by yourself, with the variance that divides by n − 1: LayerNorm divides by n.
            Call `norm` itself.
            """
            return AddAndNorm.by_hand(
                hidden + change, norm, lambda x: torch.sqrt(x.var(-1, keepdim=True) + norm.eps)
            )

        def eps_outside_the_root(hidden, change, norm):
            """You normalise by yourself, and add `eps` to the standard deviation: in LayerNorm it stands
            under the root. Call `norm` itself.
            """
            return AddAndNorm.by_hand(
                hidden + change, norm, lambda x: x.std(-1, correction=0, keepdim=True) + norm.eps
            )

        def without_scale_and_shift(hidden, change, norm):
            """You normalise by yourself, and the scale and the shift that `norm` has learned are missing.
            Call `norm` itself.
            """
            return nn.functional.layer_norm(hidden + change, hidden.shape[-1:], eps=norm.eps)

        def over_all_positions(hidden, change, norm):
            """You normalise by yourself, with one mean and one variance of all numbers. Each vector has its
            own: the last dimension alone. Call `norm` itself.
            """
            x = hidden + change
            x = (x - x.mean()) / torch.sqrt(x.var(correction=0) + norm.eps) * norm.weight
            return x if norm.bias is None else x + norm.bias

        def mean_not_taken_away(hidden, change, norm):
            """You normalise by yourself, and you did not subtract the mean of each vector. Call `norm`
            itself.
            """
            x = hidden + change
            x = x / torch.sqrt((x * x).mean(dim=-1, keepdim=True) + norm.eps) * norm.weight
            return x if norm.bias is None else x + norm.bias

        def norm_inside_too(hidden, change, norm):
            """You normalise twice: the change, and then the sum. One LayerNorm, around the sum."""
            return norm(hidden + norm(change))

        def norm_of_x_too(hidden, change, norm):
            """You normalise twice: x, and then the sum. One LayerNorm, around the sum."""
            return norm(norm(hidden) + change)

        def normalised_twice(hidden, change, norm):
            """You normalise the sum twice. Once is what is asked for."""
            return norm(norm(hidden + change))

        def another_round(hidden, change, norm):
            """The first round is right, and then x is added and normalised once more. Once is enough."""
            return norm(hidden + norm(hidden + change))

        def x_twice(hidden, change, norm):
            """x is there twice. Add it once: `change` is what the sublayer made of it."""
            return norm(hidden + hidden + change)

        def called_the_change(hidden, change, norm):
            """`change` is a tensor, the result of the sublayer, so it cannot be called. Add it."""
            return norm(hidden + change(hidden))

        def added_in_place(hidden, change, norm):
            """The numbers are right, but += also changes the `hidden` of the caller. Use +, which makes a new
            tensor.
            """
            hidden += change
            return norm(hidden)

    def cases():
        yield dict(hidden=draw(1, 2, 3), change=draw(1, 2, 3, seed=1), norm=AddAndNorm.norm(3))
        yield dict(hidden=draw(2, 4, 8), change=5 * draw(2, 4, 8, seed=1), norm=AddAndNorm.norm(8))
        yield dict(hidden=draw(5, 4), change=draw(5, 4, seed=1), norm=AddAndNorm.norm(4))  # some positions
        yield dict(hidden=draw(1, 2, 3, seed=4), change=draw(1, 2, 3, seed=5), norm=AddAndNorm.norm(3))
        small = dict(hidden=0.003 * draw(2, 6, seed=6), change=0.003 * draw(2, 6, seed=7))
        yield dict(**small, norm=AddAndNorm.norm(6, eps=1e-12))  # as BERT's, whose eps is that small
        yield dict(hidden=draw(2, 3, 4, seed=8), change=draw(2, 3, 4, seed=9), norm=AddAndNorm.norm(4, False))
        yield dict(hidden=draw(6, seed=10), change=draw(6, seed=11), norm=AddAndNorm.norm(6))
        close = dict(hidden=0.1 * draw(3, 5, seed=12), change=0.1 * draw(3, 5, seed=13))
        yield dict(**close, norm=AddAndNorm.norm(5, eps=0.1))  # an eps that counts

    def explain(given, got, wanted):
        """What the numbers were before the scale and the shift of `norm`."""
        norm = given["norm"]
        before = (got - (0 if norm.bias is None else norm.bias)) / norm.weight
        mean, spread = before.mean(dim=-1), before.std(dim=-1, correction=0)
        if norm.eps < 0.01 and (mean.abs() < 1e-3).all() and ((spread - 1).abs() < 1e-2).all():
            return "Something is normalised, as it should be; but it is not the sum of `hidden` and `change`."
        return None

    def by_hand(x, norm, spread):
        """A LayerNorm with another spread, for the mistakes."""
        return (x - x.mean(-1, keepdim=True)) / spread(x) * norm.weight + norm.bias

    def norm(size, bias=True, eps=1e-5):
        """A LayerNorm that is not at its start: weights of 1 and biases of 0 would hide some mistakes."""
        norm = nn.LayerNorm(size, eps=eps)
        with torch.no_grad():
            norm.weight.copy_(1 + 0.5 * draw(size, seed=2))
            norm.bias.copy_(draw(size, seed=3))
        if not bias:
            norm.bias = None  # as week 7 takes it away
        return norm


class OneHeadTwoWords(Quiz):
    """In the explorer with 항구, find the head in which **배** gives more than half of its weight to the
    place and the verb together. What does the **same** head do for *bank* in the explorer below it?
    """

    id, title = "2.7", "Does a head have one job?"
    difficulty, importance, minutes = 2, 2, 8
    hints = (
        "There are four heads: two layers of two. In only one, 항구 and 탔 together get more than half.",
        "Choose the same layer and head in the explorer below. Select bank and read its largest weight.",
        "Compare it with the other head of this layer. Which of the two gives weight to borrowed?",
    )
    choices = {
        "context": (
            "It makes bank look most at borrowed and at parts of money and city.",
            "Yes. In both sentences this head looks at words that settle the meaning. Nobody gave it this "
            "job: it was learned. In an encoder that was trained from another start, the heads may share "
            "the work in another way.",
        ),
        "itself": (
            "It makes bank look most at itself, and almost never at another token.",
            "Look again at the row of bank in this head: its weight on itself is nearly 0.",
        ),
        "even": (
            "It makes bank look at all tokens about equally.",
            "The heads of layer 1 roughly do that. This one, in layer 2, gives four tokens most of its "
            "weight.",
        ),
        "ends": (
            "It makes bank look mostly at [CLS] and [SEP], the two ends.",
            "Look again at the row of bank in this head: together they get less than 0.1.",
        ),
    }
    answer = "context"
