"""The exercises of week 6: gaps that depend on each other, calibration, and what heads and layers do."""

import torch

from course_lib.classroom.exercises.base import CodeExercise, Quiz, Sorting
from course_lib.classroom.exercises.random_cases import draw


class TwoLists(Quiz):
    """The model gives each gap a list. The first line of one list says 우유 with probability 0.31. Which
    sentence follows from it?
    """

    id, title = "6.1", "What a list says"
    difficulty, importance, minutes = 1, 3, 4
    hints = (
        "The list of a gap has one probability for each token. What does it know about the other gap?",
        "Marginal means: summed over everything that the other gap could hold.",
        "Compare the truth: is 우유 equally probable in each of the shops?",
    )
    choices = {
        "each": (
            "Whichever shop stands in the first gap, 우유 has about the probability 0.31.",
            "No: in the truth, 우유 is likelier in one shop than in another. The list mixes all shops.",
        ),
        "pair": (
            "The likeliest shop and 우유 are together the likeliest pair that could stand there.",
            "That can be so, but it does not follow: two likely tokens can be an impossible pair.",
        ),
        "all": (
            "Summed over all shops in the first gap, 우유 has about the probability 0.31.",
            "Yes. It is a marginal probability: the sum over all words of the other gap.",
        ),
        "first": (
            "Once the likeliest shop is written into the first gap, 우유 has the probability 0.31.",
            "No: that would be the probability *given* the shop. Ask again with the shop filled in to "
            "get it.",
        ),
    }
    answer = "all"


class FillInTurn(CodeExercise):
    """Fill the gaps one after the other. Ask for all gaps that are left, fill **one** of them, and ask again.
    Fill the gap whose likeliest token has the highest probability, and fill in that token. The list that
    you are given must stay as it is.
    """

    id, title, name = "6.2", "Fill in turn", "fill_in_turn"
    replaces = "course_lib.probing.fill_in_turn"
    difficulty, importance, minutes = 2, 3, 12
    hints = (
        "Copy the list first. Then repeat while `[MASK]` is in it: ask, choose one gap, fill it.",
        "`ask` answers only for the gaps that are left. For each of them, `max(answer, key=answer.get)` is "
        "its likeliest token.",
        "The next gap is the one with the largest `max(answer.values())`. Fill it before you ask again.",
    )

    def stub(ask, tokens):
        """Fill one gap, ask again, until none is left.

        ask(tokens) → {position of a gap: {token: probability}}; tokens: a list with [MASK] → a new list
        """
        ...

    def solution(ask, tokens):
        """Fill one gap, ask again, until none is left.

        ask(tokens) → {position of a gap: {token: probability}}; tokens: a list with [MASK] → a new list
        """
        filled = list(tokens)
        while "[MASK]" in filled:
            answers = ask(filled)
            surest = max(answers, key=lambda gap: max(answers[gap].values()))
            filled[surest] = max(answers[surest], key=answers[surest].get)
        return filled

    class mistakes:
        def all_at_once(ask, tokens):
            """You ask once and fill all gaps from those answers. Fill one gap, then ask again."""
            filled = list(tokens)
            for gap, answer in ask(filled).items():
                filled[gap] = max(answer, key=answer.get)
            return filled

        def from_the_left(ask, tokens):
            """You fill the gaps from left to right. Next is the gap whose likeliest token has the highest
            probability.
            """
            filled = list(tokens)
            while "[MASK]" in filled:
                gap, answer = min(ask(filled).items())
                filled[gap] = max(answer, key=answer.get)
            return filled

        def from_the_right(ask, tokens):
            """You fill the gaps from right to left. Next is the gap whose likeliest token has the highest
            probability.
            """
            filled = list(tokens)
            while "[MASK]" in filled:
                gap, answer = max(ask(filled).items())
                filled[gap] = max(answer, key=answer.get)
            return filled

        def least_sure_first(ask, tokens):
            """You begin with the gap of which the model is **least** sure. Begin with the surest."""
            filled = list(tokens)
            while "[MASK]" in filled:
                answers = ask(filled)
                gap = min(answers, key=lambda gap: max(answers[gap].values()))
                filled[gap] = max(answers[gap], key=answers[gap].get)
            return filled

        def order_fixed_at_first(ask, tokens):
            """You choose the order of the gaps once, by the first answers. After each filling the model may
            be surest of another gap: choose anew each time.
            """
            filled = list(tokens)
            first = ask(filled)
            for gap in sorted(first, key=lambda gap: -max(first[gap].values())):
                answer = ask(filled)[gap]
                filled[gap] = max(answer, key=answer.get)
            return filled

        def only_one_gap(ask, tokens):
            """One gap is filled and the others still hold [MASK]. Go on until none is left."""
            filled = list(tokens)
            answers = ask(filled)
            if answers:
                gap = max(answers, key=lambda gap: max(answers[gap].values()))
                filled[gap] = max(answers[gap], key=answers[gap].get)
            return filled

        def first_token_of_the_list(ask, tokens):
            """You take the first token of an answer. The answers are not sorted: take the one with the
            highest probability.
            """
            filled = list(tokens)
            while "[MASK]" in filled:
                answers = ask(filled)
                gap = max(answers, key=lambda gap: max(answers[gap].values()))
                filled[gap] = next(iter(answers[gap]))
            return filled

        def written_into_the_list(ask, tokens):
            """The result is right, but you wrote it into the list that you were given. Fill a copy:
            `list(tokens)`.
            """
            while "[MASK]" in tokens:
                answers = ask(tokens)
                gap = max(answers, key=lambda gap: max(answers[gap].values()))
                tokens[gap] = max(answers[gap], key=answers[gap].get)
            return tokens

    def cases():
        for texts in (
            {"빵집 빵": 3, "시장 우유": 4, "시장 사과": 2},
            {"a c b": 9, "b a a": 7, "b a c": 2, "c a c": 8, "c b b": 8, "c c c": 2},
            {"a a a": 7, "a a b": 4, "a c c": 8, "b b b": 9, "c b b": 2},
        ):
            length = len(next(iter(texts)).split())
            yield dict(ask=Told(texts), tokens=["[MASK]"] * length)
        yield dict(ask=Told({"a c b": 9, "b c a": 7, "b c c": 4}), tokens=["[MASK]", "c", "[MASK]"])
        yield dict(ask=Told({"a b": 1, "c d": 2}), tokens=["c", "d"])  # nothing is hidden


class Told:
    """A world of few texts, {text: how often it is told}; it answers as `Town.posterior` does, with tokens
    in no order.
    """

    def __init__(self, texts):
        self.texts = texts

    def __call__(self, tokens):
        fitting = {
            tuple(text.split()): count
            for text, count in self.texts.items()
            if all(seen in ("[MASK]", token) for seen, token in zip(tokens, text.split(), strict=True))
        }
        total = sum(fitting.values())
        answers = {}
        for gap in (place for place, token in enumerate(tokens) if token == "[MASK]"):
            shares = dict.fromkeys(sorted({text[gap] for text in fitting}, reverse=True), 0.0)
            for text, count in fitting.items():
                shares[text[gap]] += count / total
            answers[gap] = shares
        return answers

    def __repr__(self):
        return f"a world that tells {self.texts}"


class Calibration(CodeExercise):
    """Put the answers into bins by what the model said (`predicted`). For each bin give three numbers: the
    mean of `predicted`, the mean of `true` (the true probabilities of these answers), and how many answers
    the bin holds. Bin i holds `edges[i] ≤ predicted < edges[i + 1]`; the last bin also holds its upper edge.
    Leave out empty bins. What lies outside all edges is in no bin.
    """

    id, title, name = "6.3", "As sure as it should be", "calibration"
    replaces = "course_lib.probing.calibration"
    difficulty, importance, minutes = 2, 2, 10
    hints = (
        "`zip(edges, edges[1:])` gives the lower and the upper edge of each bin.",
        "`(predicted >= low) & (predicted < high)` is True for the answers inside. With it as an index, "
        "`predicted[inside]` holds only these.",
        "The mean of no numbers is NaN, so look at `inside.sum()` first. In the last bin use `<=`.",
    )

    def stub(predicted, true, edges):
        """predicted, true: (n,), edges: increasing numbers → [(mean predicted, mean true, count), …]

        Bin i holds edges[i] ≤ predicted < edges[i + 1]; the last bin also holds its upper edge. Leave out
        empty bins.
        """
        ...

    def solution(predicted, true, edges):
        """predicted, true: (n,), edges: increasing numbers → [(mean predicted, mean true, count), …]

        Bin i holds edges[i] ≤ predicted < edges[i + 1]; the last bin also holds its upper edge. Leave out
        empty bins.
        """
        bins = []
        for low, high in zip(edges, edges[1:]):
            inside = (predicted >= low) & (predicted < high)
            if high == edges[-1]:
                inside |= predicted == high
            if inside.any():
                bins.append(
                    (predicted[inside].mean().item(), true[inside].mean().item(), inside.sum().item())
                )
        return bins

    @classmethod
    def compares_gradients(cls, given):
        return False  # it measures, and nothing learns from it

    class mistakes:
        def last_edge_missing(predicted, true, edges):
            """An answer that lies exactly on the last edge, such as 1.0, is in none of your bins."""
            return Calibration.bins(
                predicted, true, edges, lambda low, high: (predicted >= low) & (predicted < high)
            )

        def upper_edge_inside(predicted, true, edges):
            """An answer on an edge is in two of your bins: a bin holds its lower edge, and only the last
            one its upper edge, too.
            """
            return Calibration.bins(
                predicted, true, edges, lambda low, high: (predicted >= low) & (predicted <= high)
            )

        def lower_edge_outside(predicted, true, edges):
            """An answer on an edge belongs to the bin above: `>=` for the lower edge, `<` for the upper
            one.
            """
            return Calibration.bins(
                predicted, true, edges, lambda low, high: (predicted > low) & (predicted <= high)
            )

        def bins_by_the_truth(predicted, true, edges):
            """Your bins are made by what is true. Make them by what the model **said**."""
            return Calibration.bins(
                predicted, true, edges, lambda low, high: Calibration.inside(true, low, high, edges)
            )

        def empty_bins_kept(predicted, true, edges):
            """Empty bins are in your list. Leave them out."""
            found = []
            for low, high in zip(edges, edges[1:]):
                inside = Calibration.inside(predicted, low, high, edges)
                empty = not inside.any()
                means = (0.0, 0.0) if empty else (predicted[inside].mean().item(), true[inside].mean().item())
                found.append((*means, inside.sum().item()))
            return found

        def middle_of_the_bin(predicted, true, edges):
            """You give the middle of each bin. Give the mean of `predicted` in it."""
            found = []
            for low, high in zip(edges, edges[1:]):
                inside = Calibration.inside(predicted, low, high, edges)
                if inside.any():
                    found.append(((low + high) / 2, true[inside].mean().item(), inside.sum().item()))
            return found

        def exchanged(predicted, true, edges):
            """The two means are exchanged: first the mean of `predicted`, then the mean of `true`."""
            right = Calibration.solution(predicted, true, edges)
            return [(truth, said, count) for said, truth, count in right]

        def shares_for_counts(predicted, true, edges):
            """The third number is a share. Give the number of answers in the bin."""
            right = Calibration.solution(predicted, true, edges)
            return [(said, truth, count / len(predicted)) for said, truth, count in right]

        def sums(predicted, true, edges):
            """You give sums. Give means: divide by the number of answers in the bin."""
            right = Calibration.solution(predicted, true, edges)
            return [(said * count, truth * count, count) for said, truth, count in right]

        def one_bin_too_few(predicted, true, edges):
            """The last bin is missing. Between n edges lie n − 1 bins."""
            right = Calibration.solution(predicted, true, edges)
            return right[:-1]

    def inside(values, low, high, edges):
        """Which values are in the bin from low to high, for the mistakes."""
        return (values >= low) & ((values < high) | (high == edges[-1]) & (values == high))

    def bins(predicted, true, edges, choose):
        """The bins with another choice of what is inside, for the mistakes."""
        found = []
        for low, high in zip(edges, edges[1:]):
            inside = choose(low, high)
            if inside.any():
                found.append(
                    (predicted[inside].mean().item(), true[inside].mean().item(), inside.sum().item())
                )
        return found

    def cases():
        yield dict(
            predicted=torch.tensor([0.2, 0.3, 0.8]), true=torch.tensor([0.1, 0.5, 0.6]), edges=[0, 0.5, 1]
        )
        yield dict(
            predicted=torch.tensor([0.5, 0.75, 1.0]), true=torch.tensor([0.25, 1.0, 1.0]), edges=[0, 0.5, 1]
        )
        yield dict(predicted=torch.tensor([1.0]), true=torch.tensor([0.5]), edges=[0, 0.25, 0.5, 0.75, 1])
        yield dict(
            predicted=torch.tensor([0.0, 0.25, 0.25, 0.5]),
            true=torch.tensor([0.0, 0.5, 0.25, 0.5]),
            edges=[0, 0.25, 0.5],
        )
        yield dict(predicted=torch.tensor([1.0, 0.5]), true=torch.tensor([1.0, 0.25]), edges=[0, 0.5, 1])
        for seed in range(3):
            said = draw(40, seed=seed).sigmoid()
            true = draw(40, seed=seed + 10).sigmoid()
            yield dict(predicted=said, true=true, edges=[0, 0.1, 0.3, 0.5, 0.7, 0.9, 1])


class WhereFrom(Sorting):
    """In each sentence, what decides the hidden word? Try it in the field above: change the other words, and
    see whether the answer changes.
    """

    id, title = "6.4", "Where does the answer come from?"
    difficulty, importance, minutes = 2, 2, 8
    hints = (
        "Change one word at a time. If a word decides the answer, changing that word changes the answer.",
        "A particle follows the sound before it. A word that was told before can be told again.",
        "If no change of another word changes the answer much, the text does not decide it.",
    )
    groups = {
        "sound": "the sound before the gap",
        "copy": "a word told before",
        "shop": "the place where something happens",
        "open": "nothing in the text decides it",
    }
    items = {
        "particle": (
            "민수는 시장에서 빵[MASK] 샀다.",
            "sound",
            "Which form of the particle fits behind 빵, and which one behind 우유?",
        ),
        "colour": (
            "지우는 빨간 모자를 썼다. 유나도 [MASK] 모자를 썼다.",
            "copy",
            "Change 빨간 into 파란 in the first sentence. What happens to the answer?",
        ),
        "bought": (
            "나는 빵집에서 [MASK]을 샀다.",
            "shop",
            "Change 빵집 into 철물점. What is bought now?",
        ),
        "who": (
            "[MASK]는 빵집에서 빵을 샀다.",
            "open",
            "Change the shop or the thing. Do the names in the list change?",
        ),
    }


class WhereItLooks(CodeExercise):
    """How much does each head look **from the gap to the place**? A friend wrote this and found no head that
    looks anywhere useful. Find the line and fix it.
    """

    id, title, name = "6.5", "Find the bug: nobody looks there", "looks"
    replaces = "course_lib.probing.looks"
    difficulty, importance, minutes = 1, 3, 6
    hints = (
        "In the attention weights, which dimension is the position that looks, and which one is looked at?",
        "Rows are queries: each row sums to 1 and says where *that* position looks.",
        "The gap looks, so the gap is the row.",
    )

    def stub(attentions, gap, place):
        """How much each head looks from the gap to the place.

        attentions: for each layer (1, heads, n, n), rows look at columns → (layers, heads)
        """
        return torch.stack([weights[0, :, place, gap] for weights in attentions])

    def solution(attentions, gap, place):
        """How much each head looks from the gap to the place.

        attentions: for each layer (1, heads, n, n), rows look at columns → (layers, heads)
        """
        return torch.stack([weights[0, :, gap, place] for weights in attentions])

    class mistakes:
        def from_everywhere(attentions, gap, place):
            """You average over all positions that look. Only the gap should look."""
            return torch.stack([weights[0, :, :, place].mean(dim=-1) for weights in attentions])

        def to_everywhere(attentions, gap, place):
            """You average over all places that are looked at. So each head gets the same 1/n: a row sums to
            1.
            """
            return torch.stack([weights[0, :, gap].mean(dim=-1) for weights in attentions])

        def both_ways(attentions, gap, place):
            """You mix both directions: from the gap to the place, and back. Only the first is asked for."""
            return torch.stack(
                [(weights[0, :, gap, place] + weights[0, :, place, gap]) / 2 for weights in attentions]
            )

        def one_list(attentions, gap, place):
            """The numbers are right, but in one long row. Give (layers, heads): stack them."""
            return torch.cat([weights[0, :, gap, place] for weights in attentions])

        def heads_first(attentions, gap, place):
            """Layers and heads are exchanged: (layers, heads) is asked for."""
            return torch.stack([weights[0, :, gap, place] for weights in attentions], dim=1)

        def heads_averaged(attentions, gap, place):
            """You average over the heads. Each head is a question of its own."""
            return torch.stack(
                [weights[0, :, gap, place].mean(dim=0, keepdim=True) for weights in attentions]
            )

    def cases():
        for layers, heads, length, gap, place in (
            (1, 2, 3, 1, 2),
            (2, 4, 6, 5, 0),
            (3, 3, 5, 2, 2),
            (2, 2, 7, 0, 6),
        ):
            weights = [draw(1, heads, length, length, seed=seed).softmax(dim=-1) for seed in range(layers)]
            yield dict(attentions=tuple(weights), gap=gap, place=place)


class WithoutAHead(CodeExercise):
    """The output matrix of an attention reads the heads side by side: the first `head_size` **columns**
    belong to head 0, the next ones to head 1, and so on. Return the matrix with the columns of one head set
    to 0. The matrix itself must stay as it is.
    """

    id, title, name = "6.6", "Take a head away", "without_columns"
    replaces = "course_lib.probing.without_columns"
    difficulty, importance, minutes = 1, 2, 6
    hints = (
        "Which columns belong to head 2, if each head has 32 of them?",
        "`slice(start, end)` along the last dimension: it starts at head times head_size.",
        "`matrix.clone()` first. What you write into the clone does not change the matrix.",
    )

    def stub(matrix, head, head_size):
        """matrix: (hidden_size, hidden_size), of the output → the same, one head's columns 0"""
        ...

    def solution(matrix, head, head_size):
        """matrix: (hidden_size, hidden_size), of the output → the same, one head's columns 0"""
        kept = matrix.clone()
        kept[:, head * head_size : (head + 1) * head_size] = 0
        return kept

    class mistakes:
        def rows(matrix, head, head_size):
            """You set rows to 0. Rows are what comes *out*; the heads come in by the columns."""
            kept = matrix.clone()
            kept[head * head_size : (head + 1) * head_size] = 0
            return kept

        def one_column(matrix, head, head_size):
            """Only one column is 0. A head has head_size columns."""
            kept = matrix.clone()
            kept[:, head] = 0
            return kept

        def head_before(matrix, head, head_size):
            """You removed the head before the wanted one. Heads are counted from 0."""
            kept = matrix.clone()
            kept[:, max(head - 1, 0) * head_size : head * head_size] = 0
            return kept

        def head_behind(matrix, head, head_size):
            """You removed the head after the wanted one. Head 0 has the first columns."""
            kept = matrix.clone()
            kept[:, (head + 1) * head_size : (head + 2) * head_size] = 0
            return kept

        def every_nth_column(matrix, head, head_size):
            """You set every n-th column to 0. The columns of a head stand side by side."""
            kept = matrix.clone()
            kept[:, head :: matrix.shape[1] // head_size] = 0
            return kept

        def all_others(matrix, head, head_size):
            """The other way round: this head is all that is left. Take it away and keep the others."""
            kept = torch.zeros_like(matrix)
            columns = slice(head * head_size, (head + 1) * head_size)
            kept[:, columns] = matrix[:, columns]
            return kept

        def columns_removed(matrix, head, head_size):
            """The columns are gone, so the matrix no longer fits what comes in. Set them to 0 instead."""
            columns = slice(head * head_size, (head + 1) * head_size)
            return torch.cat([matrix[:, : columns.start], matrix[:, columns.stop :]], dim=1)

        def written_into_the_matrix(matrix, head, head_size):
            """The result is right, but the matrix itself was changed: the model would lose the head for good.
            Work on `matrix.clone()`.
            """
            matrix[:, head * head_size : (head + 1) * head_size] = 0
            return matrix

    def cases():
        for heads, head_size, head in ((2, 2, 0), (2, 2, 1), (4, 3, 2), (3, 4, 1), (1, 4, 0), (4, 1, 3)):
            yield dict(
                matrix=draw(heads * head_size, heads * head_size, seed=head), head=head, head_size=head_size
            )


class WithoutFloor(Quiz):
    """No grammar of the documentation is known. Above are the losses of three guesses from counts, and of a
    BERT. Which sentence do these numbers support?
    """

    id, title = "6.7", "Without a floor"
    difficulty, importance, minutes = 2, 2, 4
    hints = (
        "What does the guess from counts see, and what does it not see?",
        "Is there anything that tells how much lower the loss could be?",
        "A comparison says who is better. It does not say how good the better one is.",
    )
    choices = {
        "done": (
            "BERT has learned what this text can teach: none of the three comes near it.",
            "Nobody knows. The true probabilities of real text are unknown, and so is the floor.",
        ),
        "bug": (
            "BERT has a bug somewhere: its loss is many times that of your model on the town.",
            "Losses on different texts cannot be compared. Real text is less predictable than the town, and "
            "its vocabulary is another one.",
        ),
        "farther": (
            "BERT is ahead of all three; how much is left to learn is unknown.",
            "Yes. Its loss is below theirs, so it is better than these guesses. Only the true probabilities "
            "would tell how far it is from the best possible loss.",
        ),
        "nothing": (
            "Nothing is known of BERT: without a known floor, a loss is neither good nor bad.",
            "The loss says whom the model beats: it is below those of all guesses from counts. Only the "
            "distance to the best possible loss stays unknown.",
        ),
    }
    answer = "farther"
