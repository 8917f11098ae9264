"""Week 5: the settings of a run, on the command line and on disk: what the commands that train share.

A run writes its settings down, so that it is resumed as what it was begun.
"""

import argparse
import contextlib
import hashlib
import json
import re
import sys

from course_lib.files import write_file
from course_lib.pretraining import checkpoints

# -- on the command line


def parsed(parser, argv, begun, resumed):
    """All settings of a run. Ends the program, with words and status 2, where they cannot be.

    begun, resumed: functions of what was given and of the defaults, both {name: value}, for a new run and for
    --resume. They return all settings, or raise ValueError or OSError.
    """
    defaults = vars(parser.parse_args(["--out", "."]))
    unset = argparse.Namespace(**dict.fromkeys(defaults))  # what is set already gets no default
    given = {name: value for name, value in vars(parser.parse_args(argv, unset)).items() if value is not None}
    try:
        settings = resumed(given, defaults) if "resume" in given else begun(given, defaults)
        return argparse.Namespace(**settings)
    except (ValueError, OSError) as error:
        parser.error(f"{error}")


@contextlib.contextmanager
def errors_in_words(out):
    """Ends the program with a sentence, status 1, where what a run in this folder raises has a remedy."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"{error}")
    except OSError as error:
        advice = "\nThe last complete checkpoint is whole; make room and go on with --resume."
        sys.exit(f"{error}{advice if checkpoints(out) else ''}")


def positive_int(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return int(text)


def option(name):
    return "--" + name.replace("_", "-")


def in_options(message, options):
    """A sentence about fields of settings, with the options that set them; options: {field: option's name}"""
    return re.sub(
        r"(?:\w+\.)?\b([a-z_]+)\b",
        lambda found: option(options[found[1]]) if found[1] in options else found[0],
        message,
    )


def check_unused(out):
    """ValueError where a new run would overwrite something in its folder."""
    if checkpoints(out):
        raise ValueError(f"{out} holds a run already: go on with --resume, or name another --out")
    if (out / "model.safetensors").exists():
        raise ValueError(f"{out} holds a model already, which would be overwritten: name another --out")


def check_begun(out):
    """ValueError where there is nothing to resume."""
    if not checkpoints(out):
        raise ValueError(
            f"{out} holds no checkpoint yet, so there is nothing to go on from: begin the run with all its "
            "settings and without --resume"
        )


def others(given, kept, may_differ):
    """In words, each setting given that is not that of the run; kept: {name: value}, those of the run"""
    return [
        f"{option(name)} is {value} here, and {said(kept[name])} in the run that is resumed"
        for name, value in given.items()
        if name not in ("out", "resume", *may_differ) and value != kept[name]
    ]


def said(value):
    return "not set" if value is None else value


def refuse(others):
    """ValueError where settings are others than those of the run, in words as `others` gives them."""
    if others:
        them = "it" if len(others) == 1 else "them"
        words = ",\n".join(others)
        raise ValueError(f"{words}: leave {them} out, or begin a new run in another folder")


def make_folder(out):
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out {out} cannot be made ({error.strerror}): name another folder") from error


# -- on disk


def content(*files):
    """The SHA-256 of the bytes of files, one behind the other: by it they are known again."""
    sha256 = hashlib.sha256()
    for path in files:
        with open(path, "rb") as file:
            while part := file.read(1 << 20):
                sha256.update(part)
    return sha256.hexdigest()


def record(args):
    """Write the settings of a run to its folder, for whoever resumes it."""
    settings = {name: value for name, value in vars(args).items() if name not in ("out", "resume")}
    write_file(args.out / "settings.json", json.dumps(settings, indent=2, ensure_ascii=False).encode())


def recorded(out):
    """The settings of the run in a folder, as `record` wrote them; None where it wrote none."""
    file = out / "settings.json"
    if not file.exists():
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is damaged ({error}): begin a new run in another folder") from error


class Metrics:
    """metrics.jsonl: one line for each evaluation. Lines of steps that will be run again are taken out."""

    def __init__(self, path, step):
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() and step else []
        self.lines = [line for line in lines if json.loads(line)["step"] <= step]

    def add(self, values):
        self.lines.append(json.dumps(values))
        write_file(self.path, ("\n".join(self.lines) + "\n").encode())
