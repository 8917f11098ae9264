"""What the cards show and keep. That they can be clicked and typed at is tested in the browser."""

import linecache
import re
from html import escape

import pytest
import torch

from course_lib.classroom import check
from course_lib.classroom.cards.answered_here import card
from course_lib.classroom.cards.card import CodeCard, verdict_html
from course_lib.classroom.cards.exercise_decorator import exercise
from course_lib.classroom.exercises.base import find
from course_lib.classroom.judging.check import submit

pytestmark = pytest.mark.usefixtures("store")


def test_hints_open_one_by_one_and_stay_open(store):
    shown = card("0.1")
    for number in (1, 2, 3):
        assert shown.hint_button.description == f"Hint {number} of 3"
        shown.hint_button.click()
        assert f"Hint {number}." in shown.help_box.value
    assert shown.hint_button.disabled
    assert "Hint 3." in card("0.1").help_box.value and store.exercise("0.1")["hints"] == 3


def test_the_solution_asks_once_more_before_the_first_try(store):
    shown = card("0.1")
    shown.solution_button.click()
    assert "Press <b>Solution</b> again" in shown.help_box.value and not store.exercise("0.1")["solution"]
    shown.solution_button.click()
    assert "✓" in shown.help_box.value and "you have looked at this solution" in shown.state_box.value


def test_the_solution_opens_at_once_after_a_try():
    shown = card("0.1")
    shown.answer("error")
    shown.solution_button.click()
    assert "Solution." in shown.help_box.value


def test_a_choice_is_explained_and_the_week_moves_on():
    shown = card("0.1")
    shown.answer("error")
    assert "✗ Not yet" in shown.verdict_box.value and "Week 0: 0 of " in shown.state_box.value
    shown.answer("library")
    assert "✓ Passed" in shown.verdict_box.value and "Week 0: 1 of " in shown.state_box.value


def test_a_sorting_waits_for_all_and_keeps_what_was_chosen(store):
    shown = card("1.1")
    check_button = next(each for each in shown.children if getattr(each, "description", "") == "Check")
    check_button.click()
    assert "Choose an answer first" in shown.verdict_box.value and store.exercise("1.1")["attempts"] == 0
    shown.menus["line"].value = "model"
    check_button.click()
    assert "5 to go" in shown.verdict_box.value and store.exercise("1.1")["attempts"] == 0
    for menu in shown.menus.values():
        menu.value = "model"
    check_button.click()
    assert "Right: 3 of 6. Think again about “The largest" in shown.verdict_box.value
    assert store.exercise("1.1")["attempts"] == 1 and shown.menus["line"].value == "model"


def test_an_ordering_moves_its_lines():
    shown = card("2.5")
    before = list(shown.order)
    shown.up[1].click()
    assert shown.order == [before[1], before[0], *before[2:]]
    assert shown.labels[0].value.startswith("1. ") and shown.up[0].tooltip.startswith("Move up: ")
    assert shown.up[0].disabled and shown.down[-1].disabled


def shown_order(shown):
    """What a card has to choose from, to sort or to order, from top to bottom."""
    if hasattr(shown, "choice"):
        return [label for label, _ in shown.choice.options]
    if hasattr(shown, "menus"):
        return [menu.description for menu in shown.menus.values()]
    return [label.value.partition(". ")[2] for label in shown.labels]


ORDERED = {"quiz": "1.3", "sorting": "4.1", "ordering": "2.5"}


@pytest.mark.parametrize("kind", ORDERED)
def test_each_learner_has_an_order_which_stays(kind, monkeypatch, store, tmp_path):
    monkeypatch.delenv("COURSE_ORDER_SEED")
    orders = []
    for learner in range(8):  # all alike by chance: at most once in 24⁷
        mine = []
        for _ in range(2):  # a second kernel
            store.use(tmp_path / str(learner))
            mine.append(shown_order(card(ORDERED[kind])))
        assert mine[0] == mine[1]
        orders.append(tuple(mine[0]))
    assert len(set(orders)) > 1 and len(set(map(frozenset, orders))) == 1


@pytest.mark.parametrize("kind", ORDERED)
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_the_still_form_has_the_order_of_the_card(kind, seed, monkeypatch):
    monkeypatch.setenv("COURSE_ORDER_SEED", seed)
    shown = card(ORDERED[kind])
    assert re.findall("<li>(.*?)</li>", shown.still_body()) == [escape(each) for each in shown_order(shown)]


@pytest.mark.parametrize("kind", ORDERED)
def test_the_solution_has_the_order_in_which_it_is_explained(kind, monkeypatch):
    monkeypatch.setenv("COURSE_ORDER_SEED", "1")
    one = card(ORDERED[kind]).solution_text()
    monkeypatch.setenv("COURSE_ORDER_SEED", "2")
    assert card(ORDERED[kind]).solution_text() == one


def test_a_choice_is_checked_as_itself_wherever_it_stands(monkeypatch):
    for seed in range(6):
        monkeypatch.setenv("COURSE_ORDER_SEED", str(seed))
        shown = card("1.3")
        shown.choice.label = find("1.3").choices["grid"][0]
        next(each for each in shown.children if getattr(each, "description", "") == "Check").click()
        assert shown.verdict.passed


def test_a_verdict_is_told_to_a_screen_reader():
    assert "role='status'" in card("2.1").verdict_box.value


def test_what_differs_is_framed_and_marked():
    verdict = check("0.2", "def average_vector(vectors):\n    return vectors.sum(dim=0)\n")
    html = verdict_html(verdict)
    assert html.count("class='differs'>≠ ") == 3 and "<b>wanted</b>" in html and "<b>yours</b>" in html


def test_a_tensor_of_many_dimensions_is_shown_as_matrices():
    source = "def split_heads(hidden, num_heads):\n    return hidden.reshape(1, 3, 2, 2)\n"
    html = verdict_html(check("2.3", source))
    assert "[0, 2]" in html and "≠" in html


def test_learners_text_cannot_become_html():
    verdict = check("0.2", "def average_vector(vectors):\n    raise ValueError('<b>bold</b>')\n")
    assert "<b>bold</b>" not in verdict_html(verdict) and "&lt;b&gt;bold" in verdict_html(verdict)


def test_the_still_form_says_what_the_card_says():
    bundle = CodeCard(find("2.2"))._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Exercise 2.2 · Attention weights: ○ Not attempted")
    assert "Write softmax" in bundle["text/html"] and "model_id" not in bundle["text/html"]


def test_a_code_exercise_has_no_card_of_its_own():
    with pytest.raises(ValueError, match="answered in a cell"):
        card("2.2")


def test_the_notebook_goes_on_with_the_library_until_the_answer_passes(capsys):
    from course_lib.encoder import add_and_norm

    def wrong(hidden, change, norm):
        return norm(change)

    wrong.__name__ = "add_and_norm"
    assert exercise("2.6")(wrong) is add_and_norm
    assert "is the course's version" in capsys.readouterr().out


RIGHT, WRONG = "hidden + change", "change"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ((RIGHT, WRONG), "stays kept"),
        ((WRONG, RIGHT), "your own function"),
        ((RIGHT, "change + hidden"), "takes the place"),
    ],
)
def test_of_two_cells_the_last_that_passes_is_kept_and_used(cells, said, store, monkeypatch):
    shown = []
    monkeypatch.setattr("course_lib.classroom.cards.card.display", shown.append)
    for number, inside in enumerate(cells):
        source = f"@exercise('2.6')\ndef add_and_norm(hidden, change, norm):\n    return norm({inside})\n"
        name = f"<cell {number}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), scope := {"exercise": exercise})
    passed = [inside for inside in cells if inside != WRONG]
    assert f"return norm({passed[-1]})" in store.answer(find("2.6"))
    assert scope["add_and_norm"].__code__.co_filename == "<exercise 2.6>"
    assert said in shown[-1].verdict.message


def test_what_the_library_does_not_have_goes_on_with_the_solution(capsys):
    exercise("8.6")(find("8.6").stub)
    assert "is the course's version" in capsys.readouterr().out


def test_a_card_passed_before_says_so(store):
    card("0.1").answer("library")
    assert card("0.1").verdict.passed and "passed this before" in card("0.1").verdict_box.value


def most_similar(query, vectors, k):
    return (F.normalize(vectors, dim=-1) @ F.normalize(query, dim=0)).topk(k).indices  # noqa: F821


def test_a_passed_answer_runs_with_the_imports_that_it_was_checked_with():
    """The notebook may not have them: here nobody imports F."""
    mine = exercise("7.4")(most_similar)
    query, vectors = torch.tensor([1.0, 0.0]), torch.tensor([[0.0, 1.0], [2.0, 0.1]])
    assert mine(query, vectors, k=1).tolist() == [1]


def average_vector(vectors):
    """The average of the rows.  vectors: (number of words, size) → (size,)"""
    ...


def test_an_untouched_stub_gets_the_answer_kept_before(store, capsys):
    source = "def average_vector(vectors):\n    return vectors.mean(dim=0) + 0\n"
    submit(find("0.2"), source)
    mine = exercise("0.2")(average_vector)
    assert mine.__code__.co_filename == "<exercise 0.2>"
    assert "is the answer that you passed before" in capsys.readouterr().out
