"""Week 5's other widgets: masking, asking, the recorded trainings, and the ready models."""

import json
import unicodedata

import pytest
import torch

from course_lib.bert import IGNORE_INDEX, BertForMaskedLM
from course_lib.classroom.experiments.broken_trainings import (
    LETTERS,
    RECORD,
    BuggyTraining,
    answers_beside,
    show_training,
    train,
)
from course_lib.classroom.experiments.growing_bert import GrowingBert
from course_lib.classroom.materials.ready_models import RUNS, ready_model
from course_lib.classroom.widgets.asking import Asking, exact_answers
from course_lib.classroom.widgets.live_training import LiveTraining
from course_lib.classroom.widgets.masking_explorer import MaskingExplorer
from course_lib.ladder import evaluate, ladder, mask_for_evaluation
from course_lib.masking import Vocabulary
from course_lib.pretraining import PreTraining, Training
from course_lib.town import Town
from course_lib.wordpiece import SPECIAL

pytestmark = pytest.mark.usefixtures("one_core")

STORY = "비가 와서 영호는 영화관에 가지 않았다."


@pytest.fixture(scope="module")
def ready():
    return ready_model("town-ko")


@pytest.fixture(scope="module")
def grown():
    return GrowingBert(stories=3000)


@pytest.fixture(scope="module")
def as_recorded():
    """The stories and the size of the recorded trainings."""
    return GrowingBert()


# -- masking


def test_the_masking_explorer_counts_what_it_shows(ready):
    _, town = ready
    explorer = MaskingExplorer(town.tokenizer, STORY, probability=1.0)
    shown = explorer.shown.value
    pieces = len(town.tokenizer.tokenize(STORY))
    assert f"{pieces} of {pieces} tokens chosen" in shown
    assert shown.count("→ [MASK]") + shown.count("dashed") + shown.count(">kept<") == pieces
    explorer.button.click()
    assert explorer.shown.value != shown
    assert MaskingExplorer(town.tokenizer, STORY, 1.0).shown.value == shown


def test_an_empty_text_has_nothing_to_hide(ready):
    explorer = MaskingExplorer(ready[1].tokenizer, STORY)
    explorer.text.value = "   "
    assert "type a sentence" in explorer.shown.value
    explorer.text.value = "<b>나</b>"
    assert "<b>나" not in explorer.shown.value


# -- asking


def test_a_question_in_decomposed_korean_has_the_answers_of_the_composed_one(ready):
    question = "나는 [MASK]에서 우유를 샀다"
    decomposed = unicodedata.normalize("NFD", question)
    assert exact_answers(ready[1], decomposed) == exact_answers(ready[1], question)


def test_answers_stand_beside_the_exact_ones(ready):
    panel = Asking(*ready, "나는 [MASK]에서 우유를 샀다")
    best, _ = exact_answers(ready[1], panel.text.value)[0][0]
    assert best in panel.shown.value and "the grammar knows" in panel.shown.value


def test_a_question_outside_the_grammar_has_no_exact_answer(ready):
    panel = Asking(*ready, "빵집이 [MASK]를 마셨다.")
    assert "the town tells no such story" in panel.shown.value


def test_a_question_without_a_gap_gets_a_sentence(ready):
    panel = Asking(*ready, "나는 [MASK]에서 우유를 샀다")
    panel.text.value = "나는 빵집에 갔다."
    assert "there is no [MASK]" in panel.shown.value


def test_a_training_shows_questions_that_the_town_cannot_tell(ready):
    model, town = ready
    vocab = Vocabulary(town.tokenizer.vocab)
    gaps = mask_for_evaluation([town.tokenizer.encode(STORY).ids], vocab)
    questions = ["나는 [MASK]에서 우유를 샀다", "빵집이 [MASK]를 마셨다."]
    run = PreTraining(model, None, vocab, Training(steps=1))
    live = LiveTraining(run, {"floor": 0.1}, gaps, tokenizer=town.tokenizer, town=town, questions=questions)
    known, unknown = live.answer().split("</tr>")[1:3]
    assert "빵집" in known and unknown.endswith("–</td>")


# -- the ready models


@pytest.mark.parametrize("name", ["town-ko", "town", "docs", "broken"])
def test_the_records_name_the_rungs_as_ladder_does(name):
    path = RECORD if name == "broken" else RUNS / name / "metrics.jsonl"
    text = path.read_text("utf-8")
    records = [text] if name == "broken" else text.splitlines()  # JSON, each of them
    wanted = list(ladder([*SPECIAL, "a"], [(torch.tensor([[5]]), torch.tensor([[5]]))]))
    assert all(list(json.loads(each)["rungs"])[: len(wanted)] == wanted for each in records)


@pytest.mark.parametrize("name", ["town-ko", "town"])
def test_a_ready_model_is_as_good_as_its_log_says(name):
    """On other stories than those of the log, so within a few standard errors."""
    model, town = ready_model(name)
    log = [json.loads(line) for line in (RUNS / name / "metrics.jsonl").read_text("utf-8").splitlines()]
    vocab = Vocabulary(town.tokenizer.vocab)
    languages = ("ko", "en") if name == "town" else ("ko",)
    examples = [
        town.tokenizer.encode(story).ids
        for language in languages
        for story in Town(language).stories(500, seed=11)
    ]
    loss, accuracy = evaluate(model, mask_for_evaluation(examples, vocab), vocab)
    assert loss == pytest.approx(log[-1]["held_out_loss"], abs=0.06)
    assert accuracy == pytest.approx(log[-1]["held_out_accuracy"], abs=0.03)


# -- broken trainings


@pytest.mark.parametrize("name", ["healthy", *LETTERS])
def test_each_recorded_training_was_really_run(as_recorded, name):
    """Its first steps, once more. Later ones differ by the rounding of other processors."""
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))["trainings"][name]
    steps = 4 if name == "B" else 12  # large steps make small differences large
    _, losses, _ = train(as_recorded, LETTERS.get(name), stop=steps)
    assert losses == pytest.approx(recorded["losses"][:steps], abs=0.02)
    assert f"training {name}" in repr(show_training(name))


def test_the_bugs_do_what_their_names_say(grown):
    """What reaches the loss: the token to the right, [MASK] itself, no mask for the padding."""
    model = BertForMaskedLM(grown.config())
    seen = {}

    def forward(ids, attention_mask, labels, masked_only):
        seen.update(attention_mask=attention_mask, labels=labels)

    ids = torch.tensor([[2, 10, 4, 12, 3, 0]])
    labels = torch.tensor([[-100, -100, 11, -100, -100, -100]])
    for bug, wanted in {None: 11, "shift": 12, "mask": 4, "padding": 11}.items():
        run = BuggyTraining(model, None, grown.vocabulary, Training(steps=1), bug)
        run.healthy = forward
        run.parallel(ids, attention_mask=ids != 0, labels=labels, masked_only=True)
        assert seen["labels"][labels != IGNORE_INDEX].tolist() == [wanted]
        assert (seen["attention_mask"] is None) == (bug == "padding")


def test_only_attended_padding_changes_an_answer(grown):
    model, _, _ = train(grown, None, stop=100)
    question = "나는 빵집에서 [MASK]을 샀다."
    healthy = answers_beside(model, grown.tokenizer, question, None)
    assert healthy["alone"] == healthy["beside a longer text"]
    broken = answers_beside(model, grown.tokenizer, question, "padding")
    assert broken["alone"] != broken["beside a longer text"]


def test_the_ladder_of_the_ready_model_is_that_of_its_town(ready):
    """The floor lies below the two neighbours, those below the counts, those below the even guess."""
    _, town = ready
    vocab = Vocabulary(town.tokenizer.vocab)
    examples = [town.tokenizer.encode(story).ids for story in town.stories(300, seed=4)]
    rungs = ladder(town.tokenizer.vocab, mask_for_evaluation(examples, vocab), town, examples)
    assert list(rungs) == ["even guess (ln V)", "entropy of the tokens", "two neighbours", "floor"]
    assert list(rungs.values()) == sorted(rungs.values(), reverse=True)
