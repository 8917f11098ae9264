"""The exercises of week 2: from attention weights to an encoder layer."""

import math

import torch
from torch import nn

from course_lib.attention import merge_heads, split_heads
from course_lib.classroom.exercises.base import ClickCell, CodeExercise, Ordering, Quiz
from course_lib.classroom.exercises.random_cases import draw


class ReadTheMatrix(ClickCell):
    """Click the cell that says how much **깎았다** (peeled) looks at **배** (pear)."""

    id, title = "2.1", "Read a matrix of weights"
    difficulty, importance, minutes = 1, 3, 3
    hints = (
        "Two words are named in the question: one looks, one is looked at. Which is which?",
        "Each row sums to 1: a row is all the attention that one word has to give.",
        "Find the row of the word that looks. Then go along it to the word that is looked at.",
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
    has to be 0; where it is None, everything is allowed. One exception: in a row of m weights that allows
    nothing, each is 1/m, as the most negative finite number makes them.
    """

    id, title, name = "2.2", "Attention weights", "attention_weights"
    difficulty, importance, minutes = 2, 3, 15
    replaces = "course_lib.attention.attention_weights"
    hints = (
        "Three steps: dot products of every query with every key, the division, the softmax. Which dimension "
        "of the scores belongs to the keys?",
        "`key.transpose(-2, -1)` works with and without batch. A forbidden score must become very negative "
        "*before* the softmax: then its weight is 0 and the rest still sums to 1.",
        "`scores.masked_fill(~mask, something)` changes the forbidden scores. With -inf, a row in which all "
        "is forbidden becomes nan; with the most negative finite number, `torch.finfo(scores.dtype).min`, "
        "it does not.",
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
            """You did not divide by √d. With long vectors the softmax then puts all its weight on one
            word.
            """
            return AttentionWeights.finish(query @ key.transpose(-2, -1), mask)

        def multiplied_by_the_root(query, key, mask=None):
            """You multiplied by √d; the scores have to be divided by it."""
            return AttentionWeights.finish(query @ key.transpose(-2, -1) * math.sqrt(query.shape[-1]), mask)

        def root_of_the_length(query, key, mask=None):
            """You divided by the root of the number of words. The d under the root is the size of one
            vector.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-2])
            return AttentionWeights.finish(scores, mask)

        def root_of_the_number_of_keys(query, key, mask=None):
            """You divided by the root of the number of keys. The d under the root is the size of one
            vector.
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
            """Your columns sum to 1 and your rows do not: the softmax has to run over the keys, the last
            dimension.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            if mask is not None:
                scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
            return scores.softmax(dim=-2)

        def no_softmax(query, key, mask=None):
            """These are the scores. Weights come out of a softmax: none is negative, and each row sums to
            1.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return scores if mask is None else scores.masked_fill(~mask, torch.finfo(scores.dtype).min)

        def queries_with_queries(query, key, mask=None):
            """You multiplied the queries with themselves. Each query meets each **key**."""
            return AttentionWeights.finish(query @ query.transpose(-2, -1) / math.sqrt(query.shape[-1]), mask)

        def looked_from_the_keys(query, key, mask=None):
            """Rows and columns are exchanged: the rows have to be the queries, so it is query @ keyᵀ."""
            scores = key @ query.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return AttentionWeights.finish(scores, mask)

        def ignored_the_mask(query, key, mask=None):
            """Without a mask all is right. With one, forbidden positions still get weight: you do not use
            it, or not what `masked_fill` gives back.
            """
            return AttentionWeights.finish(query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]), None)

        def inverted_the_mask(query, key, mask=None):
            """Your mask is the wrong way round. True means that looking is *allowed*."""
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return AttentionWeights.finish(scores, None if mask is None else ~mask)

        def masked_after_the_softmax(query, key, mask=None):
            """Masked rows no longer sum to 1: you set weights to 0 after the softmax. Change the scores
            before it.
            """
            weights = (query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])).softmax(dim=-1)
            return weights if mask is None else weights.masked_fill(~mask, 0.0)

        def zero_instead_of_small(query, key, mask=None):
            """You set forbidden *scores* to 0, but the softmax makes e⁰ = 1 of that. They have to be very
            negative.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return (scores if mask is None else scores.masked_fill(~mask, 0.0)).softmax(dim=-1)

        def minus_infinity(query, key, mask=None):
            """A row in which everything is forbidden becomes nan, because of -inf or of 0 / 0. Write
            `torch.finfo(scores.dtype).min` into the forbidden scores instead.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            return (scores if mask is None else scores.masked_fill(~mask, -math.inf)).softmax(dim=-1)

        def masks_of_one_shape(query, key, mask=None):
            """Your mask is used as an index, which does not stretch. A mask may have fewer dimensions than
            the scores, or the size 1 in some of them: `masked_fill` stretches it.
            """
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            if mask is not None:
                scores[~mask] = torch.finfo(scores.dtype).min
            return scores.softmax(dim=-1)

        def only_without_batch(query, key, mask=None):
            """It works for one text and not for a batch: exchange the *last two* dimensions, `transpose(-2,
            -1)`.
            """
            return AttentionWeights.finish(query @ key.transpose(0, 1) / math.sqrt(query.shape[-1]), mask)

    def finish(scores, mask):
        """What all mistakes do that are made before it."""
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
        """In a row that allows nothing they depend on how the scores were made small."""
        mask = given.get("mask")
        return mask is None or mask.any(dim=-1).all()

    def explain(given, got, wanted):
        mask = torch.ones(got.shape, dtype=torch.bool)
        if given.get("mask") is not None:
            mask = given["mask"].expand(got.shape)
        allows_some = mask.any(dim=-1)
        if not torch.allclose(got[~allows_some], wanted[~allows_some]):
            return "In a row that allows nothing, each weight has to be 1 divided by the number of weights."
        if not torch.allclose(got.sum(dim=-1), wanted.sum(dim=-1)):
            return "Your rows don't sum to 1: is the softmax over the keys, and the last thing that you do?"
        if (got * ~mask)[allows_some].abs().max() > 0:
            return "Where the mask is False, your weight is not 0: make those scores smaller, before softmax."
        return None


class SplitHeads(CodeExercise):
    """Give each head its own slice of every vector: head 0 the first numbers, head 1 the next, …"""

    id, title, name = "2.3", "Split into heads", "split_heads"
    difficulty, importance, minutes = 2, 3, 10
    replaces = "course_lib.attention.split_heads"
    hints = (
        "Two steps: cut the last dimension into (num_heads, head_size), then move the heads to where they "
        "belong.",
        "After the cut the shape is (batch, n, num_heads, head_size). Which two dimensions have to change "
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
            """The shape is right, the numbers are in wrong places: one reshape mixes words into heads. Cut
            the vectors first, then exchange two dimensions.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.reshape(batch, num_heads, length, hidden_size // num_heads)

        def forgot_the_exchange(hidden, num_heads):
            """You cut the vectors, but the heads stand behind the words: (batch, n, num_heads, head_size).
            Exchange two dimensions.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, num_heads, hidden_size // num_heads)

        def dealt_out_like_cards(hidden, num_heads):
            """Your heads take every num_heads-th number, like cards dealt out. Each head gets neighbouring
            numbers.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, hidden_size // num_heads, num_heads).permute(0, 3, 1, 2)

        def heads_and_sizes_exchanged(hidden, num_heads):
            """You cut each vector into head_size heads of num_heads numbers: exchange the two in your
            view.
            """
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, hidden_size // num_heads, num_heads).transpose(1, 2)

        def sizes_with_a_point(hidden, num_heads):
            """`/` gives a float, 2.0, and `view` needs whole numbers: divide with `//`."""
            batch, length, hidden_size = hidden.shape
            return hidden.view(batch, length, num_heads, hidden_size / num_heads).transpose(1, 2)

        def sizes_written_down(hidden, num_heads):
            """It works for the sizes of the example alone: take them from `hidden.shape` and `num_heads`."""
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
            """You give each head some of the *words*, with all their numbers. Each head gets all words, and
            of each a slice: cut the last dimension.
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
            """The last two dimensions are exchanged: each head is (n, head_size), a row for each word."""
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
            f"Head {head} has for word {word}, at place {number}, number {its_number} of word {its_word}. It "
            f"has to be number {right} of word {word}."
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
    """This multi-head attention runs, its shapes are right, its rows sum to 1. But its weights are far too
    even, and the more heads there are, the more even they get. Find the line and fix it.
    """

    id, title, name = "2.4", "Find the bug: weights too even", "self_attention"
    difficulty, importance, minutes = 2, 2, 10
    hints = (
        "What makes weights even? Scores that are all near 0. Which line decides how large the scores are?",
        "By what are the scores divided, and how long are the vectors whose dot products they are?",
        "After the split each head works with vectors of head_size numbers. The root of *that* keeps the "
        "standard deviation of its scores near 1.",
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
            """You took the division away. The weights are less even now, and too uneven instead: divide by
            another root.
            """
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale=1.0)

        def root_of_the_heads(hidden, query_map, key_map, value_map, num_heads):
            """You divide by √num_heads. Under the root belongs how many numbers each dot product adds up."""
            return TooEven.attend(
                hidden, query_map, key_map, value_map, num_heads, scale=math.sqrt(num_heads)
            )

        def forgot_the_root(hidden, query_map, key_map, value_map, num_heads):
            """You divide by head_size itself, without the root."""
            size = hidden.shape[-1] // num_heads
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale=size)

        def root_of_the_length(hidden, query_map, key_map, value_map, num_heads):
            """You divide by the root of the number of words. Under the root belongs the length of one head's
            vectors.
            """
            return TooEven.attend(
                hidden, query_map, key_map, value_map, num_heads, scale=math.sqrt(hidden.shape[-2])
            )

        def root_of_both(hidden, query_map, key_map, value_map, num_heads):
            """You divide by √(hidden_size · num_heads), which makes the weights more even still. Each head
            has num_heads times *fewer* numbers than the whole vector.
            """
            scale = math.sqrt(hidden.shape[-1] * num_heads)
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale)

        def divided_outside_the_root(hidden, query_map, key_map, value_map, num_heads):
            """You divide by √hidden_size / num_heads. The division by num_heads belongs *under* the root: the
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
            """You divide by hidden_size, without a root: the weights are more even still. It has to be the
            root of head_size.
            """
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale=hidden.shape[-1])

        def merged_without_the_exchange(hidden, query_map, key_map, value_map, num_heads):
            """The scale is right now. But the heads were merged rightly before: `merge_heads` first exchanges
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
            """The scale is right now. But the softmax was right before: it has to run over the keys,
            dim=-1.
            """
            scale = math.sqrt(hidden.shape[-1] // num_heads)
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale, over=-2)

        def softmax_over_queries(hidden, query_map, key_map, value_map, num_heads):
            """The softmax was right: it runs over the keys. The bug is in another line; the scale is still
            wrong.
            """
            scale = math.sqrt(hidden.shape[-1])
            return TooEven.attend(hidden, query_map, key_map, value_map, num_heads, scale, over=-2)

        def same_bug_in_other_words(hidden, query_map, key_map, value_map, num_heads):
            """This computes what it computed before: the scores are still divided by √hidden_size."""
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
        "A layer has two halves: words exchange what they know, then each word thinks on its own.",
        "Each half ends in the same way: add what came in, then normalise.",
        "The published BERT normalises *after* the addition, not before: post-LN.",
    )
    items = {
        "attention": (
            "Attention makes a mix of all positions for each one",
            "It works on what comes into the layer and on nothing else.",
        ),
        "add1": (
            "Add the mix to the vectors that attention read",
            "A residual carries past a sublayer what went into it: add as soon as the sublayer has its "
            "result.",
        ),
        "norm1": (
            "LayerNorm of the attention half",
            "BERT is post-LN: what this LayerNorm gets has been added up already, and the network reads what "
            "it gives.",
        ),
        "network": (
            "The feed-forward network makes a change for each position",
            "It reads what the half before it has finished, addition and LayerNorm included.",
        ),
        "add2": (
            "Add the change to the vectors that the network read",
            "What is added has to be there, and nothing has been normalised since the network read.",
        ),
        "norm2": (
            "LayerNorm of the feed-forward half",
            "It gets what has been added up in its half, and the layer hands on what it gives.",
        ),
    }


class AddAndNorm(CodeExercise):
    """The end of each half of an encoder layer, as BERT was published (post-LN): LayerNorm(x + Sublayer(x)).
    `hidden` is x, and `change` is the tensor that attention or the network has computed from it. `norm` is a
    layer to be called; not each has a bias.
    """

    id, title, name = "2.6", "Add and norm", "add_and_norm"
    difficulty, importance, minutes = 1, 3, 5
    replaces = "course_lib.encoder.add_and_norm"
    hints = (
        "`change` is what the sublayer computed, Sublayer(x) in the formula. Which argument is x?",
        "The addition stands inside the parentheses of LayerNorm. So which comes first?",
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
            """You normalise the change and add x afterwards. In BERT the norm stands outside: it normalises
            the sum.
            """
            return hidden + norm(change)

        def pre_norm(hidden, change, norm):
            """You normalise x and add the change. BERT normalises the sum of the two."""
            return norm(hidden) + change

        def no_residual(hidden, change, norm):
            """x is missing: you normalise the change alone. Without the residual, what came in is lost."""
            return norm(change)

        def no_norm(hidden, change, norm):
            """The sum is right, and nothing normalises it: call `norm`."""
            return hidden + change

        def averaged(hidden, change, norm):
            """You halve the sum. LayerNorm hides that nearly everywhere, for it divides by the spread itself;
            but what is asked for is x + Sublayer(x).
            """
            return norm((hidden + change) / 2)

        def residual_around_the_norm(hidden, change, norm):
            """x is there twice: in the sum, and once more outside of the norm. The result is the norm of the
            sum alone.
            """
            return hidden + norm(hidden + change)

        def ignored_the_change(hidden, change, norm):
            """The change is missing: whatever attention found is thrown away."""
            return norm(hidden)

        def subtracted(hidden, change, norm):
            """You subtract the change. What is normalised is the sum, x + Sublayer(x)."""
            return norm(hidden - change)

        def normalised_each(hidden, change, norm):
            """You normalise both and then add. One LayerNorm, around the sum."""
            return norm(hidden) + norm(change)

        def norm_of_your_own(hidden, change, norm):
            """You normalise by yourself. Call `norm`: it has a learned scale and shift besides."""
            return nn.functional.layer_norm(hidden + change, hidden.shape[-1:])

        def eps_of_your_own(hidden, change, norm):
            """You take the weight and the bias of `norm`, but not its `eps`, which is another one in BERT.
            Call `norm` itself: it brings all that it has.
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
            """You normalise by yourself, and the mean of each vector is not taken away before. Call `norm`
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
            """`change` is a tensor, the finished Sublayer(x), and cannot be called: add it."""
            return norm(hidden + change(hidden))

        def added_in_place(hidden, change, norm):
            """The numbers are right, but += changes the caller's `hidden` too. Use +, which makes a new
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
            norm.bias = None  # as week 6 takes it away
        return norm


class OneHeadTwoWords(Quiz):
    """One head makes **배** look at the place and the verb. Find it in the explorer that has 항구. What
    does the **same** head do for *bank* in the one below?
    """

    id, title = "2.7", "Does a head have one job?"
    difficulty, importance, minutes = 2, 2, 8
    hints = (
        "There are four heads: two layers of two. In one, the largest weights of 배 are on 항구 and 탔.",
        "Now take the same layer and head in the explorer below, select bank, and read its largest weight.",
        "Compare with the other head of that layer: which of the two looks at anything but bank itself?",
    )
    choices = {
        "context": (
            "It makes bank look mostly at borrowed and city, which decide.",
            "That would be tidy. Look once more at the row of bank in this head: where is its largest "
            "weight?",
        ),
        "itself": (
            "It makes bank look mostly at bank, at the same word again.",
            "Yes. For bank the context comes through the other heads, that of this layer and those of layer "
            "1. A head has no job description: what it does was learned, and it can differ from word to "
            "word.",
        ),
        "even": (
            "It makes bank look at all pieces alike, at none in particular.",
            "The heads of layer 1 do about that. This one, in layer 2, is very uneven.",
        ),
        "ends": (
            "It makes bank look mostly at [CLS] and [SEP], the two ends.",
            "Other heads give them a little. In this row they have next to nothing.",
        ),
    }
    answer = "itself"
