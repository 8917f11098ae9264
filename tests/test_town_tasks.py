"""The town's labelled examples: what they say is what the grammar drew and what the tables hold."""

import random
import re
from collections import Counter, defaultdict
from itertools import islice

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from course_lib.checkpoint import load_tokenizer
from course_lib.files import DATA
from course_lib.spans import labels_of_tokens, spans_of_tags, tag_names
from course_lib.town import Town
from course_lib.town_facts import filled, stories_with_facts, tell_with_facts
from course_lib.town_tasks import (
    LABELS,
    SPAN_KINDS,
    questions_about,
    read_questions,
    sentence_pairs,
    tagged_stories,
)
from course_lib.world import TABLES, read_lines


@pytest.fixture(scope="module", params=["ko", "en"])
def town(request):
    return Town(request.param)


# -- facts


def test_a_story_with_facts_is_the_story_that_tell_tells(town):
    """Not only the text: the generator of random numbers is left in the same state, too."""
    first, second = random.Random(3), random.Random(3)
    for _ in range(500):
        assert tell_with_facts(town, first).text == town.tell(second)
    assert first.getstate() == second.getstate()


def told_step_by_step(town, rng):
    """How the stories were drawn that the ready models have read."""
    (steps,) = rng.choices(town.shapes, town.weights)
    words, known = [], ()
    for step in steps:
        ways = town.outcomes(step, known)
        ((_, text, known),) = rng.choices(ways, [way[0] for way in ways]) if len(ways) > 1 else ways
        words.append(text)
    return " ".join(words)


def test_the_draws_of_a_story_are_those_of_the_recorded_corpus(town):
    """Whoever trains again with the command of a ready model must read the same stories."""
    rng = random.Random(1)
    assert list(town.stories(500, seed=1)) == [told_step_by_step(town, rng) for _ in range(500)]


def test_a_story_told_again_from_its_facts_is_the_same(town):
    for story in islice(stories_with_facts(town, seed=4), 500):
        assert filled(town, story.template, story.rows) == story.text


def test_a_mention_shows_the_word_of_its_fact(town):
    """But for pronouns: 내 and me, for 나 and I."""
    for story in islice(stories_with_facts(town, seed=5), 500):
        for start, end, fact, column in story.mentions:
            shown, row = story.text[start:end], story.rows[fact]
            wanted = {row.word, "내"} if column is None else {row.word, "me", row.columns[column]}
            assert shown.lower() in {word.lower() for word in wanted}


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ("{sense/는} {goods/을} {sense.deed}.", [("sense", "배"), ("goods", "배"), ("sense", "탔다")]),
        ("{person/이} {goods/을} 샀다.", [("person", "내"), ("goods", "배")]),
    ],
)
def test_the_pear_is_told_from_the_ship_and_내_is_나(tmp_path, shape, wanted):
    """Two words that look alike: no search could tell which is which."""
    tables = dict(
        goods="ko\ten\n배\tpear",
        person="ko\ten\n나\tI",
        sense="ko\ten\tdeed.ko\n배\tship\t탔다",
        stories_ko=f"weight\tstory\n1\t{shape}",
    )
    for name, text in tables.items():
        (tmp_path / f"{name}.tsv").write_text(text + "\n", encoding="utf-8")
    story = tell_with_facts(Town("ko", folder=tmp_path), random.Random(0))
    assert [(fact, story.text[start:end]) for start, end, fact, _ in story.mentions] == wanted


# -- spans


def test_tagged_words_are_those_of_the_tables(town):
    """Read from the files, not through Town. Every word is tagged as its table says, wherever it stands."""
    tables = {
        "who": ("person", "friend", "job"),
        "where": ("place", "spot"),
        "what": ("goods", "gear", "cloth", "dish", "ingredient"),
    }
    words = {
        kind: {
            cells[town.language].lower()
            for name in names
            for _, cells in read_lines(TABLES / f"{name}.tsv")
            if cells[town.language]
        }
        for kind, names in tables.items()
    }
    words["who"] |= {"내", "me"}
    found = Counter()
    for story in tagged_stories(town, 1000, seed=0):
        for start, end, kind in story.spans:
            assert story.text[start:end].lower() in words[kind]
            found[kind] += 1
    assert min(found[kind] for kind in SPAN_KINDS) > 500


def test_no_name_is_left_untagged(town):
    """A person's name outside of all spans would be a wrong label. (보라 is one, 보라색 is purple.)"""
    names = [row.word for row in town.tables["person"] if len(row.word) > 1]
    for story in tagged_stories(town, 1000, seed=1):
        untagged, end = "", 0
        for start, stop, _ in story.spans:
            untagged, end = untagged + story.text[end:start] + "|", stop
        untagged += story.text[end:]
        assert not [name for name in names if re.search(rf"\b{name}(?!색)", untagged)]


def test_spans_lie_one_behind_the_other(town):
    for story in tagged_stories(town, 500, seed=2):
        borders = [border for start, end, _ in story.spans for border in (start, end)]
        assert borders == sorted(borders) and len(borders) == len(set(borders))


@pytest.mark.parametrize(("language", "name"), [("ko", "town-ko"), ("ko", "town"), ("en", "town")])
def test_most_spans_can_be_said_in_tokens(language, name):
    """What one who knew every label would reach: a noun and its particle may be one piece (김치와)."""
    tokenizer, names = load_tokenizer(DATA / "week5" / name), tag_names(SPAN_KINDS)
    kept, count = 0, 0
    for story in tagged_stories(Town(language), 1000, seed=3):
        offsets = tokenizer.encode(story.text).offsets
        tags = ["O" if label < 0 else names[label] for label in labels_of_tokens(offsets, story.spans, names)]
        kept += len(set(spans_of_tags(tags, offsets)) & set(story.spans))
        count += len(story.spans)
    assert kept / count > (0.95 if language == "ko" else 0.999)


# -- questions


def question_kinds(town):
    """{question with its facts left open: [answered, not answered]}, from the table."""
    kinds = defaultdict(lambda: [0, 0])
    for asked in read_questions(town).values():
        for question, answer in asked:
            kinds[re.sub(r"\{[^}]*\}", "…", question)][answer is None] += 1
    return kinds


def test_no_question_of_the_table_is_always_without_an_answer(town):
    """Else the question alone would say that there is none."""
    assert not [kind for kind, (answered, _) in question_kinds(town).items() if answered == 0]


def test_a_third_of_the_questions_has_no_answer(town):
    """Within 5 standard deviations of a third."""
    missing = sum(each.answer is None for each in questions_about(town, 2000, seed=0))
    assert abs(missing - 2000 / 3) < 5 * (2000 * 2 / 9) ** 0.5


def test_an_answer_is_a_word_of_the_asked_kind(town):
    where = {row.word for table in ("place", "spot") for row in town.tables[table]}
    who = {row.word for table in ("person", "job") for row in town.tables[table]}
    for each in questions_about(town, 1000, seed=1):
        if each.answer is not None:
            asks_where = re.search("어디|Where", each.question)
            asks_who = re.search("사람|Who", each.question)
            assert (each.answer_text in where) == bool(asks_where)
            assert (each.answer_text in who) == bool(asks_who)


def test_an_answer_is_not_in_its_question(town):
    for each in questions_about(town, 1000, seed=2):
        if each.answer is not None:
            assert not re.search(rf"\b{re.escape(each.answer_text)}", each.question)


def test_the_question_decides_which_of_two_it_is(town):
    """The same story, asked about twice: there are stories of the town with two answers of one kind."""
    answers = {
        shape: {answer for question, answer in asked if answer and re.search("사람|Who", question)}
        for shape, asked in read_questions(town).items()
    }
    assert sum(len(each) > 1 for each in answers.values()) >= 4


def test_answers_stand_at_many_places(town):
    starts = Counter(each.answer[0] for each in questions_about(town, 2000, seed=3) if each.answer)
    assert len(starts) > 20 and starts.most_common(1)[0][1] < 0.5 * starts.total()


def pattern_of(template):
    """A regular expression for what a template becomes, with a group for each slot's words."""
    parts = re.findall(r"\{[^}]*\}|[^{]+", template)
    patterns = []
    for part in parts:
        _, _, form = part.strip("{}").partition("/") if part.startswith("{") else ("", "", None)
        if form is None:
            patterns.append(re.escape(part))
        else:
            particle = "[은는이가을를과와로]" if form and form not in ("a", "was", "it") else ""
            patterns.append(f"(?:an? |some |a pair of )?(.+?){particle}")
    return re.compile("".join(patterns), re.IGNORECASE)


def test_a_question_without_an_answer_asks_about_what_is_left_out(town):
    """Either the table says so of this shape, or a fact of the question is not in the story."""
    asked = read_questions(town)
    shapes = {shape: pattern_of(shape) for shape in asked}
    exchanged = 0
    for each in questions_about(town, 600, seed=4):
        if each.answer is None:
            forms = [form for shape in asked if shapes[shape].fullmatch(each.story) for form in asked[shape]]
            matches = [(pattern_of(form).fullmatch(each.question), answer) for form, answer in forms]
            if not any(match and answer is None for match, answer in matches):
                exchanged += 1
                facts = [match.groups() for match, _ in matches if match]
                assert any(word.lower() not in each.story.lower() for words in facts for word in words), each
    assert exchanged > 20


def test_a_question_about_a_shape_that_is_not_told_is_refused(tmp_path, town):
    lines = "story\tquestion\tanswer\n{x}\t{x}?\t-\n"
    (tmp_path / f"questions_{town.language}.tsv").write_text(lines, "utf-8")
    with pytest.raises(ValueError, match=r"line 2: the town tells no story of the shape '\{x\}'"):
        read_questions(town, tmp_path)


def test_a_question_about_a_fact_that_is_not_told_is_refused(tmp_path, town):
    shape = town.templates[2]
    lines = f"story\tquestion\tanswer\n{shape}\t{{animal}}?\t-\n"
    (tmp_path / f"questions_{town.language}.tsv").write_text(lines, encoding="utf-8")
    with pytest.raises(ValueError, match="line 2: a story of this shape has no fact 'animal'"):
        read_questions(town, tmp_path)


# -- pairs


def places_of_deeds(language):
    """{deed: places where it is done, as words}, read from the files, not through Town."""
    sheets = {
        name: [cells for _, cells in read_lines(TABLES / f"{name}.tsv")]
        for name in ("goods", "act", "animal", "place", "spot")
    }
    word = {row["ko"]: row[language] for name in ("place", "spot") for row in sheets[name]}
    places = {row[language]: {row[f"home.{language}"]} for row in sheets["animal"]}
    for name, link in (("goods", "place"), ("act", "spot")):
        places |= {row[language]: {word[place] for place in row[link].split(", ")} for row in sheets[name]}
    return places, "|".join(word.values())


def parts_of(language, pair, places):
    """(doer, deed, place or None) of the first sentence, (person, place) of the second, from the texts."""
    if language == "ko":
        first = re.fullmatch(rf"(\S+?)[은는] (?:({places})에서 )?(.+?)\.", pair.first)
        second = re.fullmatch(rf"그 시간에 (\S+?)[은는] ({places})에 있었다\.", pair.second)
        deed = re.sub(r"[을를] (샀다|보았다)$", "", first[3])
        return first[1], deed if deed != "표" else "표를 샀다", first[2], second[1], second[2]
    first = re.fullmatch(rf"(\S+) (.+?)(?: (?:at|in) (?:the )?({places}))?\.", pair.first)
    second = re.fullmatch(rf"(\S+) was (?:at|in) (?:the )?({places}) then\.", pair.second)
    deed = re.sub(r"^(bought|saw) (an |a pair of |a |some )?", "", first[2])
    return first[1], deed, first[3], second[1], second[2]


def test_labels_are_what_the_tables_say(town):
    """Decided anew, from the texts of the pairs and the lines of the files."""
    places, names = places_of_deeds(town.language)
    checked = Counter()
    for pair in sentence_pairs(town, 1500, seed=0):
        doer, deed, told, person, place = parts_of(town.language, pair, names)
        acts = re.search(r"^\S+ (.+?)(?: (?:at|in) (?:the )?(?:" + names + r"))?\.$", pair.first)
        possible = {told} if told else places.get(deed) or places[acts[1]]
        if doer != person:
            wanted = "neither"
        elif place not in possible:
            wanted = "contradicts"
        else:
            wanted = "follows" if len(possible) == 1 else "neither"
        assert pair.label == wanted, pair
        checked[wanted, told is None, doer == person] += 1
    # follows and contradicts, told or not; neither: somebody else, told or not, and a deed of several places
    assert len(checked) == 7 and min(checked.values()) > 15


def test_labels_are_equally_common(town):
    counts = Counter(pair.label for pair in sentence_pairs(town, 3000, seed=1))
    assert set(counts) == set(LABELS)
    assert all(abs(count - 1000) < 5 * (3000 * 2 / 9) ** 0.5 for count in counts.values())


def guessed_from(texts, labels, train):
    """Accuracy of counted words and pairs of words, and a logistic regression, on what it has not seen."""
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+")
    model = LogisticRegression(C=1, max_iter=1000).fit(words.fit_transform(texts[:train]), labels[:train])
    return model.score(words.transform(texts[train:]), labels[train:])


def test_the_second_sentence_alone_tells_nothing(town):
    """Chance is 1/3; 2,000 guesses stay within 4 standard deviations of it."""
    pairs = sentence_pairs(town, 6000, seed=2)
    accuracy = guessed_from([pair.second for pair in pairs], [pair.label for pair in pairs], 4000)
    assert accuracy < 1 / 3 + 4 * (2 / 9 / 2000) ** 0.5


def test_counted_words_of_both_sentences_tell_little(town):
    """What they tell, they tell of the first sentence: some deeds have one place, and some have several."""
    pairs = sentence_pairs(town, 6000, seed=3)
    texts = [pair.first + " | " + " ".join("2:" + word for word in pair.second.split()) for pair in pairs]
    assert guessed_from(texts, [pair.label for pair in pairs], 4000) < 0.5


# -- all of them


@pytest.mark.parametrize("draw", [tagged_stories, questions_about, sentence_pairs])
def test_the_seed_decides_everything(town, draw):
    assert draw(town, 30, 0) == draw(town, 30, 0) != draw(town, 30, 1)
    assert draw(town, 30, 0)[:10] == draw(town, 10, 0)


@pytest.mark.parametrize(("language", "name"), [("ko", "town-ko"), ("ko", "town"), ("en", "town")])
def test_the_ready_models_can_read_every_word(language, name):
    tokenizer, town = load_tokenizer(DATA / "week5" / name), Town(language)
    texts = [story.text for story in tagged_stories(town, 500, 0)]
    texts += [text for each in questions_about(town, 1500, 0) for text in each[:2]]
    texts += [text for each in sentence_pairs(town, 500, 0) for text in each[:2]]
    assert not [text for text in texts if "[UNK]" in tokenizer.tokenize(text)]
