"""Week 3: training a WordPiece vocabulary. Start from characters; join the best pair, again and again."""

from collections import Counter, defaultdict
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import NamedTuple

from tqdm import tqdm

from course_lib.stretches import STRETCH, Stretches
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

COUNTED_AT_ONCE = 5_000_000  # characters whose stretches are in memory together


class Merge(NamedTuple):
    """Two pieces become one. frequency: how often they met   score: by which they were chosen"""

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
    """The pieces of one character, as they occur at the beginning of words and inside them."""
    return sorted({piece for word in counts for piece in characters_of(word)})


def characters_of(word):
    return [word[0], *("##" + character for character in word[1:])]


def merges(counts, rule="likelihood", min_frequency=2):
    """The merges of a training, best first, as long as a pair occurs `min_frequency` times.

    rule: "likelihood", freq(ab) / (freq(a) · freq(b)), by which WordPiece is usually described (after
    Schuster and Nakajima 2012), or "frequency", freq(ab), which is BPE's (Sennrich et al. 2016). Of equal
    scores the pair first in the alphabet is taken.
    """
    if rule not in ("likelihood", "frequency"):
        raise ValueError(f"rule must be 'likelihood' or 'frequency', got {rule!r}")
    split = [characters_of(word) for word in counts]
    weight = list(counts.values())
    of_piece, of_pair = Counter(), Counter()
    where, partners = defaultdict(set), defaultdict(set)  # pair → numbers of words, piece → pairs it is in
    changed = set()  # the pairs whose score is to be computed anew

    def count(number, sign):
        pieces = split[number]
        for piece in pieces:
            of_piece[piece] += sign * weight[number]
        for pair in zip(pieces, pieces[1:]):
            of_pair[pair] += sign * weight[number]
            if sign > 0:
                where[pair].add(number)
                partners[pair[0]].add(pair)
                partners[pair[1]].add(pair)
            changed.add(pair)

    def score(pair):
        if rule == "frequency":
            return of_pair[pair]
        return of_pair[pair] / (of_piece[pair[0]] * of_piece[pair[1]])

    for number in range(len(split)):
        count(number, 1)
    current = {pair: score(pair) for pair in of_pair if of_pair[pair] >= min_frequency}
    heap = [(-value, pair) for pair, value in current.items()]
    heapify(heap)
    while heap:
        value, pair = heappop(heap)
        if current.get(pair) != -value:
            continue  # its score has changed since: the newer entry counts
        left, right = pair
        merged = left + right.removeprefix("##")
        frequency = of_pair[pair]
        changed = set()
        for number in sorted(where.pop(pair)):
            count(number, -1)
            split[number] = joined(split[number], pair, merged)
            count(number, 1)
        if rule == "likelihood":
            # Both parts are rarer now, which lifts the score of every pair that they are in.
            changed |= partners[left] | partners[right] | partners[merged]
        for other in changed:
            if of_pair[other] >= min_frequency:
                new = score(other)
                if current.get(other) != new:
                    current[other] = new
                    heappush(heap, (-new, other))
            else:
                current.pop(other, None)
                if of_pair[other] == 0:
                    partners[other[0]].discard(other)
                    partners[other[1]].discard(other)
        yield Merge(left, right, merged, frequency, -value)


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
    texts, vocab_size, rule="likelihood", min_frequency=2, progress=True, lowercase=True, strip_accents=None
):
    """A vocabulary of `vocab_size` pieces, or fewer where the texts hold no more: the list in the order of
    the ids.

    texts: any iterable of str, read once. To step through the merges, see `count_words` and `merges`.
    ValueError where not even the special pieces and the alphabet have room.
    """
    counts = count_words(
        tqdm(texts, desc="counting words", unit=" texts", disable=not progress), lowercase, strip_accents
    )
    vocab = dict.fromkeys(chain(SPECIAL, alphabet(counts)))
    if len(vocab) > vocab_size:
        raise ValueError(
            f"vocab_size must be at least {len(vocab)}, special pieces and characters of these texts; "
            f"got {vocab_size}"
        )
    with tqdm(
        desc="merging", total=vocab_size, initial=len(vocab), unit=" pieces", disable=not progress
    ) as bar:
        if len(vocab) < vocab_size:
            for merge in merges(counts, rule, min_frequency):
                vocab.setdefault(merge.piece)  # two ways can lead to one piece
                bar.update(len(vocab) - bar.n)
                if len(vocab) == vocab_size:
                    break
    return list(vocab)
