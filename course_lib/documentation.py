"""Week 7: real text that every installation has. The documentation of Python and of the installed packages.

Once to be searched: name of a function → what it does. Once with labels: docstring → the package it is from.
"""

import ast
import importlib
import importlib.util
import inspect
import random
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from course_lib.corpus import syntax_tree
from course_lib.files import composed

# Modules whose functions somebody might look for. Importing them has no effect that can be seen.
MODULES = (
    "builtins argparse base64 bisect calendar collections contextlib copy csv datetime difflib fnmatch "
    "fractions functools getpass glob gzip hashlib heapq html inspect io itertools json keyword locale "
    "logging math mimetypes operator os os.path pathlib pickle platform pprint queue random re sched secrets "
    "shlex shutil signal socket sqlite3 statistics string struct subprocess sys tarfile tempfile textwrap "
    "threading time timeit tokenize traceback unicodedata urllib.parse urllib.request uuid warnings weakref "
    "zipfile zlib numpy numpy.fft numpy.linalg torch torch.linalg torch.nn torch.nn.functional torch.nn.init "
    "torch.optim matplotlib.pyplot"
).split()
TYPES_WITH_METHODS = ("builtins.str", "builtins.list", "builtins.dict", "builtins.set", "pathlib.Path")


def documented_functions():
    """{qualified name: first paragraph of its docstring} of all public functions and classes in MODULES.

    Exceptions are left out. Methods are there for TYPES_WITH_METHODS alone. What has several names stands
    under the first of them.
    """
    found, known = {}, {}  # known: id → what has it, kept so that no id is given out twice
    for module in MODULES:
        entries = public(importlib.import_module(module), module)
        for name, value in list(entries.items()):
            if name in TYPES_WITH_METHODS:
                entries |= public(value, name)
        for name, value in entries.items():
            is_error = inspect.isclass(value) and issubclass(value, BaseException)
            if is_error or id(value) in known or not is_at_home(value, module):
                continue
            if text := first_paragraph(inspect.getdoc(value)):
                known[id(value)] = value
                found[name.removeprefix("builtins.")] = text
    return found


def is_at_home(value, module):
    """Whether a module offers a function or class as its own, and did not just import it for itself."""
    own = (getattr(value, "__module__", None) or module).split(".")[0].lstrip("_")  # C code may not say
    if own in ("posix", "nt", "posixpath", "ntpath", "genericpath"):  # what os and os.path are made of
        own = "os"
    return module == "builtins" or own == module.split(".")[0]


def public(scope, prefix):
    """{prefix.name: value} of what can be called in a module or class and has no _ in front."""
    names = sorted(name for name in vars(scope) if not name.startswith("_"))
    return {f"{prefix}.{name}": value for name in names if callable(value := getattr(scope, name))}


# A line such as `gather(input, dim, *, out=None) -> Tensor`; it may go on over several lines.
SIGNATURE = re.compile(r"\s*[\w.]+\([^()]*(\([^()]*\)[^()]*)*\)( *-+> *[^\n]*|\s*$|\s*\n)")


def first_paragraph(docstring):
    """The first paragraph that is a sentence and not a signature, composed (NFC), on one line; "" where there
    is none.
    """
    for paragraph in composed(docstring or "").split("\n\n"):
        while found := SIGNATURE.match(paragraph):
            paragraph = paragraph[found.end() :]
        if text := " ".join(paragraph.split()):
            return text
    return ""


# -- with labels

SHORTEST = 40  # characters of a docstring that says enough
PACKAGES = ("matplotlib", "networkx", "numpy", "scipy", "sklearn", "torch.nn")
# A docstring that names its package gives the answer away, so these words are taken out of all of them.
GIVEAWAYS = re.compile(
    r"\b(matplotlib|mpl|plt|pyplot|networkx|nx|numpy|np|scipy|sklearn|scikit-learn|(py)?torch|nn)\b\.?",
    re.IGNORECASE,
)


class Docstring(NamedTuple):
    """text: the first paragraph   label: number of the package in PACKAGES   module: the file it is from"""

    text: str
    label: int
    module: str


def labelled_docstrings():
    """The docstrings of PACKAGES, each text once, in a fixed order. Their files are read and not run; only to
    find torch.nn, torch itself is imported.
    """
    found = {}
    for label, package in enumerate(PACKAGES):
        root = Path(importlib.util.find_spec(package).origin).parent
        for path in sorted(root.rglob("*.py")):
            module = path.relative_to(root.parent).with_suffix("").as_posix().replace("/", ".")
            if "tests" not in module.split("."):
                for text in docstrings_in(path):
                    if len(text) >= SHORTEST:
                        found.setdefault(text, Docstring(text, label, module))
    return list(found.values())


def docstrings_in(path):
    """The first paragraphs of the docstrings in a file, without the words in GIVEAWAYS."""
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            text = first_paragraph(ast.get_docstring(node))
            yield " ".join(GIVEAWAYS.sub("", text).split())


def split_by_module(examples, share, seed):
    """Two lists of examples, the second with about `share` of them, and no module in both.

    Docstrings of one module resemble each other, up to whole sentences. Were they in both lists, a model that
    remembers would look like one that understands. seed: of the drawing
    """
    sizes = Counter(example.module for example in examples)
    modules = sorted(sizes)
    random.Random(seed).shuffle(modules)
    held_out, count = set(), 0
    for module in modules:
        if count >= share * len(examples):
            break
        held_out.add(module)
        count += sizes[module]
    kept = [example for example in examples if example.module not in held_out]
    return kept, [example for example in examples if example.module in held_out]
