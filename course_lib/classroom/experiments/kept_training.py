"""A training in a folder: saved as it goes, gone on with after whatever ended it, by one kernel at a time."""

import contextlib
import json
import math
from dataclasses import asdict, replace

from filelock import FileLock, Timeout

from course_lib.checkpoint import load_tokenizer
from course_lib.files import write_file
from course_lib.pretraining import Training, checkpoints, read_checkpoint, resume, save_checkpoint

HISTORY = "history.json"
MAY_DIFFER = ("learning_rate", "steps", "minutes")  # between a kept training and the one that goes on


class KeptTraining:
    """folder: where it is kept, or None, and nothing is   tokenizer: of the model

    remarks: sentences about what was kept and could not be used
    """

    def __init__(self, folder, tokenizer):
        self.folder, self.tokenizer = folder, tokenizer
        self.remarks = []
        self.newest = []  # the newest checkpoint in the folder, as this kernel knows it

    @contextlib.contextmanager
    def alone(self):
        """Nobody else writes into the folder meanwhile. RuntimeError where another kernel does."""
        if self.folder is None:
            yield
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock = FileLock(self.folder.with_name(f".{self.folder.name}.lock")).acquire(timeout=0)
        except Timeout:
            raise RuntimeError(
                f"another kernel trains in {self.folder.name}/: pause it there first"
            ) from None
        with lock:
            yield

    def require_known(self):
        """RuntimeError where another kernel has trained on in the folder: its work would be overwritten."""
        found = checkpoints(self.folder)[:1] if self.folder else []
        if found and found != self.newest:
            raise RuntimeError(
                f"another kernel has trained in {self.folder.name}/ since, as far as {found[0].stem}: run "
                f"this cell again to go on from there"
            )

    def save(self, run, losses, measured):
        """Keep everything that has been trained. The history first: what is newer than the weights is cut."""
        if self.folder is None:
            return
        history = dict(losses=losses, measured=measured)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_file(self.folder / HISTORY, json.dumps(history).encode())
            save_checkpoint(run, self.tokenizer, self.folder)
        except OSError as error:
            raise OSError(
                f"the training could not be kept in {self.folder.name}/ ({error}). What was kept before is "
                f"whole. Make room, and press Go on"
            ) from error
        finally:
            self.newest = checkpoints(self.folder)[:1]

    def load(self, run):
        """Go on with `run` from what was kept, if anything was. Returns its losses and measurements.

        ValueError where that was another training, or where all is damaged.
        """
        if self.folder is None or not checkpoints(self.folder):
            return [], []
        try:
            newest = read_checkpoint(self.folder, warn=self.remarks.append)
        except ValueError as error:
            reasons = " ".join(self.remarks)
            raise ValueError(f"{error}. {reasons} Name another folder as keep, or move it away") from None
        # A setting that an earlier version did not have was what it is by default.
        kept = asdict(Training(steps=1)) | newest.progress["training"]
        mine = json.loads(json.dumps(asdict(run.training)))
        other = [name for name in mine if name not in MAY_DIFFER and kept.get(name) != mine[name]]
        if load_tokenizer(newest.folder).vocab != self.tokenizer.vocab:
            other.append("vocabulary")
        if newest.model.config != run.model.config:
            other.append("config")
        if other:
            raise ValueError(
                f"{self.folder} holds a training with another {', '.join(other)}: name another folder as "
                f"keep, or move that one away"
            )
        resume(run, newest)
        run.training = replace(run.training, learning_rate=kept["learning_rate"])
        self.newest = checkpoints(self.folder)[:1]
        return self.read_history(run.step)

    def read_history(self, step):
        """The losses and measurements as far as the weights have come. Where they cannot be read, none."""
        try:
            history = json.loads((self.folder / HISTORY).read_text(encoding="utf-8"))
            losses = [float(loss) for loss in history["losses"][:step]]
            measured = [(int(at), float(loss)) for at, loss in history["measured"] if at <= step]
        except (ValueError, KeyError, TypeError, OSError) as error:
            losses, measured = [], []
            self.remarks.append(
                f"The curve of the first {step:,} steps is lost, the model is not: {HISTORY} in "
                f"{self.folder.name}/ is missing or damaged ({error})."
            )
        return losses + [math.nan] * (step - len(losses)), measured

    def set_aside(self):
        """Give the folder of what was kept a name that is free."""
        if self.folder is not None and self.folder.exists():
            number = 1
            while (aside := self.folder.with_name(f"{self.folder.name}-before-{number}")).exists():
                number += 1
            self.folder.rename(aside)
        self.remarks, self.newest = [], []
