"""What all benchmarks share: taking turns, medians, Markdown tables, and the machine in words."""

import platform
import statistics
import time
from pathlib import Path

import tokenizers
import torch
import transformers

THREADS = 2


def speeds(sides, rounds):
    """{name: [work per second in each round]}.

    sides: {name: function that works and returns how much it has done}. Every round lets each side work once,
    so whatever slows the machine down for a while slows all of them; every second round goes backwards.
    """
    found = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in names:
            began = time.perf_counter()
            work = sides[name]()
            found[name].append(work / (time.perf_counter() - began))
    return found


def ratios(ours, theirs):
    """Round by round, ours divided by theirs: of speeds, how many times as fast we were."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def spread(values, form=".2f"):
    """The median of the rounds, and their range."""
    median, lowest, highest = (format(f(values), form) for f in (statistics.median, min, max))
    return f"{median} ({lowest}–{highest})"


def table(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def machine():
    """The processor and the versions, in words."""
    versions = {
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
    }
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{processor()}, {torch.get_num_threads()} threads; {platform.system()}; {listed}"


def processor():
    """The name of the processor; Linux keeps it in a file, other systems tell Python."""
    description = Path("/proc/cpuinfo")
    if description.exists():
        for line in description.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
