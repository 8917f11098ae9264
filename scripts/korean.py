"""Keep the Korean notebooks beside the English ones: `python scripts/korean.py check | show | renew`.

    check [02]              name every cell of notebooks/ko/ that differs; exit status 1 if there is one
    show 02 [cell]          what to translate anew: how the English has changed, the English, the Korean
    renew 02 cell [cell …]  the Korean of these cells says what the English says now: write that down

Each Korean cell has the id of its English cell, and in its metadata, as `english`, the start of the SHA-256
of the English source that it says in Korean. What may differ in code says `translated_code.py`.
"""

import argparse
import difflib
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import nbformat
from translated_code import shape_and_strings, translated_names

from course_lib.files import write_file

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"


def digest(source):
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def differences(english, korean):
    """{cell: [what is wrong]} of a Korean notebook, stale cells left out. Both are read with nbformat."""
    wrong, pairs = defaultdict(list), []
    wanted = {cell.id: cell for cell in english.cells}
    order = list(wanted)
    counts = Counter(cell.id for cell in korean.cells)
    for cell in order:
        if cell not in counts:
            wrong[cell].append("is missing")
    furthest = -1
    for cell in korean.cells:
        if cell.id not in wanted or counts[cell.id] > 1:
            wrong[cell.id].append("is one too many")
            continue
        theirs = wanted[cell.id]
        if order.index(cell.id) < furthest:
            wrong[cell.id].append(f"is out of order: it comes after {order[furthest]}")
        furthest = max(furthest, order.index(cell.id))
        if {**cell.metadata, "english": 0} != {**theirs.metadata, "english": 0}:
            wrong[cell.id].append("has other tags or metadata than the English cell")
        if cell.cell_type != theirs.cell_type:
            wrong[cell.id].append(f"is {cell.cell_type}; the English cell is {theirs.cell_type}")
        elif cell.cell_type == "code":
            try:
                (shape, strings), (our_shape, ours) = map(shape_and_strings, (theirs.source, cell.source))
            except SyntaxError as error:
                wrong[cell.id].append(f"cannot be read by Python: {error.msg}")
                continue
            if shape != our_shape:
                wrong[cell.id].append("is different in code")
            else:
                pairs += [(cell.id, place, one, other) for (one, place), (other, _) in zip(strings, ours)]
    for cell, what in translated_names(pairs):
        wrong[cell].append(what)
    return dict(wrong)


def stale(english, korean):
    """The ids of the Korean cells whose English source is not the one that was translated."""
    now = {cell.id: digest(cell.source) for cell in english.cells}
    return [each.id for each in korean.cells if now.get(each.id) not in (None, each.metadata.get("english"))]


def check(english, korean):
    """{cell: [what is wrong]} of a Korean notebook; empty if it says what the English one says."""
    wrong = differences(english, korean)
    for cell in stale(english, korean):
        wrong.setdefault(cell, []).append("is stale: the English has changed since it was translated")
    return wrong


def notebooks(week=""):
    """[(English path, Korean path)] of the Korean notebooks that there are, or of one week's."""
    return [(FOLDER / path.name, path) for path in sorted((FOLDER / "ko").glob(f"{week}*.ipynb"))]


def read(path):
    return nbformat.read(path, as_version=4)


def english_then(path, cell_id, hashed):
    """(revision, source) of an English cell when its digest was `hashed`, or None where git knows of none."""
    git = ["git", "-C", str(path.parent)]
    log = [*git, "log", "--format=%h", "--", path.name]
    for revision in subprocess.run(log, capture_output=True, encoding="utf-8", check=True).stdout.split():
        shown = subprocess.run([*git, "show", f"{revision}:./{path.name}"], capture_output=True)
        if shown.returncode:  # the revision that took the file away
            continue
        for cell in json.loads(shown.stdout)["cells"]:
            source = "".join(cell["source"])
            if cell.get("id") == cell_id and digest(source) == hashed:
                return revision, source
    return None


def word_difference(before, after):
    """The words of both texts: [-what is gone-], {+what is new+}. Where lines break does not count."""
    old, new = (re.findall(r"\S+\s*", text) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, *([word.strip() for word in each] for each in (old, new)), False)
    shown = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            shown.append("".join(new[c:d]))
            continue
        gone, added = "".join(old[a:b]).strip(), "".join(new[c:d]).strip()
        shown += [f"[-{gone}-] "] * bool(gone) + [f"{{+{added}+}} "] * bool(added)
    return "".join(shown)


def show(path, korean_path, cells):
    """Print the stale cells, or those that are named."""
    english, korean = read(path), read(korean_path)
    now = {cell.id: cell.source for cell in english.cells}
    for cell in korean.cells:
        if cell.id not in now or cell.id not in (cells or stale(english, korean)):
            continue
        hashed = cell.metadata.get("english")
        print(f"===== {path.stem} {cell.id}")
        if hashed != digest(now[cell.id]):
            then = english_then(path, cell.id, hashed)
            changed = (
                word_difference(then[1], now[cell.id]) if then else "no revision has what was translated"
            )
            print(f"--- what has changed since {then[0] if then else hashed}\n{changed}")
        print(f"--- English\n{now[cell.id]}\n--- Korean\n{cell.source}\n")


def renew(path, korean_path, cells):
    """Write down that these Korean cells say what the English ones say now. Returns what is against it."""
    english, korean = read(path), read(korean_path)
    now = {cell.id: digest(cell.source) for cell in english.cells}
    theirs, wrong = {cell.id: cell for cell in korean.cells}, differences(english, korean)
    against = [f"{each} is no cell of both notebooks" for each in cells if each not in now.keys() & theirs]
    against += [f"{each} {what}" for each in cells for what in wrong.get(each, []) if each in theirs]
    if not against:
        for each in cells:
            theirs[each].metadata["english"] = now[each]
        nbformat.validate(korean)
        write_file(korean_path, nbformat.writes(korean).encode() + b"\n")
    return against


def main(arguments):
    """The exit status of one command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("command", choices=["check", "show", "renew"])
    parser.add_argument("week", nargs="?", default="", help="two digits: 02")
    parser.add_argument("cells", nargs="*", metavar="cell", help="the id of a cell")
    asked = parser.parse_args(arguments)
    found = notebooks(asked.week)
    if asked.week and not found:
        parser.error(f"notebooks/ko/ has no notebook {asked.week}*.ipynb")
    if asked.command != "check" and not asked.week or asked.command == "renew" and not asked.cells:
        parser.error(f"{asked.command} needs a week, and renew also a cell: renew 02 att-01")
    lines = []
    for path, korean_path in found:
        if asked.command == "show":
            show(path, korean_path, asked.cells)
        elif asked.command == "renew":
            lines += renew(path, korean_path, asked.cells)
        else:
            wrong = check(read(path), read(korean_path))
            lines += [f"{path.stem} {cell} {what}" for cell, every in wrong.items() for what in every]
    print("\n".join(lines), end="\n" * bool(lines))
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
