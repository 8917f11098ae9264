"""The course as an ordinary package: `pip install .`, and it works from any folder."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CELLS = 4  # of week 2, the first ones: a sentence, a picture, a prediction


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A folder far from the course's, and in it a Python that has the course from a wheel and nothing else of
    it: what the course needs it finds where this Python does.
    """
    folder = tmp_path_factory.mktemp("다른 폴더")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "wheel", *options, "-w", folder, ROOT], check=True)
    (wheel,) = folder.glob("bert_course-*.whl")
    venv.create(folder / "venv", symlinks=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", site, wheel], check=True)
    # A .pth in a folder that is named by a .pth is not read: so the installed course itself stays out.
    (site / "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return folder


def test_the_first_cells_of_week_2_run_from_a_wheel(elsewhere):
    notebook = json.loads((ROOT / "notebooks" / "02_self_attention.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(each["source"]) for each in notebook["cells"] if each["cell_type"] == "code"]
    script = elsewhere / "cells.py"
    lines = [*cells[:CELLS], "import course_lib", "print(course_lib.__file__)"]
    script.write_text("\n\n".join(lines), encoding="utf-8")
    python = elsewhere / "venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-I", script], cwd=elsewhere, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]).is_relative_to(elsewhere)
