"""The course in a fresh clone: how long it takes to set it up and to test it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import table

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {
    "set-up for learning (make lab, the first time)": [sys.executable, "scripts/provision.py"],
    "set-up for testing, on top of it": [sys.executable, "scripts/provision.py", "test"],
    "make test": ["make", "test"],
    "make test-browser": ["make", "test-browser"],
}


def seconds(command, folder):
    """How long a command takes in a folder; its output goes to stderr. Fails where the command fails."""
    began = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_PROGRESS"}
    subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr, env=environment | {"CI": "true"})
    return time.perf_counter() - began


def measure(options):
    """A Markdown table. --quick measures the set-up alone."""
    commands = dict(list(COMMANDS.items())[: 1 if options.quick else None])
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "course"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        rows = [(name, f"{seconds(command, clone) / 60:.1f} min") for name, command in commands.items()]
        size = sum(file.lstat().st_size for file in (clone / ".venv").rglob("*"))
        rows.append(("disk of .venv", f"{size / 1e9:.1f} GB"))
        shutil.rmtree(clone)
    return table(["in a fresh clone", "takes"], rows)
