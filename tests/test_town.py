"""The town: its words agree, its tables are checked, and its probabilities are exact."""

import math
import random
import re
from collections import Counter

import pytest

from course_lib.ladder import story_probability
from course_lib.town import MASK, Town
from course_lib.wordpiece import WordPieceTokenizer
from course_lib.wordpiece_training import train_wordpiece
from course_lib.world import ENGLISH_FORMS, TABLES, with_article, with_particle

NORMALISATION = dict(lowercase=True, strip_accents=False)


def town_with_tokenizer(language, vocab_size=900):
    town = Town(language)
    vocab = train_wordpiece(town.stories(5000, seed=1), vocab_size, progress=False, **NORMALISATION)
    town.tokenizer = WordPieceTokenizer(vocab, **NORMALISATION)
    return town


@pytest.fixture(scope="module", params=["ko", "en"])
def town(request):
    return town_with_tokenizer(request.param)


def write_town(folder, **tables):
    """A town of one's own: each table as lines whose cells are separated by a bar."""
    for name, lines in tables.items():
        text = "\n".join("\t".join(cell.strip() for cell in line.split("|")) for line in lines)
        (folder / f"{name}.tsv").write_text(text + "\n", encoding="utf-8")
    return folder


SMALL = dict(
    person=["ko | en | weight", "나 | I | 2", "민수 | Minsu | 1", "수진 | Sujin | 1"],
    place=["ko | en | weight", "빵집 | bakery | 1", "시장 | market | 3"],
    goods=[
        "ko | en | place | weight",
        "빵 | bread | 빵집, 시장 | 2",
        "우유 | milk | 빵집 | 1",
        "사과 | apple | 시장 | 1",
    ],
    stories_ko=[
        "weight | story",
        "2 | {person/는} {place}에서 {goods/과} {goods2/을} 샀다.",
        "1 | {person/는} {goods/을} {person2}에게 주었다. {person2/는} 그 {goods/을} 먹었다.",
    ],
    stories_en=["weight | story", "1 | {person} went to the {place}. There {person} bought {goods/a} ."],
)


@pytest.fixture
def small(tmp_path):
    """A town small enough to list every story, with a vocabulary that tears some words apart."""
    folder = write_town(tmp_path, **SMALL)
    pieces = "나 민 ##수 수 ##진 빵 ##집 시 ##장 우유 사 ##과 ##는 ##은 ##와 ##를 ##을 ##에서 ##에게 그 ."
    pieces += " 샀다 주었다 먹었다"
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces.split()]
    return Town("ko", WordPieceTokenizer(vocab, **NORMALISATION), folder)


def every_story(town):
    """All stories with their probabilities, by walking every derivation to its end."""
    stories = Counter()
    total = sum(town.weights)

    def walk(steps, known, words, probability):
        if not steps:
            stories[" ".join(words)] += probability
            return
        for p, text, after in town.outcomes(steps[0], known):
            walk(steps[1:], after, [*words, text], probability * p)

    for weight, steps in zip(town.weights, town.shapes, strict=True):
        walk(steps, (), [], weight / total)
    return stories


def brute_force(town, tokens):
    """The posterior by comparing the text with every story there is, each tokenised as a whole."""
    found, total = {}, 0.0
    for story, probability in every_story(town).items():
        pieces = town.tokenizer.tokenize(story)
        if len(pieces) == len(tokens) and all(t in (MASK, p) for t, p in zip(tokens, pieces, strict=True)):
            total += probability
            for position, token in enumerate(tokens):
                if token == MASK:
                    here = found.setdefault(position, Counter())
                    here[pieces[position]] += probability
    return {position: {piece: p / total for piece, p in here.items()} for position, here in found.items()}


# -- words


@pytest.mark.parametrize(
    "word, particle, wanted",
    [
        ("우유", "을", "우유를"),
        ("빵", "을", "빵을"),
        ("민수", "는", "민수는"),
        ("수진", "는", "수진은"),
        ("버스", "으로", "버스로"),
        ("지하철", "으로", "지하철로"),
        ("트럭", "으로", "트럭으로"),
        ("사과", "과", "사과와"),
        ("귤", "과", "귤과"),
        ("배", "이", "배가"),
        ("눈", "이", "눈이"),
        ("나", "이", "내가"),
    ],
)
def test_particle_follows_the_last_syllable(word, particle, wanted):
    assert with_particle(word, particle) == wanted


@pytest.mark.parametrize(
    "words, number, wanted",
    [
        ("hat", "one", "a hat"),
        ("orange hat", "one", "an orange hat"),
        ("milk", "some", "some milk"),
        ("orange shoes", "pair", "a pair of orange shoes"),
    ],
)
def test_article_follows_the_first_letter_and_the_number(words, number, wanted):
    assert with_article(words, number) == wanted


def test_a_pair_is_one_pair_of_many_things():
    assert ENGLISH_FORMS["was"]("shoes", "pair") == "was"  # there was a pair of shoes
    assert ENGLISH_FORMS["it"]("shoes", "pair") == "them"  # and somebody found them


def test_no_story_has_a_wrong_article():
    stories = " ".join(Town("en").stories(5000))
    assert not re.findall(r"\ba [aeiou]\w*|\ban [^aeiou]\w*", stories)


# -- size


@pytest.mark.parametrize("language", ["ko", "en"])
def test_town_is_as_large_as_promised(language):
    town = Town(language)
    words = {row.word for rows in town.tables.values() for row in rows}
    sentences = [len(re.findall(r"[^.?!]+", story)) for story in town.templates]
    assert len(words) >= 300
    assert len(town.shapes) >= 20
    assert min(sentences) == 1 and max(sentences) >= 4


# -- tables


def refusal(folder, **changes):
    with pytest.raises(ValueError) as error:
        list(Town("ko", folder=write_town(folder, **(SMALL | changes))).stories(200))
    return str(error.value)


def test_row_with_a_missing_cell_is_refused(tmp_path):
    assert "person.tsv, line 2: 1 cells" in refusal(tmp_path, person=["ko | en", "나"])


def test_unknown_link_is_refused(tmp_path):
    message = refusal(tmp_path, goods=["ko | en | place", "빵 | bread | 빵집", "떡 | rice cake | 떡집"])
    assert "goods.tsv, line 3" in message and "떡집" in message


def test_weight_that_is_no_number_is_refused(tmp_path):
    assert "place.tsv, line 2: weight" in refusal(
        tmp_path, place=["ko | en | weight", "빵집 | bakery | many", "시장 | market | 1"]
    )


def test_unknown_fact_in_a_story_is_refused(tmp_path):
    message = refusal(tmp_path, stories_ko=["weight | story", "1 | {persn/는} 샀다."])
    assert "stories_ko.tsv, line 2" in message and "persn.tsv" in message


def test_unclosed_brace_is_refused(tmp_path):
    assert "brace" in refusal(tmp_path, stories_ko=["weight | story", "1 | {person/는 샀다."])


def test_shop_that_sells_too_little_is_named(tmp_path):
    message = refusal(tmp_path, place=[*SMALL["place"], "서점 | bookshop | 1"])
    assert "goods.tsv" in message and "서점" in message


def test_new_row_is_told_about(tmp_path):
    goods = [*SMALL["goods"], "책 | book | 시장 | 5"]
    town = Town("ko", folder=write_town(tmp_path, **(SMALL | dict(goods=goods))))
    assert any("책" in story for story in town.stories(100))


# -- stories


@pytest.mark.parametrize("language", ["ko", "en"])
def test_same_seed_tells_the_same_stories(language):
    assert list(Town(language).stories(50, seed=3)) == list(Town(language).stories(50, seed=3))


def test_probabilities_of_all_stories_sum_to_one(small):
    assert math.isclose(sum(every_story(small).values()), 1.0)


def test_stories_come_as_often_as_their_probability_says(small):
    """Each frequency within 5 standard deviations of its probability: a false alarm in 1 of 10,000 runs."""
    count = 20_000
    told = Counter(small.stories(count))
    for story, probability in every_story(small).items():
        spread = math.sqrt(count * probability * (1 - probability))
        assert abs(told[story] - count * probability) < 5 * spread


# -- exact probabilities


def test_posterior_equals_brute_force(small):
    rng = random.Random(0)
    for story in small.stories(150, seed=5):
        tokens = small.tokenizer.tokenize(story)
        masked = {position for position in range(len(tokens)) if rng.random() < rng.choice([0.15, 0.5, 1.0])}
        visible = [MASK if position in masked else token for position, token in enumerate(tokens)]
        got, wanted = small.posterior(visible), brute_force(small, visible)
        assert got.keys() == masked
        for position in masked:
            assert got[position] == pytest.approx(wanted[position], rel=1e-9)


def test_posterior_agrees_with_monte_carlo(town):
    """Among 60,000 told stories, those that fit have each piece as often as it says, to 5 standard
    deviations.
    """
    told = [town.tokenizer.tokenize(story) for story in town.stories(60_000, seed=8)]
    rng = random.Random(1)
    for _ in range(5):
        tokens = rng.choice(told)
        start = rng.randrange(3)  # hide much, so that many stories fit
        visible = [MASK if position % 4 != start else token for position, token in enumerate(tokens)]
        shown = [(position, token) for position, token in enumerate(visible) if token != MASK]
        fitting = [t for t in told if len(t) == len(tokens) and all(t[i] == token for i, token in shown)]
        for position, distribution in town.posterior(visible).items():
            counts = Counter(t[position] for t in fitting)
            assert counts.keys() <= distribution.keys()
            for piece, probability in distribution.items():
                spread = math.sqrt(len(fitting) * probability * max(1 - probability, 0))
                assert abs(counts[piece] - len(fitting) * probability) < 5 * spread + 1


def test_special_tokens_around_the_text_change_nothing(town):
    tokens = town.tokenizer.tokenize(next(town.stories(1)))
    tokens[0] = MASK
    inside = town.posterior(tokens)
    assert town.posterior(["[CLS]", *tokens, "[SEP]"]) == {p + 1: each for p, each in inside.items()}


def test_text_from_elsewhere_is_refused(small):
    with pytest.raises(ValueError, match="tells no such story.*나 ##는"):
        small.posterior(["나", "##는", "##는", MASK])


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (
            "민 ##수 ##는 시 ##장 ##에서",
            "“민 ##수 ##는 시 ##장 ##에서” is the beginning of one, and has to go on",
        ),
        ("빵 ##집", "none begins with “빵”"),
        ("나 ##는 나", "“나 ##는” begins one, but cannot go on with “나”"),
    ],
)
def test_a_text_that_is_no_story_is_explained(small, told, why):
    with pytest.raises(ValueError, match=why):
        small.posterior(told.split())


def test_a_mark_in_front_of_a_table_changes_nothing(small, tmp_path):
    """Some editors write a byte order mark, which would hide the name of the first column."""
    path = tmp_path / "stories_ko.tsv"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert Town("ko", folder=tmp_path).weights == small.weights


def test_place_that_sells_the_goods_is_likelier(small):
    tokens = ["나", "##는", MASK, MASK, "##에서", "우유", "##와", "빵", "##을", "샀다", "."]
    assert small.posterior(tokens)[2] == {"빵": 1.0}  # 빵 ##집: only the bakery has milk


def test_floor_is_the_mean_of_the_posteriors(small):
    tokens = small.tokenizer.tokenize("나는 시장에서 빵과 사과를 샀다.")
    goods = tokens.index("사")
    distribution = small.posterior([MASK if i == goods else t for i, t in enumerate(tokens)])[goods]
    floor = small.floor([tokens], [{goods}])
    assert floor.loss == pytest.approx(-math.log(distribution["사"]))


def test_a_story_needs_few_steps(town):
    """No time is compared here: what is bounded is the number of ways looked at, which costs the time."""
    rng, looked_at = random.Random(2), []
    for story in town.stories(200, seed=9):
        tokens = town.tokenizer.tokenize(story)
        visible = [MASK if rng.random() < 0.15 else token for token in tokens]
        edges = [town.lattice(steps, visible)[0] for steps in town.shapes]
        looked_at.append(sum(len(here) for each in edges for here in each))
    assert sum(looked_at) / len(looked_at) < 500


def test_tables_say_who_wrote_them():
    assert "written for this course" in (TABLES.parent / "README.md").read_text(encoding="utf-8")


def test_the_probability_of_a_story_is_that_of_all_ways_to_tell_it(small):
    found = every_story(small)
    for story, probability in found.items():
        tokens = small.tokenizer.tokenize(story)
        assert story_probability(small, tokens) == pytest.approx(probability)
        assert story_probability(small, tokens[:-1]) == 0.0  # without its full stop it is no story


def test_the_probability_of_a_beginning_is_that_of_all_that_begin_so(small):
    found = every_story(small)
    for words in (1, 2, 3):
        for beginning in {" ".join(story.split()[:words]) for story in found}:
            wanted = sum(p for story, p in found.items() if story.split()[:words] == beginning.split())
            tokens = small.tokenizer.tokenize(beginning)
            assert story_probability(small, tokens, goes_on=True) == pytest.approx(wanted)
