"""The exercises of week 5: counting BERT, hiding tokens, the rungs of the ladder, and bugs found by it."""

import math
from collections import Counter, defaultdict

import torch
from torch.nn import functional as F

from course_lib.classroom.exercises.base import CodeExercise, Quiz, Sorting
from course_lib.classroom.exercises.random_cases import draw, draw_words
from course_lib.ladder import entropy


class LayerParameters(CodeExercise):
    """How many numbers does one encoder layer learn? It has four square matrices (query, key, value and the
    output of the attention), two matrices of the feed-forward network, from hidden_size to intermediate_size
    and back, a bias for each of these six, and two LayerNorms, each with hidden_size weights and hidden_size
    biases.
    """

    id, title, name = "5.1", "Count a layer", "layer_parameters"
    difficulty, importance, minutes = 1, 2, 8
    hints = (
        "A matrix from m to n numbers has m·n weights, and its bias has as many numbers as come *out*.",
        "The two matrices of the feed-forward network have the same number of weights, but not the same "
        "bias: one gives intermediate_size numbers, the other hidden_size.",
        "A LayerNorm has twice hidden_size numbers, and there are two of them: one behind the attention, one "
        "behind the feed-forward network.",
    )

    def stub(hidden_size, intermediate_size):
        """The number of parameters of one encoder layer, an integer."""
        ...

    def solution(hidden_size, intermediate_size):
        """The number of parameters of one encoder layer, an integer."""
        attention = 4 * (hidden_size * hidden_size + hidden_size)
        expand = hidden_size * intermediate_size + intermediate_size
        contract = intermediate_size * hidden_size + hidden_size
        return attention + expand + contract + 4 * hidden_size

    class mistakes:
        def without_biases(hidden_size, intermediate_size):
            """5·hidden_size + intermediate_size numbers are missing. The biases of the six matrices have as
            many; so have the two LayerNorms with the feed-forward biases.
            """
            return 4 * hidden_size**2 + 2 * hidden_size * intermediate_size + 4 * hidden_size

        def three_matrices(hidden_size, intermediate_size):
            """You count query, key and value. The attention has a fourth matrix, for its output, which mixes
            what the heads bring.
            """
            return LayerParameters.count(hidden_size, intermediate_size, square=3)

        def without_norms(hidden_size, intermediate_size):
            """4·hidden_size numbers are missing. The two LayerNorms have as many, and so have the biases of
            the attention's four matrices.
            """
            return LayerParameters.count(hidden_size, intermediate_size, norms=0)

        def one_norm(hidden_size, intermediate_size):
            """2·hidden_size numbers are missing. One LayerNorm has as many; so have two of the biases of
            length hidden_size.
            """
            return LayerParameters.count(hidden_size, intermediate_size, norms=1)

        def without_network_biases(hidden_size, intermediate_size):
            """hidden_size + intermediate_size numbers are missing: the two biases of the feed-forward
            network.
            """
            return LayerParameters.count(hidden_size, intermediate_size) - hidden_size - intermediate_size

        def one_bias_missing(hidden_size, intermediate_size):
            """hidden_size numbers are missing. One bias has as many: of an attention matrix, of the second
            feed-forward matrix, or of a LayerNorm.
            """
            return LayerParameters.count(hidden_size, intermediate_size) - hidden_size

        def first_bias_missing(hidden_size, intermediate_size):
            """intermediate_size numbers are missing: the bias of the first matrix of the feed-forward
            network.
            """
            return LayerParameters.count(hidden_size, intermediate_size) - intermediate_size

        def three_norms(hidden_size, intermediate_size):
            """2·hidden_size numbers too many: as many as one LayerNorm has. There are two of them in a
            layer.
            """
            return LayerParameters.count(hidden_size, intermediate_size, norms=3)

        def one_way(hidden_size, intermediate_size):
            """The way back is missing: from intermediate_size to hidden_size there is a second matrix with
            its bias.
            """
            back = intermediate_size * hidden_size + hidden_size
            return LayerParameters.count(hidden_size, intermediate_size) - back

        def layers_made(hidden_size, intermediate_size):
            """The number is right. But making a layer draws random weights, and this changes all later random
            numbers. Make them without numbers: `with torch.device("meta"):`.
            """
            torch.nn.Linear(1, 1)
            return LayerParameters.solution(hidden_size, intermediate_size)

        def wide_biases(hidden_size, intermediate_size):
            """Both biases of your feed-forward network have intermediate_size numbers. The second matrix
            gives hidden_size numbers, so its bias has hidden_size.
            """
            return LayerParameters.count(hidden_size, intermediate_size) + intermediate_size - hidden_size

        def narrow_biases(hidden_size, intermediate_size):
            """Both biases of your feed-forward network have hidden_size numbers. The first matrix gives
            intermediate_size numbers, so its bias has intermediate_size.
            """
            return LayerParameters.count(hidden_size, intermediate_size) + hidden_size - intermediate_size

    def count(hidden_size, intermediate_size, square=4, norms=2):
        """The parameters with so many square matrices and LayerNorms, for the mistakes."""
        squares = square * (hidden_size**2 + hidden_size)
        network = 2 * hidden_size * intermediate_size + intermediate_size + hidden_size
        return squares + network + norms * 2 * hidden_size

    def cases():
        yield dict(hidden_size=2, intermediate_size=3)
        yield dict(hidden_size=1, intermediate_size=1)
        yield dict(hidden_size=5, intermediate_size=7)
        yield dict(hidden_size=768, intermediate_size=3072)
        yield dict(hidden_size=128, intermediate_size=256)
        yield dict(hidden_size=13, intermediate_size=4)
        yield dict(hidden_size=1024, intermediate_size=1537)


class ThreeFates(CodeExercise):
    """Which tokens are hidden is decided already (`chosen`), and for each position a number from 0 to 1 is
    drawn (`kind`). Replace every chosen token: if kind < shares[0], by `mask_id`; else if kind < shares[0] +
    shares[1], by the token of `random_ids` at its place; else it stays. What is not chosen stays, too.
    """

    id, title, name = "5.2", "Masked, random or kept", "replace_chosen"
    difficulty, importance, minutes = 2, 3, 12
    replaces = "course_lib.masking.replace_chosen"
    hints = (
        "Make one table of True and False for each of the two replacements. Use `chosen` in both.",
        "With shares (0.8, 0.1, 0.1) the random tokens are those between 0.8 and 0.8 + 0.1: add up.",
        "`torch.where(condition, a, b)` takes a where the condition holds and b elsewhere; a may be one "
        "number.",
    )

    def stub(input_ids, chosen, kind, random_ids, mask_id, shares):
        """chosen: (batch, n) bool, kind: (batch, n) from 0 to 1, shares: three numbers → (batch, n) ids"""
        ...

    def solution(input_ids, chosen, kind, random_ids, mask_id, shares):
        """chosen: (batch, n) bool, kind: (batch, n) from 0 to 1, shares: three numbers → (batch, n) ids"""
        becomes_mask = chosen & (kind < shares[0])
        becomes_random = chosen & (kind >= shares[0]) & (kind < shares[0] + shares[1])
        masked = torch.where(becomes_mask, mask_id, input_ids)
        return torch.where(becomes_random, random_ids, masked)

    class mistakes:
        def always_mask(input_ids, chosen, kind, random_ids, mask_id, shares):
            """Every chosen token becomes [MASK]. Only a share of them, shares[0], should."""
            return input_ids.masked_fill(chosen, mask_id)

        def everywhere(input_ids, chosen, kind, random_ids, mask_id, shares):
            """You change tokens that were not chosen. Use `chosen` for both replacements."""
            return ThreeFates.fates(input_ids, chosen | True, kind, random_ids, mask_id, shares)

        def mask_everywhere(input_ids, chosen, kind, random_ids, mask_id, shares):
            """Your [MASK] stands also where nothing was chosen. Use `chosen` for both replacements."""
            changed = ThreeFates.fates(input_ids, chosen, kind, random_ids, mask_id, shares)
            return changed.masked_fill(kind < shares[0], mask_id)

        def random_everywhere(input_ids, chosen, kind, random_ids, mask_id, shares):
            """Your random tokens stand also where nothing was chosen. Use `chosen` for both replacements."""
            is_random = (kind >= shares[0]) & (kind < shares[0] + shares[1])
            changed = torch.where(is_random, random_ids, input_ids)
            return changed.masked_fill(chosen & (kind < shares[0]), mask_id)

        def not_added_up(input_ids, chosen, kind, random_ids, mask_id, shares):
            """Too few tokens become random: the second share begins where the first ends, so its upper border
            is shares[0] + shares[1].
            """
            nothing = chosen & (kind >= shares[0]) & (kind < shares[1])
            masked = input_ids.masked_fill(chosen & (kind < shares[0]), mask_id)
            return torch.where(nothing, random_ids, masked)

        def mask_stays_mask(input_ids, chosen, kind, random_ids, mask_id, shares):
            """A chosen token that is [MASK] already never becomes random. `kind` alone decides, whatever
            token it is.
            """
            masked = input_ids.masked_fill(chosen & (kind < shares[0]), mask_id)
            becomes_random = chosen & (masked != mask_id) & (kind < shares[0] + shares[1])
            return torch.where(becomes_random, random_ids, masked)

        def none_stays(input_ids, chosen, kind, random_ids, mask_id, shares):
            """All chosen tokens that do not become [MASK] become random. A last share stays as it is."""
            return ThreeFates.fates(input_ids, chosen, kind, random_ids, mask_id, (shares[0], 1.0, 0.0))

        def random_over_mask(input_ids, chosen, kind, random_ids, mask_id, shares):
            """Where the token should be [MASK] a random one stands: below shares[0] + shares[1] is true for
            both. Exclude what becomes [MASK].
            """
            becomes_random = chosen & (kind < shares[0] + shares[1])
            return torch.where(becomes_random, random_ids, input_ids)

        def other_way_round(input_ids, chosen, kind, random_ids, mask_id, shares):
            """The shares lie the other way round: [MASK] is for *small* numbers of `kind`, those below
            shares[0].
            """
            return ThreeFates.fates(input_ids, chosen, 1 - kind, random_ids, mask_id, shares)

        def not_the_chosen(input_ids, chosen, kind, random_ids, mask_id, shares):
            """You change what was *not* chosen, and leave what was."""
            return ThreeFates.fates(input_ids, ~chosen, kind, random_ids, mask_id, shares)

        def as_in_the_paper(input_ids, chosen, kind, random_ids, mask_id, shares):
            """It works for 80/10/10 alone: take the borders from `shares`."""
            return ThreeFates.fates(input_ids, chosen, kind, random_ids, mask_id, (0.8, 0.1, 0.1))

        def lower_border_included(input_ids, chosen, kind, random_ids, mask_id, shares):
            """A number exactly at shares[0] is not below it: use <, not <=."""
            becomes_mask = chosen & (kind <= shares[0])
            becomes_random = chosen & ~becomes_mask & (kind < shares[0] + shares[1])
            return torch.where(becomes_random, random_ids, input_ids).masked_fill(becomes_mask, mask_id)

        def between_the_fates(input_ids, chosen, kind, random_ids, mask_id, shares):
            """A token with a number exactly at shares[0] is not replaced. The random ones begin there: use
            >=, not >.
            """
            becomes_random = chosen & (kind > shares[0]) & (kind < shares[0] + shares[1])
            masked = input_ids.masked_fill(chosen & (kind < shares[0]), mask_id)
            return torch.where(becomes_random, random_ids, masked)

        def upper_border_included(input_ids, chosen, kind, random_ids, mask_id, shares):
            """A number exactly at shares[0] + shares[1] stays already: use <, not <=."""
            becomes_mask = chosen & (kind < shares[0])
            becomes_random = chosen & ~becomes_mask & (kind <= shares[0] + shares[1])
            return torch.where(becomes_random, random_ids, input_ids).masked_fill(becomes_mask, mask_id)

        def both_borders_included(input_ids, chosen, kind, random_ids, mask_id, shares):
            """A number exactly at a border belongs to the share that begins there: use < at both, not <=."""
            becomes_mask = chosen & (kind <= shares[0])
            becomes_random = chosen & ~becomes_mask & (kind <= shares[0] + shares[1])
            return torch.where(becomes_random, random_ids, input_ids).masked_fill(becomes_mask, mask_id)

        def share_of_the_rest(input_ids, chosen, kind, random_ids, mask_id, shares):
            """You take shares[1] as a part of what [MASK] leaves over. It is a part of all chosen tokens, so
            the border is shares[0] + shares[1].
            """
            shares = (shares[0], (1 - shares[0]) * shares[1], shares[2])
            return ThreeFates.fates(input_ids, chosen, kind, random_ids, mask_id, shares)

        def kept_before_random(input_ids, chosen, kind, random_ids, mask_id, shares):
            """Behind [MASK] your kept tokens come first, and then the random ones. It is the other way round:
            random from shares[0] on, kept from shares[0] + shares[1] on.
            """
            becomes_random = chosen & (kind >= shares[0] + shares[2])
            hidden = input_ids.masked_fill(chosen & (kind < shares[0]), mask_id)
            return torch.where(becomes_random, random_ids, hidden)

        def mask_id_added(input_ids, chosen, kind, random_ids, mask_id, shares):
            """You add `mask_id` to the token. It takes the place of the token: = and not +=."""
            changed = ThreeFates.fates(input_ids, chosen, kind, random_ids, mask_id, shares)
            return torch.where(chosen & (kind < shares[0]), input_ids + mask_id, changed)

        def unchosen_ignored(input_ids, chosen, kind, random_ids, mask_id, shares):
            """What is not chosen becomes −100. That is for the labels: here it stays the token that it is."""
            changed = ThreeFates.fates(input_ids, chosen, kind, random_ids, mask_id, shares)
            return changed.masked_fill(~chosen, -100)

        def drawn_again(input_ids, chosen, kind, random_ids, mask_id, shares):
            """You draw numbers of your own. They are drawn already: `kind` has one for each position."""
            kind = torch.rand(input_ids.shape)
            return ThreeFates.fates(input_ids, chosen, kind, random_ids, mask_id, shares)

        def random_in_turn(input_ids, chosen, kind, random_ids, mask_id, shares):
            """You use the random tokens in turn, from the first on. Each stands at its place already: take
            the one that `random_ids` has where the token is replaced.
            """
            becomes_mask = chosen & (kind < shares[0])
            becomes_random = chosen & ~becomes_mask & (kind < shares[0] + shares[1])
            changed = input_ids.masked_scatter(becomes_random, random_ids)
            return changed.masked_fill(becomes_mask, mask_id)

        def exchanged_shares(input_ids, chosen, kind, random_ids, mask_id, shares):
            """The shares are exchanged: shares[0] is for [MASK], shares[1] for random tokens."""
            shares = (shares[1], shares[0], shares[2])
            return ThreeFates.fates(input_ids, chosen, kind, random_ids, mask_id, shares)

    def fates(input_ids, chosen, kind, random_ids, mask_id, shares):
        """What is asked for, for the mistakes; an answer has the library's name."""
        becomes_mask = chosen & (kind < shares[0])
        becomes_random = chosen & ~becomes_mask & (kind < shares[0] + shares[1])
        return torch.where(becomes_random, random_ids, input_ids).masked_fill(becomes_mask, mask_id)

    def cases():
        for rows, columns, shares in ((1, 6, (0.75, 0.125, 0.125)), (2, 8, (0.5, 0.375, 0.125))):
            steps = torch.arange(rows * columns).view(rows, columns)
            yield dict(
                input_ids=steps + 10,
                chosen=(steps % 3 != 1) & (steps != 2),  # 2 has the kind of a random token, and is not chosen
                kind=((steps * 5) % 16) / 16,  # some lie exactly on the borders
                random_ids=steps + 100,
                mask_id=4,
                shares=shares,
            )
        generator = torch.Generator().manual_seed(0)
        yield dict(
            input_ids=torch.randint(5, 90, (4, 30), generator=generator),
            chosen=torch.rand(4, 30, generator=generator) < 0.5,
            kind=torch.rand(4, 30, generator=generator),
            random_ids=torch.randint(5, 90, (4, 30), generator=generator),
            mask_id=3,
            shares=(0.8, 0.1, 0.1),
        )
        # (1, 0, 0) are the shares of all held-out gaps, whole numbers as here
        for seed, shares in enumerate([(1, 0, 0), (0, 1, 0), (0.0, 0.0, 1.0), (0.25, 0.75, 0.0)]):
            generator = torch.Generator().manual_seed(seed)
            input_ids = torch.randint(0, 30, (3, 7), generator=generator)
            yield dict(
                input_ids=input_ids,
                chosen=(torch.rand(3, 7, generator=generator) < 0.6) & (input_ids != 4),
                kind=torch.rand(3, 7, generator=generator),
                random_ids=torch.randint(5, 30, (3, 7), generator=generator),
                mask_id=4,
                shares=shares,
            )
        yield dict(
            input_ids=torch.tensor([[4, 8, 4, 9]]),  # [MASK] stood there before
            chosen=torch.tensor([[False, False, True, False]]),
            kind=torch.tensor([[0.1, 0.2, 0.55, 0.9]]),
            random_ids=torch.tensor([[11, 12, 13, 14]]),
            mask_id=4,
            shares=(0.5, 0.25, 0.25),
        )


class EntropyOfCounts(CodeExercise):
    """Somebody guesses tokens and knows only how often each one occurs. Their loss is the entropy (엔트로피),
    −Σ p ln p over all tokens, where p is a token's count, divided by the sum of all counts. The logarithm is
    the natural one, so the unit is nats. A token that was never counted adds nothing. Return a number, not a
    tensor.
    """

    id, title, name = "5.3", "The loss of somebody who counts", "entropy"
    difficulty, importance, minutes = 1, 3, 8
    replaces = "course_lib.ladder.entropy"
    hints = (
        "First the sum of all counts, then the share p of each.",
        "Each token is drawn with probability p and then costs −ln p; `math.log` is the natural logarithm.",
        "`math.log(0)` is an error, so leave the zeros out of the sum.",
    )

    def stub(counts):
        """counts: how often each token was counted, numbers ≥ 0 → nats"""
        ...

    def solution(counts):
        """counts: how often each token was counted, numbers ≥ 0 → nats"""
        total = sum(counts)
        result = 0.0
        for count in counts:
            if count > 0:
                result -= count / total * math.log(count / total)
        return result

    class mistakes:
        def in_bits(counts):
            """This is in bits: you took the logarithm to the base 2. The loss of a model is in nats, with
            the natural logarithm.
            """
            return EntropyOfCounts.nats(counts) / math.log(2)

        def wrong_sign(counts):
            """The sign is missing. ln p is below 0 for every p below 1, and a loss is above 0."""
            return -EntropyOfCounts.nats(counts)

        def counts_for_shares(counts):
            """Divide by the sum first: p is the *share* of a token, not its count."""
            return -sum(count * math.log(count) for count in counts if count > 0)

        def unweighted(counts):
            """You take the plain mean of −ln p. A frequent token is asked for more often: weight each −ln p
            with its p.
            """
            total, some = sum(counts), [count for count in counts if count > 0]
            return -sum(math.log(count / total) for count in some) / len(some)

        def as_if_even(counts):
            """This is the logarithm of how many tokens there are, the loss of guessing evenly: the first
            rung. The second uses how often each one occurs.
            """
            return math.log(sum(1 for count in counts if count > 0))

        def perplexity(counts):
            """This is the perplexity, e to the power of the entropy."""
            return math.exp(EntropyOfCounts.nats(counts))

        def likeliest_alone(counts):
            """This is the cost of the most frequent token alone. All tokens are asked for, each as often as
            it occurs.
            """
            return -math.log(max(counts) / sum(counts))

        def first_alone(counts):
            """Only the first token is in your sum: does the `return` stand inside the loop?"""
            share = counts[0] / sum(counts)
            return -share * math.log(share) if share else 0.0

        def by_the_largest(counts):
            """You divide by the largest count. The share of a token is its part of all counts: their sum."""
            largest = max(counts)
            return -sum(count / largest * math.log(count / largest) for count in counts if count > 0)

        def by_their_number(counts):
            """You divide by how many tokens there are. The share of a token is its part of all counts: their
            sum.
            """
            number = len(counts)
            return -sum(count / number * math.log(count / number) for count in counts if count > 0)

        def divided_once_more(counts):
            """The sum is right, but you divide it by the number of tokens. It is already weighted by p."""
            return EntropyOfCounts.nats(counts) / len(counts)

        def zeros_stop(counts):
            """A count of 0 fails, since ln 0 is −∞. A token that was never counted adds nothing: leave it
            out.
            """
            total = sum(counts)
            return -sum(count / total * math.log(count / total) for count in counts)

        def once_counted_left_out(counts):
            """Tokens that were counted once are left out. Only a count of 0 adds nothing."""
            total = sum(counts)
            return -sum(count / total * math.log(count / total) for count in counts if count > 1)

        def softmax_for_shares(counts):
            """Your shares come from a softmax. The share of a token is its count, divided by their sum."""
            p = torch.as_tensor(counts, dtype=torch.float64).softmax(dim=-1)
            return -(p * p.log()).sum().item()

        def even_among_all(counts):
            """This is ln V, the loss of guessing evenly among all tokens: the first rung. The second uses how
            often each one occurs.
            """
            return math.log(len(counts))

        def chance_to_differ(counts):
            """This is 1 − Σ p², the chance that two draws differ (Gini). The entropy is −Σ p ln p."""
            total = sum(counts)
            return 1 - sum((count / total) ** 2 for count in counts)

        def one_added(counts):
            """You add 1 to every count. Then tokens that were never counted have a share, too: here the
            counts are taken as they are.
            """
            return EntropyOfCounts.nats([count + 1 for count in counts])

        def in_tens(counts):
            """You took the logarithm to the base 10. Nats have the natural one, `math.log`."""
            return EntropyOfCounts.nats(counts) / math.log(10)

        def not_summed(counts):
            """This is the sum of all −ln p, each counted once. Weight each −ln p with its p."""
            total = sum(counts)
            return -sum(math.log(count / total) for count in counts if count > 0)

    def explain(given, got, wanted):
        if math.isnan(got):
            return "There is nan in your sum, from 0 · ln 0: leave out the tokens that were never counted."
        return None

    def nats(counts):
        """The entropy, for the mistakes; an answer has the library's name."""
        total = sum(counts)
        return -sum(count / total * math.log(count / total) for count in counts if count > 0)

    def cases():
        yield dict(counts=[6, 2, 1])
        yield dict(counts=[1, 1, 1, 1])
        yield dict(counts=[3, 0, 5, 0])
        yield dict(counts=[7])
        yield dict(counts=[40, 30, 20, 9, 1])
        yield dict(counts=[0.5, 0.25, 0.25])
        yield dict(counts=[0, 0, 1_000_000, 1])
        yield dict(counts=[7, 7, 7, 1, 1, 2])
        for seed in range(3):
            yield dict(counts=(100 * draw(12, seed=seed)).long().clamp(min=0).tolist())


class NeighboursEntropy(CodeExercise):
    """Somebody knows the two tokens beside a gap and has counted what stands between them. What is their
    loss? For each pair of neighbours it is the entropy of the tokens between them; over the whole text it is
    the mean of these, **weighted** by how often each pair occurs. `entropy(counts)` is there, from 5.3.
    """

    id, title, name = "5.4", "The loss of somebody who sees the neighbours", "neighbours_entropy"
    difficulty, importance, minutes = 2, 3, 12
    replaces = "course_lib.ladder.neighbours_entropy"
    hints = (
        "In `counts`, each pair of neighbours has a Counter of its own: call it `tokens`. How often does a "
        "pair occur in all?",
        "`sum(tokens.values())` says how often one pair occurs. Divided by the total of all pairs it is the "
        "weight of that pair.",
        "Add up, over all pairs, the weight times `entropy(list(tokens.values()))`.",
    )

    def stub(counts):
        """counts: {(left, right): Counter of tokens} → nats, a float"""
        ...

    def solution(counts):
        """counts: {(left, right): Counter of tokens} → nats, a float"""
        total = 0
        for tokens in counts.values():
            total += sum(tokens.values())
        result = 0.0
        for tokens in counts.values():
            weight = sum(tokens.values()) / total
            result += weight * entropy(list(tokens.values()))
        return result

    class mistakes:
        def every_pair_alike(counts):
            """Every pair of neighbours counts alike in your mean. A pair that occurs often is met often:
            weight it.
            """
            return sum(entropy(pieces.values()) for pieces in counts.values()) / len(counts)

        def not_a_mean(counts):
            """You add the entropies up. The loss is their weighted *mean*."""
            return sum(entropy(pieces.values()) for pieces in counts.values())

        def without_neighbours(counts):
            """This is the entropy of the tokens alone: you added up all pairs, and what the neighbours tell
            is lost.
            """
            pooled = {}
            for pieces in counts.values():
                for piece, count in pieces.items():
                    pooled[piece] = pooled.get(piece, 0) + count
            return entropy(pooled.values())

        def triples(counts):
            """This is the entropy of whole triples, neighbours included. The neighbours are seen: only what
            stands *between* them is uncertain.
            """
            return entropy([count for pieces in counts.values() for count in pieces.values()])

        def of_the_pairs(counts):
            """This is the entropy of the pairs of neighbours. What is asked for is the token between them."""
            return entropy([sum(pieces.values()) for pieces in counts.values()])

        def by_kinds(counts):
            """You weight a pair by the number of *different* tokens in between. Weight it by how often it
            occurs, the sum of its counts.
            """
            kinds = sum(len(pieces) for pieces in counts.values())
            return sum(len(pieces) / kinds * entropy(pieces.values()) for pieces in counts.values())

        def first_pair_alone(counts):
            """Only the first pair is in your sum: does the `return` stand inside the loop?"""
            total = sum(sum(pieces.values()) for pieces in counts.values())
            first = next(iter(counts.values()))
            return sum(first.values()) / total * entropy(first.values())

        def in_bits(counts):
            """This is in bits: you took the logarithm to the base 2. `entropy` of 5.3 is in nats."""
            return NeighboursEntropy.by(counts, lambda pair: pair) / math.log(2)

        def left_alone(counts):
            """You use only the left neighbour: what stands behind it is added up over all right ones. Both
            are seen.
            """
            return NeighboursEntropy.by(counts, lambda pair: pair[0])

        def right_alone(counts):
            """You use only the right neighbour: what stands before it is added up over all left ones. Both
            are seen.
            """
            return NeighboursEntropy.by(counts, lambda pair: pair[1])

        def without_order(counts):
            """Your pairs have no order: (a, b) and (b, a) are counted together. Left and right differ."""
            return NeighboursEntropy.by(counts, frozenset)

        def counts_for_weights(counts):
            """You weight by counts and do not divide by their total, so the result grows with the text."""
            return sum(sum(pieces.values()) * entropy(pieces.values()) for pieces in counts.values())

        def by_the_number_of_pairs(counts):
            """You weight by counts, and then divide by how many different pairs there are. Divide by the sum
            of the weights, which is how often all pairs occur.
            """
            return NeighboursEntropy.mistakes.counts_for_weights(counts) / len(counts)

        def certain_pairs_left_out(counts):
            """Pairs with a single token between them are left out. They add 0 to the sum, but they are met,
            too: in the total they count as often as they occur.
            """
            uncertain = [pieces for pieces in counts.values() if len(pieces) > 1]
            total = sum(sum(pieces.values()) for pieces in uncertain)
            return sum(sum(pieces.values()) / total * entropy(pieces.values()) for pieces in uncertain)

        def rare_pairs_left_out(counts):
            """Pairs that occur once are left out. They add 0 to the sum, but they are met, too: each belongs
            to the total.
            """
            frequent = [pieces for pieces in counts.values() if sum(pieces.values()) > 1]
            total = sum(sum(pieces.values()) for pieces in frequent)
            return sum(sum(pieces.values()) / total * entropy(pieces.values()) for pieces in frequent)

        def last_pair_alone(counts):
            """Only the last pair is in your result: add its part to the sum with +=, not =."""
            total = sum(sum(pieces.values()) for pieces in counts.values())
            last = list(counts.values())[-1]
            return sum(last.values()) / total * entropy(last.values())

        def even_between(counts):
            """Between the neighbours you guess evenly among the tokens that were seen there. Some occur more
            often than others: take their entropy.
            """
            total = sum(sum(pieces.values()) for pieces in counts.values())
            return sum(sum(p.values()) / total * math.log(len(p)) for p in counts.values())

    def by(counts, key):
        """The weighted mean where pairs with the same key are pooled, for the mistakes."""
        pooled = defaultdict(Counter)
        for pair, pieces in counts.items():
            pooled[key(pair)].update(pieces)
        total = sum(sum(pieces.values()) for pieces in pooled.values())
        return sum(sum(p.values()) / total * entropy(p.values()) for p in pooled.values())

    def cases():
        for counts in (
            {("a", "b"): {"x": 1, "y": 3}, ("c", "d"): {"z": 4, "x": 4}},
            {(1, 2): {3: 5}, (1, 4): {3: 1, 5: 1}, (2, 2): {9: 2, 8: 1, 3: 7}},
            {(0, 0): {1: 2}},
            {("a", "b"): {"x": 7, "y": 1}, ("c", "d"): {"z": 3}},  # the first neighbours, counted elsewhere
            {(0, 1): {1: 2, 2: 2, 3: 2}, (1, 0): {4: 1}, (5, 5): {1: 10, 6: 20}},
            {(1, 2): {3: 2, 4: 0, 5: 1}},  # a token that was never counted
        ):
            yield dict(counts={pair: Counter(pieces) for pair, pieces in counts.items()})
        for seed in range(3):
            letters = draw_words(80, "abcd", 3, seed)
            counted = defaultdict(Counter)  # as `count_neighbours` gives it
            for place, (left, piece, right) in enumerate(zip(letters, letters[1:], letters[2:])):
                counted[left[0], right[0]][piece[0]] += 1 + place % 5
            yield dict(counts=counted)


class WhyThere(Quiz):
    """The curve falls quickly to about the entropy of the tokens and stays there for a while. Why exactly
    there?
    """

    id, title = "5.5", "Why the second rung?"
    difficulty, importance, minutes = 1, 3, 4
    hints = (
        "What is the same for every gap, and enough to reach that rung?",
        "A score that is the same for every gap can only say how common each token is.",
        "To come much further, a gap has to know what stands around it. Which part of BERT brings that?",
    )
    choices = {
        "rate": (
            "The learning rate has become too small by then, and it takes some steps to recover.",
            "At that time it is still rising: it is highest near step 200. And the curve falls again by "
            "itself.",
        ),
        "common": (
            "How common tokens are is the same for every gap; its neighbours take longer to learn.",
            "Yes. Scores that are the same for every gap are learned fast, by the biases of the output head "
            "or by a part of the vectors that all gaps share. What stands around a gap has to be carried "
            "into it by attention, and that is learned more slowly.",
        ),
        "bug": (
            "Something is broken: a training without a bug falls from the first step to the last.",
            "Many people who do not know the rung believe that. Here nothing is broken, as the rest of the "
            "curve shows.",
        ),
        "half": (
            "The batches at that time happen to be hard: many of the tokens in the gaps are rare.",
            "The batches are drawn evenly, all the time, and the pause lasts for dozens of them.",
        ),
    }
    answer = "common"


class TooGood(CodeExercise):
    """A friend trains a BERT on the town and is delighted: after one minute the loss is *below the floor*.
    You know that nobody can be there. Here is the friend's loss. Find the line and fix it.
    """

    id, title, name = "5.6", "Find the bug: better than possible", "masked_loss"
    difficulty, importance, minutes = 2, 3, 10
    hints = (
        "How many positions does a batch have, and how many of them are hidden? Which of the two numbers "
        "does the last line divide by?",
        "The positions that are not hidden add 0 to the sum, and they still count.",
        "Divide the sum by the number of *hidden* positions; a sum over True and False counts the True ones.",
    )

    def stub(logits, labels):
        """The mean of −ln p over the hidden tokens.

        logits: (batch, n, vocab_size), labels: (batch, n), −100 where nothing is hidden
        """
        is_hidden = labels != -100
        log_p = logits.log_softmax(dim=-1)
        right = log_p.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
        return -(right * is_hidden).mean()

    def solution(logits, labels):
        """The mean of −ln p over the hidden tokens.

        logits: (batch, n, vocab_size), labels: (batch, n), −100 where nothing is hidden
        """
        is_hidden = labels != -100
        log_p = logits.log_softmax(dim=-1)
        right = log_p.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
        return -(right * is_hidden).sum() / is_hidden.sum()

    class mistakes:
        def same_bug_in_other_words(logits, labels):
            """Still divided by all positions. Divide by those that are hidden."""
            return TooGood.costs(logits, labels).sum() / labels.numel()

        def not_divided(logits, labels):
            """The sum over the hidden tokens is there; their mean is asked for."""
            return TooGood.costs(logits, labels).sum()

        def by_texts(logits, labels):
            """You divide by the number of texts. Divide by the number of hidden tokens in all of them."""
            return TooGood.costs(logits, labels).sum() / len(labels)

        def mean_of_means(logits, labels):
            """You take the mean within each text, then the mean of those. Then a token counts more in a text
            with few gaps. Divide once, by all hidden tokens together.
            """
            costs, is_hidden = TooGood.costs(logits, labels), labels != -100
            return (costs.sum(dim=1) / is_hidden.sum(dim=1).clamp(min=1)).mean()

        def mean_of_means_with_nan(logits, labels):
            """You take the mean within each text, then the mean of those. A token then counts more in a text
            with few gaps, and a text without any gives nan. Divide once, by all hidden tokens together.
            """
            costs, is_hidden = TooGood.costs(logits, labels), labels != -100
            return (costs.sum(dim=1) / is_hidden.sum(dim=1)).mean()

        def mean_before_the_logarithm(logits, labels):
            """You take the mean of p first and then its logarithm. The loss is the mean of −ln p: first the
            logarithm, for each token.
            """
            p = logits.softmax(dim=-1).gather(-1, labels.clamp(min=0)[..., None])[..., 0]
            return -(p * (labels != -100)).sum().div((labels != -100).sum()).log()

        def multiplied(logits, labels):
            """You multiply by the number of hidden tokens. A mean is the sum *divided* by it."""
            return TooGood.costs(logits, labels).sum() * (labels != -100).sum()

        def eps_added(logits, labels):
            """Where the model is sure of another token, your loss is too small: the number that you add is
            much larger than p. `log_softmax` needs no such number, so that line was right.
            """
            is_hidden = labels != -100
            p = logits.softmax(dim=-1).gather(-1, labels.clamp(min=0)[..., None])[..., 0]
            return -((p + 1e-9).log() * is_hidden).sum() / is_hidden.sum()

        def every_position(logits, labels):
            """Now the positions that are not hidden are counted as well, with token 0 as the right answer."""
            costs = F.cross_entropy(logits.flatten(0, 1), labels.clamp(min=0).flatten(), reduction="none")
            return costs.sum() / (labels != -100).sum()

        def visible_ones_too(logits, labels):
            """The visible positions are in your mean, with token 0 as the answer. Only hidden ones count."""
            return F.cross_entropy(logits.flatten(0, 1), labels.clamp(min=0).flatten())

        def wrong_sign(logits, labels):
            """The sign is lost: ln p is below 0, a loss is above."""
            return -F.cross_entropy(logits.flatten(0, 1), labels.flatten())

        def logarithm_afterwards(logits, labels):
            """Where the model is sure of another token, your loss is ∞: p is so small that it is rounded to 0
            before you take its logarithm. `log_softmax` never rounds it, so that line was right.
            """
            is_hidden = labels != -100
            log_p = logits.softmax(dim=-1).log()
            right = log_p.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
            return -right.masked_fill(~is_hidden, 0.0).sum() / is_hidden.sum()

        def piece_zero_left_out(logits, labels):
            """Gaps whose right answer is token 0 are left out: `labels > 0`. Hidden is what is not −100."""
            return F.cross_entropy(
                logits.flatten(0, 1), labels.flatten().masked_fill(labels.flatten() <= 0, -100)
            )

        def raw_logits(logits, labels):
            """You take the logits for ln p. Only `log_softmax` makes logarithms of probabilities of them."""
            right = logits.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
            return -right.masked_fill(labels == -100, 0.0).sum() / (labels != -100).sum()

        def softmax_twice(logits, labels):
            """There are two softmaxes: one makes probabilities, and a second one takes them for logits."""
            return F.cross_entropy(logits.softmax(dim=-1).flatten(0, 1), labels.flatten())

        def over_the_positions(logits, labels):
            """Your softmax runs over the positions, dim 1. It has to run over the vocabulary, the last
            dimension.
            """
            right = logits.log_softmax(dim=1).gather(-1, labels.clamp(min=0)[..., None])[..., 0]
            return -right.masked_fill(labels == -100, 0.0).sum() / (labels != -100).sum()

        def by_the_visible(logits, labels):
            """You divide by the number of positions that are *not* hidden."""
            return TooGood.costs(logits, labels).sum() / (labels == -100).sum()

    def costs(logits, labels):
        """−ln p at the hidden positions, 0 elsewhere, (batch, n), for the mistakes."""
        flat = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="none")
        return flat.view(labels.shape)

    def cases():
        yield dict(logits=draw(1, 5, 3), labels=torch.tensor([[-100, 2, -100, 1, -100]]))
        yield dict(
            logits=draw(2, 4, 5, seed=1),
            labels=torch.tensor([[-100, 3, -100, -100], [2, -100, 4, 1]]),
        )
        yield dict(
            logits=draw(3, 6, 4, seed=2),
            labels=torch.tensor([[-100] * 5 + [1], [0, 3, 2] + [-100] * 3, [-100, 2] * 3]),
        )
        certain = torch.tensor([[[30.0, 0.0], [0.0, 1.0], [1.0, 0.0]]])  # p = 1 in the first gap: no loss
        yield dict(logits=certain, labels=torch.tensor([[0, 0, -100]]))
        yield dict(logits=certain[:, :1], labels=torch.tensor([[0]]))  # and nothing else
        yield dict(logits=draw(1, 5, 3, seed=3), labels=torch.tensor([[0, -100, 0, 1, 2]]))
        yield dict(logits=draw(2, 3, 4, seed=4), labels=torch.tensor([[1, 0, 2], [3, 3, 1]]))  # all hidden
        yield dict(logits=draw(2, 3, 4, seed=5), labels=torch.tensor([[-100] * 3, [-100, 2, -100]]))
        wrong = torch.tensor([[[0.0, 150.0, 3.0], [1.0, 0.5, 0.0]]])  # sure of another token
        yield dict(logits=wrong, labels=torch.tensor([[0, 2]]))
        labels = torch.randint(0, 9, (4, 10), generator=torch.Generator().manual_seed(0))
        yield dict(logits=draw(4, 10, 9, seed=6), labels=labels.masked_fill(draw(4, 10, seed=7) > -0.5, -100))


class WhichBug(Sorting):
    """Four trainings, each with one bug. Which is which? The line with points is the loss on held-out
    stories, measured **correctly**; the rungs belong to these stories (two neighbours: counted in training).
    The thin line is the loss that the training itself reports.
    """

    id, title = "5.7", "Debug by the ladder"
    is_shuffled = False  # A to D, as in the picture
    difficulty, importance, minutes = 2, 3, 10
    hints = (
        "Begin with the thin lines that are below the floor. Nobody can be there, so those trainings are "
        "asked for something other than hidden tokens. What do they answer in the gaps?",
        "One training stays above the second rung: its first steps were so large that it never recovers.",
        "One curve looks healthy. Compare its answers alone and in a batch with a longer text.",
    )
    groups = {
        "shift": "labels shifted by one",
        "mask": "[MASK] itself is asked for",
        "padding": "padding is attended to",
        "rate": "learning rate × 100",
    }
    items = {
        "A": (
            "training A",
            "mask",
            "The thin line falls through the floor, so what it asks for is easy. Compare the answers with "
            "what the model sees in a gap.",
        ),
        "B": (
            "training B",
            "rate",
            "The line with points never comes below the entropy of the tokens, and every question has the "
            "same answers, the most common tokens. Something threw it where it learns no more than that.",
        ),
        "C": (
            "training C",
            "padding",
            "The curve looks healthy. But in a batch with a longer text the same question gets another "
            "answer: what does the shorter text have there that it does not have alone?",
        ),
        "D": (
            "training D",
            "shift",
            "The thin line falls through the floor, so what it asks for is easy. Compare each answer with "
            "the tokens beside the gap, which can be seen.",
        ),
    }
