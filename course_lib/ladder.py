"""Week 5: how good is a model, and how good could it be? Evaluation, and the rungs on which a loss can
rest.
"""

import contextlib
import math
from collections import Counter, defaultdict

import torch

from course_lib.bert import IGNORE_INDEX
from course_lib.corpus import pad
from course_lib.masking import mask_tokens
from course_lib.randomness import ONE_AT_A_TIME
from course_lib.wordpiece import SPECIAL

BATCH_SIZE = 128


@contextlib.contextmanager
def at_rest(model):
    """The model between two steps, with its dropout off; afterwards it has the mode that it had before.

    A training in another thread waits so long. So all that is asked meanwhile is asked of the same weights.
    """
    with ONE_AT_A_TIME:
        was_training = model.training
        model.eval()
        try:
            yield
        finally:
            model.train(was_training)


def mask_for_evaluation(examples, vocabulary, whole_word=False):
    """Batches (ids, labels) of held-out texts by length, all gaps [MASK], the same ones each time.

    whole_word: whether whole words are hidden, not single tokens
    ValueError where nothing can be hidden.
    """
    generator = torch.Generator().manual_seed(0)
    examples = sorted(examples, key=len)
    batches = [
        pad(examples[i : i + BATCH_SIZE], vocabulary.pad_id) for i in range(0, len(examples), BATCH_SIZE)
    ]
    options = dict(shares=(1, 0, 0), whole_word=whole_word, generator=generator)
    masked = [mask_tokens(ids, vocabulary, **options) for ids in batches]
    require_gaps(masked)
    return masked


def require_gaps(batches):
    """ValueError where no label asks for anything."""
    if all((labels == IGNORE_INDEX).all() for _, labels in batches):
        texts = sum(len(ids) for ids, _ in batches)
        raise ValueError(
            f"no token of the {texts:,} held-out texts is hidden, so there is no loss to measure: "
            "hold out texts that have other tokens than [UNK]"
        )


@torch.no_grad()
def evaluate(model, batches, vocabulary):
    """(mean loss in nats, accuracy) over the gaps of `mask_for_evaluation`; ValueError without a gap."""
    require_gaps(batches)
    device = next(model.parameters()).device
    loss, right, count = 0.0, 0, 0
    with at_rest(model):
        for ids, labels in batches:
            ids, labels = ids.to(device), labels.to(device)
            output = model(ids, attention_mask=ids != vocabulary.pad_id, labels=labels, masked_only=True)
            wanted = labels[labels != IGNORE_INDEX]
            loss += output.loss.item() * len(wanted)
            right += (output.logits.argmax(dim=-1) == wanted).sum().item()
            count += len(wanted)
    return loss / count, right / count


def told(batches):
    """Each text before anything in it was hidden, and where its gaps are: (ids, positions)."""
    for ids, labels in batches:
        before = torch.where(labels == IGNORE_INDEX, ids, labels)  # (batch, n)
        for row, is_gap in zip(before, labels != IGNORE_INDEX, strict=True):
            yield row.tolist(), is_gap.nonzero().flatten().tolist()


FEW = 0.1  # share of the held-out texts that may be training texts, too, before a sentence says so


def told_twice(batches, examples, vocabulary):
    """A sentence where many held-out texts are training texts, too, and "" elsewhere.

    batches: of `mask_for_evaluation`   examples: training texts
    """
    held_out = [tuple(piece for piece in ids if piece != vocabulary.pad_id) for ids, _ in told(batches)]
    wanted = set(held_out)
    found = {ids for ids in map(tuple, examples) if ids in wanted}
    twice = sum(ids in found for ids in held_out)
    if twice <= FEW * len(held_out):
        return ""
    return (
        f"{twice:,} of {len(held_out):,} held-out texts occur among {len(examples):,} training texts, too: "
        "the held-out loss says little about new text."
    )


# -- rungs


def entropy(counts):
    """How uncertain a draw is, −Σ p ln p, in nats. counts: how often each token was counted, numbers ≥ 0.

    Shannon 1948, section 6.
    """
    if isinstance(counts, dict):
        raise TypeError("counts must be a list of numbers: of a Counter, take its values()")
    total = sum(counts)
    return -sum(count / total * math.log(count / total) for count in counts if count > 0)


def count_neighbours(examples):
    """Which tokens stand between which neighbours: {(left, right): Counter of tokens}."""
    counts = defaultdict(Counter)
    for ids in examples:
        for left, piece, right in zip(ids, ids[1:], ids[2:]):
            counts[left, right][piece] += 1
    return counts


def neighbours_entropy(counts):
    """How uncertain a token still is for one who knows the tokens beside it, in nats.

    counts: {(left, right): {token: count}}. The entropy between each pair of neighbours, and of these the
    mean, weighted by how often a pair occurs.
    """
    totals = {pair: sum(pieces.values()) for pair, pieces in counts.items()}
    total = sum(totals.values())
    return sum(totals[pair] / total * entropy(list(pieces.values())) for pair, pieces in counts.items())


def ladder(pieces, batches, town=None, examples=None):
    """The rungs on which a loss can rest, from the top: {name: nats}.

    batches: of `mask_for_evaluation`   examples: training texts, for what their neighbours tell about tokens
    The floor is known for a town alone. Elsewhere guesses from counts stand in for it: see `ngram_losses`.
    """
    texts = list(told(batches))
    counts = Counter(piece for ids, _ in texts for piece in ids if pieces[piece] not in SPECIAL)
    rungs = {
        "even guess (ln V)": math.log(len(pieces)),
        "entropy of the tokens": entropy(list(counts.values())),
    }
    if examples is not None and town is None:
        rungs |= ngram_losses(examples, batches, len(pieces))
    if examples is not None and town is not None:
        rungs["two neighbours"] = neighbours_entropy(count_neighbours(examples))
    if town is not None:
        tokens = [[pieces[piece] for piece in ids] for ids, _ in texts]
        stories = [each[: each.index("[SEP]") + 1] for each in tokens]
        masks = [set(gaps) for _, gaps in texts]
        rungs["floor"] = town.floor(stories, masks).loss
    return rungs


def story_probability(town, tokens, goes_on=False):
    """How probable it is that the town tells just these tokens, or with `goes_on` a story that begins with
    these words.

    Minus its logarithm is the floor of whoever reads from the left: what all tokens together cost, each one
    known from those before it. tokens: as for `Town.posterior`, without [CLS] and [SEP], none hidden
    """
    total = 0.0
    for weight, steps in zip(town.weights, town.shapes, strict=True):
        # node, as in `Town.lattice` → probability of coming there
        ways = {(0, ()): weight / sum(town.weights)}
        for number, step in enumerate(steps, 1):
            further = defaultdict(float)
            for (start, known), mass in ways.items():
                for probability, pieces, after in town.candidates(step, known).get(tokens[start], ()):
                    if tuple(tokens[start : start + len(pieces)]) == pieces:
                        further[start + len(pieces), after] += mass * probability
            told = [node for node in further if node[0] == len(tokens)]
            ended = sum(further.pop(node) for node in told)
            total += ended if goes_on or number == len(steps) else 0.0
            ways = further
    return total


# -- where no floor is known


class NGram:
    """Probabilities of tokens in a context, from counts; what was not counted is left to a shorter context.

    (n(context, token) + d · p_shorter(token)) / (n(context) + d), where d is how many different tokens were
    seen in the context: the more there are, the likelier is yet another one. Witten and Bell 1991, method C.
    """

    def __init__(self, contexts, pieces, vocab_size):
        """contexts, pieces: (n,) integers, side by side"""
        self.vocab_size = vocab_size
        self.pairs, self.pair_counts = torch.unique(contexts * vocab_size + pieces, return_counts=True)
        self.contexts, self.different = torch.unique(self.pairs // vocab_size, return_counts=True)
        _, self.context_counts = torch.unique(contexts, return_counts=True)

    def probability(self, contexts, pieces, shorter):
        """contexts, pieces: (n,) integers   shorter: (n,) probabilities from a shorter context → (n,)"""
        count = look_up(self.pairs, self.pair_counts, contexts * self.vocab_size + pieces)
        total = look_up(self.contexts, self.context_counts, contexts)
        different = look_up(self.contexts, self.different, contexts)
        mixed = (count + different * shorter) / (total + different).clamp(min=1)
        return torch.where(total > 0, mixed, shorter)


def look_up(keys, values, wanted):
    """The value of each wanted key, 0 where it is not among `keys`, which are sorted."""
    places = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return torch.where(keys[places] == wanted, values[places], 0)


def ngram_losses(examples, batches, vocab_size):
    """What guessing from counts costs on the gaps of `batches`, in nats: {name: loss}.

    From the left neighbour, and from both. A neighbour that is hidden itself tells nothing.
    """
    texts = [torch.tensor(ids) for ids in examples]
    left, piece, right = (torch.cat([ids[i : len(ids) - 2 + i] for ids in texts]) for i in range(3))
    gaps = [(labels != IGNORE_INDEX).nonzero(as_tuple=True) for _, labels in batches]
    targets = torch.cat([labels[gap] for (_, labels), gap in zip(batches, gaps)])
    before = torch.cat([ids[row, place - 1] for (ids, _), (row, place) in zip(batches, gaps)])
    behind = torch.cat([ids[row, place + 1] for (ids, _), (row, place) in zip(batches, gaps)])

    def guess(seen, asked, shorter):
        return NGram(seen, piece, vocab_size).probability(asked, targets, shorter)

    alone = guess(torch.zeros_like(piece), torch.zeros_like(targets), torch.tensor(1 / vocab_size))
    from_left, from_right = guess(left, before, alone), guess(right, behind, alone)
    from_both = guess(left * vocab_size + right, before * vocab_size + behind, (from_left + from_right) / 2)
    return {
        "left neighbour": -from_left.log().mean().item(),
        "both neighbours": -from_both.log().mean().item(),
    }
