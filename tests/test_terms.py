"""One table of terms serves the notebooks: each has its Korean name in the week where it first appears."""

import csv
import re

import nbformat
import pytest

from course_lib.classroom.course import WEEKS
from course_lib.files import DATA

NOTEBOOKS = DATA.parent / "notebooks"
with open(DATA / "terms.tsv", encoding="utf-8", newline="") as file:
    TERMS = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def prose_of(week: int) -> str:
    """The text cells of a week's notebook, as one line without marks of Markdown."""
    notebook = nbformat.read(NOTEBOOKS / f"{WEEKS[week].notebook}.ipynb", 4)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return " ".join("\n".join(texts).replace("*", "").replace("`", "").split())


PROSE = [prose_of(week) for week in range(len(WEEKS))]


def glosses(english: str, prose: str) -> list[str]:
    """What stands in parentheses after the term, where it has Hangul: "vector (벡터)" gives "벡터".

    Not what follows a longer term that ends with this one: "layer normalisation (층 정규화)" explains no
    "normalisation". A Korean name may have parentheses of its own: 값(밸류).
    """
    longer = [term["english"] for term in TERMS if re.search(rf"[ -]{re.escape(english)}$", term["english"])]
    for name in longer:
        prose = re.sub(rf"\b{re.escape(name)}(?=s? \()", "", prose, flags=re.IGNORECASE)
    found = re.findall(rf"\b{re.escape(english)}s? \(((?:[^()]|\([^()]*\))*)\)", prose, flags=re.IGNORECASE)
    return [gloss for gloss in found if re.search("[가-힣]", gloss)]


def test_the_table_is_whole():
    assert all(None not in term.values() and all(term.values()) for term in TERMS)
    for column in ("english", "korean"):
        names = [term[column].lower() for term in TERMS]
        assert len(set(names)) == len(names), column
    assert [int(term["week"]) for term in TERMS] == sorted(int(term["week"]) for term in TERMS)


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term["english"])
def test_a_term_has_its_korean_name_in_its_week(term):
    found = glosses(term["english"], PROSE[int(term["week"])])
    assert any(term["korean"] in gloss for gloss in found), found


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term["english"])
def test_a_term_has_one_korean_name_everywhere(term):
    for week, prose in enumerate(PROSE):
        for gloss in glosses(term["english"], prose):
            assert term["korean"] in gloss, f"week {week}"
            assert week >= int(term["week"]), f"week {week} explains it first"
