"""Every notebook in a fresh kernel: its time, its memory, and the rhythm of its cells."""

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from benchmarks.measure import table

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


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
        os.environ["GOMP_SPINCOUNT"] = "1000"  # as the Makefile has it
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
    """Two Markdown tables. --quick runs the first notebook alone."""
    rows = []
    for path in NOTEBOOKS[: 1 if options.quick else None]:
        time_taken, held = run(path)
        rows.append((path.stem, f"{time_taken:.0f} s", f"{held / 1e9:.1f} GB"))
    times = table(["notebook, all cells", "time", "peak memory, kernel and checker"], rows)
    return f"{times}\n\n{table(RHYTHM, list(map(rhythm, NOTEBOOKS)))}"
