"""The Korean notebooks say what the English ones say, and the gate that holds this sees what would differ."""

import subprocess
from pathlib import Path

import korean
import nbformat
import pytest
import translated_code
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

FOLDER = Path(__file__).parent.parent / "notebooks"
CODE = '''@exercise("2.2")
def mean(rows):
    """The mean of the rows."""
    ...  # yours


guess = predict("2-mean", "How large is the mean?", ["about zero", "one"])
curves = {"line": fit(3, rule="ratio"), "two": 2}
assert curves["line"] > 0
print(f"mean {curves['two']:.2f} of {len(curves)}", sep="")
for path in Path("data/towns").glob("*.py"):
    layer(path, **{"norm": False}, norm=True)
read("나는 [MASK]를 샀다")
labels = ["line", 1]
draw_lines(curves, "step", title="Lines")'''
SENTENCE = "A sentence."


def cell_of(kind, source, name, tags=(), english=None):
    make = new_code_cell if kind == "code" else new_markdown_cell
    metadata = {"tags": list(tags)} if tags else {}
    return make(source, id=name, metadata=metadata | ({"english": english} if english else {}))


def english_notebook():
    return new_notebook(
        cells=[
            cell_of("markdown", SENTENCE, "a"),
            cell_of("code", CODE, "b", tags=["nbval-check-output"]),
            cell_of("markdown", "The end.", "c"),
        ]
    )


def korean_notebook(code=CODE):
    """Its translation, whose code may be another."""
    theirs = english_notebook().cells
    hashes = [korean.digest(cell.source) for cell in theirs]
    return new_notebook(
        cells=[
            cell_of("markdown", "문장.", "a", english=hashes[0]),
            cell_of("code", code, "b", tags=["nbval-check-output"], english=hashes[1]),
            cell_of("markdown", "끝.", "c", english=hashes[2]),
        ]
    )


def changed(*replacements):
    """What the gate says where strings of the English code are replaced by others in the Korean code."""
    code = CODE
    for old, new in replacements:
        assert old in code
        code = code.replace(old, new)
    return korean.check(english_notebook(), korean_notebook(code))


@pytest.mark.parametrize(
    ("path", "korean_path"), korean.notebooks(), ids=[path.stem for path, _ in korean.notebooks()]
)
def test_a_korean_notebook_says_what_the_english_one_says(path, korean_path):
    assert path.exists(), f"{korean_path.name} has no English notebook"
    assert korean.check(korean.read(path), korean.read(korean_path)) == {}


def test_a_translation_is_let_through():
    assert korean.check(english_notebook(), korean_notebook()) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The mean of the rows.", "행들의 평균."),
        ("# yours", "# 여기에 쓰세요"),
        ("How large is the mean?", "평균은 얼마나 클까요?"),
        ('"about zero", "one"', '"거의 0", "하나"'),
        ("mean {curves['two']:.2f} of {len(curves)}", "{len(curves)}개 중 평균 {curves['two']:.2f}"),
        ('"line"', '"직선"'),
        ('["line", 1]', '["선", 1]'),
        ('"step"', '"스텝"'),
        ('"Lines"', '"선들"'),
        ('"data/towns"', '"../data/towns"'),
        ('["about zero", "one"])', '[\n    "about zero",\n    "one",\n])'),
    ],
)
def test_what_a_reader_reads_may_be_translated(old, new):
    assert changed((old, new)) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('exercise("2.2")', 'exercise("2.3")'),
        ('"2-mean"', '"2-평균"'),
        ('rule="ratio"', 'rule="비율"'),
        ('rule="ratio"', 'rule=""'),
        ("data/towns", "data/마을"),
        ('"*.py"', '"*.txt"'),
        ('"norm": False', '"정규화": False'),
        ('sep=""', 'sep=" "'),
        ("나는 [MASK]를 샀다", "나는 [MASK]를 먹었다"),
    ],
)
def test_a_name_has_to_stay(old, new):
    (wrong,) = changed((old, new))["b"]
    assert "is a name and has to stay" in wrong


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fit(3", "fit(4"),
        ("> 0", ">= 0"),
        ("['two']:.2f", "['two']:.3f"),
        ("{len(curves)}", "{len(path)}"),
        (" of {len(curves)}", ""),
        ("rule=", "rules="),
        ("norm=True", "norm=False"),
        ("def mean", "def average"),
        ('    """The mean of the rows."""\n', ""),
    ],
)
def test_other_code_is_seen(old, new):
    assert changed((old, new)) == {"b": ["is different in code"]}


@pytest.mark.parametrize("name", ['curves["line"]', '"line": fit'])
def test_a_key_is_looked_up_as_it_is_made(name):
    code = CODE.replace('["line", 1]', "[]").replace(name, name.replace("line", "선"))
    english = english_notebook()
    english.cells[1].source = CODE.replace('["line", 1]', "[]")
    (wrong,) = korean.differences(english, korean_notebook(code))["b"]
    assert wrong.startswith("'line' is looked up as")


def test_one_word_may_be_two_labels_in_two_cells():
    pairs = [("a", "key", "pear", "배"), ("b", "key", "pear", "과일"), ("c", "lookup", "pear", "과일")]
    assert not list(translated_code.translated_names(pairs))
    same_cell = [("b", "lookup", "pear", "배")]
    assert [cell for cell, _ in translated_code.translated_names(pairs + same_cell)] == ["b"]


def test_an_index_into_what_others_made_stays():
    _, strings = translated_code.shape_and_strings('record["loss"]')
    pairs = [("a", place, string, "손실") for string, place in strings]
    assert [cell for cell, _ in translated_code.translated_names(pairs)] == ["a"]


@pytest.mark.parametrize(("path", "wrong"), [("my_course/answers", ["a"]), ("../my_course/answers", [])])
def test_the_shared_folder_is_looked_for_one_level_up(path, wrong):
    pairs = [("a", "name", "my_course/answers", path)]
    assert [cell for cell, _ in translated_code.translated_names(pairs)] == wrong


def test_code_that_python_cannot_read_is_named():
    assert "cannot be read by Python" in changed(("2.2", '2.2"'))["b"][0]


def test_a_missing_cell_is_named():
    notebook = korean_notebook()
    del notebook.cells[1]
    assert korean.check(english_notebook(), notebook) == {"b": ["is missing"]}


def test_a_cell_too_many_is_named():
    notebook = korean_notebook()
    notebook.cells.append(cell_of("markdown", "더.", "d"))
    assert korean.check(english_notebook(), notebook) == {"d": ["is one too many"]}


def test_a_cell_out_of_order_is_named():
    notebook = korean_notebook()
    notebook.cells.insert(0, notebook.cells.pop())
    wrong = korean.check(english_notebook(), notebook)
    assert wrong == {each: ["is out of order: it comes after c"] for each in "ab"}


def test_a_cell_of_another_kind_is_named():
    notebook = korean_notebook()
    notebook.cells[2] = cell_of("code", "끝", "c", english=korean.digest("The end."))
    assert korean.check(english_notebook(), notebook) == {"c": ["is code; the English cell is markdown"]}


@pytest.mark.parametrize("tags", [[], ["nbval-skip"]])
def test_other_tags_are_named(tags):
    notebook = korean_notebook()
    notebook.cells[1].metadata["tags"] = tags
    wrong = korean.check(english_notebook(), notebook)
    assert wrong == {"b": ["has other tags or metadata than the English cell"]}


@pytest.mark.parametrize("cell", [0, 1])
def test_a_cell_is_stale_when_its_english_has_changed(cell):
    english = english_notebook()
    english.cells[cell].source += " # more"
    (wrong,) = korean.check(english, korean_notebook()).values()
    assert wrong == ["is stale: the English has changed since it was translated"]


def test_a_cell_without_a_hash_is_stale():
    notebook = korean_notebook()
    del notebook.cells[0].metadata["english"]
    assert korean.stale(english_notebook(), notebook) == ["a"]


@pytest.fixture
def edition(tmp_path, monkeypatch):
    """A small course in a git of its own, in which the English has changed since it was translated."""
    monkeypatch.setattr(korean, "FOLDER", tmp_path)
    (tmp_path / "ko").mkdir()
    english = tmp_path / "02_small.ipynb"
    nbformat.write(english_notebook(), english)
    nbformat.write(korean_notebook(), tmp_path / "ko" / english.name)
    git = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "a"], check=True)
    notebook = english_notebook()
    notebook.cells[0].source = "A longer sentence."
    nbformat.write(notebook, english)
    return tmp_path


def test_check_names_the_cell_and_fails(edition, capsys):
    assert korean.main(["check"]) == 1
    assert capsys.readouterr().out.startswith("02_small a is stale")


def test_show_tells_how_the_english_has_changed(edition, capsys):
    assert korean.main(["show", "02"]) == 0
    shown = capsys.readouterr().out
    assert "A {+longer+} sentence." in shown
    assert "문장." in shown and "끝." not in shown


def test_renew_writes_the_hash_and_nothing_else(edition):
    path = edition / "ko" / "02_small.ipynb"
    before = path.read_text(encoding="utf-8").splitlines()
    assert korean.main(["renew", "02", "a"]) == 0
    after = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before] == [
        f'    "english": "{korean.digest("A longer sentence.")}"'
    ]
    assert len(after) == len(before) and korean.main(["check", "02"]) == 0


def test_renew_refuses_a_cell_whose_code_differs(edition, capsys):
    path = edition / "ko" / "02_small.ipynb"
    nbformat.write(korean_notebook(CODE.replace("3", "4")), path)
    before = path.read_bytes()
    assert korean.main(["renew", "02", "a", "b"]) == 1
    assert capsys.readouterr().out == "b is different in code\n"
    assert path.read_bytes() == before


def test_renew_refuses_a_cell_that_is_not_there(edition, capsys):
    assert korean.main(["renew", "02", "z"]) == 1
    assert "z is no cell of both notebooks" in capsys.readouterr().out


def test_without_korean_notebooks_nothing_differs(tmp_path, monkeypatch):
    monkeypatch.setattr(korean, "FOLDER", tmp_path)
    assert korean.main(["check"]) == 0
