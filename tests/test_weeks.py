"""A week is a notebook, a name, exercises, a browser test, a row of the README and, from week 1, modules."""

import re
from pathlib import Path

from course_lib.classroom.course import WEEKS
from course_lib.classroom.exercises.base import all_exercises

ROOT = Path(__file__).parent.parent
NOTEBOOKS = {int(path.name[:2]): path.name for path in (ROOT / "notebooks").glob("*.ipynb")}


def test_every_week_has_a_notebook_a_name_and_exercises():
    assert NOTEBOOKS == {number: f"{week.notebook}.ipynb" for number, week in WEEKS.items()}
    assert set(WEEKS) == {each.week() for each in all_exercises().values()}


def test_every_week_adds_modules_that_are_there():
    for week in WEEKS.values():
        assert all((ROOT / "course_lib" / f"{module}.py").is_file() for module in week.modules)


def test_every_week_has_a_row_in_the_readme():
    row = r"^\| (\d+) \| \[`(.*?)`\]\(notebooks/(.*?)\.ipynb\) \| (.*?) \|"
    rows = re.findall(row, (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    wanted = [(str(number), week.notebook, week.notebook, week.question) for number, week in WEEKS.items()]
    assert rows == wanted


def test_every_week_is_tested_in_a_browser():
    for week in WEEKS:
        assert (ROOT / "tests" / "browser" / f"test_week_{week:02}.py").is_file()
