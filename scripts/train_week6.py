"""Make data/week6/: the training on more and more real text, some twenty minutes.

python scripts/train_week6.py
"""

import torch
from train_week5 import write_json

from course_lib.classroom.experiments import how_much_text

if __name__ == "__main__":
    torch.set_num_threads(1)
    how_much_text.RECORD.parent.mkdir(parents=True, exist_ok=True)
    write_json(how_much_text.RECORD, how_much_text.record())
