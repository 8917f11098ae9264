"""Training with buttons: pausing changes nothing, and nothing that goes wrong is lost."""

import _thread
import errno
import json
import os
import threading
import time
from dataclasses import replace

import pytest
import torch
from ipywidgets.widgets.widget import _instances as LIVING

from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.checkpoint import save_model
from course_lib.classroom.widgets import live_training
from course_lib.classroom.widgets.live_training import LiveTraining
from course_lib.classroom.widgets.shown import close
from course_lib.fill_mask import fill_mask
from course_lib.ladder import at_rest, evaluate, mask_for_evaluation
from course_lib.masking import Vocabulary
from course_lib.pretraining import PreTraining, Training
from course_lib.wordpiece import WordPieceTokenizer

pytestmark = pytest.mark.usefixtures("one_core")

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(20)]
VOCAB = Vocabulary(PIECES)


class Batches:
    """Every step reads the same kind of batch; from step `breaks_at` on there is none."""

    breaks_at = None

    def __getitem__(self, step):
        if self.breaks_at is not None and step >= self.breaks_at:
            raise OSError("the disk with the stories is gone")
        return torch.randint(5, len(PIECES), (4, 7), generator=torch.Generator().manual_seed(step))


def new_training(steps):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(PIECES),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=8,
    )
    run = PreTraining(BertForMaskedLM(config), Batches(), VOCAB, Training(steps=steps, learning_rate=1e-3))
    gaps = mask_for_evaluation(Batches()[1000].tolist(), VOCAB)
    return LiveTraining(run, {"even guess": 3.2, "floor": 3.0}, gaps)


def wait_until(condition):
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends, "waited for a minute"
        time.sleep(0.005)


def test_nothing_trains_before_start():
    live = new_training(steps=5)
    assert "Not started" in live.line.value and live.losses == []
    assert not live.start_button.disabled and live.pause_button.disabled


def test_pausing_changes_no_loss():
    whole, paused = new_training(steps=230), new_training(steps=230)
    whole.finish()
    paused.start_button.click()
    wait_until(lambda: paused.losses)
    paused.pause_button.click()
    steps = len(paused.losses)
    assert steps < 230 and paused.idle.is_set()
    assert f"Paused: step {steps}," in paused.line.value and paused.start_button.description == "Go on"
    time.sleep(0.05)
    assert len(paused.losses) == steps
    paused.finish()
    assert paused.losses == whole.losses and len(whole.losses) == 230
    assert paused.measured == whole.measured and [step for step, _ in whole.measured] == [200, 230]
    assert "Finished: step 230," in paused.line.value and "times the floor" in paused.line.value
    assert paused.start_button.disabled and paused.pause_button.disabled


def test_two_clicks_on_start_are_one_training():
    live = new_training(steps=50)
    before = threading.active_count()
    live.start()
    live.start()
    assert threading.active_count() <= before + 1
    live.finish()
    assert len(live.losses) == 50


def test_interrupting_pauses():
    live = new_training(steps=10_000)
    threading.Timer(0.3, _thread.interrupt_main).start()
    picture = live.finish()
    assert "Paused" in live.line.value and live.idle.is_set() and 0 < len(live.losses) < 10_000
    assert f"after {len(live.losses)} steps" in picture.alt


def test_an_error_is_shown_raised_and_can_be_mended():
    live = new_training(steps=30)
    live.run.batches.breaks_at = 12
    with pytest.raises(OSError, match="stories is gone"):
        live.finish()
    assert "Stopped by an error in step 13: the disk with the stories is gone" in live.line.value
    assert not live.start_button.disabled
    live.run.batches.breaks_at = None
    live.finish()
    assert len(live.losses) == 30


def test_still_form_has_the_line_and_the_picture():
    live = new_training(steps=20)
    live.finish()
    bundle = live._repr_mimebundle_()
    assert "Finished: step 20" in bundle["text/html"] and "<img alt=" in bundle["text/html"]
    assert "[picture: Loss against step" in bundle["text/plain"]


def test_closing_closes_all_its_parts():
    before = set(LIVING)
    close(new_training(steps=5))
    assert set(LIVING) == before


def test_held_out_texts_that_are_trained_on_are_counted():
    live = new_training(steps=5)
    held_out = Batches()[1000].tolist()
    live = LiveTraining(live.run, live.rungs, live.gaps, examples=held_out[:2])
    words = "2 of 4 held-out texts occur among 2 training texts, too"
    assert words in live.line.value and words in live._repr_mimebundle_()["text/plain"]
    assert "held-out texts" not in new_training(steps=5).line.value


# -- asked while it trains, with a dropout of 0.1


def ask(live):
    return fill_mask(live.run.model, WordPieceTokenizer(PIECES), "w3 [MASK] w7")


def test_answers_while_it_trains_are_those_of_the_model_at_rest():
    """With a learning rate of nearly 0 no weight moves, so there is one right answer all the time."""
    live = new_training(steps=100_000)
    live.run.training = replace(live.run.training, learning_rate=1e-30)
    right = ask(live)
    live.start()
    wait_until(lambda: live.losses)
    answers = [ask(live) for _ in range(300)]
    live.pause()
    assert len(set(live.losses)) > 1 and answers == [right] * 300


def test_asking_while_it_trains_changes_no_loss():
    alone, asked = new_training(steps=100), new_training(steps=100)
    alone.finish()
    asked.start()
    while not asked.idle.is_set():
        ask(asked)
        evaluate(asked.run.model, asked.gaps, VOCAB)
    assert asked.losses == alone.losses and len(alone.losses) == 100


def test_what_is_asked_at_rest_is_asked_between_two_steps():
    live = new_training(steps=100_000)
    live.start()
    wait_until(lambda: live.losses)
    with at_rest(live.run.model):
        first = ask(live)
        time.sleep(0.05)
        second = ask(live)
    live.pause()
    assert first == second


# -- kept on disk


def kept_training(folder, steps, **changes):
    """A training that is kept in a folder, as the notebook makes it."""
    live = new_training(steps)
    live.run.training = replace(live.run.training, **changes)
    tokenizer = WordPieceTokenizer(PIECES)
    options = dict(tokenizer=tokenizer, keep=folder, questions=["w3 [MASK] w7"])
    return LiveTraining(live.run, live.rungs, live.gaps, **options)


def test_a_training_that_was_killed_goes_on_as_if_nothing_had_happened(tmp_path, monkeypatch):
    """The weights of a moment may be gone with the kernel; what is on disk after it is the same training."""
    monkeypatch.setattr(live_training, "MEASURE_EVERY", 20)
    whole = kept_training(tmp_path / "whole", steps=50)
    whole.finish()
    killed = kept_training(tmp_path / "killed", steps=50)
    for state in killed.run:
        killed.losses.append(state.loss)
        if state.step == 20:
            killed.measure()
            killed.save()
        if state.step == 33:  # killed between the two files of a save: the history is ahead of the weights
            history = dict(losses=killed.losses, measured=[*killed.measured, (33, 9.9)])
            (killed.kept.folder / "history.json").write_text(json.dumps(history), encoding="utf-8")
            break
    again = kept_training(tmp_path / "killed", steps=50)
    assert again.run.step == 20 and again.losses == whole.losses[:20]
    assert "Paused: step 20," in again.line.value and again.start_button.description == "Go on"
    again.finish()
    assert again.losses == whole.losses and again.measured == whole.measured
    assert_same_weights(again, whole)


def test_a_training_whose_cell_is_run_again_goes_on_from_its_last_step(tmp_path):
    live = kept_training(tmp_path / "run", steps=10_000)
    live.start()
    wait_until(lambda: live.losses)
    live.rest()
    again = kept_training(tmp_path / "run", steps=10_000)
    assert again.run.step == live.run.step == len(again.losses)


def newest(folder):
    return sorted(folder.glob("checkpoint-*"))[-1]


def train_as_far_as(step, folder, steps):
    """A kept training of `steps` steps that ended with its kernel behind `step`."""
    live = kept_training(folder, steps)
    for state in live.run:
        live.losses.append(state.loss)
        if state.step % 10 == 0:
            live.gauge()
            live.save()
        if state.step == step:
            return live


def assert_same_weights(mine, theirs):
    for one, other in zip(mine.run.model.parameters(), theirs.run.model.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.fixture
def often(monkeypatch):
    """Measured and kept every 10 steps."""
    monkeypatch.setattr(live_training, "MEASURE_EVERY", 10)


def test_a_damaged_newest_checkpoint_is_named_and_the_one_before_used(tmp_path, often):
    whole = kept_training(tmp_path / "whole", steps=30)
    whole.finish()
    train_as_far_as(20, tmp_path / "run", steps=30)
    (newest(tmp_path / "run") / "training.json").write_text("{", encoding="utf-8")
    again = kept_training(tmp_path / "run", steps=30)
    assert "Paused: step 10," in again.line.value
    assert "checkpoint-00000020 cannot be used" in again.line.value
    again.finish()
    assert_same_weights(again, whole)
    assert again.losses == whole.losses and again.measured == whole.measured


def test_where_every_checkpoint_is_damaged_a_sentence_says_so(tmp_path):
    kept_training(tmp_path / "run", steps=20).finish()
    (newest(tmp_path / "run") / "model.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match="no sound checkpoint.*model.safetensors is damaged.*Name another"):
        kept_training(tmp_path / "run", steps=20)


@pytest.mark.parametrize("damage", [None, "{", "[]", '{"losses": 3, "measured": []}', '{"losses": [null]}'])
def test_without_its_history_a_training_goes_on_and_says_what_is_lost(tmp_path, damage, often):
    whole = kept_training(tmp_path / "whole", steps=30)
    whole.finish()
    train_as_far_as(20, tmp_path / "run", steps=30)
    history = tmp_path / "run" / "history.json"
    history.unlink()
    if damage is not None:
        history.write_text(damage, encoding="utf-8")
    again = kept_training(tmp_path / "run", steps=30)
    assert again.run.step == 20 and "The curve of the first 20 steps is lost" in again.line.value
    assert again.measured == [whole.measured[1]]
    again.finish()
    assert again.losses[20:] == whole.losses[20:] and len(again.losses) == 30
    assert_same_weights(again, whole)
    assert kept_training(tmp_path / "run", steps=30).losses[20:] == whole.losses[20:]


@pytest.mark.parametrize("part", ["draw", "say", "gauge", "save", "answer"])
def test_whatever_raises_nobody_waits_for_ever(tmp_path, part, often, monkeypatch):
    live = kept_training(tmp_path / "run", steps=40)

    def fail(*args):
        raise RuntimeError(f"{part} does not work")

    with monkeypatch.context() as patch:
        patch.setattr(live, part, fail)
        if part == "say":
            live.idle.clear()
            live.wanted.set()
            live.train()
        else:
            live.start()
        assert live.idle.wait(timeout=60) and not live.wanted.is_set()
    assert f"{part} does not work" in live.words()
    if part not in ("say", "draw"):
        assert f"{part} does not work" in live.line.value
    live.pause()
    live.finish()
    assert len(live.losses) == 40


def test_what_was_trained_is_kept_where_drawing_fails(tmp_path, often):
    live = kept_training(tmp_path / "run", steps=40)
    live.show = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        live.finish()
    again = kept_training(tmp_path / "run", steps=40)
    assert again.run.step == 10 and again.losses == live.losses and again.measured == live.measured


def test_a_full_disk_is_shown_and_what_was_kept_stays(tmp_path, often, monkeypatch):
    whole = kept_training(tmp_path / "whole", steps=30)
    whole.finish()
    train_as_far_as(10, tmp_path / "run", steps=30)
    live = kept_training(tmp_path / "run", steps=30)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"could not be kept in run/ .*No space left.*Make room"):
            live.finish()
    assert "No space left on device" in live.line.value and not live.start_button.disabled
    assert not list((tmp_path / "run").glob("*.part"))
    assert kept_training(tmp_path / "run", steps=30).run.step == 10
    live.finish()
    assert live.losses == whole.losses
    assert_same_weights(live, whole)


def test_a_kernel_that_fell_behind_does_not_overwrite_the_other(tmp_path, often):
    train_as_far_as(10, tmp_path / "run", steps=30)
    here, there = (kept_training(tmp_path / "run", steps=30) for _ in range(2))
    here.finish()
    with pytest.raises(RuntimeError, match="another kernel has trained in run/ since, as far as .*30: run"):
        there.finish()
    assert there.run.step == 10 and kept_training(tmp_path / "run", steps=30).is_finished


def test_beginning_anew_waits_for_no_other_kernel_and_moves_nothing_of_its(tmp_path):
    here, there = (kept_training(tmp_path / "run", steps=2000) for _ in range(2))
    here.start()
    wait_until(lambda: here.losses)
    there.begin_anew()
    assert "another kernel trains in run/: pause it there first" in there.line.value
    here.pause()
    assert (tmp_path / "run").exists() and not (tmp_path / "run-before-1").exists()
    there.begin_anew()
    assert (tmp_path / "run-before-1").exists() and "another kernel" not in there.line.value


def test_two_kernels_do_not_write_into_one_folder(tmp_path):
    here, there = (kept_training(tmp_path / "run", steps=2000) for _ in range(2))
    here.start()
    wait_until(lambda: here.losses)
    with pytest.raises(RuntimeError, match="another kernel trains in run/: pause it there first"):
        there.finish()
    assert "another kernel trains in run/" in there.line.value and there.run.step == 0
    here.pause()
    there = kept_training(tmp_path / "run", steps=2000)  # its cell is run again
    assert there.losses == here.losses
    there.start()
    wait_until(lambda: len(there.losses) > len(here.losses))
    there.pause()


def test_a_finished_training_stays_finished(tmp_path):
    kept_training(tmp_path, steps=30).finish()
    again = kept_training(tmp_path, steps=30)
    assert "Finished: step 30," in again.line.value and again.start_button.disabled
    assert "w3 [MASK] w7" in again.answers.value


def test_the_learning_rate_can_be_changed_and_is_kept(tmp_path):
    live = kept_training(tmp_path, steps=40)
    live.rate.value = 10.0
    assert live.run.training.learning_rate == pytest.approx(10 * live.planned_rate)
    live.finish()
    plain = kept_training(tmp_path / "other", steps=40)
    plain.finish()
    assert plain.losses != live.losses
    assert kept_training(tmp_path, steps=40).rate.value == 10.0


def test_from_the_start_sets_the_old_one_aside_and_trains_the_same_again(tmp_path):
    live = kept_training(tmp_path / "run", steps=30)
    live.finish()
    losses = live.losses
    live.anew_button.click()
    assert "Not started" in live.line.value and live.run.step == 0
    assert (tmp_path / "run-before-1" / "history.json").exists() and not (tmp_path / "run").exists()
    live.finish()
    assert live.losses == losses and live.losses is not losses


def test_another_training_in_the_folder_is_refused_and_kept(tmp_path):
    kept_training(tmp_path, steps=20).finish()
    with pytest.raises(ValueError, match="holds a training with another mask_probability"):
        kept_training(tmp_path, steps=20, mask_probability=0.3)
    assert kept_training(tmp_path, steps=20).is_finished


def test_the_ready_model_says_that_it_is_not_yours(tmp_path):
    other = new_training(steps=20)
    other.finish()
    ready = tmp_path / "ready"
    tokenizer = WordPieceTokenizer(PIECES)
    save_model(other.run.model, ready, tokenizer)
    log = dict(step=20, held_out_loss=3.2, seconds=1.5)
    (ready / "metrics.jsonl").write_text(json.dumps(log) + "\n", encoding="utf-8")
    live = new_training(steps=20)
    live = LiveTraining(live.run, live.rungs, live.gaps, tokenizer=tokenizer, ready=ready)
    live.ready_button.click()
    loss, _ = evaluate(other.run.model, live.gaps, VOCAB)  # on these gaps, not on those of its log
    assert f"Not trained by you: 20 steps in 2 seconds, kept in {tmp_path.name}/ready" in live.line.value
    assert f"held-out loss {loss:.3f}" in live.line.value and loss != 3.2
    for mine, theirs in zip(live.run.model.parameters(), other.run.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    live.finish()
    assert live.losses == [] and live.run.step == 0


def test_a_ready_model_with_another_vocabulary_is_not_taken(tmp_path):
    other = new_training(steps=1)
    save_model(other.run.model, tmp_path, WordPieceTokenizer([*PIECES[:-1], "other"]))
    live = new_training(steps=20)
    before = [each.clone() for each in live.run.model.parameters()]
    live = LiveTraining(live.run, live.rungs, live.gaps, tokenizer=WordPieceTokenizer(PIECES), ready=tmp_path)
    live.ready_button.click()
    assert "another vocabulary or config" in live.line.value and live.borrowed is None
    assert all(torch.equal(a, b) for a, b in zip(before, live.run.model.parameters(), strict=True))
