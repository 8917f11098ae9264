"""Week 8: spans. Labels belong to the characters of a text; a model reads tokens, and answers in tokens.

Offsets lead from one to the other. A span is (start, end, kind): the characters [start, end) of a text, and
what they are. One rule for both languages: every token is labelled by the characters that it holds. So in
빵집에서 the noun is labelled, and the particle 에서 is not, though both are in one word. Korean names are
marked by characters: Park et al. 2021 (KLUE), section 3.4. (Devlin et al. 2019, section 5.3, label only
the first token of each word. English allows that: a name ends where a word ends.)
"""

import string
from collections import Counter

from course_lib.bert import IGNORE_INDEX

OUTSIDE = "O"  # the tag of a token that is in no span


# -- tags: one for each token


def tag_names(kinds):
    """The BIO tags of these kinds of spans: O, then B (begins) and I (inside) for each kind.

    Ramshaw and Marcus 1995; B at every beginning, as in CoNLL.

    >>> tag_names(["who"])
    ['O', 'B-who', 'I-who']
    """
    return [OUTSIDE, *(f"{place}-{kind}" for kind in kinds for place in "BI")]


def labels_of_tokens(offsets, spans, names):
    """The label of each token: the number of its tag in `names`, and −100 for a special token.

    offsets: (start, end) of each token in the text, (0, 0) for [CLS] and [SEP]   spans: (start, end, kind)
    names: from `tag_names`
    The token that holds a span's first character gets B, every other token with a character of it gets I. A
    token with characters inside and outside of a span counts as inside. ValueError where spans overlap.
    """
    spans = sorted(spans)
    for (_, end, _), (start, *_) in zip(spans, spans[1:]):
        if start < end:
            raise ValueError(f"spans must not overlap: one ends at {end}, the next begins at {start}")
    labels = []
    for token_start, token_end in offsets:
        tag = OUTSIDE
        for start, end, kind in reversed(spans):  # where a token touches two spans, the first one counts
            if token_start < end and start < token_end:
                tag = f"{'B' if token_start <= start else 'I'}-{kind}"
        if tag not in names:
            raise ValueError(f"there is no tag {tag} among {', '.join(names)}")
        labels.append(IGNORE_INDEX if token_start == token_end else names.index(tag))
    return labels


def spans_of_tags(tags, offsets):
    """The spans that these tags mark: the way back.

    tags: a str for each token   offsets: as above; special tokens are passed over, whatever their tag says
    A span begins at a B, and also at an I that continues nothing of its kind, as in conlleval, the program
    of the CoNLL-2000 task: a model may well say I without a B before.
    """
    if len(tags) != len(offsets):
        raise ValueError(f"every token needs a tag: there are {len(offsets)} tokens and {len(tags)} tags")
    spans, before = [], None  # before: the kind of the span that the last token was in
    for tag, (start, end) in zip(tags, offsets, strict=True):
        if start == end:
            continue
        place, _, kind = tag.partition("-")
        if place == "I" and kind == before:
            spans[-1] = (spans[-1][0], end, kind)
        elif place in ("B", "I"):
            spans.append((start, end, kind))
        elif tag != OUTSIDE:
            raise ValueError(f"a tag must be O, B-kind or I-kind, got {tag!r}")
        before = None if tag == OUTSIDE else kind
    return spans


def span_f1(true, predicted):
    """F1 of whole spans over all texts together (micro): a span counts if both ends and its kind are right.

    true, predicted: for each text a list of its spans, (start, end, kind)
    2 · right / (true + predicted); 0 where there is nothing to find and nothing was found.
    """
    if len(true) != len(predicted):
        raise ValueError(f"every text needs both: there are {len(true)} true and {len(predicted)} predicted")
    right = sum(len(set(wanted) & set(found)) for wanted, found in zip(true, predicted, strict=True))
    count = sum(map(len, true)) + sum(map(len, predicted))
    return 2 * right / count if count else 0.0


# -- answers: the first and the last token of one span


def best_span(start_logits, end_logits, allowed, longest=10):
    """The answer to a question: the likeliest (first token, last token), or None for "no answer".

    start_logits, end_logits: (n,), for each token, how well an answer begins and ends there; [CLS] is token 0
    allowed: (n,) bool, True for the tokens of the story: an answer lies in it, not in the question
    longest: an answer has at most so many tokens
    The score of a span is start + end. That of None is the one of [CLS], as first and last; it wins unless
    the best span scores more. Devlin et al. 2019, section 4.3, for the questions without an answer of SQuAD
    2.0 (Rajpurkar et al. 2018); they add a threshold to the score of None, which is 0 here.
    """
    n = len(start_logits)
    if not len(end_logits) == len(allowed) == n:
        raise ValueError(
            f"start_logits, end_logits and allowed must have one length, got {n}, {len(end_logits)} "
            f"and {len(allowed)}"
        )
    best, best_score = None, start_logits[0] + end_logits[0]
    for start in range(n):
        for end in range(start, min(start + longest, n)):
            if not allowed[end] or not allowed[start]:
                break  # a story is one stretch: behind its end there is nothing allowed
            if (score := start_logits[start] + end_logits[end]) > best_score:
                best, best_score = (start, end), score
    return best


ARTICLES = {"a", "an", "the"}


def answer_words(answer):
    """The words of an answer, after SQuAD's normalisation: lower case, without punctuation and articles."""
    kept = "".join(character for character in answer.lower() if character not in string.punctuation)
    return [word for word in kept.split() if word not in ARTICLES]


def exact_match(true, predicted):
    """Are two answers the same, after normalisation? Both are texts, or None for "no answer"."""
    if true is None or predicted is None:
        return float(true is predicted)
    return float(answer_words(true) == answer_words(predicted))


def answer_f1(true, predicted, language):
    """How much two answers share, from 0 to 1. Both are texts, or None for "no answer".

    In English, shared words are counted (SQuAD: Rajpurkar et al. 2016, section 6.1). In Korean, shared
    characters (KorQuAD 1.0: Lim et al. 2019): a word carries its particle, and 빵집 would share nothing with
    빵집에서.
    """
    if language not in ("ko", "en"):
        raise ValueError(f"language must be ko or en, got {language!r}")
    if true is None or predicted is None:
        return float(true is predicted)
    wanted, found = answer_words(true), answer_words(predicted)
    if language == "ko":
        wanted, found = "".join(wanted), "".join(found)
    if not wanted or not found:
        return float(wanted == found)
    shared = sum((Counter(wanted) & Counter(found)).values())
    return 2 * shared / (len(wanted) + len(found))
