"""Make data/week7/: the measurements that take longer than a reader wants to wait.

python scripts/train_week7.py [changes | finetuning]      both without a name
"""

import sys

import torch
from train_week5 import write_json

from course_lib.classroom.experiments import changes, labelled

RECORDS = {"changes": changes, "finetuning": labelled}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or RECORDS:
        RECORDS[name].RECORD.parent.mkdir(parents=True, exist_ok=True)
        write_json(RECORDS[name].RECORD, RECORDS[name].record())
