"""The exercises of week 8: what a head reads, labels for tokens, answers as spans, labels as numbers."""

import math
import random

from course_lib.classroom.exercises.base import CodeExercise, Quiz, Sorting
from course_lib.classroom.exercises.random_cases import draw, draw_words
from course_lib.classroom.markdown import plain
from course_lib.spans import tag_names

NAMES = tag_names(["who", "where", "what"])


class WhatTheHeadReads(Sorting):
    """BERT gives a vector for each token. A head reads some of them and answers. Which vectors does it read
    for each of these questions, and what does it give?
    """

    id, title = "8.1", "What does the head read?"
    difficulty, importance, minutes = 1, 3, 5
    hints = (
        "Ask first how many answers there are: one for all that was read, or one for each token?",
        "Does the answer name a class, such as *yes* or *place*, or does it show where something stands?",
        "A piece of a text is known when its two ends are known.",
    )
    groups = {
        "whole": "the vector of [CLS]: one label",
        "each": "every token's vector: a label for each",
        "ends": "every token's vector: two scores for each, start and end",
    }
    items = {
        "review": (
            "Is this review friendly?",
            "whole",
            "A review has one answer. A friendly word alone does not decide it: think of *not good*.",
        ),
        "follows": (
            "Does the second sentence follow from the first one?",
            "whole",
            "Two sentences go in, but one answer comes out. Attention has compared the two already.",
        ),
        "places": (
            "Which words of this story are places?",
            "each",
            "There may be no place in it, or five. So the question is asked again at every word.",
        ),
        "bread": (
            "What does this story say about where the bread was bought?",
            "ends",
            "The answer is one piece of the story, copied as it stands there, from its first word to its "
            "last.",
        ),
        "package": (
            "Which of six packages does this docstring come from?",
            "whole",
            "It is one choice out of six for the docstring, however many tokens it has.",
        ),
        "grammar": (
            "Is each word a noun, a verb or something else?",
            "each",
            "There are as many answers as words.",
        ),
        "train": (
            "Which words of this letter, from the first to the last, say when the train leaves?",
            "ends",
            "The words between the first and the last one of the answer need no answer of their own.",
        ),
    }


class LabelsOfTokens(CodeExercise):
    """You mark parts of a text by their characters, and the model gives a label to each *token*. Make the
    labels that it learns from.

    A span is (start, end, kind): the characters `text[start:end]`, so the one at end is outside. The place of
    a token is written in the same way. The token that holds the first character of a span gets B. Every other
    token with a character of the span gets I, and all others get O. A label is the index of the tag in the
    list `names`, such as that of B-who. A special token has the place (0, 0) and gets −100, because the loss
    ignores it. No token has characters of two spans.
    """

    id, title, name = "8.2", "From characters to tokens", "labels_of_tokens"
    replaces = "course_lib.spans.labels_of_tokens"
    difficulty, importance, minutes = 2, 3, 15
    hints = (
        "Take 김치와, one token with the characters 0 to 3, and the span 김치 from 0 to 2. They share two "
        "characters. When do a token and a span share none?",
        "They share none if one of them ends where the other begins, or before. Otherwise they share one.",
        "Of the tokens that share a character with a span, one holds its first character: it begins where "
        "the span begins, or before. `names.index(tag)` is the number of a tag.",
    )

    def stub(offsets, spans, names):
        """offsets: (start, end) of each token, (0, 0) if special; spans: (start, end, kind) → a list"""
        ...

    def solution(offsets, spans, names):
        """offsets: (start, end) of each token, (0, 0) if special; spans: (start, end, kind) → a list"""
        labels = []
        for token_start, token_end in offsets:
            label = names.index("O")
            for start, end, kind in spans:
                if token_start < end and start < token_end:
                    label = names.index("B-" + kind if token_start <= start else "I-" + kind)
            labels.append(-100 if token_start == token_end else label)
        return labels

    class mistakes:
        def special_outside(offsets, spans, names):
            """Your special tokens get O. They should get −100: nobody asks what [CLS] is, so nothing is
            learned there.
            """
            return [max(label, 0) for label in LabelsOfTokens.solution(offsets, spans, names)]

        def special_left_out(offsets, spans, names):
            """Your special tokens get no label, so the list does not fit the tokens any more. They should get
            −100.
            """
            return [label for label in LabelsOfTokens.solution(offsets, spans, names) if label >= 0]

        def outside_not_asked(offsets, spans, names):
            """Your tokens outside of all spans get −100. They should get O: a model that is never asked about
            them never learns to say O.
            """
            return [label or -100 for label in LabelsOfTokens.solution(offsets, spans, names)]

        def end_inside(offsets, spans, names):
            """The token that begins where a span ends gets a label of it, as 는 in 민수는. The character at
            `end` is outside: use <, not <=.
            """
            return LabelsOfTokens.label(offsets, spans, names, shares=lambda a, b, c, d: a <= d and c < b)

        def start_inside(offsets, spans, names):
            """The token that ends where a span begins gets a label of it. The character at a token's end is
            outside of it: use <, not <=.
            """
            return LabelsOfTokens.label(offsets, spans, names, shares=lambda a, b, c, d: a < d and c <= b)

        def both_ends_inside(offsets, spans, names):
            """Tokens that only touch a span get a label of it, in front and behind. Ends are outside, those
            of tokens and those of spans: use <, not <=.
            """
            return LabelsOfTokens.label(offsets, spans, names, shares=lambda a, b, c, d: a <= d and c <= b)

        def wholly_inside(offsets, spans, names):
            """You label only tokens that are wholly inside a span. One character is enough: 김치와 is one
            token, and 와 is not part of 김치.
            """
            return LabelsOfTokens.label(offsets, spans, names, shares=lambda a, b, c, d: c <= a and b <= d)

        def begins_inside(offsets, spans, names):
            """You label a token by its first character. Any of its characters can be the one that it shares
            with a span.
            """
            return LabelsOfTokens.label(offsets, spans, names, shares=lambda a, b, c, d: c <= a < d)

        def ends_inside(offsets, spans, names):
            """You label a token by its last character. Any of its characters can be the one that it shares
            with a span: 김치와 ends with one that is outside.
            """
            return LabelsOfTokens.label(offsets, spans, names, shares=lambda a, b, c, d: c < b <= d)

        def by_the_numbers_of_tokens(offsets, spans, names):
            """You compare a span with the *number* of the token. Spans are given in characters: compare with
            the place of the token.
            """
            places = [(number, number + 1) for number in range(len(offsets))]
            labels = LabelsOfTokens.label(places, spans, names)
            return [-100 if start == end else label for label, (start, end) in zip(labels, offsets)]

        def always_begins(offsets, spans, names):
            """Every token of your spans gets B. Then a name of two tokens is two names. Only the token with
            the first character should get B.
            """
            return LabelsOfTokens.label(offsets, spans, names, begins=lambda a, c: True)

        def always_inside(offsets, spans, names):
            """No token gets B. Then nobody can see where one of two neighbours ends and the next begins."""
            return LabelsOfTokens.label(offsets, spans, names, begins=lambda a, c: False)

        def begins_exactly(offsets, spans, names):
            """A token gets B only if it begins exactly where the span does. It may begin before and still
            hold the first character of the span.
            """
            return LabelsOfTokens.label(offsets, spans, names, begins=lambda a, c: a == c)

        def begins_after_another_kind(offsets, spans, names):
            """You give B where the token before is of no span or of another kind. Then two neighbours of one
            kind become one span. B belongs to the first character of each span.
            """
            found, before = [], "O"
            for label in LabelsOfTokens.label(offsets, spans, names):
                kind = names[max(label, 0)].removeprefix("B-").removeprefix("I-")
                found.append(names.index(f"I-{kind}") if label > 0 and kind == before else label)
                before = kind
            return found

        def first_token_alone(offsets, spans, names):
            """Only the first token of your spans has a label of the span; the others get O. They should get
            I.
            """
            tags = ["O" if tag.startswith("I") else tag for tag in names]
            return [
                names.index(tags[label]) if label >= 0 else label
                for label in LabelsOfTokens.solution(offsets, spans, names)
            ]

        def others_not_asked(offsets, spans, names):
            """The first token of a span is right, and your others get −100. They should get I. (Exercise 8.3
            has another rule.)
            """
            return [
                -100 if names[max(label, 0)].startswith("I") else label
                for label in LabelsOfTokens.solution(offsets, spans, names)
            ]

        def one_kind(offsets, spans, names):
            """Your labels forget the kind: each is B or I of the first kind in `names`. Look up the tag of
            the span's own kind.
            """
            return [
                2 - label % 2 if label > 0 else label
                for label in LabelsOfTokens.solution(offsets, spans, names)
            ]

        def last_span_wins(offsets, spans, names):
            """Only the last span is labelled: for each span you write O where it is not, also over the labels
            of the spans before it. Begin with O, and change what a span touches.
            """
            return LabelsOfTokens.label(offsets, spans[-1:], names)

        def first_span_alone(offsets, spans, names):
            """Only the first span is labelled. There may be several, or none."""
            return LabelsOfTokens.label(offsets, spans[:1], names)

        def tags_themselves(offsets, spans, names):
            """You give the tags as texts. Give their numbers: the model has a row for each, and no text."""
            labels = LabelsOfTokens.solution(offsets, spans, names)
            return [label if label < 0 else names[label] for label in labels]

    def label(offsets, spans, names, shares=None, begins=None):
        """The labels by another rule, for the mistakes.

        shares(token start, token end, span start, span end): is the token labelled?
        begins(token start, span start): by B?
        """
        shares = shares or (lambda a, b, c, d: a < d and c < b)
        begins = begins or (lambda a, c: a <= c)
        labels = []
        for token_start, token_end in offsets:
            tag = "O"
            for start, end, kind in spans:
                if shares(token_start, token_end, start, end):
                    tag = ("B-" if begins(token_start, start) else "I-") + kind
            labels.append(-100 if token_start == token_end else names.index(tag))
        return labels

    def explain(given, got, wanted):
        if len(got) != len(wanted):
            return f"There are {len(wanted)} tokens, and you give {len(got)} labels."
        for number, (mine, right) in enumerate(zip(got, wanted)):
            if mine != right:
                place, tag = given["offsets"][number], "special" if right < 0 else given["names"][right]
                return (
                    f"Token {number} has the place {place}. Its label should be {right} ({tag}), and yours "
                    f"is {plain(str(mine))}."
                )

    def cases():
        yield dict(offsets=[(0, 0), (0, 2), (2, 3), (0, 0)], spans=[(0, 2, "who")], names=NAMES)  # 민수는
        yield dict(
            offsets=[(0, 0), (0, 3), (4, 6), (0, 0)], spans=[(0, 2, "what")], names=NAMES
        )  # 김치와 우유
        yield dict(  # 유나는 은지에게 피아노를 주었다.
            offsets=[(0, 0), (0, 2), (2, 3), (4, 6), (6, 7), (7, 8), (9, 12), (12, 13), (14, 15), (15, 16)]
            + [(16, 17), (17, 18), (0, 0)],
            spans=((0, 2, "who"), (4, 6, "who"), (9, 12, "what")),
            names=NAMES,
        )
        yield dict(  # Jiwoo bought an apple at the fruit shop.
            offsets=[(0, 0), (0, 2), (2, 5), (6, 12), (13, 15), (16, 21), (22, 24), (25, 28), (29, 34)]
            + [(35, 39), (39, 40), (0, 0)],
            spans=((0, 5, "who"), (16, 21, "what"), (29, 39, "where")),
            names=NAMES,
        )
        yield dict(  # 빵집과일 가게: two neighbours of one kind
            offsets=[(0, 0), (0, 1), (1, 2), (2, 4), (5, 7), (0, 0)],
            spans=[(0, 2, "where"), (2, 7, "where")],
            names=NAMES,
        )
        yield dict(
            offsets=[(0, 0), (0, 3), (3, 5), (0, 0)], spans=[(1, 5, "where")], names=NAMES
        )  # 큰빵집에서
        yield dict(offsets=[(0, 0), (0, 2), (2, 3), (0, 0)], spans=[], names=NAMES)
        yield dict(  # padded
            offsets=[(0, 0), (0, 2), (2, 4), (0, 0), (0, 0), (0, 0)],
            spans=[(0, 4, "when")],
            names=tag_names(["how", "when"]),
        )
        for seed in range(4):
            yield LabelsOfTokens.drawn(seed)

    def drawn(seed):
        """A case of twelve tokens in which no token has characters of two spans."""
        rng, offsets, spans, place = random.Random(seed), [], [], 0
        for _ in range(12):
            start = place + rng.choice((0, 0, 1))
            place = start + rng.randint(1, 3)
            offsets.append((start, place))
        for first, kind in zip((0, 4, 8), rng.sample(("who", "where", "what"), 3)):
            last = first + rng.randint(0, 2)
            start = rng.randrange(*offsets[first])
            end = rng.randint(max(start, offsets[last][0]) + 1, offsets[last][1])
            spans.append((start, end, kind))
        return dict(offsets=[(0, 0), *offsets, (0, 0)], spans=spans, names=NAMES)


class TagsOfTokens(CodeExercise):
    """A friend's data have one tag for each *word*: Jiwoo is B-who, bought is O. The friend's tagger finds
    twice as many people as there are. It says B-who at `ji` and B-who at `##woo`, as it was taught, and that
    is two spans: nearly every label is as learned, but almost no whole span is right. Here is how the friend
    gives tags to tokens. Fix it as Devlin et al. 2019 (section 5.3) do: only the **first** token of a word
    gets the word's tag. Everywhere else the label is −100, and the loss ignores that token.

    `word_of_token` says to which word each token belongs; words are counted from 0, and a special token
    belongs to none. The tags are numbers: 0 is O, 1 is B-who, 2 is I-who, and so on.
    """

    id, title, name = "8.3", "Find the bug: twice as many people", "tags_of_tokens"
    difficulty, importance, minutes = 2, 2, 8
    hints = (
        "Take the tokens [CLS], ji, ##woo, bought, [SEP] by hand: word_of_token is None, 0, 0, 1, None. "
        "Which numbers should come out, and which do?",
        "How can you tell that a token goes on in a word? Look at the token before it.",
        "Keep the number of the word before, and change it at the end of each turn of a loop. Two words may "
        "have the same tag, so compare the numbers of the words.",
    )

    def stub(word_of_token, word_tags):
        """word_of_token: a list, for each token a number or None; word_tags: a list, for each word a number
        → a list, for each token a label
        """
        return [-100 if word is None else word_tags[word] for word in word_of_token]

    def solution(word_of_token, word_tags):
        """word_of_token: a list, for each token a number or None; word_tags: a list, for each word a number
        → a list, for each token a label
        """
        labels, before = [], None
        for word in word_of_token:
            is_asked = word is not None and word != before
            labels.append(word_tags[word] if is_asked else -100)
            before = word
        return labels

    class mistakes:
        def every_token(word_of_token, word_tags):
            """Still every token of a word gets its tag, so a name of two tokens begins twice."""
            labels = []
            for word in word_of_token:
                labels.append(-100 if word is None else word_tags[word])
            return labels

        def inside_instead(word_of_token, word_tags):
            """Your other tokens of a name get I. That keeps a span whole, too, and it is the rule where spans
            are marked by characters. Where words have tags, the other tokens should get −100.
            """
            labels = TagsOfTokens.every(word_of_token, word_tags)
            first = TagsOfTokens.is_first(word_of_token)
            return [tag + (tag > 0 and tag % 2 and not begins) for tag, begins in zip(labels, first)]

        def others_outside(word_of_token, word_tags):
            """Your other tokens of a word get 0, which is O: the model learns that ##woo is no part of a
            name. They should get −100.
            """
            labels = TagsOfTokens.every(word_of_token, word_tags)
            first = TagsOfTokens.is_first(word_of_token)
            return [tag if begins or tag < 0 else 0 for tag, begins in zip(labels, first)]

        def others_left_out(word_of_token, word_tags):
            """Your other tokens of a word have no label at all, so the list is shorter than the text. They
            should get −100.
            """
            labels = TagsOfTokens.every(word_of_token, word_tags)
            first = TagsOfTokens.is_first(word_of_token)
            return [tag for tag, begins in zip(labels, first) if begins or tag < 0]

        def by_the_tag(word_of_token, word_tags):
            """You compare *tags*: where a word has the tag of the word before, as two neighbours with O, it
            is not asked any more. Compare the numbers of the words.
            """
            labels = TagsOfTokens.every(word_of_token, word_tags)
            pairs = zip(labels, [-100, *labels])
            return [-100 if tag == before else tag for tag, before in pairs]

        def each_tag_once(word_of_token, word_tags):
            """You ask each tag once in the whole text. Each *word* has to be asked once: remember the words
            that you have met, not their tags.
            """
            labels, met = [], set()
            for tag in TagsOfTokens.every(word_of_token, word_tags):
                labels.append(-100 if tag in met else tag)
                met.add(tag)
            return labels

        def number_0_is_none(word_of_token, word_tags):
            """The word with the number 0 is never asked: for Python 0 is as false as None. Write `is None` or
            `is not None`.
            """
            labels, before = [], None
            for word in word_of_token:
                labels.append(word_tags[word] if word and word != before else -100)
                before = word
            return labels

        def the_last_before_the_first(word_of_token, word_tags):
            """No token stands before token 0, and you look at the last one: an index of −1 counts from the
            back. Where a text has one word and no special token, nothing is asked then.
            """
            before = [*word_of_token[-1:], *word_of_token]
            labels = TagsOfTokens.every(word_of_token, word_tags)
            return [-100 if word == other else tag for word, other, tag in zip(word_of_token, before, labels)]

        def last_token(word_of_token, word_tags):
            """You ask the last token of each word. Ask the first one."""
            behind = [*word_of_token[1:], None]
            labels = TagsOfTokens.every(word_of_token, word_tags)
            return [-100 if word == after else tag for word, after, tag in zip(word_of_token, behind, labels)]

        def whole_words_alone(word_of_token, word_tags):
            """You ask only words of a single token. The first token of a longer word is asked, too."""
            labels = TagsOfTokens.every(word_of_token, word_tags)
            return [
                tag if word_of_token.count(word) == 1 else -100 for word, tag in zip(word_of_token, labels)
            ]

        def special_outside(word_of_token, word_tags):
            """Your special tokens get 0, which is O. They belong to no word and should get −100."""
            labels = TagsOfTokens.solution(word_of_token, word_tags)
            return [0 if word is None else tag for word, tag in zip(word_of_token, labels)]

        def special_left_out(word_of_token, word_tags):
            """Your special tokens have no label at all, so the list is shorter than the text. They should get
            −100.
            """
            labels = TagsOfTokens.solution(word_of_token, word_tags)
            return [tag for word, tag in zip(word_of_token, labels) if word is not None]

        def tags_as_they_are(word_of_token, word_tags):
            """That is one label for each word. The model wants one for each token."""
            return list(word_tags)

    def every(word_of_token, word_tags):
        """The tag of its word for every token, as in the stub, for the mistakes."""
        return [-100 if word is None else word_tags[word] for word in word_of_token]

    def is_first(word_of_token):
        """For each token, is it the first one of a word? For the mistakes."""
        before = [None, *word_of_token]
        return [word is not None and word != other for word, other in zip(word_of_token, before)]

    def explain(given, got, wanted):
        words = given["word_of_token"]
        if len(got) != len(wanted):
            return f"There are {len(wanted)} tokens, and you give {len(got)} labels."
        for number, (mine, right) in enumerate(zip(got, wanted)):
            if mine != right:
                begins = TagsOfTokens.is_first(words)[number]
                what = "is special" if words[number] is None else f"belongs to word {words[number]}"
                which = ", as its first token" if begins else ", but not as its first token"
                return (
                    f"Token {number} {what}{'' if words[number] is None else which}. Its label should be "
                    f"{right}, and yours is {plain(str(mine))}."
                )

    def cases():
        yield dict(word_of_token=[None, 0, 0, 1, None], word_tags=[1, 0])  # Jiwoo bought
        yield dict(
            word_of_token=[None, 0, 1, 2, 2, 3, None], word_tags=[1, 0, 0, 5]
        )  # two with O, side by side
        yield dict(word_of_token=[None, 0, 1, 1, None], word_tags=[3, 4])  # fruit shop
        yield dict(word_of_token=[None, 0, 0, 0, 1, 1, 2, None, None], word_tags=[1, 1, 0])  # padded
        yield dict(word_of_token=[None, 0, None], word_tags=[3])
        yield dict(word_of_token=[0, 0], word_tags=[5])  # one word, without special tokens
        yield dict(word_of_token=[None, None], word_tags=[])
        for seed in range(3):
            rng = random.Random(seed)
            lengths = [rng.randint(1, 3) for _ in range(9)]
            words = [number for number, length in enumerate(lengths) for _ in range(length)]
            yield dict(word_of_token=[None, *words, None], word_tags=[rng.randrange(7) for _ in lengths])


class SpanF1(CodeExercise):
    """How good is a tagger? Most tokens are in no span, so a model that always says O gets most labels right
    and finds nothing. Count whole spans instead. A span that was found is right if a true span **of the same
    text** has the same start, the same end and the same kind.

    Over all texts together, F1 is 2 · right / (true + predicted), where *true* and *predicted* are how many
    spans there are of each. (It is the harmonic mean of two shares: how many of the predicted spans are
    right, and how many of the true ones were found.) If there are no spans at all, it is 0.
    """

    id, title, name = "8.4", "Whole spans count", "span_f1"
    replaces = "course_lib.spans.span_f1"
    difficulty, importance, minutes = 2, 2, 10
    hints = (
        "Take two texts by hand. In the first, one of two true spans is found and nothing else; in the "
        "second, there is one true span, and two others were found. What are *right*, *true* and "
        "*predicted*?",
        "Go through the texts with `zip`, and count the spans that stand on both sides. Divide at the end, "
        "once.",
        "Spans are tuples, so they can be in a `set`, and two sets have an intersection. Look at what you "
        "divide by before you divide.",
    )

    def stub(true, predicted):
        """true, predicted: for each text its spans, (start, end, kind) → a number from 0 to 1"""
        ...

    def solution(true, predicted):
        """true, predicted: for each text its spans, (start, end, kind) → a number from 0 to 1"""
        right = sum(len(set(wanted) & set(found)) for wanted, found in zip(true, predicted))
        count = sum(map(len, true)) + sum(map(len, predicted))
        return 2 * right / count if count else 0.0

    class mistakes:
        def mean_over_texts(true, predicted):
            """You take the mean of the F1 of each text. A text with one span would count as much as one with
            ten. Count over all texts, and divide once.
            """
            each = [SpanF1.f1([wanted], [found]) for wanted, found in zip(true, predicted)]
            return sum(each) / len(each) if each else 0.0

        def mean_over_texts_with_spans(true, predicted):
            """You take the mean of the F1 of each text with a span. A text with one span would count as much
            as one with ten. Count over all texts, and divide once.
            """
            each = [SpanF1.f1([wanted], [found]) for wanted, found in zip(true, predicted) if wanted or found]
            return sum(each) / len(each) if each else 0.0

        def share_of_the_true(true, predicted):
            """That is the share of the true spans that were found (recall). A tagger that finds spans
            everywhere gets 1. F1 also counts the wrong spans.
            """
            return SpanF1.right(true, predicted) / (sum(map(len, true)) or 1)

        def share_of_the_found(true, predicted):
            """That is the share of the predicted spans that are right (precision). A tagger that gives only
            one sure span gets 1. F1 also counts the spans that were not found.
            """
            return SpanF1.right(true, predicted) / (sum(map(len, predicted)) or 1)

        def accuracy(true, predicted):
            """You divide by the number of *different* spans, true or predicted. F1 divides twice the right
            ones by the sum of both numbers: a right span is in both.
            """
            count = sum(len(set(wanted) | set(found)) for wanted, found in zip(true, predicted))
            return SpanF1.right(true, predicted) / count if count else 0.0

        def not_twice(true, predicted):
            """A 2 is missing: your perfect tagger gets 0.5. A right span is counted twice in the divisor, as
            true and as predicted.
            """
            return SpanF1.f1(true, predicted) / 2

        def any_kind(true, predicted):
            """You compare the ends alone. A place that was found as a person is wrong: the kind counts."""
            return SpanF1.f1(
                *([[span[:2] for span in text] for text in texts] for texts in (true, predicted))
            )

        def starts_alone(true, predicted):
            """You compare where spans start, and their kinds. The end has to be right, too."""
            return SpanF1.f1(
                *([[span[::2] for span in text] for text in texts] for texts in (true, predicted))
            )

        def overlap(true, predicted):
            """A span that shares some characters with a true one counts as right for you. Whole spans count:
            start, end and kind.
            """
            right = sum(
                any(span[0] < other[1] and other[0] < span[1] and span[2] == other[2] for other in wanted)
                for wanted, found in zip(true, predicted)
                for span in found
            )
            return SpanF1.f1(true, predicted, right)

        def any_text(true, predicted):
            """You put the spans of all texts together: a span counts as right if *another* text has it.
            Compare text by text.
            """
            texts = [[span for text in each for span in text] for each in (true, predicted)]
            right = sum(span in texts[0] for span in texts[1])
            return SpanF1.f1(true, predicted, right)

        def one_set(true, predicted):
            """You put the spans of all texts into one set: a span that two texts have is there once, and one
            of another text counts as right. Compare text by text.
            """
            return SpanF1.f1(*([{span for text in each for span in text}] for each in (true, predicted)))

        def side_by_side(true, predicted):
            """You compare the first span with the first, the second with the second. After one that is
            missing, all the others look wrong. Look whether a span is *among* the true ones.
            """
            texts = zip(true, predicted)
            right = sum(span == other for wanted, found in texts for span, other in zip(wanted, found))
            return SpanF1.f1(true, predicted, right)

        def whole_texts(true, predicted):
            """You count texts in which all spans are right. Count the spans."""
            texts = [set(wanted) == set(found) for wanted, found in zip(true, predicted)]
            return sum(texts) / len(texts) if texts else 0.0

        def nothing_stops(true, predicted):
            """Where there is nothing to find and nothing was found, you divide by 0. Then F1 is 0."""
            count = sum(len(wanted) + len(found) for wanted, found in zip(true, predicted))
            return 2 * SpanF1.right(true, predicted) / count

        def nothing_is_perfect(true, predicted):
            """Where there is nothing to find and nothing was found, you give 1. Here it is 0, as the
            statement says: no span was right.
            """
            return SpanF1.f1(true, predicted) if any(map(len, [*true, *predicted])) else 1.0

    def right(true, predicted):
        """How many spans are right, for the mistakes."""
        return sum(len(set(wanted) & set(found)) for wanted, found in zip(true, predicted))

    def f1(true, predicted, right=None):
        """F1 with another number of right spans, for the mistakes."""
        count = sum(len(wanted) + len(found) for wanted, found in zip(true, predicted))
        right = SpanF1.right(true, predicted) if right is None else right
        return 2 * right / count if count else 0.0

    def cases():
        one, other, third = (0, 2, "who"), (4, 6, "where"), (9, 12, "what")
        yield dict(true=[[one, other]], predicted=[[one, (4, 7, "where")]])
        yield dict(true=[[one]], predicted=[[(0, 2, "where")]])
        yield dict(true=[[one], [other]], predicted=[[other], [one]])
        yield dict(true=[[(0, 3, "who"), other]], predicted=[[(1, 3, "who"), other]])
        yield dict(true=[(one, other, third), (one,)], predicted=[[other, third], [one]])  # as of the town
        yield dict(true=[(one, other, third), ()], predicted=[[third, one, other], []])
        yield dict(true=[(), ()], predicted=[[], []])
        yield dict(true=[(one, other)], predicted=[[]])
        yield dict(true=[()], predicted=[[one, third]])
        yield dict(true=[], predicted=[])
        yield dict(true=[[one], [one], [one, third]], predicted=[[one], [one, other], []])
        for seed in range(3):
            rng = random.Random(seed)
            texts = [SpanF1.drawn(rng) for _ in range(6)]
            found = [[span for span in text if rng.random() < 0.6] + SpanF1.drawn(rng)[:1] for text in texts]
            yield dict(true=texts, predicted=[list(dict.fromkeys(each)) for each in found])

    def drawn(rng):
        """Up to four spans of one text, in reading order."""
        starts = sorted(rng.sample(range(0, 40, 5), rng.randint(0, 4)))
        return [(start, start + rng.randint(1, 4), rng.choice(("who", "where"))) for start in starts]


class BestSpan(CodeExercise):
    """A model that answers questions gives two scores to each token: how well an answer begins there, and how
    well it ends there. The score of a span is the start score of its first token plus the end score of its
    last one. Give the best span as two token numbers, (first, last). No case here has two best spans.

    A span lies in the story, where `allowed` is True, and not in the question. It ends where it begins or
    later, and it has at most `longest` tokens. Token 0 is [CLS]: its start score plus its end score is the
    score of “the story does not say”. Unless the best span scores **more** than that, give None.
    """

    id, title, name = "8.5", "The best answer", "best_span"
    replaces = "course_lib.spans.best_span"
    difficulty, importance, minutes = 2, 3, 15
    hints = (
        "Why is it not enough to take the largest start and the largest end? Think of an end that stands "
        "before the start.",
        "Go through all first tokens, and for each of them through the last tokens that are possible: "
        "itself, and the next ones, as far as `longest` allows. Keep the pair that scores most.",
        "With longest = 3, an answer that begins at token 5 ends at 5, 6 or 7, unless the text ends before. "
        "Begin with None, and with the score of [CLS] as the one to beat.",
    )

    def stub(start_logits, end_logits, allowed, longest=10):
        """start_logits, end_logits: lists of numbers, one for each token; allowed: a list of True and False
        → (first token, last token), two numbers, or None
        """
        ...

    def solution(start_logits, end_logits, allowed, longest=10):
        """start_logits, end_logits: lists of numbers, one for each token; allowed: a list of True and False
        → (first token, last token), two numbers, or None
        """
        best, best_score = None, start_logits[0] + end_logits[0]
        for first in range(len(allowed)):
            for last in range(first, min(first + longest, len(allowed))):
                score = start_logits[first] + end_logits[last]
                if allowed[first] and allowed[last] and score > best_score:
                    best, best_score = (first, last), score
        return best

    class mistakes:
        def each_for_itself(start_logits, end_logits, allowed, longest=10):
            """You take the largest start and the largest end, each for itself. The end can then stand before
            the start, or far behind it. Compare whole spans.
            """
            places = [place for place, inside in enumerate(allowed) if inside]
            first, last = max(places, key=start_logits.__getitem__), max(places, key=end_logits.__getitem__)
            is_more = start_logits[first] + end_logits[last] > start_logits[0] + end_logits[0]
            return (first, last) if is_more else None

        def start_first(start_logits, end_logits, allowed, longest=10):
            """You choose the best start, and then the best end that goes with it. A start that is a little
            worse may go with a much better end. Compare whole spans.
            """
            places = [place for place, inside in enumerate(allowed) if inside]
            first = max(places, key=start_logits.__getitem__)
            scores = [start if place == first else -1e9 for place, start in enumerate(start_logits)]
            best = BestSpan.search(scores, end_logits, allowed, longest, none=-1e8)
            is_more = best and start_logits[first] + end_logits[best[1]] > start_logits[0] + end_logits[0]
            return best if is_more else None

        def end_before_start(start_logits, end_logits, allowed, longest=10):
            """Your span can end before it begins. The last token is the first one or a later one."""
            return BestSpan.search(start_logits, end_logits, allowed, longest, shortest=-longest)

        def of_two_tokens(start_logits, end_logits, allowed, longest=10):
            """Your spans have at least two tokens. An answer of one token begins and ends at it."""
            return BestSpan.search(start_logits, end_logits, allowed, longest, shortest=2)

        def in_the_question(start_logits, end_logits, allowed, longest=10):
            """Your span can lie in the question. `allowed` says where the story is."""
            return BestSpan.search(start_logits, end_logits, [True] * len(allowed), longest)

        def end_anywhere(start_logits, end_logits, allowed, longest=10):
            """You check `allowed` only for the first token of a span. The last one has to be in the story,
            too, and not at the [SEP] behind it.
            """
            return BestSpan.search(start_logits, end_logits, allowed, longest, ends=[True] * len(allowed))

        def start_anywhere(start_logits, end_logits, allowed, longest=10):
            """You check `allowed` only for the last token of a span. The first one has to be in the story,
            too, and not in the question.
            """
            return BestSpan.search(start_logits, end_logits, [True] * len(allowed), longest, ends=allowed)

        def one_too_long(start_logits, end_logits, allowed, longest=10):
            """Your spans can have one token more than `longest`: from first to last there are
            last − first + 1 tokens.
            """
            return BestSpan.search(start_logits, end_logits, allowed, longest + 1)

        def one_too_short(start_logits, end_logits, allowed, longest=10):
            """Your spans have at most longest − 1 tokens. A span of `longest` tokens is still allowed. The
            end of a `range` is not in it.
            """
            return BestSpan.search(start_logits, end_logits, allowed, longest - 1)

        def any_length(start_logits, end_logits, allowed, longest=10):
            """Your span can have any number of tokens. It has at most `longest`."""
            return BestSpan.search(start_logits, end_logits, allowed, len(allowed))

        def always_an_answer(start_logits, end_logits, allowed, longest=10):
            """You always give a span. Where the story does not say it, the best span is still bad: it has to
            score more than [CLS], or the answer is None.
            """
            return BestSpan.search(start_logits, end_logits, allowed, longest, none=-math.inf)

        def none_by_its_start(start_logits, end_logits, allowed, longest=10):
            """You compare with the start of [CLS] alone. Its score is start plus end, as for every span."""
            return BestSpan.search(start_logits, end_logits, allowed, longest, none=start_logits[0])

        def none_by_its_end(start_logits, end_logits, allowed, longest=10):
            """You compare with the end of [CLS] alone. Its score is start plus end, as for every span."""
            return BestSpan.search(start_logits, end_logits, allowed, longest, none=end_logits[0])

        def above_zero(start_logits, end_logits, allowed, longest=10):
            """You give None unless the best span scores more than 0. It has to score more than [CLS], start
            plus end.
            """
            return BestSpan.search(start_logits, end_logits, allowed, longest, none=0.0)

        def as_good_is_enough(start_logits, end_logits, allowed, longest=10):
            """You give a span that scores exactly as much as [CLS]. It has to score more."""
            none = start_logits[0] + end_logits[0]
            return BestSpan.search(start_logits, end_logits, allowed, longest, none=none - 1e-9)

        def cls_as_a_span(start_logits, end_logits, allowed, longest=10):
            """For “no answer” you give (0, 0), as the labels do. Give None."""
            return BestSpan.search(start_logits, end_logits, allowed, longest) or (0, 0)

        def behind_the_last(start_logits, end_logits, allowed, longest=10):
            """Your second number is the token *behind* the last one, as in a slice. Give the last one."""
            best = BestSpan.search(start_logits, end_logits, allowed, longest)
            return best and (best[0], best[1] + 1)

        def counted_in_the_story(start_logits, end_logits, allowed, longest=10):
            """You count from the beginning of the story. Count from token 0, [CLS], as the scores do."""
            best = BestSpan.search(start_logits, end_logits, allowed, longest)
            return best and tuple(place - allowed.index(True) for place in best)

        def multiplied(start_logits, end_logits, allowed, longest=10):
            """You multiply the two scores. Add them: two bad scores below 0 would be a good product."""
            scores = {
                (first, last): start_logits[first] * end_logits[last]
                for first, last in BestSpan.possible(allowed, allowed, longest)
            }
            best = max(scores, key=scores.get)
            return best if scores[best] > start_logits[0] * end_logits[0] else None

    def possible(starts, ends, longest, shortest=1):
        """All (first, last) of at least `shortest` and at most `longest` tokens, for the mistakes."""
        for first, may_start in enumerate(starts):
            for last, may_end in enumerate(ends):
                if may_start and may_end and shortest <= last - first + 1 <= longest:
                    yield first, last

    def search(start_logits, end_logits, allowed, longest, none=None, ends=None, shortest=1):
        """The best span by other rules, for the mistakes. none: the score to be beaten   ends: where it may
        end, if not as `allowed` says
        """
        best, best_score = None, start_logits[0] + end_logits[0] if none is None else none
        for first, last in BestSpan.possible(allowed, ends or allowed, longest, shortest):
            score = start_logits[first] + end_logits[last]
            if score > best_score:
                best, best_score = (first, last), score
        return best

    def explain(given, got, wanted):
        starts, ends, allowed = given["start_logits"], given["end_logits"], given["allowed"]
        longest, number = given.get("longest", 10), len(given["allowed"])

        def score(span):
            return f"{starts[span[0]] + ends[span[1]]:.2f}"

        if got is None:
            return (
                f"You give None, and [CLS] scores {score((0, 0))}. The span {wanted} scores more: "
                f"{score(wanted)}."
            )
        if type(got) is not tuple or not all(type(each) is int and 0 <= each < number for each in got):
            return None
        if len(got) != 2:
            return None
        first, last = got
        if last < first:
            return f"Your span {got} ends before it begins."
        if not (allowed[first] and allowed[last]):
            return f"Your span {got} is not wholly in the story: look at `allowed` there."
        if last - first + 1 > longest:
            return f"Your span {got} has {last - first + 1} tokens, and at most {longest} are allowed."
        right = (
            f"[CLS] scores {score((0, 0))}: give None"
            if wanted is None
            else f"{wanted} scores {score(wanted)}"
        )
        return f"Your span {got} scores {score(got)}, and {right}."

    def cases():
        def case(starts, ends, allowed, **longest):
            return (
                dict(start_logits=starts, end_logits=ends, allowed=[each == "s" for each in allowed])
                | longest
            )

        # c: [CLS]   q: the question   |: [SEP]   s: the story
        yield case([0.0, 0.0, 0.0, 1.0, 4.0, 0.0], [0.0, 0.0, 0.0, 2.0, 0.5, 0.0], "cq|ss|", longest=3)
        yield case([1.0, 5.0, 0.0, 2.0, 1.5, 0.0], [1.0, 5.0, 0.0, 0.5, 3.0, 4.0], "cq|ss|", longest=3)
        yield case([3.0, 0.0, 0.0, 2.0, 1.0, 0.0], [3.0, 0.0, 0.0, 1.0, 2.5, 0.0], "cq|ss|", longest=3)
        yield case(
            [1.5, 0.0, 0.0, 2.0, 1.0, 0.0], [2.5, 0.0, 0.0, 1.0, 2.0, 0.0], "cq|ss|", longest=3
        )  # equal
        yield case(
            [-4.0, -9.0, -9.0, -3.0, -2.5, -9.0], [-3.0, -9.0, -9.0, -2.0, -3.5, -9.0], "cq|ss|", longest=1
        )
        starts, ends = [1.0, 0.0, 5.0, 4.0] + 10 * [0.0], [1.0] + 11 * [0.0] + [6.0, 0.0]
        yield case(starts, ends, "cq" + 11 * "s" + "|")  # the two best are 11 tokens apart
        # [CLS] with a start and an end that differ much
        yield case([4.0, 0.0, 0.0, 2.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 1.0, 1.75, 0.0], "cq|ss|", longest=3)
        yield case([-1.0, 0.0, 0.0, 2.0, 1.0, 0.0], [4.0, 0.0, 0.0, 1.5, 0.0, 0.0], "cq|ss|", longest=3)
        yield case([-1.0, 0.0, 0.0, 1.0, 0.5, 0.0], [4.0, 0.0, 0.0, 1.0, 0.5, 0.0], "cq|ss|", longest=3)
        for seed in range(8):
            starts, ends = draw(2, 18, seed=seed).mul(3).tolist()
            starts[0] += seed % 3
            yield case(starts, ends, "cqqq|" + 12 * "s" + "|", longest=1 + seed % 4)
        for seed in range(8, 12):
            starts, ends = draw(2, 30, seed=seed).mul(3).tolist()
            yield case(starts, ends, "cqqq|" + 24 * "s" + "|")


class NumbersForLabels(CodeExercise):
    """A friend's classifier has six labels. It is right on 97 % of what it was trained on and on 8 % of
    everything else: *less* than guessing. The model is not the cause. Here is how the friend numbers the
    names of the labels. Fix it.

    The numbers go from 0 in the alphabetical order of the names in the training list; a name that the
    training list does not have gets −1.
    """

    id, title, name = "8.6", "Find the bug: worse than guessing", "number_labels"
    difficulty, importance, minutes = 2, 3, 10
    hints = (
        "Take training = a, b, c and test = b, c by hand. Which number does b get in each list?",
        "A name has to have the same number on both sides, so there can be only one table of numbers.",
        "Make the table from the training alone, and look the names of both lists up in it; "
        "`table.get(name, -1)` answers −1 for what it does not have.",
    )

    def stub(training, test):
        """training, test: lists of names → a tuple of two lists of numbers"""

        def numbers(names):
            table = {name: number for number, name in enumerate(sorted(set(names)))}
            return [table[name] for name in names]

        return numbers(training), numbers(test)

    def solution(training, test):
        """training, test: lists of names → a tuple of two lists of numbers"""
        table = {name: number for number, name in enumerate(sorted(set(training)))}
        return [table[name] for name in training], [table.get(name, -1) for name in test]

    class mistakes:
        def each_by_itself(training, test):
            """Still one table for each list: a name has one number in training and another in the test."""
            tables = [{n: i for i, n in enumerate(sorted(set(names)))} for names in (training, test)]
            return [tables[0][n] for n in training], [tables[1][n] for n in test]

        def both_together(training, test):
            """One table, but of both lists. Then a name of the test alone shifts the numbers of the training:
            what is asked must not change what is learnt.
            """
            return NumbersForLabels.look_up(sorted(set(training) | set(test)), training, test)

        def both_marked(training, test):
            """You mark what the training list does not have, but number the names of both lists together.
            Make the table from the training list alone.
            """
            names = sorted(set(training) | set(test))
            first, second = NumbersForLabels.look_up(names, training, test)
            return first, [n if name in training else -1 for n, name in zip(second, test)]

        def by_appearance(training, test):
            """Your numbers follow the order of first appearance. They should follow the alphabet, which does
            not depend on how the examples were shuffled.
            """
            return NumbersForLabels.look_up(list(dict.fromkeys(training)), training, test)

        def from_one(training, test):
            """You count from 1. Labels go from 0, since they are rows of the last matrix."""
            first, second = NumbersForLabels.look_up(sorted(set(training)), training, test)
            return [n + 1 for n in first], [n + 1 if n >= 0 else n for n in second]

        def unknown_is_first(training, test):
            """A name that the training list does not have gets 0 here, the number of another label. It should
            get −1.
            """
            first, second = NumbersForLabels.look_up(sorted(set(training)), training, test)
            return first, [max(n, 0) for n in second]

        def unknown_left_out(training, test):
            """Names that the training list does not have are left out, so the second list does not fit its
            texts any more. They should get −1.
            """
            first, second = NumbersForLabels.look_up(sorted(set(training)), training, test)
            return first, [n for n in second if n >= 0]

        def unknown_stops(training, test):
            """A name that the training list does not have raises a KeyError. It should get −1: a dictionary
            has `get` for that.
            """
            table = {name: number for number, name in enumerate(sorted(set(training)))}
            return [table[name] for name in training], [table[name] for name in test]

        def from_the_test(training, test):
            """Your table is made from the test. It has to come from the training."""
            return NumbersForLabels.look_up(sorted(set(test)), training, test)

    def explain(given, got, wanted):
        if got == wanted[::-1]:
            return "The two lists are exchanged: that of the training comes first."
        for which, numbers, right_ones in zip(("first", "second"), got, wanted):
            if len(numbers) != len(right_ones):
                return f"The {which} list has {len(numbers)} numbers for {len(right_ones)} names."
        if said := NumbersForLabels.about_the_table(given["training"], got[0]):
            return said
        own = dict(zip(given["training"], got[0]))
        for name, number, right in zip(given["test"], got[1], wanted[1]):
            mine = plain(str(number))
            if number != right and right == -1:
                return f"{name!r} is not in the training: its number is −1, and you give it {mine}."
            if number != right and own[name] == right:
                return (
                    f"In the second list the number of {name!r} is {mine}, and it should be {right}, as in "
                    "the first."
                )
        for which, names, numbers, right_ones in zip(("first", "second"), given.values(), got, wanted):
            for name, number, right in zip(names, numbers, right_ones):
                if number != right:
                    mine = plain(str(number))
                    return f"In the {which} list the number of {name!r} is {mine}, and it should be {right}."
        return None

    def about_the_table(names, numbers):
        """What is wrong with the numbers of the training, taken together, or None."""
        table = {}
        for name, number in zip(names, numbers):
            if type(number) is not int:
                return None
            if table.setdefault(name, number) != number:
                return f"{name!r} has two numbers in the first list, {table[name]} and {number}."
        used, known = list(table.values()), sorted(table)
        if sorted(set(used)) != list(range(len(known))):
            mine = ", ".join(map(str, sorted(set(used))))
            return (
                f"The training has {len(known)} different names here, so their numbers are 0 to "
                f"{len(known) - 1}. Yours are {mine}."
            )
        for one, other in zip(known, known[1:]):
            if table[one] > table[other]:
                return (
                    f"Your numbers are not in the order of the alphabet: {one!r} comes before {other!r}, and "
                    f"has {table[one]} where {other!r} has {table[other]}."
                )
        return None

    def look_up(names, training, test):
        """Both lists by one table, for the mistakes."""
        table = {name: number for number, name in enumerate(names)}
        return [table.get(name, -1) for name in training], [table.get(name, -1) for name in test]

    def cases():
        yield dict(training=["b", "a", "c"], test=["c", "b"])
        yield dict(training=["torch", "numpy", "torch"], test=["numpy", "abc", "torch"])
        yield dict(training=["z", "y", "x", "x"], test=["w", "x", "q", "z"])
        yield dict(training=["b", "a", "c"], test=["a", "b", "c"])
        yield dict(training=["torch.nn"], test=["numpy", "torch", "scipy"])  # none is known
        yield dict(training=["b", "c", "b"], test=[])
        yield dict(training=["torch", "numpy"], test=["Torch", "numpy"])  # another name
        yield dict(training=["b", "a"], test=["q", "a", "q"])  # unknown twice
        for seed in range(3):  # more than ten labels
            names = draw_words(14, "abcde", 4, seed)
            training = [names[place * place % 12] for place in range(20)] + names[:12]
            yield dict(training=training, test=names[::-1] + training[::3])


class NothingToFind(Quiz):
    """Write a story and a question into the fields above: “민수는 빵집에서 빵을 샀다.” and “민수는 어디에서
    빵을 샀니?” In both columns the row of 빵집 has the most. Now take the story “민수는 지우에게 책을 주었다.
    지우는 그 책을 읽었다.” and ask “민수는 어디에서 책을 샀니?” That story does not say it. Where is the
    answer now most likely to begin, and where to end?
    """

    id, title = "8.7", "An answer that is not there"
    difficulty, importance, minutes = 1, 2, 5
    hints = (
        "Go down the column *begins here* to the largest number, and then down the column *ends here*.",
        "The question asks for a place, and no row of the second story is one. Which row has what 빵집 had "
        "before?",
        "In the examples that the model learned from, an answer that a story does not give begins and ends "
        "at position 0.",
    )
    choices = {
        "person": (
            "At 민수, the person whom the question names.",
            "The question asks for a place, and 민수 is none: look at the numbers in that row. Another row "
            "has the most.",
        ),
        "even": (
            "Nowhere: every token has about the same share.",
            "Each column sums to 1, and even where there is nothing to find, one row has the most of it. "
            "Which one?",
        ),
        "cls": (
            "At [CLS], the token that stands for no word.",
            "Yes. In the examples without an answer, both labels were the position of [CLS], 0. So the model "
            "says by the same two scores that there is no answer, and the head needs no third one.",
        ),
        "apart": (
            "At two tokens, the end in front of the start.",
            "No example has taught that: in each, the end stands at the start or behind it. Here one row has "
            "the most in both columns.",
        ),
    }
    answer = "cls"
