"""Week 3: training a WordPiece vocabulary. Start with characters; join the best pair, again and again."""

from collections import Counter, defaultdict
from heapq import heapify, heappop, heappush
from itertools import groupby
from math import log, log1p
from typing import NamedTuple

from tqdm import tqdm

from course_lib.stretches import STRETCH, Stretches
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

RULES = ("frequency", "ratio", "likelihood")
COUNTED_AT_ONCE = 5_000_000  # characters whose stretches are in memory together


class Merge(NamedTuple):
    """Two subwords become one. frequency: how often they were neighbours   score: what the rule gives them"""

    left: str
    right: str
    piece: str
    frequency: int
    score: float


def count_words(texts, lowercase=True, strip_accents=None):
    """Counter of the words in texts, normalised and split as the tokenizer does; [MASK] is [ mask ] here.

    Each different stretch between blanks is cut once, and its words count as often as it occurs.
    """
    stretches = Stretches(WordPieceTokenizer(SPECIAL, lowercase, strip_accents).step_by_step)
    counts = Counter()
    for occurrences in count_stretches(texts):
        for stretch, count in occurrences.items():
            for word in stretches.words(stretch):
                counts[word.text] += count
    return counts


def count_stretches(texts):
    """Counters of what stands between blanks, each for some of the texts."""
    occurrences, size = Counter(), 0
    for text in texts:
        occurrences.update(STRETCH.findall(text))
        size += len(text)
        if size >= COUNTED_AT_ONCE:
            yield occurrences
            occurrences, size = Counter(), 0
    yield occurrences


def alphabet(counts):
    """The subwords of one character, as they occur at the beginning of words and inside them."""
    return sorted({piece for word in counts for piece in characters_of(word)})


def characters_of(word):
    return [word[0], *("##" + character for character in word[1:])]


class PairCounts:
    """How often subwords and pairs of neighbours occur, and by that the score of a pair.

    rule: "frequency", freq(ab): BPE (Sennrich et al. 2016)
          "ratio", freq(ab) / (freq(a) · freq(b)): how Hugging Face's course describes WordPiece
          "likelihood", the gain in the log-likelihood of the text: how Schuster and Nakajima (2012)
          describe it; the language model here is a unigram model, see `likelihood_gain`
    """

    def __init__(self, rule):
        if rule not in RULES:
            raise ValueError(f"rule must be one of {', '.join(map(repr, RULES))}, got {rule!r}")
        self.rule, self.total = rule, 0
        self.of_piece, self.of_pair, self.overlaps = Counter(), Counter(), Counter()

    def add(self, pieces, times):
        """Count a word that is cut into `pieces` and occurs `times` times; below 0 takes it away again."""
        self.total += times * len(pieces)
        for piece in pieces:
            self.of_piece[piece] += times
        for pair in zip(pieces, pieces[1:]):
            self.of_pair[pair] += times
        if self.rule == "likelihood":
            for piece, run in groupby(pieces):  # of ##ㅋ ##ㅋ ##ㅋ one pair can be joined, not both
                self.overlaps[piece, piece] += times * ((len(list(run)) - 1) // 2)

    def score(self, pair):
        if self.rule == "frequency":
            return self.of_pair[pair]
        left, right = self.of_piece[pair[0]], self.of_piece[pair[1]]
        if self.rule == "ratio":
            return self.of_pair[pair] / (left * right)
        joins = self.of_pair[pair] - self.overlaps[pair]
        return likelihood_gain(joins, left, right, self.total, is_double=pair[0] == pair[1])


def likelihood_gain(joins, left, right, total, is_double=False):
    """By how much the log-likelihood of a text rises if two neighbouring subwords are joined.

    joins: how often they are joined   left, right: how often each of them occurs before
    total: all subwords of the text before   is_double: left and right are one subword, as in ##ㅋ ##ㅋ

    In a unigram model a subword that occurs c times has the probability c / total. The log-likelihood of the
    text is Σ c · ln(c / total) = Σ c · ln(c) - total · ln(total). A merge changes four terms: the new subword
    occurs `joins` times, the two parts and the text lose as many.
    """
    parts = fall(left, 2 * joins) if is_double else fall(left, joins) + fall(right, joins)
    return joins * log(joins) - parts + fall(total, joins)


def fall(count, less):
    """count · ln(count) - rest · ln(rest), where rest = count - less; in a form that loses no digits."""
    rest = count - less
    return less * log(count) - (rest * log1p(-less / count) if rest else 0)


def merges(counts, rule="ratio", min_frequency=2):
    """The merges of a training, best first, as long as a pair occurs `min_frequency` times, and for
    "likelihood" as long as the likelihood rises.

    counts: {word: how often}   rule: see `PairCounts`
    Of equal scores the pair first in the alphabet is taken.
    """
    found = PairCounts(rule)
    split = [characters_of(word) for word in counts]
    weight = list(counts.values())
    where, partners = defaultdict(set), defaultdict(set)  # pair → numbers of words, subword → pairs it is in
    changed = set()  # the pairs whose score is to be computed anew

    def count(number, sign):
        pieces = split[number]
        found.add(pieces, sign * weight[number])
        for pair in zip(pieces, pieces[1:]):
            if sign > 0:
                where[pair].add(number)
                partners[pair[0]].add(pair)
                partners[pair[1]].add(pair)
            changed.add(pair)

    for number in range(len(split)):
        count(number, 1)
    current = {pair: found.score(pair) for pair, often in found.of_pair.items() if often >= min_frequency}
    heap = [(-value, pair) for pair, value in current.items()]
    heapify(heap)
    while heap:
        value, pair = heappop(heap)
        if current.get(pair) != -value:
            continue  # its score has changed since: the newer entry counts
        if rule == "likelihood" and (now := found.score(pair)) != -value:
            # Since it was computed the text has become shorter, which lowers every gain a little.
            current[pair] = now
            heappush(heap, (-now, pair))
            continue
        if value >= 0:
            break  # no merge raises the likelihood any more
        merged = join(*pair)
        frequency = found.of_pair[pair]
        changed = set()
        for number in sorted(where.pop(pair)):
            count(number, -1)
            split[number] = joined(split[number], pair, merged)
            count(number, 1)
        if rule != "frequency":
            changed |= partners[pair[0]] | partners[pair[1]]  # both parts are rarer now
        for other in changed:
            if found.of_pair[other] >= min_frequency:
                new = found.score(other)
                if current.get(other) != new:
                    current[other] = new
                    heappush(heap, (-new, other))
            else:
                current.pop(other, None)
                if found.of_pair[other] == 0:
                    partners[other[0]].discard(other)
                    partners[other[1]].discard(other)
        yield Merge(*pair, merged, frequency, -value)


def join(left, right):
    """The subword that two neighbours make: 시 + ##장 → 시장."""
    return left + right.removeprefix("##")


def joined(pieces, pair, merged):
    """The pieces of a word with every occurrence of `pair` made one, from left to right."""
    result, place = [], 0
    while place < len(pieces):
        if tuple(pieces[place : place + 2]) == pair:
            result.append(merged)
            place += 2
        else:
            result.append(pieces[place])
            place += 1
    return result


def train_wordpiece(
    texts, vocab_size, rule="ratio", min_frequency=2, progress=True, lowercase=True, strip_accents=None
):
    """A vocabulary of `vocab_size` subwords, or fewer if no pair is left to join: a list in the order of the
    ids.

    texts: any iterable of str, read once   rule: see `PairCounts`
    To step through the merges, see `count_words` and `merges`. ValueError where `vocab_size` has no room for
    the special tokens and the alphabet.
    """
    counts = count_words(
        tqdm(texts, desc="counting words", unit=" texts", disable=not progress), lowercase, strip_accents
    )
    vocab = [*SPECIAL, *alphabet(counts)]
    if len(vocab) > vocab_size:
        raise ValueError(
            f"vocab_size must be at least {len(vocab)}, the special tokens and all characters of the texts; "
            f"got {vocab_size}"
        )
    with tqdm(
        desc="merging", total=vocab_size, initial=len(vocab), unit=" subwords", disable=not progress
    ) as bar:
        if len(vocab) < vocab_size:
            for merge in merges(counts, rule, min_frequency):
                vocab.append(merge.piece)  # new: whatever makes a piece makes all of its occurrences at once
                bar.update()
                if len(vocab) == vocab_size:
                    break
    return vocab
