"""A week is a notebook, a name, exercises, a browser test, a row of the README and, from week 1, modules."""

import re
from pathlib import Path

from course_lib.classroom.course_map import WEEKS
from course_lib.classroom.kinds import exercises
from course_lib.classroom.plots import ROOMS

ROOT = Path(__file__).parent.parent
NOTEBOOKS = {int(path.name[:2]): path.name for path in (ROOT / "notebooks").glob("*.ipynb")}


def test_every_week_has_a_notebook_a_name_and_exercises():
    assert sorted(NOTEBOOKS) == list(WEEKS) == sorted({each.week() for each in exercises().values()})


def test_every_week_but_the_first_adds_modules_that_are_there():
    assert list(ROOMS) == [week for week in WEEKS if week > 0]
    for rooms in ROOMS.values():
        assert all((ROOT / "course_lib" / f"{room}.py").is_file() for room in rooms)


def test_every_week_has_a_row_in_the_readme():
    rows = re.findall(
        r"^\| (\d+) \| .*?\(notebooks/(.*?)\)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert {int(week): name for week, name in rows} == NOTEBOOKS


def test_every_week_is_tested_in_a_browser():
    for week in WEEKS:
        assert (ROOT / "tests" / "browser" / f"test_week_{week:02}.py").is_file()
