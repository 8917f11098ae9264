"""Make data/week7/changes.json: the loss under each change since 2018, most of an hour on one core.

python scripts/train_week7.py
"""

import torch
from train_week5 import write_json

from course_lib.classroom.experiments.changes import RECORD, record

if __name__ == "__main__":
    torch.set_num_threads(1)
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    write_json(RECORD, record())
