"""Make data/week5/: the trainings that take longer than a reader wants to wait, each with its log.

python scripts/train_week5.py [town-ko | town | docs | broken | one_sided | pairs | whole_words]

All of them without a name.
"""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import torch

from course_lib.bert import BertForMaskedLM
from course_lib.checkpoint import load_model, load_tokenizer, write_file
from course_lib.classroom.experiments import broken_trainings, one_sided, paired_bert, whole_words
from course_lib.classroom.materials.ready_models import RUNS
from course_lib.fill_mask import fill_mask
from course_lib.pretrain import main as pretrain

COMMANDS = {
    "town-ko": "--corpus town-ko --steps 7000",
    "town": "--corpus town --steps 9000",
    "docs": "--corpus docs --steps 3000 --max-length 64 --learning-rate 2e-3",
}
RECORDS = {
    "broken": broken_trainings,
    "one_sided": one_sided,
    "pairs": paired_bert,
    "whole_words": whole_words,
}
KEPT = ("config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt")
DOCS_QUESTIONS = (
    "returns a [MASK] of strings .",
    "raises a [MASK] if the file does not exist .",
    "the [MASK] of the array .",
    "this method is [MASK] in a subclass .",
    "if the argument is [MASK] , the default is used .",
)


def train(name):
    """Run the pre-training command and keep its model and its log; of the documentation, the log alone."""
    with tempfile.TemporaryDirectory() as folder:
        pretrain([*COMMANDS[name].split(), "--out", folder])
        kept = RUNS / name
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        shutil.copy(Path(folder) / "metrics.jsonl", kept)
        command = f"python -m course_lib.pretrain {COMMANDS[name]} --out FOLDER\n"
        (kept / "command.txt").write_text(command, encoding="utf-8")
        if name != "docs":
            for file in KEPT:
                shutil.copy(Path(folder) / file, kept)
            return
        model, tokenizer = load_model(folder, BertForMaskedLM), load_tokenizer(folder)
        answers = {text: fill_mask(model, tokenizer, text)[0] for text in DOCS_QUESTIONS}
        write_json(kept / "answers.json", answers)


def write_json(path, content):
    """Lists of numbers and of pairs stay on one line each, so that the file can be read."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    text = re.sub(r"\[\s+((?:[^\[\]{}]|\[[^\[\]{}]*\])*?)\s+\]", lambda m: re.sub(r"\s+", " ", m[0]), text)
    write_file(path, (text + "\n").encode())


if __name__ == "__main__":
    RUNS.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or [*COMMANDS, *RECORDS]:
        if name in RECORDS:
            torch.set_num_threads(1)
            write_json(RECORDS[name].RECORD, RECORDS[name].record())
        else:
            train(name)
