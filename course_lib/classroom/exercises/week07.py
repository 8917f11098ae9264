"""The exercises of week 7: published weights, sentence vectors, and two changes since 2018."""

import torch
from torch.nn import functional as F

from course_lib.classroom.exercises.base import CodeExercise, Quiz, Sorting
from course_lib.classroom.exercises.random_cases import draw


class WhoseTensor(Sorting):
    """Seven tensors of the published file, under their published names. Which of your modules uses each?"""

    id, title = "7.1", "Whose tensor is this?"
    difficulty, importance, minutes = 1, 2, 5
    hints = (
        "Read the names from the left: what stands before the first dot says whether it is the input, a "
        "layer, or what comes behind the last layer.",
        "A layer has two halves. Attention looks at other positions; the feed-forward network treats each "
        "alone.",
        "`intermediate` and the `output` beside it are the two maps of the feed-forward network, which "
        "stands in the same file as the layer.",
    )
    groups = {
        "attention": "attention.py",
        "encoder": "encoder.py",
        "embeddings": "embeddings.py",
        "bert": "bert.py",
    }
    items = {
        "widen": (
            "encoder.layer.2.intermediate.dense.weight",
            "encoder",
            "The first map of the feed-forward network, which widens; yours is called expand.",
        ),
        "positions": (
            "embeddings.position_embeddings.weight",
            "embeddings",
            "The table of positions of week 4: one learned row for each place.",
        ),
        "first_norm": (
            "embeddings.LayerNorm.weight",
            "embeddings",
            "The LayerNorm of the input layer, before the first of the layers.",
        ),
        "key": (
            "encoder.layer.3.attention.self.key.weight",
            "attention",
            "It makes the keys. Yours is the middle third of query_key_value.",
        ),
        "narrow": (
            "encoder.layer.5.output.dense.bias",
            "encoder",
            "It belongs to the second map of the feed-forward network, which narrows; yours is called "
            "contract.",
        ),
        "pooler": (
            "pooler.dense.weight",
            "bert",
            "One map behind the last layer, for the vector of [CLS] alone.",
        ),
        "mix": (
            "encoder.layer.0.attention.output.dense.weight",
            "attention",
            "The map that mixes what the heads bring.",
        ),
    }


class KoreanInPieces(Quiz):
    """Type 한국어, 배가 and 커피를 into the explorer above, one after the other. What does the published
    vocabulary do with Korean?
    """

    id, title = "7.2", "Korean in an English vocabulary"
    difficulty, importance, minutes = 1, 2, 5
    hints = (
        "How many tokens does one syllable give, and how does the second token begin?",
        "Look at NFD in week 3: what does this tokenizer do before it cuts?",
        "Count the tokens of 한: ᄒ, ##ᅡ, ##ᆫ.",
    )
    choices = {
        "letters": (
            "Each letter (자모) of a syllable becomes a token of its own.",
            "Yes. Stripping accents decomposes (NFD), which tears 한 into ᄒ, ᅡ, ᆫ. The vocabulary has such "
            "letters and no words made of them, so nothing in it says what a Korean word means.",
        ),
        "unknown": (
            "Each word becomes [UNK]: an English vocabulary has no Hangul.",
            "Some words do, where one of their letters is missing: the ᄈ of 빵집. These three have many "
            "tokens.",
        ),
        "syllables": (
            "Each syllable becomes a token of its own, as a character does.",
            "The tokens are smaller than that: 한 alone gives three.",
        ),
        "stems": (
            "Each noun becomes a token, and each particle a token with ##.",
            "The tokenizer below it does that, which was trained on Korean. This vocabulary has no Korean "
            "nouns to find.",
        ),
    }
    answer = "letters"


class MeanPooling(CodeExercise):
    """One vector stands for a whole sentence: the mean (평균) of its hidden vectors. Here is how a friend
    computes it. Alone, every sentence gets the right vector. In a batch with a longer sentence its
    vector changes. Fix the function.

    The shorter sentences of a batch are filled up with padding at their ends. Padding has hidden vectors,
    too.
    """

    id, title, name = "7.3", "Find the bug: wrong in a batch", "mean_pooling"
    difficulty, importance, minutes = 2, 3, 10
    replaces = "course_lib.similarity.mean_pooling"
    hints = (
        "What does a sentence have in a batch that it does not have alone? The mean takes that in. You need "
        "the sum of the real vectors, and the number of real positions, which is another one for each text.",
        "`attention_mask[..., None]` has the shape (batch, n, 1), so it can be multiplied with hidden: "
        "padding becomes 0.",
        "Divide by the sum of the mask over the positions; give it the shape (batch, 1).",
    )

    def stub(hidden, attention_mask):
        """hidden: (batch, n, hidden_size), attention_mask: (batch, n), 1 for real → (batch, hidden_size)"""
        return hidden.mean(dim=1)

    def solution(hidden, attention_mask):
        """hidden: (batch, n, hidden_size), attention_mask: (batch, n), 1 for real → (batch, hidden_size)"""
        is_real = attention_mask.unsqueeze(-1)
        total = (hidden * is_real).sum(dim=1)
        return total / is_real.sum(dim=1)

    class mistakes:
        def with_padding(hidden, attention_mask):
            """Padding still has a part in your mean: you take the mean over all positions."""
            return hidden.sum(dim=1) / hidden.shape[1]

        def by_all(hidden, attention_mask):
            """You leave padding out of the sum but count it when you divide. Divide by the number of *real*
            positions of each text.
            """
            return (hidden * attention_mask[..., None]).sum(dim=1) / hidden.shape[1]

        def first_position(hidden, attention_mask):
            """That is the vector of the first position, [CLS]. Return the mean of all real ones."""
            return hidden[:, 0]

        def not_divided(hidden, attention_mask):
            """This is the sum. Divide it by the number of real positions, or long texts have long vectors."""
            return (hidden * attention_mask[..., None]).sum(dim=1)

        def last_position(hidden, attention_mask):
            """That is the vector of the last real position alone. Return the mean of all real ones."""
            return hidden[torch.arange(len(hidden)), attention_mask.sum(dim=1) - 1]

        def first_and_last(hidden, attention_mask):
            """That is the mean of two vectors, the first and the last real one. Return that of all."""
            last = hidden[torch.arange(len(hidden)), attention_mask.sum(dim=1) - 1]
            return (hidden[:, 0] + last) / 2

        def without_the_first(hidden, attention_mask):
            """The first position, [CLS], is left out. It is a real one and belongs to the mean."""
            mask = attention_mask.clone()
            mask[:, 0] = 0
            mask = mask[..., None]
            return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)

        def without_the_last(hidden, attention_mask):
            """The last real position, [SEP], is left out where a text has more than one. It belongs to the
            mean.
            """
            ends = (attention_mask.sum(dim=1) - 1).clamp(min=1).tolist()
            return torch.stack([each[:end].mean(dim=0) for each, end in zip(hidden, ends)])

        def without_both_ends(hidden, attention_mask):
            """The first and the last real position, [CLS] and [SEP], are left out. Both belong to the mean;
            and in a text that has nothing else, nothing is left: 0 divided by 0 is nan.
            """
            ends = (attention_mask.sum(dim=1) - 1).tolist()
            return torch.stack([each[1:end].mean(dim=0) for each, end in zip(hidden, ends)])

        def length_of_the_first(hidden, attention_mask):
            """Every text is cut to the length of the first one. Each has its own: the sum of its mask."""
            return hidden[:, : attention_mask[0].sum()].mean(dim=1)

        def one_padding_too_many(hidden, attention_mask):
            """Your mean reaches one position too far: in a shorter text the first padding is in it."""
            ends = (attention_mask.sum(dim=1) + 1).tolist()
            return torch.stack([each[:end].mean(dim=0) for each, end in zip(hidden, ends)])

        def over_the_numbers(hidden, attention_mask):
            """You take the mean over the numbers of each vector, the last dimension. The positions are dim
            1.
            """
            return (hidden * attention_mask[..., None]).mean(dim=-1)

        def one_for_all_texts(hidden, attention_mask):
            """That is one vector for the whole batch, the mean over all its texts. Each text gets its own."""
            return hidden[attention_mask.bool()].mean(dim=0)

        def over_texts(hidden, attention_mask):
            """You take the mean over the texts of the batch (dim 0). The positions are dim 1."""
            return (hidden * attention_mask[..., None]).mean(dim=0)

        def only_padding(hidden, attention_mask):
            """The mask is the wrong way round: this is the mean of the padding."""
            padding = 1 - attention_mask[..., None]
            return (hidden * padding).sum(dim=1) / padding.sum(dim=1)

        def by_the_batch(hidden, attention_mask):
            """You divide every text by the number of real positions in the whole batch. Count them in each
            text: the sum of the mask over dim 1.
            """
            return (hidden * attention_mask[..., None]).sum(dim=1) / attention_mask.sum()

        def largest(hidden, attention_mask):
            """This is the largest number over the positions (max pooling). Return the mean."""
            return hidden.masked_fill(attention_mask[..., None] == 0, -1e9).amax(dim=1)

    def cases():
        yield dict(hidden=draw(2, 3, 3), attention_mask=torch.tensor([[1, 1, 1], [1, 0, 0]]))
        yield dict(hidden=draw(1, 4, 3, seed=1), attention_mask=torch.tensor([[1, 1, 1, 1]]))
        yield dict(
            hidden=draw(3, 5, 4, seed=2),
            attention_mask=torch.tensor([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
        )
        yield dict(hidden=draw(2, 3, 3, seed=3), attention_mask=torch.tensor([[1, 0, 0], [1, 1, 0]]))
        yield dict(hidden=draw(1, 4, 1, seed=4), attention_mask=torch.tensor([[1, 1, 0, 0]]))
        yield dict(hidden=draw(1, 3, 4, seed=5).relu(), attention_mask=torch.tensor([[1, 1, 1]]))  # zeros
        yield dict(hidden=draw(3, 1, 5, seed=5), attention_mask=torch.tensor([[1], [1], [1]]))
        lengths = torch.tensor([1, 7, 4, 9])
        mask = (torch.arange(9) < lengths[:, None]).long()
        yield dict(hidden=draw(4, 9, 6, seed=6), attention_mask=mask)
        yield dict(hidden=100 * draw(4, 9, 6, seed=7), attention_mask=mask)


class Nearest(CodeExercise):
    """Search (검색) by meaning: find the k vectors whose direction is nearest to the query's. The measure is
    the cosine (코사인), the dot product of two vectors divided by both lengths. Give the row numbers, the
    most similar first.
    """

    id, title, name = "7.4", "What is near", "most_similar"
    difficulty, importance, minutes = 2, 3, 10
    replaces = "course_lib.similarity.most_similar"
    hints = (
        "If every vector had the length 1, the dot product would be the cosine.",
        "`F.normalize(x, dim=-1)` divides each vector by its length; one matrix product gives all cosines.",
        "`cosines.topk(k)` has `.values` and `.indices`, the largest first.",
    )

    def stub(query, vectors, k):
        """query: (hidden_size,), vectors: (n, hidden_size) → row numbers (k,), the most similar first"""
        ...

    def solution(query, vectors, k):
        """query: (hidden_size,), vectors: (n, hidden_size) → row numbers (k,), the most similar first"""
        lengths = vectors.norm(dim=-1) * query.norm()
        cosines = vectors @ query / lengths
        return cosines.argsort(descending=True)[:k]

    class mistakes:
        def dot_products(query, vectors, k):
            """Your order is that of the dot products. There a long vector wins, wherever it points. Divide
            each by its *own* length, or normalise each first.
            """
            return (vectors @ query).topk(k).indices

        def least_similar(query, vectors, k):
            """These are the *least* similar ones. The most similar have the largest cosine."""
            return Nearest.cosines(query, vectors).topk(k, largest=False).indices

        def other_way_round(query, vectors, k):
            """The right rows in the wrong order: the most similar stands first."""
            return Nearest.cosines(query, vectors).topk(k).indices.flip(0)

        def by_distance(query, vectors, k):
            """You take those whose tips are nearest (Euclidean distance). A vector of the same direction and
            another length is far by that measure. Compare directions.
            """
            return (vectors - query).norm(dim=-1).topk(k, largest=False).indices

        def cosines_themselves(query, vectors, k):
            """These are the cosines. Return the row numbers, `.indices`."""
            return Nearest.cosines(query, vectors).topk(k).values

        def over_the_rows(query, vectors, k):
            """You normalise over the rows (dim 0): each *column* gets the length 1. Each vector should, dim
            −1.
            """
            return (F.normalize(vectors, dim=0) @ query).topk(k).indices

        def all_of_them(query, vectors, k):
            """You give all rows. Return the first k."""
            return Nearest.cosines(query, vectors).argsort(descending=True)

        def by_their_numbers(query, vectors, k):
            """The right rows, sorted by their numbers. The most similar stands first."""
            return Nearest.cosines(query, vectors).topk(k).indices.sort().values

        def without_the_first(query, vectors, k):
            """The most similar row is missing: you leave it out, as if it were the query itself. The query is
            none of the rows here.
            """
            return Nearest.cosines(query, vectors).argsort(descending=True)[1 : k + 1]

        def by_the_length_squared(query, vectors, k):
            """You divide by the square of each vector's length: take the square root."""
            return (vectors @ query / vectors.square().sum(dim=-1)).topk(k).indices

        def times_the_length(query, vectors, k):
            """You multiply by the length of each vector and should divide by it. `a / b * c` is (a / b) · c:
            put the two lengths in brackets.
            """
            return (vectors @ query * vectors.norm(dim=-1)).topk(k).indices

        def vectors_themselves(query, vectors, k):
            """These are the vectors. Return their row numbers, `.indices`."""
            return vectors[Nearest.cosines(query, vectors).topk(k).indices]

        def ranks(query, vectors, k):
            """These are the ranks of the first k rows: which place each takes. Return the rows that take the
            first k places: one `argsort`, not two.
            """
            return Nearest.cosines(query, vectors).argsort(descending=True).argsort()[:k]

        def any_sign(query, vectors, k):
            """You take large cosines of either sign. −1 is the opposite direction, the least similar."""
            return Nearest.cosines(query, vectors).abs().topk(k).indices

    def cosines(query, vectors):
        """All cosines, for the mistakes."""
        return F.normalize(vectors, dim=-1) @ F.normalize(query, dim=-1)

    def cases():
        # By direction 4, 2, 0, 1, 3; the longest is row 1, the nearest tip is row 2, row 3 points away.
        yield dict(
            query=torch.tensor([1.0, 0.5]),
            vectors=torch.tensor([[0.2, 0.0], [0.1, 4.0], [1.0, 0.8], [-0.5, -0.25], [0.3, 0.1]]),
            k=3,
        )
        scale = torch.tensor([1.0, 6.0, 0.2, 3.0, 0.5, 2.0, 9.0, 0.1])[:, None]
        yield dict(query=draw(4, seed=3), vectors=draw(8, 4, seed=4) * scale, k=2)
        yield dict(query=draw(6, seed=5), vectors=draw(20, 6, seed=6), k=5)
        yield dict(query=draw(4, seed=7), vectors=draw(8, 4, seed=8) * scale, k=8)  # all of them
        yield dict(query=draw(4, seed=9), vectors=draw(8, 4, seed=10) * scale, k=1)
        yield dict(query=draw(3, seed=11), vectors=draw(1, 3, seed=12), k=1)
        yield dict(
            query=40 * draw(5, seed=13), vectors=draw(60, 5, seed=14) * draw(60, 1, seed=15).exp(), k=7
        )
        yield dict(query=draw(5, seed=16), vectors=draw(60, 5, seed=14) * draw(60, 1, seed=15).exp(), k=7)


class Geglu(CodeExercise):
    """The feed-forward network of many models since 2020: the first map gives **twice** as many numbers. The
    first half goes through GELU and becomes a gate (게이트). Multiply it by the second half, number by
    number.
    """

    id, title, name = "7.5", "A gate", "geglu"
    difficulty, importance, minutes = 1, 2, 6
    replaces = "course_lib.modern.geglu"
    hints = (
        "Cut the last dimension in two halves.",
        "`wide.chunk(2, dim=-1)` gives the two halves.",
        "GELU of the first half, times the second half, number by number.",
    )

    def stub(wide):
        """wide: (..., 2m) → (..., m)"""
        ...

    def solution(wide):
        """wide: (..., 2m) → (..., m)"""
        half = wide.shape[-1] // 2
        return F.gelu(wide[..., :half]) * wide[..., half:]

    class mistakes:
        def other_half(wide):
            """The halves are exchanged: GELU belongs to the first one."""
            value, gate = wide.chunk(2, dim=-1)
            return F.gelu(gate) * value

        def sigmoid(wide):
            """Your gate is a sigmoid: that is GLU (Dauphin et al. 2017). Here the gate is GELU."""
            gate, value = wide.chunk(2, dim=-1)
            return gate.sigmoid() * value

        def relu(wide):
            """Your gate is a ReLU, which is exactly 0 below 0. GELU lets a little through there."""
            gate, value = wide.chunk(2, dim=-1)
            return gate.relu() * value

        def approximate(wide):
            """Nearly: this is the approximation of GELU by tanh. Use the exact one, the default."""
            gate, value = wide.chunk(2, dim=-1)
            return F.gelu(gate, approximate="tanh") * value

        def silu(wide):
            """Your gate is SiLU, x · sigmoid(x), also called Swish: that is SwiGLU. Here the gate is GELU."""
            gate, value = wide.chunk(2, dim=-1)
            return F.silu(gate) * value

        def without_the_root(wide):
            """Nearly GELU by hand: in x/2 · (1 + erf(x / √2)) the √2 is missing. `F.gelu` has it all."""
            gate, value = wide.chunk(2, dim=-1)
            return gate / 2 * (1 + gate.erf()) * value

        def no_gelu(wide):
            """The two halves are multiplied, but the first did not go through GELU."""
            gate, value = wide.chunk(2, dim=-1)
            return gate * value

        def added(wide):
            """You add the halves. A gate multiplies: where it is 0, nothing passes."""
            gate, value = wide.chunk(2, dim=-1)
            return F.gelu(gate) + value

        def gelu_afterwards(wide):
            """You multiply the halves and put GELU over the product. It belongs to the first half alone,
            before it is multiplied.
            """
            gate, value = wide.chunk(2, dim=-1)
            return F.gelu(gate * value)

        def times_itself(wide):
            """The first half is multiplied with its own gate, and the second half is not used."""
            gate, _ = wide.chunk(2, dim=-1)
            return F.gelu(gate) * gate

        def tanh(wide):
            """Your gate is a tanh. Here the gate is GELU."""
            gate, value = wide.chunk(2, dim=-1)
            return gate.tanh() * value

        def softmax(wide):
            """Your gate is a softmax, whose numbers depend on each other. GELU takes each number alone."""
            gate, value = wide.chunk(2, dim=-1)
            return gate.softmax(dim=-1) * value

        def only_the_share(wide):
            """Your gate is Φ(x), the share that GELU lets through. GELU itself is x · Φ(x)."""
            gate, value = wide.chunk(2, dim=-1)
            return (1 + (gate / 2**0.5).erf()) / 2 * value

        def value_added(wide):
            """The second half is added once more. It is multiplied with the gate, and that is all."""
            gate, value = wide.chunk(2, dim=-1)
            return F.gelu(gate) * value + value

        def half_of_the_rows(wide):
            """Your half is half of the first dimension: `len(wide)`. It has to be that of the last one,
            `wide.shape[-1]`.
            """
            half = len(wide) // 2
            return F.gelu(wide[..., :half]) * wide[..., half:]

        def second_dimension(wide):
            """You cut dimension 1 in two, which is the last one only where there are two. Count from the end:
            `wide[..., :half]`.
            """
            half = wide.shape[1] // 2
            return F.gelu(wide[:, :half]) * wide[:, half:]

        def added_up(wide):
            """The products are added up. Each stays a number of its own: the result has half as many numbers
            as `wide`.
            """
            gate, value = wide.chunk(2, dim=-1)
            return (F.gelu(gate) * value).sum(dim=-1)

        def every_other(wide):
            """You take every second number as the gate. The gate is the first *half*."""
            return F.gelu(wide[..., 0::2]) * wide[..., 1::2]

        def without_gate(wide):
            """This is GELU of the first half alone. It is there to gate the second half: multiply."""
            return F.gelu(wide.chunk(2, dim=-1)[0])

        def gelu_of_all(wide):
            """GELU went over both halves. The second half passes as it is."""
            gate, value = F.gelu(wide).chunk(2, dim=-1)
            return gate * value

        def gate_not_learned(wide):
            """The numbers are right, but no gradient comes back through the gate: it was cut off from `wide`,
            by .detach(), .data or torch.no_grad(). Leave that out, or the gate learns nothing.
            """
            gate, value = wide.chunk(2, dim=-1)
            return F.gelu(gate.detach()) * value

        def value_not_learned(wide):
            """The numbers are right, but no gradient comes back through the second half: it was cut off from
            `wide`, by .detach(), .data or torch.no_grad(). Leave that out: both halves are learned.
            """
            gate, value = wide.chunk(2, dim=-1)
            return F.gelu(gate) * value.detach()

        def nothing_learned(wide):
            """The numbers are right, but no gradient comes back to `wide`, so nothing before the gate could
            learn. Look for .detach(), .data, numpy or torch.no_grad().
            """
            return Geglu.solution(wide).detach()

        def first_dimension(wide):
            """You cut the first dimension in two. The numbers of a position are the last one."""
            gate, value = wide.chunk(2, dim=0)
            return F.gelu(gate) * value

    def cases():
        yield dict(wide=torch.tensor([[1.0, -1.0, 2.0, 3.0], [0.5, -0.2, -1.5, 4.0]]))
        yield dict(wide=draw(2, 3, 6, seed=1))
        yield dict(wide=2 * draw(4, 10, seed=2))
        yield dict(wide=draw(2, 3, 6, seed=3))
        yield dict(wide=draw(2, seed=4))  # one gate for one number
        yield dict(wide=draw(8, seed=5))
        yield dict(wide=3 * draw(2, 2, 3, 4, seed=6))
        yield dict(wide=draw(4, 3, 6, seed=7).transpose(0, 1))  # not contiguous


class LocalMask(CodeExercise):
    """Most layers of a recent BERT have **local attention** (지역 어텐션): a position sees itself and what
    is at most window / 2 away, on both sides. Make the mask for it: True where looking is allowed.
    """

    id, title, name = "7.6", "A shorter view", "local_mask"
    difficulty, importance, minutes = 2, 2, 8
    replaces = "course_lib.modern.local_mask"
    hints = (
        "For two positions i and j, what has to hold for |i − j|?",
        "`position[:, None] - position` is a table of all differences.",
        "Allowed is a distance up to and including `window // 2`; the comparison of a table with a number "
        "gives a table of True and False.",
    )

    def stub(length, window):
        """→ (length, length) bool, True where looking is allowed"""
        ...

    def solution(length, window):
        """→ (length, length) bool, True where looking is allowed"""
        position = torch.arange(length)
        distance = position[:, None] - position
        return distance.abs() <= window // 2

    class mistakes:
        def whole_window(length, window):
            """Your window is twice as wide: it reaches window to *each* side. It should be half of that."""
            return LocalMask.distance(length).abs() <= window

        def one_side(length, window):
            """A position sees only what is before it. BERT looks to both sides: take the distance without its
            sign.
            """
            distance = LocalMask.distance(length)
            return (distance >= 0) & (distance <= window // 2)

        def other_side(length, window):
            """A position sees only what comes after it. BERT looks to both sides: take the distance without
            its sign.
            """
            distance = -LocalMask.distance(length)
            return (distance >= 0) & (distance <= window // 2)

        def one_too_far(length, window):
            """Your window reaches one position too far on each side: window // 2, not window // 2 + 1."""
            return LocalMask.distance(length).abs() <= window // 2 + 1

        def all_before(length, window):
            """One side has no border at all: −5 is smaller than 2, too. Take the distance without sign."""
            return LocalMask.distance(length) <= window // 2

        def border_excluded(length, window):
            """The border is missing: a distance of exactly window / 2 is allowed."""
            return LocalMask.distance(length).abs() < window // 2

        def border_excluded_in_halves(length, window):
            """The border is missing where the window is even: a distance of exactly window / 2 is allowed."""
            return LocalMask.distance(length).abs() < window / 2

        def not_itself(length, window):
            """A position has to see itself, too."""
            distance = LocalMask.distance(length).abs()
            return (distance <= window // 2) & (distance > 0)

        def inverted(length, window):
            """The wrong way round: True is for where looking is *allowed*."""
            return LocalMask.distance(length).abs() > window // 2

        def border_alone(length, window):
            """Only a distance of exactly window / 2 is allowed. Smaller ones are, too."""
            return LocalMask.distance(length).abs() == window // 2

        def last_place_missing(length, window):
            """To the right your window ends one place too early. If you cut a slice: its end is not in it, so
            it has to be one more.
            """
            distance = LocalMask.distance(length)
            return (distance <= window // 2) & (-distance < window // 2)

        def negative_start(length, window):
            """Near the beginning your slice starts at a negative number, and Python counts that from the end
            of the row. Start at `max(0, …)`.
            """
            mask = torch.zeros(length, length, dtype=torch.bool)
            for row in range(length):
                mask[row, row - window // 2 : row + window // 2 + 1] = True
            return mask

        def added(length, window):
            """You add the two positions. Their distance is the difference, i − j."""
            position = torch.arange(length)
            return position[:, None] + position <= window // 2

        def circular(length, window):
            """Your window goes round: the last positions see the first ones. A text is no circle."""
            distance = LocalMask.distance(length).abs()
            return torch.minimum(distance, length - distance) <= window // 2

        def first_sees_all(length, window):
            """The first position sees all others, and they see it. Some models do that for [CLS]; here it has
            a window like every other.
            """
            mask = LocalMask.distance(length).abs() <= window // 2
            mask[0], mask[:, 0] = True, True
            return mask

        def moved_at_the_ends(length, window):
            """At both ends of the text your window is moved inwards, and there it is wider on one side. It
            stays around its position and is cut off by the end.
            """
            position = torch.arange(length)
            start = (position - window // 2).clamp(0, max(0, length - window - 1))[:, None]
            return (position >= start) & (position <= start + window)

        def blocks_of_the_window(length, window):
            """You cut the text into blocks of `window`; a position at the edge of a block then sees nothing
            beyond it. The window moves along with each position.
            """
            block = torch.arange(length) // window
            return block[:, None] == block

        def numbers(length, window):
            """These are numbers, not True and False. Leave out the conversion: a comparison gives a bool."""
            return (LocalMask.distance(length).abs() <= window // 2).long()

        def blocks(length, window):
            """You cut the text into blocks; a position at the edge of a block then sees nothing beyond it.
            The window moves along with each position.
            """
            block = torch.arange(length) // (window // 2 + 1)
            return block[:, None] == block

    def distance(length):
        """i − j for all pairs, for the mistakes."""
        position = torch.arange(length)
        return position[:, None] - position

    def cases():
        yield dict(length=5, window=2)
        yield dict(length=6, window=3)
        yield dict(length=9, window=8)
        yield dict(length=7, window=4)
        yield dict(length=3, window=8)
        yield dict(length=9, window=5)
        yield dict(length=5, window=4)  # the length of the first case again
        yield dict(length=4, window=0)
        yield dict(length=3, window=1)
        yield dict(length=1, window=2)
        yield dict(length=40, window=8)
        yield dict(length=23, window=6)
        yield dict(length=5, window=5)
        yield dict(length=5, window=6)  # a window wider than the text, whose ends still do not see each other
