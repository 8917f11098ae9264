"""Week 8: labelled examples for the tasks of BERT, about the town, where the right answer is known exactly.

Spans: who, where and what in a story. Questions: a story, a question, the answer's place in the story, or
none. Pairs: does the second sentence follow from the first one, contradict it, or neither? The labels come
from the draws that told a story and from the town's tables, never from a search in the text.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from course_lib.town_facts import facts_of, filled, stories_with_facts
from course_lib.world import TABLES, base, read_lines

# -- spans: who, where, what

SPAN_KINDS = ("who", "where", "what")
# What a fact is, by its table, or by the table's column that the story shows.
TAGS = {"person": "who", "person.object": "who", "friend": "who", "friend.from": "who", "job": "who"}
TAGS |= {"place": "where", "spot": "where", "spot.to": "where", "spot.at": "where"}
TAGS |= dict.fromkeys(("goods", "gear", "cloth", "dish", "ingredient"), "what")
# Facts that are none of the three: when, how, what weather and colour, what one does.
UNTAGGED = {"day", "time", "hour", "weather", "weather.so", "vehicle", "colour", "goods.used", "cloth.wore"}


class TaggedStory(NamedTuple):
    """text   spans: (start, end, kind) in reading order, kind one of SPAN_KINDS"""

    text: str
    spans: tuple


def tagged_stories(town, count, seed):
    """`count` stories with the places of who, where and what, a list of TaggedStory.

    A Korean noun is tagged without its particle, an English one without its article. Only stories whose facts
    are all known to be one of SPAN_KINDS or none of them: in 책을 빌렸다, a text of the table of acts, there
    is a thing for which no fact stands. `home` is in no table and is not tagged.
    """
    known = TAGS.keys() | UNTAGGED
    told = (
        story
        for story in stories_with_facts(town, seed)
        if all(mention.source in known for mention in story.mentions)
    )
    return [TaggedStory(story.text, spans_of(story)) for story in islice(told, count)]


def spans_of(story):
    """(start, end, kind) for each mention that has a tag."""
    tagged = [mention for mention in story.mentions if mention.source in TAGS]
    return tuple((mention.start, mention.end, TAGS[mention.source]) for mention in tagged)


# -- questions

FIRST_PERSON = {"ko": "나", "en": "I"}  # changes its form (내가, me), so "who?" would have several answers


class Question(NamedTuple):
    """answer: (start, end), the characters of `story` that answer, or None where the story does not say"""

    story: str
    question: str
    answer: tuple | None

    @property
    def answer_text(self):
        return None if self.answer is None else self.story[slice(*self.answer)]


def read_questions(town, folder=TABLES):
    """{shape of a story: [(question, fact that answers it or None), …]}, from questions_ko.tsv or _en.tsv.

    ValueError names a line whose story is no shape of the town, or which asks about a fact that it lacks.
    """
    questions, path = {}, folder / f"questions_{town.language}.tsv"
    for number, cells in read_lines(path):
        shape, question, answer = cells["story"], cells["question"], cells["answer"]
        if shape not in town.templates:
            raise ValueError(f"{path}, line {number}: the town tells no story of the shape {shape!r}")
        answer = None if answer == "-" else answer
        known = facts_of(town, shape)
        for fact in (*facts_of(town, question), *([answer] if answer else [])):
            if fact not in known:
                raise ValueError(f"{path}, line {number}: a story of this shape has no fact {fact!r}")
        questions.setdefault(shape, []).append((question, answer))
    return questions


def questions_about(town, count, seed, unanswerable=1 / 3):
    """`count` Questions, each about a story of its own.

    unanswerable: this share has no answer in its story. Half of these ask what such a story leaves out (where
    was it bought, where the story tells of a present). The others ask about somebody or something else: one
    fact in a question that has an answer is replaced by another row of its table. So a question alone does
    not show whether it has an answer.
    The answer is the first mention of its fact. Stories told by "me" are passed over.
    """
    questions, rng, found = read_questions(town), random.Random(seed), []
    for story in stories_with_facts(town, seed):
        if len(found) == count:
            return found
        people = {row.word for fact, row in story.rows.items() if base(fact) == "person"}
        if story.template not in questions or FIRST_PERSON[town.language] in people:
            continue
        asked = questions[story.template]
        has_answer = rng.random() >= unanswerable
        left_out = [question for question, answer in asked if answer is None]
        question, answer = rng.choice([each for each in asked if each[1] is not None])
        rows, place = story.rows, None
        if has_answer:
            place = story.mention(answer)[:2]
        elif left_out and rng.random() < 0.5:
            question = rng.choice(left_out)
        else:
            rows = with_another_row(town, story, rng.choice(facts_of(town, question)), rng)
        found.append(Question(story.text, filled(town, question, rows), place))


def with_another_row(town, story, fact, rng):
    """The story's rows, but `fact` is one that the story does not tell of."""
    told = {row.word for row in story.rows.values()}
    rows = [
        row
        for row in town.tables[base(fact)]
        if row.word not in told and row.word != FIRST_PERSON[town.language]
    ]
    return story.rows | {fact: rng.choice(rows)}


# -- pairs of sentences

LABELS = ("follows", "contradicts", "neither")
# What somebody did, and the same with the place: {fact} as in the stories.
FIRST = {
    "ko": {
        "goods": ("{person/는} {goods/을} 샀다.", "{person/는} {place}에서 {goods/을} 샀다."),
        "act": ("{person/는} {act}.", "{person/는} {spot}에서 {act}."),
        "animal": ("{person/는} {animal/을} 보았다.", "{person/는} {spot}에서 {animal/을} 보았다."),
    },
    "en": {
        "goods": ("{person} bought {goods/a}.", "{person} bought {goods/a} at the {place}."),
        "act": ("{person} {act}.", "{person} {act} {spot.at}."),
        "animal": ("{person} saw {animal/a}.", "{person} saw {animal/a} {spot.at}."),
    },
}
SECOND = {
    "ko": {
        "place": "그 시간에 {person/는} {place}에 있었다.",
        "spot": "그 시간에 {person/는} {spot}에 있었다.",
    },
    "en": {"place": "{person} was at the {place} then.", "spot": "{person} was {spot.at} then."},
}


class Pair(NamedTuple):
    """label: one of LABELS, what `first` says about `second`"""

    first: str
    second: str
    label: str


class Premise(NamedTuple):
    """What a first sentence says. told_place: the number of the place that it names, or None
    same_person: are both sentences about the same one?
    """

    deed: "Deed"
    told_place: int | None
    same_person: bool


@dataclass(frozen=True)
class Deed:
    """kind: goods (buying it), act (doing it), animal (seeing it)   row: of the table of that name
    places: the numbers of the rows of `table` (place or spot) where the town does that, and nowhere else
    """

    kind: str
    row: object
    table: str
    places: frozenset


def deeds_of(town):
    """All Deeds, from the tables: what is sold where, what is done where, which animal lives where."""
    deeds = [Deed("goods", row, "place", frozenset(row.links["place"])) for row in town.tables["goods"]]
    deeds += [Deed("act", row, "spot", frozenset(row.links["spot"])) for row in town.tables["act"]]
    spots = [row.word for row in town.tables["spot"]]
    for row in town.tables["animal"]:
        if row.columns["home"] in spots:  # the pond is no spot
            deeds.append(Deed("animal", row, "spot", frozenset([spots.index(row.columns["home"])])))
    return deeds


def label_of(premise, place):
    """Does "A was at `place` then" follow from what the first sentence says?

    Of somebody else, nothing is said. The doer was where the sentence says. Where it does not say, the tables
    do: follows if the town does this here alone, contradicts if it never does it here, else neither.
    """
    if not premise.same_person:
        return "neither"
    possible = premise.deed.places if premise.told_place is None else {premise.told_place}
    if place not in possible:
        return "contradicts"
    return "follows" if len(possible) == 1 else "neither"


def sentence_pairs(town, count, seed):
    """`count` Pairs, a third of each label in the long run.

    The second sentence and the label are drawn first, apart from each other: so the second sentence alone
    tells nothing of the label. Then comes a first sentence for which `label_of` gives that label.
    """
    rng, possible, pairs = random.Random(seed), premises_by_label(town), []
    people = [row for row in town.tables["person"] if row.word != FIRST_PERSON[town.language]]
    for _ in range(count):
        table = rng.choice(("place", "spot"))
        place, label = rng.randrange(len(town.tables[table])), rng.choice(LABELS)
        person, other = rng.sample(people, 2)
        deed, told_place, same_person = draw_premise(possible[table, place, label], rng)
        rows = {"person": person if same_person else other, deed.kind: deed.row}
        if told_place is not None:
            rows[table] = town.tables[table][told_place]
        first = filled(town, FIRST[town.language][deed.kind][told_place is not None], rows)
        seen = {"person": person, table: town.tables[table][place]}
        pairs.append(Pair(first, filled(town, SECOND[town.language][table], seen), label))
    return pairs


def draw_premise(choices, rng):
    """One of these Premises. Whether it names the place, whether its deed has one place or more, and whether
    it is about the same person is drawn evenly, in this order, as far as there is a choice.
    """
    for feature in (names_the_place, has_one_place, is_same_person):
        wanted = rng.choice(sorted({feature(premise) for premise in choices}))
        choices = [premise for premise in choices if feature(premise) == wanted]
    return rng.choice(choices)


def premises_by_label(town):
    """{(table, number of a place in it, label): all Premises with that label for "A was there"}"""
    found = defaultdict(list)
    for deed in deeds_of(town):
        for place in range(len(town.tables[deed.table])):
            for premise in premises(deed):
                found[deed.table, place, label_of(premise, place)].append(premise)
    return found


def premises(deed):
    """All that can be said of a deed: without the place, or with one where the town does it."""
    for told_place in (None, *sorted(deed.places)):
        for same_person in (True, False):
            yield Premise(deed, told_place, same_person)


def names_the_place(premise):
    return premise.told_place is not None


def is_same_person(premise):
    return premise.same_person


def has_one_place(premise):
    return len(premise.deed.places) == 1
