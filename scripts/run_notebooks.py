"""Run notebooks top to bottom in fresh kernels and keep their outputs: `make notebooks [ONLY=02]`."""

import base64
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course_lib.files import write_file
from course_lib.saving import keep_still_forms

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
PICTURES = {"mlm-15": "ladder.png"}  # cell → file in notebooks/images/


def keep_picture(cell, path):
    """The last picture of a cell as a file of its own, for the README."""
    html = [output["data"]["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})][
        -1
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1]))


def notebooks(only=""):
    """The notebooks whose path in the folder begins so: "02" has both languages, "ko/02" is Korean alone."""
    return [*sorted(FOLDER.glob(f"{only}*.ipynb")), *sorted(FOLDER.glob(f"ko/{only}*.ipynb"))]


def run(path):
    """Execute one notebook as somebody who has solved nothing yet, and write it back, whole or not at all."""
    notebook = nbformat.read(path, as_version=4)
    began = time.perf_counter()
    options = dict(timeout=600, record_timing=False, store_widget_state=False, coalesce_streams=True)
    NotebookClient(notebook, **options).execute(cwd=str(path.parent))
    keep_still_forms(notebook)
    for cell_id, name in PICTURES.items():
        for cell in notebook.cells:
            if cell.id == cell_id and path.parent == FOLDER:
                keep_picture(cell, FOLDER / "images" / name)
    notebook.metadata = dict(kernelspec=notebook.metadata["kernelspec"], language_info=dict(name="python"))
    write_file(path, nbformat.writes(notebook).encode() + b"\n")
    print(f"{path.relative_to(FOLDER)}: {time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    with tempfile.TemporaryDirectory() as progress:
        os.environ["COURSE_PROGRESS"] = progress
        os.environ["COURSE_ORDER_SEED"] = "1"  # the same cards in every run; tests/conftest.py has it too
        for path in notebooks(only):
            run(path)
