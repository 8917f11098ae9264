"""Run benchmarks and print their results as Markdown: `python -m benchmarks [NAME …] [--quick] [--write]`"""

import argparse
import re
from pathlib import Path

import torch

from benchmarks import (
    again,
    course,
    gemm,
    memory,
    notebooks,
    quality,
    tokenizer,
    training,
    training_wordpiece,
)
from benchmarks.measure import THREADS, machine
from course_lib.files import write_file

BENCHMARKS = {
    "training": training,
    "gemm": gemm,
    "tokenizer": tokenizer,
    "training_wordpiece": training_wordpiece,
    "again": again,
    "memory": memory,
    "quality": quality,
    "notebooks": notebooks,
    "course": course,
}
ONLY_WHEN_NAMED = ("quality", "notebooks", "course")
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- results -->", "<!-- /results -->"


def arguments(argv=None):
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure; print Markdown tables.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; without: all "
                        f"but {', '.join(ONLY_WHEN_NAMED)}")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="few rounds: only to see that it runs")
    parser.add_argument("--write", action="store_true", help="put the results into benchmarks/README.md")
    parser.add_argument("--seeds", type=int, default=3, help="runs for each time of `quality`")
    parser.add_argument(
        "--minutes",
        type=lambda text: [float(each) for each in text.split(",")],
        default=[5.0, 10.0],
        help="times of `quality`, such as 5,10",
    )
    args = parser.parse_args(argv)
    if unknown := [name for name in args.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if args.quick and args.write:
        parser.error("--quick measures too little to be written down: leave out --quick or --write")
    args.names = args.names or [name for name in BENCHMARKS if name not in ONLY_WHEN_NAMED]
    return args


def section(name, options):
    """A benchmark's part of the results. Each names the machine: they need not be from one day or place."""
    result = BENCHMARKS[name].measure(options)
    return f"### {name}\n\n{result}\n\n{machine()}."


def merged(readme, sections):
    """The text of the README with new sections; those of benchmarks that did not run stay as they are.

    sections: {name: Markdown}
    """
    before, begin, rest = readme.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README lacks {BEGIN} or, after it, {END}")
    kept = {part.split()[1]: part.strip() for part in re.split(r"^(?=### )", old, flags=re.M) if part.strip()}
    found = kept | sections
    body = "\n\n".join(found[name] for name in BENCHMARKS if name in found)
    return f"{before}{begin}\n\n{body}\n\n{end}{after}"


def main():
    args = arguments()
    torch.set_num_threads(THREADS)
    for name in args.names:
        text = section(name, args)
        print(text, flush=True)
        print()
        if args.write:
            write_file(README, merged(README.read_text(encoding="utf-8"), {name: text}).encode())


if __name__ == "__main__":
    main()
