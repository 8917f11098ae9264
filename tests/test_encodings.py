"""Where no encoding is named, a Korean Windows takes cp949: every text names its own."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [
    path
    for folder in ("course_lib", "scripts", "benchmarks", "tests")
    for path in (ROOT / folder).rglob("*.py")
]


OPENING = ("open", "fdopen", "NamedTemporaryFile")
OTHERS = ("os", "lab", "part")  # whose `open` reads no text


def without_encoding(source):
    """The lines of a source at which text is read or written in the encoding of the system."""
    return [
        f"line {node.lineno}: {ast.unparse(node)[:80]}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and handles_text(node) and not names_encoding(node)
    ]


def handles_text(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    of = getattr(getattr(call.func, "value", None), "id", "")
    options = {each.arg: each.value for each in call.keywords}
    if name in OPENING and of not in OTHERS or (of, name) == ("os", "fdopen"):
        values = [each.value for each in [*call.args, *options.values()] if isinstance(each, ast.Constant)]
        modes = [each for each in values if isinstance(each, str) and each and set(each) <= set("rwaxbt+")]
        return not any("b" in mode for mode in modes)
    is_of_a_path = isinstance(call.func, ast.Attribute) and name in ("read_text", "write_text")
    return is_of_a_path or isinstance(options.get("text"), ast.Constant) and options["text"].value is True


def names_encoding(call):
    values = [*call.args, *(each.value for each in call.keywords if each.arg == "encoding")]
    return any(isinstance(each, ast.Constant) and str(each.value).startswith("utf-8") for each in values)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_names_its_encoding(path):
    assert not without_encoding(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "line",
    [
        "p.read_text()",
        "p.write_text('a')",
        "open(p)",
        "os.fdopen(d, 'w')",
        "run(c, text=True)",
        "p.open('r')",
    ],
)
def test_a_text_without_encoding_is_found(line):
    assert without_encoding(line)


@pytest.mark.parametrize("line", ["open(p, 'rb')", "p.read_bytes()", "run(c, text=True, encoding='utf-8')"])
def test_bytes_need_none(line):
    assert not without_encoding(line)
