"""The town's words and tables: what there is in it, and how Korean and English put a word into a sentence."""

import math
from dataclasses import dataclass

from course_lib.files import DATA, composed

TABLES = DATA / "town"
LANGUAGES = ("ko", "en")


# -- words ----------------------------------------------------------

# The form asked for in a story → (after a vowel, after a consonant). 으로 counts ㄹ among the vowels.
PARTICLES = {
    "는": ("는", "은"),
    "이": ("가", "이"),
    "을": ("를", "을"),
    "과": ("와", "과"),
    "으로": ("로", "으로"),
}
PARTICLES |= {"은": PARTICLES["는"], "가": PARTICLES["이"], "를": PARTICLES["을"], "와": PARTICLES["과"]}
PARTICLES |= {"로": PARTICLES["으로"]}
IRREGULAR = {"나가": "내가"}


def with_particle(word, particle):
    """The Korean word with the particle that its last syllable asks for: 우유 + 을 → 우유를."""
    # A Hangul syllable's number is (initial · 21 + vowel) · 28 + final consonant; final 0 is none and 8 is
    # ㄹ.
    final = (ord(word[-1]) - ord("가")) % 28 if "가" <= word[-1] <= "힣" else 0
    open_syllable = final == 0 or (particle in ("으로", "로") and final == 8)
    joined = word + PARTICLES[particle][0 if open_syllable else 1]
    return IRREGULAR.get(joined, joined)


def with_article(words, number):
    """a hat, an orange hat, a pair of blue shoes, some milk. By the first letter: choose words that
    follow that rule.
    """
    if number == "one":
        return ("an " if words[0].lower() in "aeiou" else "a ") + words
    if number == "pair":
        return "a pair of " + words
    return "some " + words


ENGLISH_FORMS = {
    "a": with_article,
    "was": lambda words, number: "were" if number == "many" else "was",
    "it": lambda words, number: "them" if number in ("many", "pair") else "it",
}


# -- tables ----------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One line of a table, in one language. word: its name   columns: its other texts   links: {table: row
    numbers}
    """

    word: str
    columns: dict
    links: dict
    weight: float


def read_lines(path):
    """The rows of a .tsv file as (line number, {column: cell}), composed (NFC). ValueError names file, line
    and reason.
    """
    text = composed(path.read_text(encoding="utf-8-sig"))  # -sig: some editors put a mark in front
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise ValueError(f"{path}: the table is empty")
    header = lines[0][1].split("\t")
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(header):
            raise ValueError(
                f"{path}, line {number}: {len(cells)} cells, but the header names {len(header)} columns "
                f"({', '.join(header)}); columns are separated by one tab each"
            )
        yield number, dict(zip(header, cells, strict=True))


def read_weight(path, number, cells):
    text = cells.get("weight") or "1"
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 < weight < math.inf:
        raise ValueError(f"{path}, line {number}: weight must be a number above 0, got {text!r}")
    return weight


def read_tables(folder, language):
    """{name: [Row, …]} of all tables but the stories and the questions about them. Rows without a word in
    this language are left out.
    """
    sheets = {
        composed(path.stem): [(number, cells) for number, cells in read_lines(path) if cells.get(language)]
        for path in sorted(folder.glob("*.tsv"))
        if not path.stem.startswith(("stories_", "questions_"))
    }
    tables = {}
    for name, sheet in sheets.items():
        path, rows = folder / f"{name}.tsv", []
        for number, cells in sheet:
            links = {}
            for other in cells.keys() & sheets.keys():
                wanted = {word.strip() for word in cells[other].split(",")}
                known = {word for _, row in sheets[other] for word in (row.get("ko"), row.get("en"))}
                if unknown := sorted(wanted - known):
                    raise ValueError(f"{path}, line {number}: {other}.tsv has no row {', '.join(unknown)!r}")
                links[other] = {
                    index
                    for index, (_, row) in enumerate(sheets[other])
                    if wanted & {row.get("ko"), row.get("en")}
                }
            # "sound.ko" is the column "sound" of the Korean town; where it is empty, the word itself serves.
            columns = {
                column.removesuffix(f".{language}"): text or cells[language]
                for column, text in cells.items()
                if column.endswith(f".{language}")
            } | {"number": cells.get("number") or "one"}
            row = Row(cells[language], columns, links, read_weight(path, number, cells))
            if row in rows:
                raise ValueError(f"{path}, line {number}: {row.word} is listed twice with the same meaning")
            rows.append(row)
        tables[name] = rows
    return tables


# -- slots and steps ----------------------------------------------------------


@dataclass(frozen=True)
class Slot:
    """{fact/form}, {fact.column} or {fact fact/form} in a story: some facts' words, in one form."""

    facts: tuple  # of (fact, column or None)
    form: str | None

    def text(self, known):
        """known: {fact: Row} → what stands in the story"""
        rows = [known[fact] for fact, _ in self.facts]
        words = " ".join(
            row.columns[column] if column else row.word
            for row, (_, column) in zip(rows, self.facts, strict=True)
        )
        if self.form is None:
            return words
        if self.form in PARTICLES:
            return with_particle(words, self.form)
        return ENGLISH_FORMS[self.form](words, rows[-1].columns["number"])


@dataclass(frozen=True)
class Step:
    """One word of a story's shape: fixed text, or slots and the facts drawn for them."""

    parts: tuple  # of str and Slot
    capital: bool  # does a sentence begin here?
    draws: tuple  # facts not known before, in the order of drawing
    before: tuple  # facts known before that this step or a later one needs
    after: tuple  # facts that a later step needs

    def text(self, known):
        text = "".join(part if isinstance(part, str) else part.text(known) for part in self.parts)
        return text[0].upper() + text[1:] if self.capital else text


def base(fact):
    """goods2 is drawn from the table goods."""
    return fact.rstrip("0123456789")
