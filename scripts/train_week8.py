"""Make data/week8/: what fine-tuning reaches, which takes longer to measure than a reader wants to wait.

python scripts/train_week8.py [tags | questions | pairs | marks | control | docstrings]

All of them without a name.
"""

import sys

import torch
from train_week5 import write_json

from course_lib.classroom.experiments import labelled, town_asked, town_control, town_marks

OTHERS = {"marks": town_marks, "control": town_control}


def keep(name, measured):
    """Add to the record of the town's tasks, or replace what it says of this name."""
    path = town_asked.RECORD
    write_json(path, (town_asked.read_record() if path.exists() else {}) | {name: measured})


if __name__ == "__main__":
    torch.set_num_threads(1)
    town_asked.RECORD.parent.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or (*town_asked.TASKS, *OTHERS, "docstrings"):
        if name == "docstrings":
            write_json(labelled.RECORD, labelled.record())
            continue
        if name in OTHERS:
            keep(name, OTHERS[name].record())
            continue
        measured = {}
        for language in town_asked.READY:
            measured[language] = town_asked.record(town_asked.TASKS[name], language)
            keep(name, measured)
