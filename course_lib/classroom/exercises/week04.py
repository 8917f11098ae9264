"""The exercises of week 4: positions, and the layer through which text enters BERT."""

import torch
from torch.nn import functional as F

from course_lib.classroom.exercises.base import ClickCell, CodeExercise, Quiz, Sorting
from course_lib.classroom.exercises.random_cases import draw
from course_lib.embeddings import clock_angles, sinusoidal_positions


class SameOrNot(Sorting):
    """An encoder without positions reads two sentences. In which of these pairs do the two look the same to
    it?
    """

    id, title = "4.1", "Which look the same?"
    difficulty, importance, minutes = 1, 3, 4
    hints = (
        "What is left of a sentence when the order of its words is lost?",
        "List the words of each sentence, and how often each word occurs. Are the two lists equal?",
        "A Korean noun keeps its particle when it moves. Look for a word that has changed.",
    )
    groups = {"same": "the same", "other": "not the same"}
    items = {
        "dog": (
            "the dog bit the man / the man bit the dog",
            "same",
            "Both have dog, bit, man, and *the* twice. Only the order says who bit whom.",
        ),
        "particles": (
            "개가 사람을 물었다 / 사람이 개를 물었다",
            "other",
            "개가 and 개를 are different words, and so are 사람을 and 사람이: the lists of words differ.",
        ),
        "twice": (
            "very good / very very good",
            "other",
            "The second has *very* twice, which changes every weighted average of attention.",
        ),
        "korean": (
            "개가 사람을 물었다 / 사람을 개가 물었다",
            "same",
            "Both have 개가, 사람을 and 물었다. Little is lost without the order here: the particles say "
            "who bit whom.",
        ),
        "question": (
            "it is cold / is it cold",
            "same",
            "Both have it, is and cold. Only the order makes one of them a question.",
        ),
    }


class Sinusoids(CodeExercise):
    """Write the positional encoding of Vaswani et al. (2017): one row for each position. A row holds the
    sine and the cosine of clock 0, then of clock 1, and so on, up to clock hidden_size / 2 − 1. The angle
    of clock i is position / 10000^(2i / hidden_size), in radians.
    """

    id, title, name = "4.2", "A row of clocks", "sinusoidal_positions"
    difficulty, importance, minutes = 2, 3, 15
    replaces = "course_lib.embeddings.sinusoidal_positions"
    hints = (
        "Compute all angles at once: a column of positions times a row of speeds. What are the shapes of "
        "these two, and what is the shape of their product?",
        "There are hidden_size / 2 clocks. `torch.arange(0, hidden_size, 2)` gives 2i for each of them.",
        "`torch.stack` of the sines and the cosines with `dim=-1` gives the shape (length, clocks, 2). Which "
        "shape does `flatten(1)` make of it?",
    )

    def stub(length, hidden_size):
        """Sines and cosines of every position.  → (length, hidden_size), float32"""
        ...

    def solution(length, hidden_size):
        """Sines and cosines of every position.  → (length, hidden_size), float32"""
        position = torch.arange(length)[:, None]
        speed = 10000.0 ** -(torch.arange(0, hidden_size, 2) / hidden_size)
        angle = position * speed
        return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)

    class mistakes:
        def half_the_exponent(length, hidden_size):
            """Your clocks are too fast: the exponent has to be 2i / hidden_size, and yours is
            i / hidden_size.
            """
            clock = torch.arange(hidden_size // 2)
            return Sinusoids.rows(length, 10000.0 ** -(clock / hidden_size))

        def doubled_again(length, hidden_size):
            """Your clocks are too slow: `torch.arange(0, hidden_size, 2)` is already 2i."""
            return Sinusoids.rows(length, 10000.0 ** -(2 * torch.arange(0, hidden_size, 2) / hidden_size))

        def side_by_side(length, hidden_size):
            """Your row has all sines first and all cosines after them. They have to alternate: sine and
            cosine of the first clock, sine and cosine of the second, …
            """
            angle = clock_angles(length, hidden_size).float()
            return torch.cat([angle.sin(), angle.cos()], dim=-1)

        def cosine_first(length, hidden_size):
            """You exchanged sine and cosine: the even columns have to be the sines."""
            angle = clock_angles(length, hidden_size).float()
            return torch.stack([angle.cos(), angle.sin()], dim=-1).flatten(1)

        def own_speed_for_each_column(length, hidden_size):
            """Your sine and the cosine beside it have different speeds. They belong to one clock: both use
            2i with the same i.
            """
            column = torch.arange(hidden_size)
            angle = torch.arange(length)[:, None] * 10000.0 ** -(column / hidden_size)
            return torch.where(column % 2 == 0, angle.sin(), angle.cos())

        def faster_and_faster(length, hidden_size):
            """Your clocks get *faster* along the row. Divide the position by 10000^…, or make the exponent
            negative.
            """
            return Sinusoids.rows(length, 10000.0 ** (torch.arange(0, hidden_size, 2) / hidden_size))

        def from_one(length, hidden_size):
            """Your first row is the row of position 1. Positions count from 0, where all sines are 0."""
            return Sinusoids.right(length + 1, hidden_size)[1:]

        def transposed(length, hidden_size):
            """You exchanged rows and columns: each row has to be one position."""
            return Sinusoids.right(length, hidden_size).T

        def sines_alone(length, hidden_size):
            """Your rows have only sines. Each clock needs its cosine, too: otherwise two different angles can
            look the same.
            """
            angle = clock_angles(length, hidden_size).float()
            return angle.sin().repeat_interleave(2, dim=1)

        def power_first(length, hidden_size):
            """In a long row, some of your clocks stand still: 10000^(2i) is too large for a float before you
            take the root. Divide 2i by hidden_size first.
            """
            speed = (10000.0 ** torch.arange(0, hidden_size, 2)) ** (-1 / hidden_size)
            return Sinusoids.rows(length, speed)

        def in_degrees(length, hidden_size):
            """You treat the angles as degrees. They are radians already, as `sin` and `cos` want them."""
            speed = torch.pi / 180 * 10000.0 ** -(torch.arange(0, hidden_size, 2) / hidden_size)
            return Sinusoids.rows(length, speed)

        def one_speed(length, hidden_size):
            """All your clocks are as fast as the first one. Do you cut off the exponent? 2i / hidden_size is
            below 1, and `//` makes it 0.
            """
            return Sinusoids.rows(length, torch.ones(hidden_size // 2))

        def clocks_from_one(length, hidden_size):
            """Your first clock is clock 1. They count from 0: the first one turns by the position itself."""
            clock = torch.arange(1, hidden_size // 2 + 1)
            return Sinusoids.rows(length, 10000.0 ** -(2 * clock / hidden_size))

        def up_to_the_base(length, hidden_size):
            """Your last clock turns by position / 10000, because you divide i by the number of clocks minus
            1. Divide 2i by hidden_size.
            """
            clock = torch.arange(hidden_size // 2)
            return Sinusoids.rows(length, 10000.0 ** -(clock / (hidden_size // 2 - 1)))

        def alternating_rows(length, hidden_size):
            """In your result, whole rows are sines and the next ones cosines. They have to alternate within
            each row: sine and cosine of the first clock, and so on.
            """
            angle = clock_angles(length, hidden_size).float().repeat_interleave(2, dim=1)
            return torch.where(torch.arange(length)[:, None] % 2 == 0, angle.sin(), angle.cos())

        def shares_of_the_length(length, hidden_size):
            """You divide the positions by the length. A clock does not know how long the text is."""
            speed = 10000.0 ** -(torch.arange(0, hidden_size, 2) / hidden_size)
            return Sinusoids.rows(length, speed / length)

        def one_thousand(length, hidden_size):
            """The base is 10000, and you have 1000."""
            return Sinusoids.rows(length, 1000.0 ** -(torch.arange(0, hidden_size, 2) / hidden_size))

    def right(length, hidden_size):
        """The right rows. The library's function cannot be used here: an answer has the same name."""
        return Sinusoids.rows(length, 10000.0 ** -(torch.arange(0, hidden_size, 2) / hidden_size))

    def rows(length, speed):
        """Alternating sines and cosines at these speeds, for the mistakes."""
        angle = torch.arange(length)[:, None] * speed
        return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)

    def cases():
        yield dict(length=3, hidden_size=4)
        yield dict(length=5, hidden_size=8)
        yield dict(length=1, hidden_size=2)
        yield dict(length=40, hidden_size=6)
        yield dict(length=7, hidden_size=4)
        yield dict(length=3, hidden_size=10)
        yield dict(length=6, hidden_size=64)
        yield dict(length=4, hidden_size=384)
        yield dict(length=600, hidden_size=2)  # more than any table that was made ahead


class ReadTheSimilarities(ClickCell):
    """Each cell says how similar two positions are: the cosine similarity of their sinusoids, which have 16
    numbers each. Click the cell that says how similar position **2** (row) is to position **5** (column).
    """

    id, title = "4.3", "Near and far"
    difficulty, importance, minutes = 1, 2, 3
    hints = (
        "Rows and columns are positions. They count from 0.",
        "Find the row of position 2. Then go right to the column of position 5.",
        "Other cells have the same value. Click the one cell that belongs to this pair.",
    )

    def matrix():
        positions = F.normalize(sinusoidal_positions(6, 16), dim=-1)
        names = [str(place) for place in range(6)]
        return names, names, (positions @ positions.T).tolist()

    def explain_cell(row, column):
        if (row, column) == (2, 5):
            return (
                True,
                "Yes. Now look along the diagonal: every pair that is three apart has this same number.",
            )
        if (row, column) == (5, 2):
            return (
                False,
                "This cell is for position 5 (row) and position 2 (column): the same number, another cell.",
            )
        if abs(row - column) == 3:
            return (
                False,
                f"The number is right, but the pair is not: these are positions {row} and {column}, also "
                "three apart.",
            )
        return False, f"This cell says how similar positions {row} and {column} are."


class Rotary(CodeExercise):
    """Rotate each vector by the angles of its position. The entries 2i and 2i+1 of a vector are a point in
    the plane. Clock i rotates this point by its angle: (a, b) becomes (a·cos − b·sin, a·sin + b·cos). The
    position is the index along n, dimension −2. `clock_angles(n, d)` gives the angles as float64: one row for
    each position, one column for each clock. The result must have the dtype of the vectors. (In section 3,
    each pair was (sine, cosine), so the minus was in the other row of the matrix.)
    """

    id, title, name = "4.4", "Rotate by the clock", "rotary"
    difficulty, importance, minutes = 3, 2, 20
    replaces = "course_lib.positions.rotary"
    hints = (
        "Separate the first and the second number of each pair. Which slices of the vectors are these?",
        "`vectors[..., 0::2]` are the first numbers. Their last two dimensions, (n, d / 2), are the shape of "
        "the angles. Compute the two new numbers of all pairs at once.",
        "Let the new numbers alternate, as in 4.2: stack them along a new last dimension, then flatten the "
        "last two with `flatten(-2)`. The angles are float64; `.to(vectors)` gives them the dtype of the "
        "vectors.",
    )

    def stub(vectors):
        """Rotate each pair (2i, 2i+1) by clock i at its position.  (..., n, d) → (..., n, d)"""
        ...

    def solution(vectors):
        """Rotate each pair (2i, 2i+1) by clock i at its position.  (..., n, d) → (..., n, d)"""
        angle = clock_angles(vectors.shape[-2], vectors.shape[-1]).to(vectors)
        first = vectors[..., 0::2]
        second = vectors[..., 1::2]
        new_first = first * angle.cos() - second * angle.sin()
        new_second = first * angle.sin() + second * angle.cos()
        return torch.stack([new_first, new_second], dim=-1).flatten(-2)

    class mistakes:
        def turned_backwards(vectors):
            """You rotate in the other direction: the minus belongs to the first number, a·cos − b·sin."""
            return Rotary.turn(vectors, -1)

        def plus_for_minus(vectors):
            """This is no rotation, because the lengths of the vectors change. One of the two signs must be a
            minus.
            """
            angle = clock_angles(*vectors.shape[-2:]).to(vectors)
            first, second = vectors[..., 0::2], vectors[..., 1::2]
            turned = first * angle.cos() + second * angle.sin(), first * angle.sin() + second * angle.cos()
            return torch.stack(turned, dim=-1).flatten(-2)

        def minus_for_plus(vectors):
            """The second number of each pair has a minus where a plus belongs: it is a·sin + b·cos."""
            angle = clock_angles(*vectors.shape[-2:]).to(vectors)
            first, second = vectors[..., 0::2], vectors[..., 1::2]
            turned = first * angle.cos() - second * angle.sin(), first * angle.sin() - second * angle.cos()
            return torch.stack(turned, dim=-1).flatten(-2)

        def sine_for_cosine(vectors):
            """Sine and cosine are exchanged. At position 0 no clock has moved, and a vector stays as it is:
            there the cosine is 1, and the sine 0.
            """
            angle = clock_angles(*vectors.shape[-2:]).to(vectors)
            first, second = vectors[..., 0::2], vectors[..., 1::2]
            turned = first * angle.sin() - second * angle.cos(), first * angle.cos() + second * angle.sin()
            return torch.stack(turned, dim=-1).flatten(-2)

        def in_full_turns(vectors):
            """You multiply the angles by 2π. They are radians already, as `sin` and `cos` want them."""
            return Rotary.turn(vectors, 2 * torch.pi)

        def halves(vectors):
            """You pair the first half of a vector with its second half. Here neighbouring numbers are pairs:
            0 and 1, 2 and 3, …
            """
            angle = clock_angles(*vectors.shape[-2:]).to(vectors)
            first, second = vectors.chunk(2, dim=-1)
            return torch.cat(
                [first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()], -1
            )

        def side_by_side(vectors):
            """The numbers are right, but all first numbers come before all second numbers. They have to
            alternate.
            """
            turned = Rotary.turn(vectors, 1)
            return torch.cat([turned[..., 0::2], turned[..., 1::2]], dim=-1)

        def added(vectors):
            """You add the sinusoids to the vectors. Here nothing is added: each pair is rotated."""
            return vectors + sinusoidal_positions(*vectors.shape[-2:]).to(vectors)

        def already_new(vectors):
            """You compute the second number from the *new* first number. Keep the old one until both are
            computed.
            """
            angle = clock_angles(*vectors.shape[-2:]).to(vectors)
            first, second = vectors[..., 0::2], vectors[..., 1::2]
            first = first * angle.cos() - second * angle.sin()
            second = first * angle.sin() + second * angle.cos()
            return torch.stack([first, second], dim=-1).flatten(-2)

        def by_the_batch(vectors):
            """Your angle depends on the index in the batch and not on the position. The positions are
            dimension −2, `vectors.shape[-2]`.
            """
            if vectors.ndim == 2:
                return Rotary.turn(vectors, 1)
            return Rotary.turn(vectors.transpose(0, -2), 1).transpose(0, -2)

        def angles_as_they_are(vectors):
            """The angles are float64, so your result became float64, too. It must have the dtype of the
            vectors: convert the angles with `.to(vectors)`.
            """
            angle = clock_angles(*vectors.shape[-2:])
            first, second = vectors[..., 0::2], vectors[..., 1::2]
            turned = first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()
            return torch.stack(turned, dim=-1).flatten(-2)

        def always_float32(vectors):
            """Your result is always float32. It must have the dtype of the vectors: convert the angles with
            `.to(vectors)`.
            """
            return Rotary.turn(vectors, 1).float()

        def from_one(vectors):
            """You rotate the first vector. Positions count from 0, where all angles are 0."""
            before = torch.cat([vectors[..., :1, :], vectors], dim=-2)
            return Rotary.turn(before, 1)[..., 1:, :]

        def one_clock_for_all(vectors):
            """You rotate all pairs at the speed of the first clock. Each pair has a clock of its own."""
            angle = clock_angles(*vectors.shape[-2:])[:, :1].to(vectors)
            first, second = vectors[..., 0::2], vectors[..., 1::2]
            turned = first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()
            return torch.stack(turned, dim=-1).flatten(-2)

    def turn(vectors, direction):
        """The rotation, forwards (1), backwards (-1) or faster, for the mistakes."""
        angle = direction * clock_angles(*vectors.shape[-2:]).to(vectors)
        first, second = vectors[..., 0::2], vectors[..., 1::2]
        turned = first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()
        return torch.stack(turned, dim=-1).flatten(-2)

    def cases():
        yield dict(vectors=torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
        yield dict(vectors=draw(3, 4))
        yield dict(vectors=draw(2, 5, 6, seed=1))
        yield dict(vectors=draw(2, 3, 4, 8, seed=2))
        yield dict(vectors=draw(2, 4, 3, 8, seed=3).transpose(1, 2))  # as `split_heads` gives them
        yield dict(vectors=draw(3, 4, seed=4))  # a shape again, other numbers
        yield dict(vectors=draw(3, 4, seed=5).double())
        yield dict(vectors=draw(1, 2, seed=6))
        yield dict(vectors=draw(7, 4, seed=10))
        yield dict(vectors=draw(3, 1, 6, seed=7))
        yield dict(vectors=draw(5, 5, 10, seed=8))
        yield dict(vectors=draw(2, 4, 32, seed=9))
        yield dict(vectors=draw(6, 8, seed=11).double())
        yield dict(vectors=draw(6, 8, seed=12))  # the shape again, in the other dtype
        yield dict(vectors=draw(600, 2, seed=13))
        yield dict(vectors=draw(2, 1, 4, seed=14).half())  # one position, so that no rounding differs


class Which(Quiz):
    """You choose positions for an encoder that has to read longer texts than in its training. Which choice do
    the measurements of section 5 support?
    """

    id, title = "4.5", "Longer than trained"
    difficulty, importance, minutes = 2, 3, 5
    hints = (
        "Look at the column *beyond it* in the printed table, for both tasks.",
        "Compare the learned table with the frozen one. Which of them breaks, and in which task?",
        "Is any kind best in both tasks? A careful answer names the task.",
    )
    choices = {
        "sinusoidal": (
            "Take sinusoids: they are computed for any position, so the encoder reads them all equally well.",
            "Sinusoids exist for any position, but in the relative task the encoder gives few right answers "
            "where it was not trained.",
        ),
        "learned": (
            "Take a learned table and train it well: only rows that were not trained break.",
            "No row of the frozen table was trained, and within the length it works. Beyond the length, both "
            "tables break: the encoder has not learned which of the new rows belong together.",
        ),
        "rotary": (
            "Take rotary positions if the task asks for a distance, and a table or sinusoids if it asks "
            "for a trained position.",
            "Yes. Beyond the length, rotary positions are best in the relative task, but far from perfect. "
            "They say the position itself only by the distances to the two ends: in the absolute task they "
            "are far behind.",
        ),
        "exchanged": (
            "Take rotary positions if the task asks for a position, and a table or sinusoids if it asks "
            "for a distance.",
            "It is the other way round. The absolute task asks for a position, and there rotary positions "
            "are far behind at both lengths.",
        ),
    }
    answer = "rotary"


class EmbedBug(CodeExercise):
    """BERT's input is a sum of three vectors: the token, its position, and the text that it belongs to. This
    version passed its author's test, a batch of four texts with four tokens each. With eight texts of five
    tokens it stops with an error. With one text it runs, but every token gets the same position. Find the
    wrong line and correct it.
    """

    id, title, name = "4.6", "Find the bug: right only for squares", "embed"
    difficulty, importance, minutes = 2, 3, 10
    hints = (
        "What is the shape of `input_ids`? What does `len(input_ids)` count?",
        "Which rows of `positions` does a batch of one text get?",
        "Each text has the positions 0, 1, 2, …, one for each *token of a text*. Which dimension counts the "
        "tokens?",
    )

    def stub(input_ids, token_type_ids, words, positions, types):
        """input_ids, token_type_ids: (batch, n); the tables: (rows, d) each → (batch, n, d)"""
        length = len(input_ids)
        return words[input_ids] + positions[:length] + types[token_type_ids]

    def solution(input_ids, token_type_ids, words, positions, types):
        """input_ids, token_type_ids: (batch, n); the tables: (rows, d) each → (batch, n, d)"""
        length = input_ids.shape[1]
        return words[input_ids] + positions[:length] + types[token_type_ids]

    class mistakes:
        def same_bug_in_other_words(input_ids, token_type_ids, words, positions, types):
            """You still take one position for each text of the batch. How many tokens does one text have?"""
            return words[input_ids] + positions[: input_ids.shape[0]] + types[token_type_ids]

        def one_position_for_each_text(input_ids, token_type_ids, words, positions, types):
            """Now each text has one position, and all its tokens get it. Positions count the tokens *within*
            a text.
            """
            return words[input_ids] + positions[: len(input_ids)][:, None] + types[token_type_ids]

        def positions_by_word(input_ids, token_type_ids, words, positions, types):
            """You choose the position by the id of the token. So the same token has the same position
            everywhere in a text.
            """
            return words[input_ids] + positions[input_ids % len(positions)] + types[token_type_ids]

        def without_positions(input_ids, token_type_ids, words, positions, types):
            """It runs, because you left out the positions. But now the encoder cannot know the order."""
            return words[input_ids] + types[token_type_ids]

        def without_types(input_ids, token_type_ids, words, positions, types):
            """You do not use the table of types, so nothing says to which text a token belongs."""
            return words[input_ids] + positions[: input_ids.shape[1]]

        def counted_through(input_ids, token_type_ids, words, positions, types):
            """Your positions continue from one text to the next. Each text has to begin at position 0."""
            place = torch.arange(input_ids.numel()).view(input_ids.shape) % len(positions)
            return words[input_ids] + positions[place] + types[token_type_ids]

        def from_one(input_ids, token_type_ids, words, positions, types):
            """The first token of a text gets row 1 of the positions. It has to be at position 0."""
            length = input_ids.shape[1]
            return words[input_ids] + positions[1 : length + 1] + types[token_type_ids]

        def one_row_for_all(input_ids, token_type_ids, words, positions, types):
            """You add a single row of the positions, the one behind the last token, to every word. The
            positions are all rows before it: `positions[:length]`.
            """
            return words[input_ids] + positions[input_ids.shape[1]] + types[token_type_ids]

        def last_rows(input_ids, token_type_ids, words, positions, types):
            """You take the last rows of the table of positions. The first token is at position 0."""
            return words[input_ids] + positions[-input_ids.shape[1] :] + types[token_type_ids]

        def side_by_side(input_ids, token_type_ids, words, positions, types):
            """You put the three beside each other, and the vectors become three times as long. BERT adds
            them.
            """
            batch, length = input_ids.shape
            found = words[input_ids], positions[:length].expand(batch, -1, -1), types[token_type_ids]
            return torch.cat(found, dim=-1)

        def normalised(input_ids, token_type_ids, words, positions, types):
            """You normalise the sum. The LayerNorm is a layer of its own behind it: here the sum alone is
            asked for.
            """
            summed = EmbedBug.solution(input_ids, token_type_ids, words, positions, types)
            return F.layer_norm(summed, summed.shape[-1:])

        def types_of_the_first_text(input_ids, token_type_ids, words, positions, types):
            """Each text gets the types of the first text. Each text has its own types: use all of them."""
            return words[input_ids] + positions[: input_ids.shape[1]] + types[token_type_ids[0]]

        def averaged(input_ids, token_type_ids, words, positions, types):
            """You take the average of the three vectors. BERT adds them."""
            return EmbedBug.solution(input_ids, token_type_ids, words, positions, types) / 3

    def cases():
        tables = dict(words=draw(7, 3), positions=draw(13, 3, seed=1), types=draw(2, 3, seed=2))
        for shape in ((1, 3), (2, 2), (4, 3), (2, 5), (8, 5), (3, 9), (12, 1), (5, 3), (1, 6)):
            generator = torch.Generator().manual_seed(sum(shape))
            input_ids = torch.randint(0, 7, shape, generator=generator)
            token_type_ids = torch.randint(0, 2, shape, generator=generator)
            yield dict(input_ids=input_ids, token_type_ids=token_type_ids, **tables)
        ids, kinds = torch.tensor([[0, 4, 2]]), torch.tensor([[2, 0, 1]])  # three types
        others = dict(words=draw(5, 4, seed=3), positions=draw(6, 4, seed=4), types=draw(3, 4, seed=5))
        yield dict(input_ids=ids, token_type_ids=kinds, **others)
