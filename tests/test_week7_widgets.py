"""Week 7's widgets and records: search, kinds of pieces, the certificate, what was trained beforehand."""

import json
import re
from io import BytesIO

import numpy as np
import pytest
import torch
from matplotlib.image import imread

from course_lib.bert import BertModel
from course_lib.checkpoint import load_model, load_tokenizer
from course_lib.classroom.cards.certificate import certificate
from course_lib.classroom.exercises.base import CodeExercise, all_exercises
from course_lib.classroom.experiments import changes, labelled
from course_lib.classroom.figures import draw_pieces, use_course_style
from course_lib.classroom.materials import download as downloads
from course_lib.classroom.materials.piece_kinds import piece_kind
from course_lib.classroom.materials.published import published_folder
from course_lib.classroom.materials.ready_models import ready_model
from course_lib.classroom.tables import show_rows
from course_lib.classroom.widgets.searching import Question, Search, Searching, share_answered, words

pytestmark = pytest.mark.usefixtures("one_core")

FUNCTIONS = {
    "math.gcd": "Greatest Common Divisor.",
    "math.sqrt": "Return the square root of x.",
    "random.shuffle": "Shuffle list x in place, and return None.",
    "time.sleep": "Delay execution for a given number of seconds.",
}


@pytest.fixture(scope="module")
def published():
    return load_model(published_folder(), BertModel), load_tokenizer(published_folder())


@pytest.fixture(scope="module")
def search(published):
    return Search(FUNCTIONS, *published)


# -- search


def test_meaning_finds_what_shares_no_word(search):
    assert search.by_meaning("the largest number that divides both", 1) == ["math.gcd"]
    assert search.by_meaning("wait a moment", 1) == ["time.sleep"]


def test_keywords_find_shared_words_and_nothing_else(search):
    assert search.by_keywords("square root") == ["math.sqrt"]
    assert search.by_keywords("wait, please") == []
    assert words("Use numpy.argsort, now!") == ["use", "numpy", "argsort", "now"]


def test_keyword_scores_are_those_of_the_formula(search):
    """BM25 as in Robertson and Zaragoza 2009, with the library's k1 = 1.5, b = 0.75 and a smoothed idf."""
    texts = [words(f"{name}: {text}") for name, text in FUNCTIONS.items()]
    mean = sum(map(len, texts)) / len(texts)
    for query in ("root of a list", "seconds", "return the number"):
        wanted = torch.zeros(len(texts))
        for word in words(query):
            holding = sum(word in text for text in texts)
            idf = torch.log(torch.tensor(1 + (len(texts) - holding + 0.5) / (holding + 0.5)))
            for row, text in enumerate(texts):
                count = text.count(word)
                wanted[row] += idf * count / (count + 1.5 * (0.25 + 0.75 * len(text) / mean))
        got = torch.from_numpy(search.keywords.get_scores(words(query)))
        assert (got / got.max()).tolist() == pytest.approx((wanted / wanted.max()).tolist(), abs=1e-4)


def test_a_question_is_answered_by_any_of_its_functions():
    questions = [Question("a", {"f", "g"}), Question("b", {"h"})]
    found = [["x", "g"], ["h"]]
    assert [share_answered(questions, found, k) for k in (1, 2)] == [0.5, 1.0]


def test_the_search_follows_what_is_typed(search):
    shown = Searching(search, "mix a list")
    assert "random.shuffle" in shown.shown.value
    shown.text.value = "<b>root</b>"
    assert "math.sqrt" in shown.shown.value
    shown.text.value = ""
    assert "<li>nothing</li>" in shown.shown.value
    assert "by keywords: nothing" in shown._repr_mimebundle_()["text/plain"]


# -- the vocabulary


@pytest.mark.parametrize(
    ("piece", "kind"),
    [
        ("[CLS]", "special"),
        ("[unused7]", "never used"),
        ("[", "punctuation"),
        ("##.", "punctuation"),
        ("1984", "numbers"),
        ("word", "Latin, begins"),
        ("##ing", "Latin, goes on"),
        ("3d", "Latin, begins"),
        ("ᄒ", "Hangul"),
        ("##ᅡ", "Hangul"),
        ("東", "other scripts and signs"),
        ("##°", "other scripts and signs"),
    ],
)
def test_every_piece_has_a_kind(piece, kind):
    assert piece_kind(piece) == kind


def test_the_map_counts_what_it_draws():
    use_course_style()
    picture = draw_pieces(["a"] * 200 + ["b"] * 3)
    assert "a 200, b 3" in picture.alt


def test_a_table_escapes_what_it_shows():
    table = show_rows(("name", "<i>"), [("a & b", 3)])
    assert "&lt;i&gt;" in table.data and "a &amp; b" in table.data
    assert repr(table) == "name | <i>\na & b | 3"


# -- the certificate


@pytest.fixture(autouse=True)
def style():
    use_course_style()


def test_a_certificate_certifies_nothing_where_nothing_was_done(store):
    picture = certificate()
    assert re.fullmatch(r"Certificate: 0 of \d+ exercises passed; own code: none yet\.", picture.alt)
    assert (store.folder / "certificate.png").read_bytes() == picture.png


def test_a_certificate_is_drawn_from_what_is_kept(store):
    for each in all_exercises().values():
        store.attempt(each.id, "passed")
        if issubclass(each, CodeExercise):
            store.keep_answer(each, each.source(each.solution))
    total = len(all_exercises())
    picture = certificate("김민수")
    assert f"for 김민수: {total} of {total} exercises passed" in picture.alt
    assert "mean_pooling" in picture.alt and "attention_weights" in picture.alt


def test_a_tried_exercise_is_not_a_passed_one(store):
    store.attempt("7.1", "failed")
    assert "0 of" in certificate().alt


NAMES = {
    "a formula that is none": "Kim $x_{$ Lee",
    "a formula": "Kim $x^2$ Lee",
    "signs that no font has": "이름 🫠🇰🇷 \x07",
    "half a sign": "Kim\ud83d",
    "lines": "Kim\n\tLee\r\n",
    "a sentence": "Anna Magdalena Wilhelmina von und zu Hohenstein-Ellrich " * 3,
    "one long word": "가" * 300,
    "from right to left": "محمد علي ‎שלום",
}


def changed_by(name):
    """Where a certificate with this name differs from one without, as shares: top, left, bottom, right."""
    empty, named = (imread(BytesIO(certificate(each).png)) for each in ("", name))
    assert named.shape == empty.shape, "a picture takes in what sticks out, and becomes larger"
    places = np.argwhere((named != empty).any(axis=-1)) / empty.shape[:2]
    return *places.min(axis=0), *places.max(axis=0)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_has_its_place_on_the_certificate(store, name):
    top, left, bottom, right = changed_by(NAMES[name])
    assert 0.05 < left < right < 0.95 and 0.13 < top < bottom < 0.25


def test_a_name_without_any_width_is_no_error(store):
    assert "for \u200d:" in certificate("\u200d").alt


def test_a_name_of_blanks_is_no_name(store):
    assert certificate(" \n\t ").png == certificate("").png and "for" not in certificate(" ").alt


def test_a_folder_that_cannot_be_written_is_said(store, capsys):
    store.folder.write_text("a file stands where the folder should be", encoding="utf-8")
    certificate()
    assert "It cannot be kept" in capsys.readouterr().out


# -- the one cell that may use the network


@pytest.mark.parametrize("trouble", [ConnectionError("no network"), FileNotFoundError("no such model")])
def test_a_download_that_fails_is_said_and_stops_nothing(monkeypatch, capsys, trouble):
    def fail(name, allow_patterns):
        raise trouble

    monkeypatch.setattr(downloads, "snapshot_download", fail)
    assert downloads.download("somebody/a-bert") is None
    assert "somebody/a-bert could not be fetched" in capsys.readouterr().out


def test_no_pickle_is_fetched(monkeypatch, tmp_path):
    asked = {}
    monkeypatch.setattr(
        downloads,
        "snapshot_download",
        lambda name, allow_patterns: asked.update(files=allow_patterns) or tmp_path,
    )
    assert downloads.download("somebody/a-bert") == tmp_path
    assert "model.safetensors" in asked["files"] and not [f for f in asked["files"] if f.endswith(".bin")]


# -- labels


def test_no_thing_is_asked_that_was_labelled():
    for count in (1, 4):
        split, deeds = labelled.draw_goods(count, seed=3)
        learnt, asked = ({text.split()[1] for text in texts} for texts in (split.texts, split.test_texts))
        assert not learnt & asked
        assert sorted(set(split.labels)) == list(range(len(deeds)))
        assert len(split.texts) == 2 * count * len(deeds)


def test_docstrings_are_drawn_evenly_and_by_module():
    split = labelled.draw_docstrings(4, seed=0, tests=10)
    assert [split.labels.count(label) for label in range(6)] == [4] * 6
    assert [split.test_labels.count(label) for label in range(6)] == [10] * 6
    where = {each.text: each.module for each in labelled.docstrings()}
    assert not {where[text] for text in split.texts} & {where[text] for text in split.test_texts}


def test_pre_training_pays_on_the_town():
    """The claim of the notebook, with a wide margin: one in eleven is chance."""
    model, town = ready_model("town-ko")
    settings = labelled.FineTuning(steps=120, learning_rate=1e-3)
    split, _ = labelled.draw_goods(4, seed=5)
    tuned = labelled.tuned(model, town.tokenizer, split, settings)
    fresh = labelled.tuned(labelled.random_start(model, 5), town.tokenizer, split, settings)
    assert tuned > 0.6 > 0.3 > fresh


# -- records


def test_the_record_of_fine_tuning_was_really_measured(published):
    """What takes seconds, once more; the rest of the record differs by the rounding of other processors."""
    record = json.loads(labelled.RECORD.read_text(encoding="utf-8"))
    assert {len(values) for curve in record["curve"].values() for values in curve.values()} == {5}
    split = labelled.draw_docstrings(16, seed=1)
    curve = record["curve"]
    assert labelled.count_words(split) == pytest.approx(curve["words counted"]["16"][1], abs=0.005)
    frozen = labelled.frozen(*published, split)
    assert frozen == pytest.approx(curve["pre-trained, frozen"]["16"][1], abs=0.02)


@pytest.mark.parametrize("name", ["2018", "all of these"])
def test_the_record_of_changes_was_really_measured(name):
    record = changes.read_record()
    rate, (altered, mask_probability) = changes.RATES[0], changes.CHANGES[name]
    losses = changes.changing_bert().measure(altered, mask_probability, rate, seed=1, stop=changes.EVERY)
    recorded = record["changes"][name][f"{rate:g}"][1]
    assert len(recorded) == changes.STEPS // changes.EVERY
    assert losses == pytest.approx(recorded[:1], abs=0.15)


def test_the_table_of_changes_has_every_change_and_both_rates():
    shown = repr(changes.changes_table())
    assert all(f"\n{name} | " in shown for name in changes.CHANGES)
    assert "pairs: gaps alone" in shown and "loss at rate 0.004 | loss at rate 0.008" in shown
    assert set(changes.read_record()["changes"]) == set(changes.CHANGES)


def test_each_seed_of_a_record_trains_on_pairs_as_its_name_says(monkeypatch):
    trained = []

    class Pairs:
        def __init__(self, bert):
            pass

        def train(self, steps, torn, next_sentence, seed=0):
            trained.append((torn, next_sentence, seed))
            return float(seed), 0.5

    monkeypatch.setattr(changes, "PairedBert", Pairs)
    monkeypatch.setattr(changes.ChangingBert, "measure", lambda *_, **__: [])
    losses = changes.record()["next sentence"]
    seeds = list(changes.SEEDS)
    assert losses == {"gaps and next sentences": seeds, "gaps alone": seeds}
    assert trained == [(both, both, seed) for both in (True, False) for seed in seeds]
