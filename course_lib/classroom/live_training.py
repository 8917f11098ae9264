"""Training that is watched: buttons to start and to pause, and the loss as it falls down the ladder.

It runs in a thread of its own, so that the notebook stays free: the buttons answer, and other cells run.
"""

import threading

import ipywidgets as widgets

from course_lib.classroom.cards import STYLE
from course_lib.classroom.plots import draw_ladder
from course_lib.ladder import evaluate

SAY_EVERY, MEASURE_EVERY = 10, 200  # steps


class LiveTraining(widgets.VBox):
    """run: a PreTraining   rungs: {name: nats}, as `ladder` gives them
    gaps: batches (ids, labels) on which the held-out loss is measured

    losses: one per step   measured: pairs (step, held-out loss)
    """

    def __init__(self, run, rungs, gaps):
        self.run, self.rungs, self.gaps = run, rungs, gaps
        self.losses, self.measured = [], []
        self.trouble = None
        self.wanted = threading.Event()  # cleared to pause
        # Set while no thread trains. Thread.join does not serve: when it is interrupted, it can take a thread
        # that runs for one that has ended.
        self.idle = threading.Event()
        self.idle.set()
        self.start_button = widgets.Button(description="Start", button_style="primary")
        self.start_button.on_click(lambda _: self.start())
        self.pause_button = widgets.Button(description="Pause")
        self.pause_button.on_click(lambda _: self.pause())
        self.line, self.curve = widgets.HTML(), widgets.HTML()
        buttons = widgets.HBox([self.start_button, self.pause_button])
        super().__init__([widgets.HTML(STYLE), buttons, self.line, self.curve])
        self.add_class("course-card")
        self.draw()
        self.say()

    @property
    def is_finished(self):
        return self.run.done() >= 1

    def start(self):
        """Train, or go on from where it was paused. Returns at once."""
        if self.wanted.is_set() or self.is_finished:
            return
        self.idle.wait()  # the thread before may still be drawing
        self.idle.clear()
        self.wanted.set()
        self.trouble = None
        self.say()
        # A daemon: whoever shuts the kernel down does not have to wait for the last step.
        threading.Thread(target=self.train, daemon=True).start()

    def pause(self):
        """Stop behind the step that is being taken, and wait for it."""
        self.wanted.clear()
        self.idle.wait()
        self.say()

    def finish(self):
        """Train to the end and wait for it; the ■ of the toolbar pauses. Returns the picture."""
        self.start()
        try:
            while not self.idle.wait(timeout=0.2):
                pass  # in short turns, or ■ would not be heard on Windows
        except KeyboardInterrupt:
            self.pause()
        if self.trouble is not None:
            raise self.trouble
        return self.picture()

    def train(self):
        """What the thread does."""
        try:
            for state in self.run:
                self.losses.append(state.loss)
                if state.step % MEASURE_EVERY == 0 or self.is_finished:
                    self.measured.append((state.step, evaluate(self.run.model, self.gaps, self.run.vocab)[0]))
                    self.draw()
                if state.step % SAY_EVERY == 0:
                    self.say()
                if not self.wanted.is_set():
                    break
        except Exception as error:  # it is shown at once, and raised by `finish`
            self.trouble = error
        finally:
            self.wanted.clear()
            self.draw()
            self.say()
            self.idle.set()

    def picture(self):
        return draw_ladder(self.losses, self.rungs, self.measured)

    def draw(self):
        self.curve.value = self.picture().html()

    def say(self):
        """One line that says where the training is, and buttons that say what they do now."""
        trains = self.wanted.is_set()
        self.start_button.description = "Go on" if self.run.step else "Start"
        self.start_button.disabled = trains or self.is_finished
        self.pause_button.disabled = not trains
        self.line.value = f"<div role='status' class='course-small'>{self.words()}</div>"

    def words(self):
        """Where the training is."""
        if self.trouble is not None:
            return f"Stopped by an error in step {self.run.step + 1:,}: {self.trouble}"
        if not self.losses:
            return "Training." if self.wanted.is_set() else "Not started."
        state = "Finished" if self.is_finished else "Training" if self.wanted.is_set() else "Paused"
        speed = self.run.tokens / self.run.seconds
        words = f"{state}: step {self.run.step:,}, {speed:,.0f} pieces per second"
        if self.measured:
            loss = self.measured[-1][1]
            words += f"; held-out loss {loss:.3f}"
            if "floor" in self.rungs:
                words += f", {loss / self.rungs['floor']:.2f} times the floor"
        return words + "."

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        picture = self.picture()
        bundle["text/plain"] = f"[Start] [Pause] {self.words()} {picture}"
        bundle["text/html"] = f"<p>[Start] [Pause] {self.words()}</p>{picture.html()}"
        return bundle


def train_live(run, rungs, gaps):
    """The training `run` with buttons: nothing happens before Start is pressed or `finish()` called."""
    return LiveTraining(run, rungs, gaps)
