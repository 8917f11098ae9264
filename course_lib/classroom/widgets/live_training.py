"""Training that is watched: buttons to start and to pause, the loss as it falls down the ladder, and some
sentences whose gaps fill better and better.

It runs in a thread of its own, so that the notebook stays free: the buttons answer, and other cells run. With
`keep` it is written to disk every 200 steps, and goes on from there after whatever ended it.
"""

import json
import math
import threading
from dataclasses import replace
from html import escape
from pathlib import Path

import ipywidgets as widgets

from course_lib.bert import BertForMaskedLM
from course_lib.checkpoint import load_model, load_tokenizer
from course_lib.classroom.experiments.kept_training import KeptTraining
from course_lib.classroom.figures import draw_ladder
from course_lib.classroom.widgets.asking import exact_answers
from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.fill_mask import fill_mask
from course_lib.ladder import evaluate, told_twice

SAY_EVERY, MEASURE_EVERY = 10, 200  # steps
RATES = {"÷ 10": 0.1, "÷ 2": 0.5, "as planned": 1.0, "× 2": 2.0, "× 10": 10.0}


class LiveTraining(Shown, widgets.VBox):
    """A training with buttons: nothing happens before Start is pressed or `finish()` called.

    run: a PreTraining   rungs: {name: nats}, as `ladder` gives them
    gaps: batches (ids, labels) on which the held-out loss is measured
    tokenizer: of the model, for what follows   keep: the folder that the training is kept in, or None
    questions: texts with gaps, answered at each measurement   town: knows the exact answers, or None
    ready: a folder with a model that somebody else trained, for those who cannot wait, or None
    examples: training texts, where it should be said how many of the held-out ones are among them

    losses: one per step, nan where it was lost   measured: pairs (step, held-out loss)
    """

    GO_ON = "Run this cell to train, and to see how far the training has come."

    def __init__(
        self,
        run,
        rungs,
        gaps,
        tokenizer=None,
        keep=None,
        questions=(),
        town=None,
        ready=None,
        examples=(),
    ):
        self.run, self.rungs, self.gaps, self.tokenizer = run, rungs, gaps, tokenizer
        self.kept, self.ready = KeptTraining(keep and Path(keep), tokenizer), ready and Path(ready)
        self.questions, self.town = questions, town
        self.now = None  # (held-out loss, accuracy), as measured last
        self.trouble = self.borrowed = None
        self.doubt = told_twice(gaps, examples, run.vocabulary)
        self.planned_rate = run.training.learning_rate
        self.first_weights = {name: value.clone() for name, value in run.model.state_dict().items()}
        self.wanted = threading.Event()  # cleared to pause
        # Set while no thread trains. Thread.join does not serve: when it is interrupted, it can take a thread
        # that runs for one that has ended.
        self.idle = threading.Event()
        self.idle.set()
        self.losses, self.measured = self.kept.load(run)
        self.build()
        if self.run.step:
            self.measure()
        else:
            self.draw()
        self.say()

    def build(self):
        """The controls."""
        self.start_button = widgets.Button(description="Start", button_style="primary")
        self.start_button.on_click(lambda _: self.start())
        self.pause_button = widgets.Button(description="Pause")
        self.pause_button.on_click(lambda _: self.pause())
        self.anew_button = widgets.Button(
            description="Begin anew", tooltip="sets this training aside and begins again at step 0"
        )
        self.anew_button.on_click(lambda _: self.begin_anew())
        factor = self.run.training.learning_rate / self.planned_rate
        known = min(RATES.values(), key=lambda each: abs(each - factor))
        self.rate = widgets.Dropdown(
            options=list(RATES.items()),
            value=known,
            description="learning rate",
            style={"description_width": "initial"},
            layout={"width": "220px"},
        )
        self.rate.observe(lambda change: self.change_rate(change.new), "value")
        self.line, self.curve, self.answers = widgets.HTML(), widgets.HTML(), widgets.HTML()
        buttons = [self.start_button, self.pause_button, self.anew_button]
        if self.ready:
            self.ready_button = widgets.Button(
                description="Take the ready one",
                tooltip="a model that was trained for the course, with its log",
            )
            self.ready_button.on_click(lambda _: self.borrow())
            buttons.append(self.ready_button)
        controls = widgets.HBox([*buttons, self.rate], layout={"flex_flow": "row wrap"})
        super().__init__([widgets.HTML(STYLE), controls, self.line, self.curve, self.answers])
        self.add_class("course-card")

    @property
    def is_finished(self):
        return self.borrowed is not None or self.run.done() >= 1

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

    rest = pause  # the cell makes a new training from what this one has kept

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

    def change_rate(self, factor):
        """Multiply the planned learning rate, from the next step on."""
        self.run.training = replace(self.run.training, learning_rate=factor * self.planned_rate)
        self.say()

    def train(self):
        """What the thread does. An error is shown at once, and raised by `finish`."""
        try:
            for part in (self.take_steps, self.wanted.clear, self.draw, self.say):
                try:
                    part()
                except Exception as error:
                    self.trouble = self.trouble or error
        finally:  # whatever happened: somebody may wait
            self.wanted.clear()
            self.idle.set()

    def take_steps(self):
        """Train until the end, or until `wanted` is cleared."""
        with self.kept.alone():
            self.kept.require_known()
            for state in self.run:
                self.losses.append(state.loss)
                if state.step % MEASURE_EVERY == 0 or self.is_finished:
                    self.gauge()
                    self.save()  # before anything is drawn: that may fail
                    self.show()
                if state.step % SAY_EVERY == 0:
                    self.say()
                if not self.wanted.is_set():
                    self.save()
                    break

    def begin_anew(self):
        """Back to step 0 and the first weights. What was kept gets another name and stays."""
        self.pause()
        try:
            with self.kept.alone():
                self.kept.set_aside()
        except (RuntimeError, OSError) as error:  # nothing has changed
            self.kept.remarks = [str(error)]
            self.say()
            return
        self.run.model.load_state_dict(self.first_weights)
        self.run.optimizer.state.clear()
        self.run.step, self.run.tokens, self.run.seconds = 0, 0, 0.0
        self.losses, self.measured, self.now = [], [], None
        self.trouble = self.borrowed = None
        self.draw()
        self.answers.value = ""
        self.say()

    def borrow(self):
        """Take the weights from `ready`; from then on nothing is trained or kept."""
        self.pause()
        model, tokenizer = load_model(self.ready, BertForMaskedLM), load_tokenizer(self.ready)
        if tokenizer.vocab != self.tokenizer.vocab or model.config != self.run.model.config:
            self.line.value = (
                "<div role='status'>The ready model has another vocabulary or config than yours, so it "
                "cannot take its place: train yours.</div>"
            )
            return
        log = (self.ready / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        self.run.model.load_state_dict(model.state_dict())
        self.borrowed = [json.loads(line) for line in log]
        self.losses = []
        self.measured = [(each["step"], each["held_out_loss"]) for each in self.borrowed]
        self.measure(append=False)
        self.say()

    # -- shown

    def save(self):
        """Keep everything that has been trained."""
        self.kept.save(self.run, self.losses, self.measured)

    def measure(self, append=True):
        """Held-out loss and accuracy, the picture, and the answers to the questions."""
        self.gauge(append)
        self.show()

    def gauge(self, append=True):
        """Held-out loss and accuracy."""
        self.now = evaluate(self.run.model, self.gaps, self.run.vocabulary)
        if append and (not self.measured or self.measured[-1][0] < self.run.step):
            self.measured.append((self.run.step, self.now[0]))

    def show(self):
        """The picture, and the answers to the questions."""
        self.draw()
        if self.questions:
            self.answers.value = self.answer()

    def answer(self):
        """The questions, what the model says now, and what the grammar knows: a table."""
        style = "style='padding:2px 12px;text-align:left'"
        rows = ""
        for text in self.questions:
            exact = self.exact(text)
            for gap, found in enumerate(fill_mask(self.run.model, self.tokenizer, text, top=1)):
                ((piece, share),) = found
                now = f"{share:.2f} <b>{escape(piece)}</b>"
                knows = f"{exact[gap][0][1]:.2f} {escape(exact[gap][0][0])}" if exact else "–"
                cells = (escape(text) if gap == 0 else "", now, knows)
                rows += f"<tr>{''.join(f'<td {style}>{cell}</td>' for cell in cells)}</tr>"
        names = ("asked", "the model now", "the grammar")
        head = "".join(f"<th {style}>{name}</th>" for name in names)
        return f"<table><tr>{head}</tr>{rows}</table>"

    def exact(self, text):
        """The likeliest token for each gap, or None where no town is known that tells the text."""
        if self.town is None:
            return None
        try:
            return exact_answers(self.town, text, top=1)
        except ValueError:
            return None

    def picture(self):
        is_known = self.losses and not math.isnan(self.losses[-1])
        return draw_ladder(self.losses if is_known else [], self.rungs, self.measured)

    def draw(self):
        self.curve.value = self.picture().html()

    def say(self):
        """One line that says where the training is, and buttons that say what they do now."""
        trains = self.wanted.is_set()
        self.start_button.description = "Go on" if self.run.step else "Start"
        self.start_button.disabled = trains or self.is_finished
        self.pause_button.disabled = not trains
        self.anew_button.disabled = not self.run.step and self.borrowed is None
        self.line.value = f"<div role='status' class='course-small'>{self.words()}</div>"

    def words(self):
        """Where the training is, what its measurement says little about, and what could not be used."""
        return " ".join(filter(None, [self.where(), self.doubt, *map(escape, self.kept.remarks)]))

    def where(self):
        """Where the training is."""
        if self.trouble is not None:
            return f"Stopped by an error in step {self.run.step + 1:,}: {escape(str(self.trouble))}"
        if self.borrowed is not None:
            last = self.borrowed[-1]
            return (
                f"Not trained by you: {last['step']:,} steps in {last['seconds']:.0f} seconds, kept in "
                f"{self.ready.parent.name}/{self.ready.name}{self.result()}."
            )
        if not self.run.step:
            return "Training." if self.wanted.is_set() else "Not started."
        state = "Finished" if self.is_finished else "Training" if self.wanted.is_set() else "Paused"
        speed = self.run.tokens / self.run.seconds
        return f"{state}: step {self.run.step:,}, {speed:,.0f} tokens per second{self.result()}."

    def result(self):
        """The last measurement, as the end of a sentence."""
        if self.now is None:
            return ""
        loss, accuracy = self.now
        words = f"; held-out loss {loss:.3f}, accuracy {accuracy:.3f}"
        if "floor" in self.rungs:
            words += f", {loss / self.rungs['floor']:.2f} times the floor"
        return words

    def still(self):
        picture = self.picture()
        return f"{self.words()} {picture}", f"<p>{self.words()}</p>{picture.html()}{self.answers.value}"
