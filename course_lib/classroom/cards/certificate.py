"""The end of the course: what was done, drawn from what is kept in my_course/."""

import math
import textwrap

import numpy as np

from course_lib.checkpoint import write_file
from course_lib.classroom.course import WEEKS
from course_lib.classroom.exercises.base import CodeExercise, all_exercises
from course_lib.classroom.figures import BLUE, GREY, ORANGE, Drawing, Picture
from course_lib.classroom.judging.store import STORE
from course_lib.files import composed


def certificate(name=""):
    """A certificate of what you have passed, no more and no less. name: to stand on it

    It is drawn from my_course/, kept there as certificate.png, and says so while something is missing.
    """
    name = composed(" ".join(name.encode(errors="replace").decode().split()))  # half a sign cannot be drawn
    known = STORE.read()["exercises"]
    passed = {week: [0, 0] for week in WEEKS}
    own = []
    for each in all_exercises().values():
        is_passed = known.get(each.id, {}).get("status") == "passed"
        passed[each.week()][0] += is_passed
        passed[each.week()][1] += 1
        if is_passed and issubclass(each, CodeExercise) and each.replaces and STORE.answer(each):
            own.append(each.name)
    done, total = (sum(counts[place] for counts in passed.values()) for place in (0, 1))
    figure = Drawing(figsize=(9, 6.2))
    frame = figure.add_axes((0, 0, 1, 1), xticks=[], yticks=[])
    for spine in frame.spines.values():
        spine.set(visible=True, color=BLUE if done == total else GREY, linewidth=8)
    title = "Build BERT" if done == total else "Build BERT · on the way"
    middle = dict(ha="center", va="center")
    figure.text(0.5, 0.9, title, fontsize=26, color=BLUE, **middle)
    if name:
        write_name(figure.text(0.5, 0.81, "", parse_math=False, **middle), name)
    figure.text(0.5, 0.73, f"{done} of {total} exercises passed", fontsize=15, **middle)
    for row, (week, (count, of)) in enumerate(passed.items()):
        height = 0.66 - 0.052 * row
        figure.text(0.2, height, f"week {week} · {WEEKS[week].name}", fontsize=12, va="center")
        figure.text(0.62, height, "■" * count + "□" * (of - count), fontsize=12, color=ORANGE, va="center")
        figure.text(0.86, height, f"{count} of {of}", fontsize=12, va="center")
    lines = "nothing yet" if not own else wrapped(own)
    figure.text(0.5, 0.12, f"your own code in the library: {lines}", fontsize=10, **middle)
    words = f"Certificate{' for ' + name if name else ''}: {done} of {total} exercises passed; own code: "
    picture = Picture(figure, words + (", ".join(own) or "none yet") + ".")
    try:
        STORE.folder.mkdir(parents=True, exist_ok=True)
        write_file(STORE.folder / "certificate.png", picture.png)
    except OSError as error:
        print(f"It cannot be kept in {STORE.folder.name}/ ({error.strerror}).")
    return picture


NAME_SIZE = 20  # points
NAME_ROOM = (0.86, 0.08)  # shares of the picture's width and height


def write_name(text, name):
    """Write a name into its room, in the number of lines in which it is largest."""
    room = text.figure.bbox.size * NAME_ROOM
    largest, shown, count, by_height = 0, name, 0, 1
    while largest < min(1, by_height):  # one more line may still make it larger
        count += 1
        lines = "\n".join(textwrap.wrap(name, math.ceil(len(name) / count)))
        text.set(text=lines, fontsize=NAME_SIZE)
        by_width, by_height = room / np.maximum(text.get_window_extent().size, 1)  # some signs have no width
        if min(by_width, by_height) > largest:
            largest, shown = min(by_width, by_height), lines
    text.set(text=shown, fontsize=NAME_SIZE * min(1, largest))


LONGEST_LINE = 95  # characters


def wrapped(names):
    """The names in lines of a readable length."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > LONGEST_LINE:
            lines.append("")
        lines[-1] += name + ", "
    return "\n".join(lines).removesuffix(", ")
