"""Week 8: what the fine-tuning command is told, and whether that can be done, before anything takes time."""

import argparse
from pathlib import Path

from course_lib.bert import BertConfig
from course_lib.checkpoint import existing
from course_lib.files import named
from course_lib.finetuning import FineTuning
from course_lib.run_settings import (
    check_begun,
    check_unused,
    content,
    in_options,
    make_folder,
    others,
    parsed,
    positive_int,
    recorded,
    refuse,
)

TASKS = ("sequence", "pairs", "tokens", "answers")
EPOCHS = 3  # without --epochs and --steps; Devlin et al. 2019, appendix A.3, take 2 to 4
LONGEST = 128  # tokens of an example without --max-length, or fewer where the model cannot read so many
LEAST = 8  # tokens: [CLS], two [SEP] and something to read
TRAINING = ("steps", "batch_size", "learning_rate", "seed")
WANTED = {
    "task": f"say what is asked: {', '.join(TASKS)}",
    "model": "name the folder of a BERT to begin with",
    "train": "name a file with examples to learn from",
    "test": "name a file with examples to be measured by",
}
FILES = ("model", "train", "test")  # known by their content
MORE = """
Files have one example a line. sequence: text<TAB>label. pairs: first<TAB>second<TAB>label. Or JSON, in a file
named *.jsonl: {"text": …, "label": …}, {"first": …, "second": …, "label": …}; for tokens {"words": […],
"tags": […]} or {"text": …, "spans": [[start, end, kind], …]}; for answers {"context": …, "question": …,
"answer": …, "start": …}, where start is the place of the answer's first character, or null.

--resume goes on from the newest checkpoint in --out (there is one after each epoch) and ends as if it had not
been stopped. The settings of the run are in its settings.json and need not be given again; one that differs
is refused. Files are known by their content: where one has been moved, give its new place.
"""


def make_parser():
    parser = argparse.ArgumentParser(
        "python -m course_lib.finetune", description="Fine-tune a BERT.", epilog=MORE
    )
    parser.add_argument("--task", choices=TASKS, help="a class for a text or a pair; tags; answers")
    parser.add_argument("--model", help="folder of the BERT to begin with, and its tokenizer")
    parser.add_argument("--train", help="file with labelled examples to learn from")
    parser.add_argument("--test", help="file with labelled examples, to be measured by after each epoch")
    parser.add_argument(
        "--out", required=True, type=Path, help="folder for the model, its checkpoints and metrics"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--epochs", type=positive_int, help=f"read all examples so often; {EPOCHS} without it"
    )
    length.add_argument("--steps", type=positive_int, help="train so many batches")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out, see below")
    parser.add_argument("--batch-size", type=positive_int, default=FineTuning.batch_size)
    parser.add_argument("--learning-rate", type=float, default=FineTuning.learning_rate)
    parser.add_argument("--seed", type=int, default=FineTuning.seed)
    parser.add_argument(
        "--max-length", type=int, help=f"longest example in tokens; {LONGEST} without it, if the model can"
    )
    return parser


def arguments(argv=None):
    """The settings of a run, all of them. Ends the program, with words and status 2, where they cannot be."""
    return parsed(make_parser(), argv, begun, resumed)


def begun(given, defaults):
    """The settings of a new run. ValueError or FileNotFoundError where they cannot be."""
    for name, words in WANTED.items():
        if name not in given:
            raise ValueError(f"--{name} is missing: {words}")
    settings = defaults | given
    if settings["epochs"] is None and settings["steps"] is None:
        settings["epochs"] = EPOCHS
    folder = named(settings["model"])
    for name in ("config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json"):
        existing(folder / name)
    config = BertConfig.from_file(folder / "config.json")
    if settings["max_length"] is None:
        settings["max_length"] = min(LONGEST, config.max_position_embeddings)
    check(settings, config)
    for name in FILES:
        settings[f"{name}_sha256"] = content(file_of(name, settings[name]))
    check_unused(settings["out"])
    make_folder(settings["out"])
    return settings


def check(settings, config):
    """ValueError where a BERT with this config cannot be trained with these settings, said of the options."""
    longest = config.max_position_embeddings
    if not LEAST <= settings["max_length"] <= longest:
        raise ValueError(
            f"--max-length must be from {LEAST} to {longest}, what this model can read, got "
            f"{settings['max_length']}"
        )
    if settings["task"] in ("pairs", "answers") and config.type_vocab_size < 2:
        raise ValueError(
            f"--task {settings['task']} has two texts, and this model knows one (type_vocab_size)"
        )
    try:
        training_of(settings, settings["steps"] or 1)
    except ValueError as error:
        raise ValueError(in_options(f"{error}", {name: name for name in TRAINING})) from error


def training_of(settings, steps):
    return FineTuning(**{name: settings[name] for name in TRAINING} | dict(steps=steps))


def file_of(name, path):
    """The file by whose content --model, --train or --test is known. FileNotFoundError without it."""
    path = named(path)
    file = path / "model.safetensors" if name == "model" else path
    if not file.is_file():
        raise FileNotFoundError(f"--{name} {path}: there is no such file")
    return file


def resumed(given, defaults):
    """The settings of the run in --out. ValueError names what differs from what was given."""
    out = given["out"]
    check_begun(out)
    kept = recorded(out) or {}
    if "task" not in kept:
        raise ValueError(f"{out} holds no run of this command: begin a new run in another folder")
    kept = defaults | kept
    changed = others(given, kept, FILES)
    for name in FILES:
        if name != "model" or name in given:  # the run has its own model
            changed += other_file(name, given.get(name, kept[name]), kept)
    refuse(changed)
    return kept | given


def other_file(name, path, kept):
    """In words, where a file is not that of the run. FileNotFoundError where it is not there."""
    try:
        if content(file_of(name, path)) == kept[f"{name}_sha256"]:
            return []
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}; if it was moved, say where to, with --{name}") from error
    if path == kept[name]:
        return [f"--{name} {path} holds something else than when the run began"]
    return [f"--{name} is {path} here, and {kept[name]} in the run that is resumed"]
