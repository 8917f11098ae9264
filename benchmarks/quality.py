"""How near the pre-training command comes to the floor of the Korean town in a given number of minutes."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import THREADS, table


def last_evaluation(minutes, seed):
    """The last line of metrics.jsonl of one run of the command, with its defaults."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "course_lib.pretrain", "--corpus", "town-ko", "--out", folder]
        command += ["--minutes", str(minutes), "--seed", str(seed)]
        threads = os.environ | {"OMP_NUM_THREADS": str(THREADS)}
        # What the command prints goes to stderr: stdout is for the tables.
        subprocess.run(command, check=True, stdout=sys.stderr, env=threads)
        lines = (Path(folder) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        return json.loads(lines[-1])


def measure(options):
    minutes_of_runs, seeds = ([0.1], 1) if options.quick else (options.minutes, options.seeds)
    rows = []
    for minutes in minutes_of_runs:
        shares = []
        for seed in range(seeds):
            last = last_evaluation(minutes, seed)
            loss, floor = last["held_out_loss"], last["rungs"]["floor"]
            shares.append(loss / floor)
            rows.append(
                (f"{minutes:g}", seed, last["step"], f"{loss:.4f}", f"{floor:.4f}", f"{shares[-1]:.3f}")
            )
        rows.append((f"{minutes:g}", "mean", "", "", "", f"{statistics.mean(shares):.3f}"))
    return table(["minutes", "seed", "steps", "held-out loss", "floor", "loss : floor"], rows)
