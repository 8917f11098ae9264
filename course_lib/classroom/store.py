"""my_course/: what a learner has done, beside the notebooks, in plain files that anybody can read.

my_course/progress.json     {"format": 1,
                             "exercises": {"2.2": {"status": "passed", "attempts": 3, "hints": 1, "solution":
                             false}}, "predictions": {"2-variance": "it grows with d"}}
my_course/answers/2_2_attention_weights.py     the source of a passed answer, able to run on its own

Files are replaced whole, under a lock that all kernels share. A damaged file is set aside, never lost.
"""

import json
import os
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from course_lib.checkpoint import write_file

FORMAT = 1
EMPTY = {"format": FORMAT, "exercises": {}, "predictions": {}}


class Store:
    """Progress and answers in one folder. `trouble` is a sentence for the learner where saving does not
    work.
    """

    def __init__(self, folder=None):
        self.folder = Path(folder or os.environ.get("COURSE_PROGRESS") or "my_course").absolute()
        self.file = self.folder / "progress.json"
        self.answers = self.folder / "answers"
        self.trouble = None
        self.unsaved = None  # what is known where nothing can be written

    def read(self):
        """All that is known, as the dict that progress.json holds. A damaged file is set aside, with a
        message.
        """
        if self.unsaved is not None:
            return self.unsaved
        try:
            known = json.loads(self.file.read_text(encoding="utf-8"))
            if known["format"] != FORMAT:
                raise ValueError(f"format {known['format']!r}")
            for name, kind in [("exercises", dict), ("predictions", dict)]:
                if not isinstance(known[name], kind) or not all(isinstance(key, str) for key in known[name]):
                    raise ValueError(f"{name} is damaged")
            if not all(isinstance(each, dict) and "status" in each for each in known["exercises"].values()):
                raise ValueError("exercises is damaged")
            return known
        except FileNotFoundError:
            return json.loads(json.dumps(EMPTY))
        except (ValueError, KeyError, TypeError) as error:
            return self.set_aside(error)
        except OSError as error:
            self.trouble = f"Your progress cannot be read ({error.strerror})."
            return json.loads(json.dumps(EMPTY))

    def set_aside(self, reason):
        """Give a damaged progress.json another name and start again from the answers that are there."""
        number = 1
        while (aside := self.file.with_name(f"progress.damaged-{number}.json")).exists():
            number += 1
        known = json.loads(json.dumps(EMPTY))
        for path in sorted(self.answers.glob("*.py")):
            week, exercise_number, *_ = path.stem.split("_")
            known["exercises"][f"{week}.{exercise_number}"] = {"status": "passed"}
        try:
            os.replace(self.file, aside)
        except OSError:
            return known
        kept = len(known["exercises"])
        self.trouble = (
            f"progress.json could not be read ({reason}). It is kept as {aside.name}, and a new one begins "
            f"with {kept} passed answer{'' if kept == 1 else 's'} found in {self.answers.name}/."
        )
        self.write(known)
        return known

    def update(self, change):
        """Read, let `change(known)` alter the dict, and write it: one kernel at a time, so that nothing is
        lost.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock", timeout=10):
                known = self.read()
                change(known)
                self.write(known)
                return known
        except (OSError, Timeout) as error:
            self.unsaved = known = self.read()
            change(known)
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            self.trouble = (
                f"Nothing can be saved in {self.folder.name}/ ({reason}); this kernel remembers it."
            )
            return known

    def write(self, known):
        write_file(
            self.file, (json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
        )

    def exercise(self, exercise_id):
        """What is known of one exercise: status, attempts, hints (opened), solution (was it looked at)."""
        fresh = {"status": "not_attempted", "attempts": 0, "hints": 0, "solution": False}
        return fresh | self.read()["exercises"].get(exercise_id, {})

    def note(self, exercise_id, **changes):
        """Change what is known of one exercise; numbers are the new values. A passed exercise stays
        passed.
        """

        def change(known):
            record = known["exercises"].setdefault(exercise_id, {"status": "not_attempted"})
            if record["status"] == "passed":
                changes.pop("status", None)
            record.update(changes)

        self.update(change)

    def attempt(self, exercise_id, status):
        """Count an attempt and keep its status."""

        def change(known):
            record = known["exercises"].setdefault(exercise_id, {"status": "not_attempted"})
            record["attempts"] = record.get("attempts", 0) + 1
            if record["status"] != "passed":
                record["status"] = status

        self.update(change)

    def answer_file(self, exercise):
        return self.answers / f"{exercise.id.replace('.', '_')}_{exercise.name}.py"

    def keep_answer(self, exercise, source):
        """Write the source of a passed answer, with a first line that says what it is."""
        title = f"# Exercise {exercise.id} · {exercise.title}: your answer, which passed."
        try:
            self.answers.mkdir(parents=True, exist_ok=True)
            write_file(self.answer_file(exercise), f"{title}\n\n{source}".encode())
        except OSError as error:
            self.trouble = f"Your answer cannot be saved in {self.folder.name}/ ({error.strerror})."

    def answer(self, exercise):
        """The kept source of a passed answer, or None."""
        try:
            return self.answer_file(exercise).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def room(self, name):
        """The folder my_course/NAME. Where nothing can be written there, a temporary one, and a line that
        says so.
        """
        folder = self.folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            folder = Path(tempfile.mkdtemp(prefix=f"course-{name}-"))
            print(f"Nothing can be kept in {self.folder.name}/{name}/ ({error.strerror}).")
            print(f"What is made here lies in {folder} for the time being.")
        return folder

    def notice(self):
        """The sentence on what went wrong, once."""
        trouble, self.trouble = self.trouble, None
        return trouble


STORE = Store()
