"""my_course/: what a learner has done, beside the English notebooks, in plain files that anybody can read.

my_course/progress.json     {"format": 3,
                             "exercises": {"2.2": {"status": "passed", "attempts": 3, "hints": 1, "solution":
                             false}}, "predictions": {"2-variance": "it grows with d"},
                             "order_seed": 2841930175}       a learner's own, for the order of choices; drawn
                                                             where it is asked for and is not there yet
my_course/answers/2_2_attention_weights.py     the source of a passed answer, able to run on its own

Files are replaced whole, under a lock that all kernels share. A damaged file is set aside, never lost.
"""

import json
import os
import re
import secrets
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from course_lib.checkpoint import write_file

FORMAT = 3
# format → {number then: number in the next format}. Format 1 is of the course in seven weeks: what was week 6
# became week 7, and the end of week 5 became week 6. Format 2 is of eight: what week 7 asked about labels
# became week 8.
RENUMBERED = {
    1: {"5.8": "6.7"} | {f"6.{number}": f"7.{number}" for number in range(1, 8)},
    2: {"7.5": "8.6", "7.6": "7.5", "7.7": "7.6"},
}
OLDER_PREDICTIONS = {
    1: {"5-together": "6-together"}
    | {f"6-{each}": f"7-{each}" for each in "same cuts positions search goods rate since".split()},
    2: {"7-goods": "8-goods", "7-rate": "8-rate"},
}
OLDER_ANSWERS = {  # name then: name today, the later format first
    "7_5_number_labels.py": "8_6_number_labels.py",
    "7_6_geglu.py": "7_5_geglu.py",
    "7_7_local_mask.py": "7_6_local_mask.py",
    "6_3_mean_pooling.py": "7_3_mean_pooling.py",
    "6_4_most_similar.py": "7_4_most_similar.py",
    "6_5_number_labels.py": "8_6_number_labels.py",
    "6_6_geglu.py": "7_5_geglu.py",
    "6_7_local_mask.py": "7_6_local_mask.py",
}
ANSWER_FILE = re.compile(r"(\d+)_(\d+)_\w+\.py")  # week, number, name of the function
FRESH = {"status": "not_attempted", "attempts": 0, "hints": 0, "solution": False}
STATUSES = ("not_attempted", "failed", "passed")


def beside_notebooks():
    """The folder of the notebook that runs, or for one in ko/ that above it: both languages share it."""
    here = Path.cwd()
    is_edition = here.name == "ko" and any(here.parent.glob("00_*.ipynb"))
    return here.parent if is_edition else here


def empty():
    return {"format": FORMAT, "exercises": {}, "predictions": {}}


class Store:
    """Progress and answers in one folder. `trouble` is a sentence for the learner where saving does not
    work.

    What cannot be saved waits, change by change, and is done once more with the next save, on what the file
    holds then: another kernel may have saved in between.
    """

    def __init__(self, folder=None):
        self.use(folder or os.environ.get("COURSE_PROGRESS") or beside_notebooks() / "my_course")

    def use(self, folder):
        """Keep everything in this folder from here on."""
        self.folder = Path(folder).absolute()
        self.file = self.folder / "progress.json"
        self.answers = self.folder / "answers"
        self.lock = FileLock(self.folder / ".lock", timeout=10)
        self.trouble = None
        self.waiting = []  # changes that are not saved yet
        self.waiting_answers = {}  # {file: content}

    def read(self):
        """All that is known, as the dict that progress.json holds, with the changes that wait. A damaged file
        is set aside, with a message.
        """
        try:
            return self.with_waiting(self.read_file())
        except (OSError, Timeout) as error:
            self.trouble = self.trouble or f"Your progress cannot be read ({reason_of(error)})."
            return self.with_waiting(self.from_answers())

    def with_waiting(self, known):
        for change in self.waiting:
            change(known)
        return known

    def read_file(self):
        """What progress.json holds. OSError and Timeout where that cannot be told."""
        try:
            return sound(self.file.read_bytes())
        except FileNotFoundError:
            return empty()
        except ValueError:
            return self.set_aside()

    def set_aside(self):
        """Give a damaged progress.json another name and start again from the answers that are there."""
        with self.lock:
            try:
                return sound(self.file.read_bytes())  # another kernel has been here in the meantime
            except ValueError as error:
                reason = error
            known, aside = self.from_answers(), self.unused_name()
            os.replace(self.file, aside)
            self.write(known)
        kept = len(known["exercises"])
        self.trouble = (
            f"progress.json could not be read ({reason}). It is kept as {aside.name}, and a new one begins "
            f"with {kept} passed answer{'' if kept == 1 else 's'} found in {self.answers.name}/."
        )
        return known

    def from_answers(self):
        """What the files in answers/ tell. Others may lie there, too: notes, say."""
        names = {OLDER_ANSWERS.get(path.name, path.name) for path in self.answers.glob("*.py")}
        found = filter(None, map(ANSWER_FILE.fullmatch, sorted(names)))
        return empty() | {"exercises": {f"{name[1]}.{name[2]}": {"status": "passed"} for name in found}}

    def unused_name(self):
        number = 1
        while (aside := self.file.with_name(f"progress.damaged-{number}.json")).exists():
            number += 1
        return aside

    def update(self, change):
        """Read, let `change(known)` alter the dict, and write it: one kernel at a time, so that nothing is
        lost. Returns what is known then.
        """
        self.waiting.append(change)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.lock:
                known = self.with_waiting(self.read_file())
                self.write(known)
            self.waiting.clear()
        except (OSError, Timeout) as error:
            self.trouble = (
                f"Nothing can be saved in {self.folder.name}/ ({reason_of(error)}); this kernel remembers "
                "it, and tries again with the next change."
            )
            return self.read()
        self.write_waiting_answers()
        return known

    def write(self, known):
        write_file(
            self.file, (json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
        )

    def exercise(self, exercise_id):
        """What is known of one exercise: status, attempts, hints (opened), solution (was it looked at)."""
        known = self.read()["exercises"].get(exercise_id, {})
        usable = {name: value for name, value in known.items() if type(value) is type(FRESH.get(name))}
        record = FRESH | usable
        if record["status"] not in STATUSES:  # of a later version of the course
            record["status"] = "not_attempted"
        return record

    def note(self, exercise_id, **changes):
        """Change what is known of one exercise; numbers are the new values. A passed exercise stays
        passed.
        """

        def change(known):
            record = known["exercises"].setdefault(exercise_id, {"status": "not_attempted"})
            kept = {"status": "passed"} if record["status"] == "passed" else {}
            record.update(changes | kept)

        self.update(change)

    def attempt(self, exercise_id, status):
        """Count an attempt and keep its status."""

        def change(known):
            record = known["exercises"].setdefault(exercise_id, {"status": "not_attempted"})
            attempts = record.get("attempts")
            record["attempts"] = attempts + 1 if type(attempts) is int else 1
            if record["status"] != "passed":
                record["status"] = status

        self.update(change)

    def order_seed(self):
        """What the order of choices on cards comes from. It is drawn once and kept; COURSE_ORDER_SEED is
        another one, for who needs the same cards each time.
        """
        if fixed := os.environ.get("COURSE_ORDER_SEED"):
            return fixed
        if type(kept := self.read().get("order_seed")) is int:
            return kept
        drawn = secrets.randbits(32)

        def change(known):
            if type(known.get("order_seed")) is not int:  # else another kernel has drawn in the meantime
                known["order_seed"] = drawn

        return self.update(change)["order_seed"]

    def answer_file(self, exercise):
        return self.answers / f"{exercise.id.replace('.', '_')}_{exercise.name}.py"

    def keep_answer(self, exercise, source):
        """Write the source of a passed answer, with a first line that says what it is. The one kept before
        gives way.
        """
        title = f"# Exercise {exercise.id} · {exercise.title}: your answer, which passed."
        self.waiting_answers[self.answer_file(exercise)] = f"{title}\n\n{source}"
        self.write_waiting_answers()

    def write_waiting_answers(self):
        try:
            for file, content in list(self.waiting_answers.items()):
                self.answers.mkdir(parents=True, exist_ok=True)
                write_file(file, content.encode())
                del self.waiting_answers[file]
        except OSError as error:
            self.trouble = (
                f"Your answer cannot be saved in {self.folder.name}/ ({reason_of(error)}); this kernel "
                "remembers it, and tries again with the next change."
            )

    def answer(self, exercise):
        """The kept source of a passed answer, or None."""
        file = self.answer_file(exercise)
        older = [self.answers / old for old, new in OLDER_ANSWERS.items() if new == file.name]
        for each in (file, *older):
            try:
                return self.waiting_answers.get(each) or each.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
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


def reason_of(error):
    """Why a file could not be read or written, in the system's words."""
    return error.strerror if isinstance(error, OSError) and error.strerror else error


def sound(content):
    """progress.json as a dict. ValueError says what is wrong with it."""
    known = json.loads(content.decode())
    if not isinstance(known, dict) or known.get("format") not in range(1, FORMAT + 1):
        raise ValueError(f"it is not of format {FORMAT}")
    for name in ("exercises", "predictions"):
        if not isinstance(known.get(name), dict):
            raise ValueError(f"{name} is damaged")
    if not all(isinstance(each, dict) and "status" in each for each in known["exercises"].values()):
        raise ValueError("exercises is damaged")
    while known["format"] < FORMAT:
        known = renumbered(known)
    return known


def renumbered(known):
    """What an older format holds, in the numbers of the next one."""
    older = known["format"]
    tables = {"exercises": RENUMBERED[older], "predictions": OLDER_PREDICTIONS[older]}
    changed = {
        name: {table.get(key, key): value for key, value in known[name].items()}
        for name, table in tables.items()
    }
    return known | changed | {"format": older + 1}


STORE = Store()
