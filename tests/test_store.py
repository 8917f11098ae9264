"""Progress and answers on disk: nothing is lost, and nothing that is damaged blocks the course."""

import json
import multiprocessing
import os
import re
import shutil

import pytest

from course_lib.classroom import my_code, use_library_code, use_my_code
from course_lib.classroom.cards.answered_here import card
from course_lib.classroom.cards.course_map import CourseMap
from course_lib.classroom.exercises.base import find
from course_lib.classroom.judging.check import submit
from course_lib.classroom.judging.own_code import replaced
from course_lib.classroom.judging.store import FORMAT, OLDER_ANSWERS, RENUMBERED, Store

SOURCE = "def average_vector(vectors):\n    return vectors.mean(dim=0)\n"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder of English and Korean notebooks, and no COURSE_PROGRESS that names another."""
    monkeypatch.delenv("COURSE_PROGRESS")
    (tmp_path / "ko").mkdir()
    (tmp_path / "00_start_here.ipynb").touch()
    return tmp_path


@pytest.mark.parametrize("folder", [".", "ko"])
def test_english_and_korean_notebooks_share_one_folder(course, monkeypatch, folder):
    monkeypatch.chdir(course / folder)
    assert Store().folder == course / "my_course"


def test_a_folder_that_only_happens_to_be_called_ko_keeps_its_own(course, monkeypatch):
    (course / "00_start_here.ipynb").unlink()
    monkeypatch.chdir(course / "ko")
    assert Store().folder == course / "ko" / "my_course"


def test_a_passed_answer_is_kept_as_readable_python(store):
    assert submit(find("0.2"), SOURCE).passed
    text = (store.folder / "answers" / "0_2_average_vector.py").read_text(encoding="utf-8")
    assert text.startswith("# Exercise 0.2 ·") and text.endswith(SOURCE)
    assert store.exercise("0.2") == {"status": "passed", "attempts": 1, "hints": 0, "solution": False}


def test_an_untouched_stub_leaves_no_trace(store):
    submit(find("0.2"), "def average_vector(vectors):\n    ...\n")
    assert not store.folder.exists()


def test_what_has_passed_stays_passed(store):
    submit(find("0.2"), SOURCE)
    submit(find("0.2"), SOURCE.replace("mean", "sum"))
    assert store.exercise("0.2")["status"] == "passed" and store.exercise("0.2")["attempts"] == 2
    assert "mean" in store.answer(find("0.2"))


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b'{"format": 9}',
        b'{"format": 1, "exercises": [], "predictions": {}}',
        b'{"format": 1, "exercises": {"0.2": 3}, "predictions": {}}',
    ],
)
def test_a_damaged_file_is_set_aside_and_answers_are_found_again(store, damage):
    submit(find("0.2"), SOURCE)
    store.file.write_bytes(damage)
    assert store.exercise("0.2")["status"] == "passed"
    assert store.file.with_name("progress.damaged-1.json").read_bytes() == damage
    assert "progress.damaged-1.json" in store.notice() and store.notice() is None
    assert json.loads(store.file.read_text(encoding="utf-8"))["format"] == FORMAT


def keep_as_in_format_1(store):
    """What version 0.1.0 kept of somebody who had come to the end of its seven weeks."""
    old = {
        "format": 1,
        "exercises": {
            "5.7": {"status": "passed"},
            "5.8": {"status": "passed"},
            "6.4": {"status": "passed", "attempts": 3},
            "6.5": {"status": "failed", "attempts": 5},
            "6.6": {"status": "passed"},
        },
        "predictions": {
            "5-together": "seldom",
            "6-same": "some millionths",
            "6-rate": "both hurt",
            "5-share": "the attention",
        },
        "order_seed": 5,
    }
    store.answers.mkdir(parents=True)
    store.file.write_text(json.dumps(old), encoding="utf-8")
    for name in ("6_4_most_similar", "6_6_geglu"):
        (store.answers / f"{name}.py").write_text(f"def {name[4:]}(): ...\n", encoding="utf-8")


def test_progress_under_the_numbers_of_version_0_1_is_found_under_todays(store):
    keep_as_in_format_1(store)
    assert [store.exercise(each)["status"] for each in ("5.7", "6.7", "7.4", "7.5")] == ["passed"] * 4
    assert store.exercise("7.4")["attempts"] == 3 and store.exercise("8.6")["attempts"] == 5
    assert [store.exercise(each)["status"] for each in ("5.8", "6.4", "7.6")] == ["not_attempted"] * 3
    assert store.answer(find("7.4")) == "def most_similar(): ...\n"
    assert store.answer(find("7.5")) == "def geglu(): ...\n"
    store.note("0.2", hints=1)
    kept = json.loads(store.file.read_text(encoding="utf-8"))
    assert kept["format"] == FORMAT and kept["order_seed"] == 5
    assert kept["exercises"].keys() == {"5.7", "6.7", "7.4", "8.6", "7.5", "0.2"}
    assert kept["predictions"].keys() == {"6-together", "7-same", "8-rate", "5-share"}
    assert store.exercise("7.4")["attempts"] == 3  # and they are not renumbered twice


def test_answers_under_the_numbers_of_version_0_1_are_found_beside_a_damaged_file(store):
    keep_as_in_format_1(store)
    store.file.write_bytes(b"{")
    assert store.exercise("7.4")["status"] == "passed" and store.exercise("7.5")["status"] == "passed"
    assert store.exercise("6.4")["status"] == "not_attempted"


def keep_as_in_format_2(store):
    """What was kept while the course had eight weeks: 7.5 was about labels, 7.6 and 7.7 about two changes."""
    old = {
        "format": 2,
        "exercises": {
            "6.5": {"status": "passed"},
            "7.4": {"status": "passed"},
            "7.5": {"status": "passed", "attempts": 2},
            "7.6": {"status": "failed", "attempts": 4},
            "7.7": {"status": "passed", "attempts": 7},
        },
        "predictions": {"7-search": "keywords are ahead", "7-goods": "more than half", "7-rate": "both hurt"},
    }
    store.answers.mkdir(parents=True)
    store.file.write_text(json.dumps(old), encoding="utf-8")
    for name in ("7_5_number_labels", "7_7_local_mask"):
        (store.answers / f"{name}.py").write_text(f"def {name[4:]}(): ...\n", encoding="utf-8")


def test_progress_under_the_numbers_of_eight_weeks_is_found_under_todays(store):
    keep_as_in_format_2(store)
    attempts = {each: store.exercise(each)["attempts"] for each in ("8.6", "7.5", "7.6", "7.7")}
    assert attempts == {"8.6": 2, "7.5": 4, "7.6": 7, "7.7": 0}
    assert [store.exercise(each)["status"] for each in ("6.5", "7.4", "8.6", "7.6")] == ["passed"] * 4
    assert store.answer(find("8.6")) == "def number_labels(): ...\n"
    assert store.answer(find("7.6")) == "def local_mask(): ...\n"
    assert store.read()["predictions"].keys() == {"7-search", "8-goods", "8-rate"}


def test_answers_under_the_numbers_of_eight_weeks_are_found_beside_a_damaged_file(store):
    keep_as_in_format_2(store)
    store.file.write_bytes(b"{")
    assert store.read()["exercises"].keys() == {"8.6", "7.6"}


@pytest.mark.parametrize("old, new", OLDER_ANSWERS.items())
def test_every_renumbered_answer_is_that_of_an_exercise(store, old, new):
    week, number, name = re.fullmatch(r"(\d)_(\d)_(\w+)\.py", new).groups()
    exercise = find(f"{week}.{number}")
    assert exercise.name == name and store.answer_file(exercise).name == new
    number = ".".join(old.split("_")[:2])
    for older in range({"6": 1, "7": 2}[old[0]], FORMAT):
        number = RENUMBERED[older].get(number, number)
    assert number == exercise.id


def note_many(folder, key, both_there):
    store = Store(folder)
    both_there.wait()
    for number in range(60):
        store.update(lambda known, number=number: known["predictions"].update({f"{key}-{number}": "x"}))


def test_two_kernels_at_once_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    both_there = context.Barrier(2)
    kernels = [context.Process(target=note_many, args=(tmp_path, key, both_there)) for key in "ab"]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join()
    assert len(Store(tmp_path).read()["predictions"]) == 120


def test_where_nothing_can_be_written_the_kernel_remembers(tmp_path):
    (tmp_path / "my_course").write_text("a file where the folder should be", encoding="utf-8")
    store = Store(tmp_path / "my_course")
    store.attempt("0.2", "passed")
    assert store.exercise("0.2")["status"] == "passed"
    assert "Nothing can be saved in my_course/" in store.notice()


def refuse(*_, **__):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("refused", ["os.replace", "filelock.FileLock.acquire"])
def test_a_save_that_failed_once_takes_nothing_from_other_kernels(tmp_path, monkeypatch, refused):
    mine, other = Store(tmp_path / "my_course"), Store(tmp_path / "my_course")
    mine.attempt("0.1", "passed")
    with monkeypatch.context() as patch:
        patch.setattr(refused, refuse)
        mine.attempt("0.2", "failed")
        mine.note("0.2", hints=1)
    assert "Nothing can be saved" in mine.notice()
    other.attempt("2.2", "passed")
    mine.update(lambda known: known["predictions"].update(key="x"))
    for store in (mine, other, Store(tmp_path / "my_course")):
        assert store.exercise("2.2")["status"] == "passed" and store.read()["predictions"] == {"key": "x"}
        assert store.exercise("0.2") == {"status": "failed", "attempts": 1, "hints": 1, "solution": False}


@pytest.mark.parametrize("refused", ["pathlib.Path.read_bytes", "os.replace"])
def test_a_file_that_cannot_be_read_for_a_moment_is_not_replaced(tmp_path, monkeypatch, refused):
    store = Store(tmp_path / "my_course")
    store.attempt("0.1", "passed")
    content = store.file.read_bytes() if refused == "pathlib.Path.read_bytes" else b"{"
    store.file.write_bytes(content)
    with monkeypatch.context() as patch:
        patch.setattr(refused, refuse)
        store.attempt("0.2", "failed")
    assert store.file.read_bytes() == content


def test_an_answer_that_cannot_be_saved_for_a_moment_is_saved_with_the_next_change(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("course_lib.classroom.judging.store.write_file", refuse)
        submit(find("0.2"), SOURCE)
    assert SOURCE in store.answer(find("0.2")) and not store.answer_file(find("0.2")).exists()
    store.note("0.2", hints=1)
    assert SOURCE in store.answer_file(find("0.2")).read_text(encoding="utf-8")


def test_other_files_among_the_answers_are_no_answers(store):
    submit(find("0.2"), SOURCE)
    (store.answers / "notes.py").write_text("# mine", encoding="utf-8")
    (store.answers / "a_b_c.py").write_text("", encoding="utf-8")
    store.file.write_bytes(b"{")
    assert list(store.read()["exercises"]) == ["0.2"]


@pytest.mark.parametrize(
    "record", [{"status": "mastered"}, {"status": 3}, {"status": "passed", "hints": "two"}]
)
def test_a_record_of_another_version_breaks_no_card_and_no_map(store, record):
    submit(find("0.2"), SOURCE)
    known = json.loads(store.file.read_bytes())
    known["exercises"]["0.1"] = record
    store.file.write_text(json.dumps(known), encoding="utf-8")
    assert "Week 0" in repr(CourseMap()) and card("0.1").verdict.status in ("passed", "not_attempted")
    assert json.loads(store.file.read_bytes())["exercises"]["0.1"] == record  # nothing is thrown away


# -- the seed of the order in which choices are shown


@pytest.fixture
def drawn(monkeypatch):
    """No seed from outside."""
    monkeypatch.delenv("COURSE_ORDER_SEED")


def test_the_seed_of_the_order_is_drawn_once_and_kept(tmp_path, drawn):
    seed = Store(tmp_path / "one").order_seed()
    assert Store(tmp_path / "one").order_seed() == seed != Store(tmp_path / "other").order_seed()
    assert json.loads((tmp_path / "one" / "progress.json").read_bytes())["order_seed"] == seed


@pytest.mark.parametrize("damage", [None, "seven", 1.5, True])
def test_an_older_or_damaged_file_gets_a_seed_and_loses_nothing(tmp_path, drawn, damage):
    store = Store(tmp_path)
    store.attempt("0.1", "passed")
    if damage is not None:
        store.update(lambda known: known.update(order_seed=damage))
    seed = store.order_seed()
    assert type(seed) is int and Store(tmp_path).order_seed() == seed
    assert store.exercise("0.1")["status"] == "passed"


def test_two_kernels_that_draw_at_once_have_one_seed(tmp_path, drawn):
    one, other = Store(tmp_path), Store(tmp_path)
    first_look = other.read()
    seed = one.order_seed()
    other.read = lambda: first_look  # it has looked before the first one wrote
    assert other.order_seed() == seed


def test_a_seed_that_cannot_be_kept_is_remembered(tmp_path, drawn):
    (tmp_path / "my_course").write_text("a file where the folder should be", encoding="utf-8")
    store = Store(tmp_path / "my_course")
    assert store.order_seed() == store.order_seed() and len(store.waiting) == 1


def test_a_seed_from_outside_is_used_and_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_ORDER_SEED", "12")
    store = Store(tmp_path / "my_course")
    assert store.order_seed() == "12" and not store.folder.exists()


def test_where_no_folder_can_be_made_a_temporary_one_serves(tmp_path, capsys):
    (tmp_path / "my_course").write_text("a file where the folder should be", encoding="utf-8")
    room = Store(tmp_path / "my_course").room("week5")
    (room / "note.txt").write_text("can be written", encoding="utf-8")
    assert tmp_path not in room.parents and str(room) in capsys.readouterr().out
    shutil.rmtree(room)
    assert Store(tmp_path / "other").room("week5") == tmp_path / "other" / "week5"


def test_no_temporary_file_stays_behind(store):
    submit(find("0.2"), SOURCE)
    assert sorted(os.listdir(store.folder)) in (
        [".lock", "answers", "progress.json"],
        ["answers", "progress.json"],
    )


def test_the_map_shows_what_is_passed(store):
    assert "Week 0 · Start here: 0 of " in repr(CourseMap())
    submit(find("0.2"), SOURCE)
    assert "Week 0 · Start here: 1 of " in repr(CourseMap())


# -- the library on the learner's own functions

MINE = "def add_and_norm(hidden, change, norm):\n    return norm(change + hidden)\n"


def test_my_code_puts_the_answer_in_place_and_takes_it_out_again(store, capsys):
    from course_lib import encoder

    original = encoder.add_and_norm
    submit(find("2.6"), MINE)
    with my_code() as mine:
        assert mine == ["course_lib.encoder.add_and_norm"]
        assert encoder.add_and_norm is not original
        assert encoder.add_and_norm.__code__.co_filename == "<exercise 2.6>"
    assert encoder.add_and_norm is original
    shown = capsys.readouterr().out
    assert "yours:     encoder.add_and_norm" in shown and "attention.attention_weights" in shown


def test_the_library_comes_back_after_an_error(store):
    from course_lib import encoder

    original = encoder.add_and_norm
    submit(find("2.6"), MINE)
    with pytest.raises(ZeroDivisionError), my_code():
        raise ZeroDivisionError
    assert encoder.add_and_norm is original


def test_an_answer_changed_on_disk_is_checked_before_it_is_used(store, capsys):
    from course_lib import encoder

    original = encoder.add_and_norm
    submit(find("2.6"), MINE)
    store.answer_file(find("2.6")).write_text(
        MINE.replace("norm(change + hidden)", "norm(change)"), encoding="utf-8"
    )
    with my_code() as mine:
        assert mine == [] and encoder.add_and_norm is original
    assert "does not pass any more" in capsys.readouterr().out


def test_a_whole_encoder_runs_on_the_learners_functions(store):
    import torch

    from course_lib.encoder import Encoder

    for name in ("2.2", "2.3", "2.6"):
        exercise = find(name)
        assert submit(exercise, f"import math\nimport torch\n\n{exercise.source(exercise.solution)}").passed
    torch.manual_seed(0)
    encoder = Encoder(2, 16, 4, 32, fused=False).eval()
    hidden, mask = torch.randn(2, 5, 16), torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    with torch.no_grad():
        wanted, _ = encoder(hidden, mask)
        with my_code() as mine:
            got, _ = encoder(hidden, mask)
    assert len(mine) == 3
    torch.testing.assert_close(got, wanted)


def test_a_replaced_function_is_replaced_wherever_it_is_known():
    from course_lib import attention
    from course_lib.classroom.exercises import week02

    undo = replaced("course_lib.attention.split_heads", len)
    assert attention.split_heads is len and week02.split_heads is len
    undo()
    assert attention.split_heads is week02.split_heads is not len


def test_own_code_stays_in_use_until_it_is_put_back(store):
    from course_lib import masking

    library, exercise = masking.replace_chosen, find("5.2")
    assert submit(exercise, f"import torch\n\n{exercise.source(exercise.solution)}").passed
    try:
        assert use_my_code(week=5) == ["course_lib.masking.replace_chosen"]
        assert masking.replace_chosen.__code__.co_filename == "<exercise 5.2>"
        assert use_my_code(week=4) == [] and masking.replace_chosen is library
    finally:
        use_library_code()
    assert masking.replace_chosen is library
