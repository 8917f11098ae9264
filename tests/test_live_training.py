"""Training with buttons: pausing changes nothing, and nothing that goes wrong is lost."""

import _thread
import threading
import time

import pytest
import torch

from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.classroom.live_training import train_live
from course_lib.ladder import hide_for_evaluation
from course_lib.masking import Vocabulary
from course_lib.pretraining import PreTraining, Training

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(20)]
VOCAB = Vocabulary(PIECES)


@pytest.fixture(autouse=True)
def one_core():
    """Matrices as small as these are quicker on one core than on several that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
    gaps = hide_for_evaluation(Batches()[1000].tolist(), VOCAB)
    return train_live(run, {"even guess": 3.2, "floor": 3.0}, gaps)


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
