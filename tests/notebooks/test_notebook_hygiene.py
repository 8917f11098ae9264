"""What every committed notebook keeps to, read from the file without running it."""

import ast
import json
import re
import statistics
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
NOTEBOOKS = [*sorted(FOLDER.glob("*.ipynb")), *sorted(FOLDER.glob("ko/*.ipynb"))]
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|Users|root|tmp|work|mnt)/\w|\b[A-Z]:\\Users\\")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: str(path.relative_to(FOLDER).with_suffix("")))
def notebook(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def cells(notebook, kind):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def text(cell):
    return "".join(cell["source"])


def outputs(notebook):
    return [output for cell in cells(notebook, "code") for output in cell["outputs"]]


def test_kernel_is_the_one_of_the_course(notebook):
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_cell_ids_are_unique(notebook):
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))


def test_outputs_are_from_one_run_top_to_bottom(notebook):
    code = [cell for cell in cells(notebook, "code") if text(cell).strip()]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))


def test_no_output_is_an_error(notebook):
    assert not [output["ename"] for output in outputs(notebook) if output["output_type"] == "error"]


def test_no_output_is_on_stderr(notebook):
    assert not [output["text"] for output in outputs(notebook) if output.get("name") == "stderr"]


def test_code_cells_are_one_idea_long(notebook):
    lines = [len(text(cell).splitlines()) for cell in cells(notebook, "code")]
    assert max(lines) <= 25
    assert statistics.median(lines) < 10


def test_text_cells_are_short(notebook):
    long = {cell["id"]: len(text(cell).split()) for cell in cells(notebook, "markdown")}
    assert not {cell: words for cell, words in long.items() if words > 160}


def test_a_cell_ends_in_something_to_look_at(notebook):
    """Or in a definition, for the cell below it to try."""
    for cell in cells(notebook, "code"):
        if not cell["outputs"]:
            last = ast.parse(text(cell)).body[-1]
            assert isinstance(last, (ast.FunctionDef, ast.ClassDef)), cell["id"]


def test_words_stand_between_the_code(notebook):
    kinds = "".join(cell["cell_type"][0] for cell in notebook["cells"])
    assert "cccccc" not in kinds


def test_no_path_of_a_machine(notebook):
    words = [text(cell) for cell in notebook["cells"]]
    for output in outputs(notebook):
        shown = [value for kind, value in output.get("data", {}).items() if not kind.startswith("image/")]
        words += ["".join(value) if isinstance(value, list) else str(value) for value in shown]
        words += output.get("text", [])
    assert not [match.group() for match in MACHINE_PATH.finditer("\n".join(words))]


def test_the_committed_training_came_near_the_floor():
    """Not an assert in the cell: a learner who tries other settings there is told in words."""
    path = FOLDER / "05_mlm_pretraining.ipynb"
    printed = "".join(
        "".join(o.get("text", [])) for o in outputs(json.loads(path.read_text(encoding="utf-8")))
    )
    (times,) = re.findall(r"^(\d\.\d+) times the floor: ", printed, re.MULTILINE)
    assert float(times) < 1.3
