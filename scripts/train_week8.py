"""Make data/week8/asked.json: what each task of week 8 reaches, against the number of labelled examples.

python scripts/train_week8.py [tags | questions | pairs | control]      all of them without a name
"""

import sys

import torch
from train_week5 import write_json

from course_lib.classroom.experiments import town_asked, town_control


def keep(name, measured):
    """Add to the record, or replace what it says of this name."""
    path = town_asked.RECORD
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, (town_asked.read_record() if path.exists() else {}) | {name: measured})


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or (*town_asked.TASKS, "control"):
        if name == "control":
            keep(name, town_control.record())
            continue
        measured = {}
        for language in town_asked.READY:
            measured[language] = town_asked.record(town_asked.TASKS[name], language)
            keep(name, measured)
