"""The exercises of week 4: positions, and the layer through which text enters BERT."""

import torch
from torch.nn import functional as F

from course_lib.classroom.exercises.base import ClickCell, CodeExercise, Quiz, Sorting
from course_lib.classroom.exercises.random_cases import draw
from course_lib.embeddings import clock_angles, sinusoidal_positions


class SameOrNot(Sorting):
    """An encoder without positions reads each pair of sentences. For which pairs are the two sentences the
    same to it?
    """

    id, title = "4.1", "The same to whom?"
    difficulty, importance, minutes = 1, 3, 4
    hints = (
        "What is left of a sentence if its order is lost?",
        "Write down which words a sentence has, and how often each. Is it the same list for both?",
        "In Korean the particles stay with their nouns when those move: look for a word that has changed.",
    )
    groups = {"same": "the same to it", "other": "not the same to it"}
    items = {
        "dog": (
            "the dog bit the man / the man bit the dog",
            "same",
            "Both have dog, bit, man and *the* twice. Who bit whom is told by their order alone.",
        ),
        "particles": (
            "개가 사람을 물었다 / 사람이 개를 물었다",
            "other",
            "개가 and 개를 are two words, and so are 사람을 and 사람이: another list of words arrives.",
        ),
        "twice": (
            "very good / very very good",
            "other",
            "The second has *very* twice, which shifts every average that attention makes.",
        ),
        "korean": (
            "개가 사람을 물었다 / 사람을 개가 물었다",
            "same",
            "Both have 개가, 사람을 and 물었다. Here the order says little, for the particles tell "
            "who bit whom.",
        ),
        "question": (
            "it is cold / is it cold",
            "same",
            "Both have it, is and cold; the question is in their order.",
        ),
    }


class Sinusoids(CodeExercise):
    """Write the positions of Vaswani et al. (2017): a row for each position, and in it the sine and the
    cosine of each clock, alternating. Clock i, from 0 to hidden_size / 2 − 1, has turned by
    position / 10000^(2i / hidden_size), in radians.
    """

    id, title, name = "4.2", "A row of clocks", "sinusoidal_positions"
    difficulty, importance, minutes = 2, 3, 15
    replaces = "course_lib.embeddings.sinusoidal_positions"
    hints = (
        "Make the angles first, all at once: a column of positions times a row of speeds. Which shapes have "
        "the two, and which has the product?",
        "There are hidden_size / 2 clocks. `torch.arange(0, hidden_size, 2)` gives 2i for each of them.",
        "`torch.stack` of sine and cosine with `dim=-1` has the shape (length, clocks, 2). What does "
        "`flatten(1)` make of it?",
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
            """Your clocks slow down too slowly: the exponent is 2i / hidden_size, and you have i /
            hidden_size.
            """
            clock = torch.arange(hidden_size // 2)
            return Sinusoids.rows(length, 10000.0 ** -(clock / hidden_size))

        def doubled_again(length, hidden_size):
            """Your clocks slow down too quickly: the exponent is 2i / hidden_size, and yours is twice that.
            (`torch.arange(0, hidden_size, 2)` is 2i already.)
            """
            return Sinusoids.rows(length, 10000.0 ** -(2 * torch.arange(0, hidden_size, 2) / hidden_size))

        def side_by_side(length, hidden_size):
            """All sines stand first and all cosines behind them. They have to alternate: sine and cosine of
            the first clock, sine and cosine of the second, …
            """
            angle = clock_angles(length, hidden_size).float()
            return torch.cat([angle.sin(), angle.cos()], dim=-1)

        def cosine_first(length, hidden_size):
            """Sine and cosine are exchanged: the even columns are the sines."""
            angle = clock_angles(length, hidden_size).float()
            return torch.stack([angle.cos(), angle.sin()], dim=-1).flatten(1)

        def own_speed_for_each_column(length, hidden_size):
            """Sine and cosine beside each other turn at different speeds. They belong to one clock: both
            take 2i of the same i.
            """
            column = torch.arange(hidden_size)
            angle = torch.arange(length)[:, None] * 10000.0 ** -(column / hidden_size)
            return torch.where(column % 2 == 0, angle.sin(), angle.cos())

        def faster_and_faster(length, hidden_size):
            """Your clocks get *faster* along the row. The position is divided by 10000^…, so the exponent is
            negative.
            """
            return Sinusoids.rows(length, 10000.0 ** (torch.arange(0, hidden_size, 2) / hidden_size))

        def from_one(length, hidden_size):
            """Your first row is that of position 1. Positions count from 0, where all sines are 0."""
            return Sinusoids.right(length + 1, hidden_size)[1:]

        def transposed(length, hidden_size):
            """Rows and columns are exchanged: each row has to be one position."""
            return Sinusoids.right(length, hidden_size).T

        def sines_alone(length, hidden_size):
            """Only sines. Each clock needs its cosine too, or two positions can look the same."""
            angle = clock_angles(length, hidden_size).float()
            return angle.sin().repeat_interleave(2, dim=1)

        def power_first(length, hidden_size):
            """In a long row some of your clocks stand still: 10000^(2i) becomes too large for a number before
            the root is taken. Divide 2i by hidden_size first.
            """
            speed = (10000.0 ** torch.arange(0, hidden_size, 2)) ** (-1 / hidden_size)
            return Sinusoids.rows(length, speed)

        def in_degrees(length, hidden_size):
            """You take the angles for degrees. They are radians already, as `sin` and `cos` want them."""
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
            """Your last clock turns by position / 10000, since you divide i by one clock less than there are.
            Divide 2i by hidden_size.
            """
            clock = torch.arange(hidden_size // 2)
            return Sinusoids.rows(length, 10000.0 ** -(clock / (hidden_size // 2 - 1)))

        def alternating_rows(length, hidden_size):
            """Whole rows are sines, the next ones cosines. Within each row they alternate: sine and cosine of
            the first clock, and so on.
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
        """What is asked for; an answer has the library's name, which therefore cannot serve here."""
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
    """Each cell says how similar two positions are: the cosine of the angle between their sinusoids of 16
    numbers, 1 where they point the same way. Click the cell that says how similar position **2** (row) is to
    position **5** (column).
    """

    id, title = "4.3", "Near and far"
    difficulty, importance, minutes = 1, 2, 3
    hints = (
        "Rows and columns are positions, from 0.",
        "Go down to the row of 2, then along it to the right.",
        "Its number stands on other places, too. What is asked for is the cell of this pair.",
    )

    def matrix():
        positions = F.normalize(sinusoidal_positions(6, 16), dim=-1)
        names = [str(place) for place in range(6)]
        return names, names, (positions @ positions.T).tolist()

    def explain_cell(row, column):
        if (row, column) == (2, 5):
            return (
                True,
                "Yes. Now look along the diagonals: every pair that is three apart has this same number.",
            )
        if (row, column) == (5, 2):
            return (
                False,
                "This is position 5 (row) and position 2 (column): the same number, but the other cell.",
            )
        if abs(row - column) == 3:
            return (
                False,
                f"The number is the right one, the pair is not: these are the positions {row} and {column}, "
                "which are three apart as well.",
            )
        return False, f"This cell says how similar the positions {row} and {column} are."


class Rotary(CodeExercise):
    """Turn vectors by their positions. Each two neighbouring numbers of a vector are a point in the plane;
    the clock of that pair turns it by its angle: (a, b) becomes (a·cos − b·sin, a·sin + b·cos).
    `clock_angles(n, d)` gives the angles, a row for each position, a column for each clock, as float64; the
    result has the dtype of the vectors. (The pairs above were (sine, cosine): there the minus stood in the
    other place.)
    """

    id, title, name = "4.4", "Turn by the clock", "rotary"
    difficulty, importance, minutes = 3, 2, 20
    replaces = "course_lib.positions.rotary"
    hints = (
        "Take the vectors apart into the first and the second number of each pair: which slices are those?",
        "`vectors[..., 0::2]` are the first numbers, (..., n, d / 2), the shape of the angles. Compute the "
        "two new numbers of all pairs at once.",
        "Put them back alternately, as in 4.2: stack along a new last dimension, then flatten the last two, "
        "`flatten(-2)`. The angles are float64; `.to(vectors)` gives them the dtype of the vectors.",
    )

    def stub(vectors):
        """Each pair (2i, 2i+1) turned by clock i at its position.  (..., n, d) → (..., n, d)"""
        ...

    def solution(vectors):
        """Each pair (2i, 2i+1) turned by clock i at its position.  (..., n, d) → (..., n, d)"""
        angle = clock_angles(vectors.shape[-2], vectors.shape[-1]).to(vectors)
        first = vectors[..., 0::2]
        second = vectors[..., 1::2]
        new_first = first * angle.cos() - second * angle.sin()
        new_second = first * angle.sin() + second * angle.cos()
        return torch.stack([new_first, new_second], dim=-1).flatten(-2)

    class mistakes:
        def turned_backwards(vectors):
            """You turn the other way: the minus stands in the first number of the pair, a·cos − b·sin."""
            return Rotary.turn(vectors, -1)

        def plus_for_minus(vectors):
            """This is no rotation, for the vectors change their lengths. One of the two signs is a minus."""
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
            """You pair the first half of a vector with its second half. Here neighbours are pairs: 0 and 1, 2
            and 3, …
            """
            angle = clock_angles(*vectors.shape[-2:]).to(vectors)
            first, second = vectors.chunk(2, dim=-1)
            return torch.cat(
                [first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()], -1
            )

        def side_by_side(vectors):
            """The numbers are right, but all first ones stand before all second ones. Put them back
            alternately.
            """
            turned = Rotary.turn(vectors, 1)
            return torch.cat([turned[..., 0::2], turned[..., 1::2]], dim=-1)

        def added(vectors):
            """You add the sinusoids to the vectors. Here nothing is added: each pair is turned."""
            return vectors + sinusoidal_positions(*vectors.shape[-2:]).to(vectors)

        def already_new(vectors):
            """The second number is computed from the *new* first one. Keep the old one until both are
            done.
            """
            angle = clock_angles(*vectors.shape[-2:]).to(vectors)
            first, second = vectors[..., 0::2], vectors[..., 1::2]
            first = first * angle.cos() - second * angle.sin()
            second = first * angle.sin() + second * angle.cos()
            return torch.stack([first, second], dim=-1).flatten(-2)

        def by_the_batch(vectors):
            """The angle depends on the place in the batch and not on the position: the positions are the last
            dimension but one, `vectors.shape[-2]`.
            """
            if vectors.ndim == 2:
                return Rotary.turn(vectors, 1)
            return Rotary.turn(vectors.transpose(0, -2), 1).transpose(0, -2)

        def angles_as_they_are(vectors):
            """The angles are float64, and they made your result float64, too. It has the dtype of the
            vectors: give it to the angles, `.to(vectors)`.
            """
            angle = clock_angles(*vectors.shape[-2:])
            first, second = vectors[..., 0::2], vectors[..., 1::2]
            turned = first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()
            return torch.stack(turned, dim=-1).flatten(-2)

        def always_float32(vectors):
            """Your result is float32 whatever comes in. It has the dtype of the vectors: `.to(vectors)` gives
            it to the angles.
            """
            return Rotary.turn(vectors, 1).float()

        def from_one(vectors):
            """Your first vector is turned already. Positions count from 0, where no clock has moved."""
            before = torch.cat([vectors[..., :1, :], vectors], dim=-2)
            return Rotary.turn(before, 1)[..., 1:, :]

        def one_clock_for_all(vectors):
            """All pairs turn at the same speed, that of the first clock. Each pair has a clock of its own."""
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
    """You build an encoder that has to read texts longer than those it was trained on. What does the last
    printout say about it?
    """

    id, title = "4.5", "Longer than trained"
    difficulty, importance, minutes = 2, 3, 5
    hints = (
        "Look at the column *beyond it*, for both tasks.",
        "A table has rows, and rows that were never trained are noise.",
        "Does any of the four lead in both tasks? A careful sentence names the task.",
    )
    choices = {
        "sinusoidal": (
            "Take sinusoids: they are computed for any place, so the encoder reads each one equally well.",
            "They go on, but the encoder has never seen those values: in the relative task little of what it "
            "could is left. Computable is not the same as understood.",
        ),
        "learned": (
            "Take a learned table: what it knows within its length it still knows beyond, in both tasks.",
            "It knows place 5 still, which was trained. The rows behind its length never were, and a star "
            "there is lost.",
        ),
        "rotary": (
            "Take rotations if a distance is asked for, and a table or sinusoids if it is a place.",
            "Yes. A distance of two is the same rotation everywhere. The place itself is what rotations of "
            "queries and keys do not tell.",
        ),
        "exchanged": (
            "Take rotations if a place is asked for, and a table or sinusoids if it is a distance.",
            "Read the two tasks once more: the absolute one asks for a place, and there rotations are behind "
            "at both lengths.",
        ),
    }
    answer = "rotary"


class EmbedBug(CodeExercise):
    """BERT's input: what each token is, plus where it stands, plus which text it belongs to. This version
    passed its author's test, a batch of four texts with four tokens each. With eight texts of five tokens it
    stops with an error, and with one text it runs and every word is at the same place. Find the line and mend
    it.
    """

    id, title, name = "4.6", "Find the bug: right only for squares", "embed"
    difficulty, importance, minutes = 2, 3, 10
    hints = (
        "What shape has `input_ids`? What does `len` of it count?",
        "Which rows of the table of positions does a batch of one text get?",
        "Each text has its positions 0, 1, 2, …: as many as there are *tokens in a text*, the second "
        "dimension.",
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
            """This takes as many positions as there are texts, as before. How many tokens has one text?"""
            return words[input_ids] + positions[: input_ids.shape[0]] + types[token_type_ids]

        def one_position_for_each_text(input_ids, token_type_ids, words, positions, types):
            """Now every text has a position of its own, and all its words stand there. The positions count
            the tokens *within* a text.
            """
            return words[input_ids] + positions[: len(input_ids)][:, None] + types[token_type_ids]

        def positions_by_word(input_ids, token_type_ids, words, positions, types):
            """You look the position up by the token's id: the same word then has the same position wherever
            it stands.
            """
            return words[input_ids] + positions[input_ids % len(positions)] + types[token_type_ids]

        def without_positions(input_ids, token_type_ids, words, positions, types):
            """It runs, because you left the positions out. The encoder then cannot know any order."""
            return words[input_ids] + types[token_type_ids]

        def without_types(input_ids, token_type_ids, words, positions, types):
            """The table of types is not used: which of the two texts a token belongs to is lost."""
            return words[input_ids] + positions[: input_ids.shape[1]]

        def counted_through(input_ids, token_type_ids, words, positions, types):
            """The positions count on from one text to the next. Each text begins at 0 again."""
            place = torch.arange(input_ids.numel()).view(input_ids.shape) % len(positions)
            return words[input_ids] + positions[place] + types[token_type_ids]

        def from_one(input_ids, token_type_ids, words, positions, types):
            """The first token of a text takes row 1 of the positions. It is at position 0."""
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
            """Every text gets the types of the first text. Each has its own: look all of them up."""
            return words[input_ids] + positions[: input_ids.shape[1]] + types[token_type_ids[0]]

        def averaged(input_ids, token_type_ids, words, positions, types):
            """You take the average of the three. BERT adds them; the LayerNorm behind it sees to the size."""
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
