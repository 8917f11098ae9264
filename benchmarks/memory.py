"""Greatest memory of preparing a corpus, by the size of its file, and of a training step, by whose it is."""

import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import table
from benchmarks.steps import full_batches, middle_size, numbered_vocabulary, our_step, repeated, their_step

ROOT = Path(__file__).resolve().parent.parent
STEPS = 3
SIDES = {"ours": our_step, "transformers": their_step}


def peak(*command):
    """The greatest number of bytes in memory of a fresh process that runs a module: see `benchmarks.peak`."""
    whole = [sys.executable, "-m", "benchmarks.peak", *map(str, command)]
    ended = subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if ended.returncode:
        raise RuntimeError(f"{' '.join(whole)} failed:\n{ended.stderr}")
    return int(ended.stdout)


def write_text(path, size):
    """A file of about `size` bytes: paragraphs of words from a fixed list, written as they are drawn."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(20_000)]
    with open(path, "w", encoding="utf-8") as file:
        while file.tell() < size:
            file.writelines(" ".join(rng.choices(words, k=100)) + "\n\n" for _ in range(1000))


def preparing(size):
    """The greatest memory of the pre-training command with a small model, for a text file of `size` bytes."""
    with tempfile.TemporaryDirectory() as folder:
        needed = 4 * size  # the text, and its ids on disk
        if (free := shutil.disk_usage(folder).free) < needed:
            raise OSError(f"the temporary folder needs {needed:,} bytes of disk, and {free:,} are free")
        text = Path(folder) / "text.txt"
        write_text(text, size)
        small = ["--vocab-size", 4000, "--hidden-size", 32, "--layers", 1, "--heads", 2, "--batch-size", 8]
        run = ["--corpus", text, "--out", Path(folder) / "out", "--steps", 2]
        return peak("course_lib.pretrain", *run, *small)


def corpus_table(sizes):
    peaks = [preparing(megabytes * 1_000_000) for megabytes in sizes]
    rows = [
        (f"{megabytes} MB", f"{bytes_held / 1e6:,.0f} MB", f"{bytes_held / peaks[0]:.2f}")
        for megabytes, bytes_held in zip(sizes, peaks, strict=True)
    ]
    return table(["text file", "peak of preparing and two steps", "relative to the first"], rows)


def step_table():
    """Each side in a process of its own. Both import the same; what that takes is measured and taken off."""
    imports = peak("benchmarks.memory", "nobody")
    rows = [("imports alone", f"{imports / 1e6:,.0f} MB", "")]
    above = {}
    for side in SIDES:
        held = peak("benchmarks.memory", side)
        above[side] = held - imports
        rows.append((side, f"{held / 1e6:,.0f} MB", f"{above[side] / 1e6:,.0f} MB"))
    rows.append(("transformers : ours", "", f"{above['transformers'] / above['ours']:.2f}"))
    return table(["training steps at d 256, 128 tokens", "peak", "above the imports"], rows)


def measure(options):
    return corpus_table((1, 2, 4) if options.quick else (10, 100, 500)) + "\n\n" + step_table()


def main(side):
    """Make a few training steps of one side, or none of nobody's."""
    if side in SIDES:
        size = middle_size(128)
        repeated(SIDES[side](size, full_batches(size, STEPS), numbered_vocabulary(size)), STEPS)()


if __name__ == "__main__":
    main(sys.argv[1])
