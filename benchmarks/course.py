"""The course as a whole: time to set it up and to test it, time and memory of each notebook, its rhythm."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

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


class Peak(threading.Thread):
    """The greatest resident memory of all processes that this one has started, together. `bytes` has it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.bytes, self.ended = 0, threading.Event()

    def run(self):
        while not self.ended.wait(0.2):
            held = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    held += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.bytes = max(self.bytes, held)


def run(path):
    """(seconds, bytes) of one notebook in a fresh kernel, as somebody runs it who has solved nothing."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as progress:
        os.environ["COURSE_PROGRESS"] = progress
        peak, began = Peak(), time.perf_counter()
        peak.start()
        NotebookClient(notebook, timeout=900).execute(cwd=str(path.parent))
        peak.ended.set()
        return time.perf_counter() - began, peak.bytes


def rhythm(path):
    """How the cells of a notebook follow each other, as a row of the second table."""
    cells = nbformat.read(path, as_version=4).cells
    lines = [len(cell.source.splitlines()) for cell in cells if cell.cell_type == "code"]
    words = [len(cell.source.split()) for cell in cells if cell.cell_type == "markdown"]
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return (
        path.stem,
        f"{len(lines)}: {statistics.median(lines):g}, {max(lines)}",
        f"{len(words)}: {statistics.median(words):g}, {max(words)}",
        f"{sum(words):,}",
        source.count(" = predict("),
        source.count("@exercise(") + source.count('card("'),
    )


RHYTHM = [
    "notebook", "code cells: lines, median and most", "text cells: words, median and most", "words",
    "predictions", "exercises",
]  # fmt: skip


def measure(options):
    """Markdown tables. --quick leaves out the fresh clone and all notebooks but the first."""
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))[: 1 if options.quick else None]
    rows = []
    for path in notebooks:
        time_taken, held = run(path)
        rows.append((path.stem, f"{time_taken:.0f} s", f"{held / 1e9:.1f} GB"))
    result = table(["notebook, all cells", "time", "peak memory, kernel and checker"], rows)
    result += "\n\n" + table(RHYTHM, list(map(rhythm, notebooks)))
    if options.quick:
        return result
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "course"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        rows = [(name, f"{seconds(command, clone) / 60:.1f} min") for name, command in COMMANDS.items()]
        size = sum(file.lstat().st_size for file in (clone / ".venv").rglob("*"))
        rows.append(("disk of .venv", f"{size / 1e9:.1f} GB"))
        shutil.rmtree(clone)
    return f"{table(['in a fresh clone', 'takes'], rows)}\n\n{result}"
