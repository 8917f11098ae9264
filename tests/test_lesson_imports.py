"""The rule of the house: a lesson imports earlier weeks only. Read from the source, without running it."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "course_lib"

# In the order in which a reader meets them: a module imports only what stands above it.
READING_ORDER = [
    "files",  # for every week
    "saving",
    "randomness",
    "inductive_bias",  # week 1
    "attention",  # week 2
    "encoder",
    "stretches",  # week 3, explained behind wordpiece, which is fast by it
    "wordpiece",
    "wordpiece_training",
    "embeddings",  # week 4
    "positions",
    "world",  # week 5
    "town",
    "bert",
    "masking",
    "corpus",
    "checkpoint",  # explained in week 7; pre-training saves with it
    "ladder",
    "pretraining",
    "pretrain_arguments",
    "pretrain",
    "fill_mask",
    "probing",  # week 6
    "similarity",  # week 7
    "documentation",
    "modern",
    "finetuning",  # week 8
]
# Stricter than the order: these know nothing of the rest.
ONLY = {
    "world": {"files"},
    "town": {"world"},
    "bert": {"attention", "encoder", "embeddings"},
    "checkpoint": {"bert", "files", "wordpiece"},
}
LIBRARIES = {"torch", "tokenizers", "safetensors", "tqdm"}
UNPICKLERS = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}

LESSONS = sorted(path for path in PACKAGE.glob("*.py") if path.stem != "__init__")
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(source):
    """The dotted names that a module of course_lib imports, relative ones written out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, ["course_lib" if node.level else "", node.module]))
            if base == "course_lib":
                yield from (f"course_lib.{alias.name}" for alias in node.names)
            else:
                yield base


def complaints(module, source):
    """What is wrong with the imports of one lesson, in words for whoever wrote them."""
    if module not in READING_ORDER:
        yield f"course_lib/{module}.py is not in READING_ORDER: add it in {Path(__file__).name}, at its week"
        return
    allowed = ONLY.get(module, set(READING_ORDER[: READING_ORDER.index(module)]))
    for name in imported(source):
        library, _, rest = name.partition(".")
        if library != "course_lib":
            if library not in LIBRARIES | sys.stdlib_module_names:
                yield f"{module} imports {name}; a lesson may import Python's own and {sorted(LIBRARIES)}"
        elif rest.split(".")[0] == "classroom":
            yield f"{module} imports {name}: a lesson must not need the classroom"
        elif rest.split(".")[0] not in allowed:
            yield f"{module} imports {name}, which a reader of {module} has not met"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_imports_earlier_weeks_only(path):
    assert not list(complaints(path.stem, path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("attention", "from course_lib import bert"),
        ("attention", "from . import encoder"),
        ("attention", "def late():\n    from .encoder import Encoder"),
        ("bert", "import course_lib.masking as m"),
        ("bert", "from course_lib.town import Town"),
        ("finetuning", "from course_lib.classroom.figures import curve"),
        ("finetuning", "from .classroom import exercise"),
        ("masking", "import numpy.random"),
        ("masking", "from transformers import AutoModel"),
        ("week_seven", "import torch"),
    ],
)
def test_a_broken_rule_is_noticed(module, source):
    assert len(list(complaints(module, source))) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "encoder",
            "import math\nimport torch.nn.functional as F\nfrom course_lib.attention import Attention",
        ),
        ("pretraining", "from course_lib import checkpoint, masking\nfrom .bert import BertConfig"),
    ],
)
def test_what_the_rule_allows_passes(module, source):
    assert not list(complaints(module, source))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_fits_one_reading(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 320


def test_whole_model_fits_one_sitting():
    files = [PACKAGE / f"{module}.py" for module in ("attention", "encoder", "embeddings", "bert")]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 620


def unsafe(source):
    """Calls and imports that can run code out of a data file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("torch.load", "torch.save"):
            yield ast.unparse(node)
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            yield "allow_pickle"
        elif isinstance(node, ast.ImportFrom) and node.module == "torch":
            yield from (alias.name for alias in node.names if alias.name in ("load", "save"))
    yield from (name for name in imported(source) if name.partition(".")[0] in UNPICKLERS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_unpickled(path):
    assert not list(unsafe(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "source",
    [
        "import torch\nt = torch.load('x')",
        "from torch import save",
        "import pickle",
        "np.load(f, allow_pickle=True)",
    ],
)
def test_unpickling_is_noticed(source):
    assert list(unsafe(source))
