"""Week 8: labelled examples from files, for the fine-tuning command.

    sequence   text<TAB>label               or {"text": …, "label": …}
    pairs      first<TAB>second<TAB>label   or {"first": …, "second": …, "label": …}
    tokens     {"words": […], "tags": […]}  or {"text": …, "spans": [[start, end, kind], …]}
    answers    {"context": …, "question": …, "answer": …, "start": …}

One example a line, in UTF-8; JSON where the name of the file ends in .jsonl or .json, columns where it does
not. All text is composed (NFC). Places count characters from 0; the start of an answer is null where there is
none. What is wrong in a file is said with its name and the number of the line.
"""

import json
from dataclasses import dataclass
from typing import NamedTuple

from course_lib.bert import IGNORE_INDEX
from course_lib.corpus import why_not_text
from course_lib.files import composed, named
from course_lib.finetuning import Example, read_as_data
from course_lib.spans import OUTSIDE, labels_of_tokens, tag_names
from course_lib.tasks import NO_ANSWER

COLUMNS = {"sequence": ("text", "label"), "pairs": ("first", "second", "label")}
LINES = {
    "sequence": '{"text": "…", "label": "…"}',
    "pairs": '{"first": "…", "second": "…", "label": "…"}',
    "tokens": '{"words": ["…"], "tags": ["…"]} or {"text": "…", "spans": [[0, 5, "…"]]}',
    "answers": '{"context": "…", "question": "…", "answer": "…", "start": 0}, or null for answer and start',
}


@dataclass(frozen=True)
class Marked:
    """What is marked in a text. parts: (start, end, name) in characters

    by_word: the parts are all words, and a name is the tag of a word; else spans, and a name is their kind
    """

    parts: list
    by_word: bool


class Row(NamedTuple):
    """What a line says. number: of the line   first, second: its texts; second is None where there is one

    label: the name of a class; a Marked; or of an answer (start, end) in `second`, None where there is none
    """

    number: int
    first: str
    second: str | None
    label: str | Marked | tuple | None


# -- from a file


def read_rows(path, task):
    """The Rows of a file. ValueError or FileNotFoundError says what is wrong, and what would be right."""
    path = named(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    if reason := why_not_text(path):
        raise ValueError(f"{path}: {reason}")
    is_json = path.suffix.lower() in (".jsonl", ".json")
    if not is_json and task not in COLUMNS:
        raise ValueError(f"{path}: --task {task} reads JSON, from a file named *.jsonl: {LINES[task]}")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        try:
            if fields := json_fields(line) if is_json else column_fields(line, number, COLUMNS[task]):
                rows.append(Row(number, *READERS[task](fields)))
        except KeyError as error:
            raise ValueError(f"{path}, line {number}: {error} is missing; wanted is {LINES[task]}") from error
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    if not rows:
        raise ValueError(f"{path}: there is no example in it")
    return rows


def json_fields(line):
    """The values of a line of JSON by their names; none of a blank line."""
    try:
        fields = json.loads(line) if line.strip() else {}
    except ValueError as error:
        raise ValueError(f"this is not JSON ({error}): {line!r:.60}") from error
    if not isinstance(fields, dict):
        raise ValueError(f"a line must be one JSON object, {{…}}, got {line!r:.60}")
    return fields


def column_fields(line, number, columns):
    """The cells of a line by their names; none of a blank line, and of a first one that holds the names."""
    cells = line.rstrip("\r").split("\t")
    if not line.strip() or (number == 1 and tuple(cells) == columns):
        return {}
    if len(cells) != len(columns):
        raise ValueError(f"wanted are {len(columns)} columns, {'<TAB>'.join(columns)}; got {len(cells)}")
    return dict(zip(columns, cells))


def text_of(text, name):
    """A text, composed; name: what it is"""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} must be a text, got {text!r:.60}")
    return composed(text)


def name_of(value, what="label"):
    """The name of a label, composed; a whole number is a name, too."""
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise ValueError(f"a {what} must be a text or a whole number, got {value!r:.60}")
    return composed(str(value).strip())


def place_of(start, end, text):
    """The place [start, end) of a text in the composed text."""
    are_numbers = all(isinstance(place, int) and not isinstance(place, bool) for place in (start, end))
    if not are_numbers or not 0 <= start < end <= len(text):
        raise ValueError(f"a place must be 0 ≤ start < end ≤ {len(text)}, got {start!r} and {end!r}")
    return len(composed(text[:start])), len(composed(text[:end]))


def sequence_row(fields):
    return text_of(fields["text"], "text"), None, name_of(fields["label"])


def pairs_row(fields):
    return text_of(fields["first"], "first"), text_of(fields["second"], "second"), name_of(fields["label"])


def tokens_row(fields):
    """The text of words is the words, with blanks between them."""
    if "spans" in fields:
        text = text_of(fields["text"], "text")
        if not isinstance(fields["spans"], list):
            raise ValueError(f"spans must be a list, [] where there are none; got {fields['spans']!r:.60}")
        spans = sorted(span_of(span, fields["text"]) for span in fields["spans"])
        for (_, end, _), (start, *_) in zip(spans, spans[1:]):
            if start < end:
                raise ValueError(f"spans must not overlap: one ends at {end}, the next begins at {start}")
        return text, None, Marked(spans, by_word=False)
    words, tags = fields["words"], fields["tags"]
    if not isinstance(words, list) or not isinstance(tags, list) or len(words) != len(tags) or not words:
        raise ValueError("words and tags must be two lists, with a tag for each word")
    words = [text_of(word, "a word") for word in words]
    parts, start = [], 0
    for word, tag in zip(words, tags):
        parts.append((start, start + len(word), name_of(tag, "tag")))
        start += len(word) + 1
    return " ".join(words), None, Marked(parts, by_word=True)


def span_of(span, text):
    if not isinstance(span, list) or len(span) != 3:
        raise ValueError(f"a span must be [start, end, kind], got {span!r:.60}")
    return *place_of(span[0], span[1], text), name_of(span[2], "kind")


def answers_row(fields):
    """The question is the first text, the context the second: so they are in SQuAD's examples."""
    context, question = text_of(fields["context"], "context"), text_of(fields["question"], "question")
    start = fields["start"]
    if start is None:
        if fields.get("answer"):
            raise ValueError(
                f"there is an answer, {fields['answer']!r:.60}, and no start: say where it stands"
            )
        return question, context, None
    answer = text_of(fields["answer"], "answer")
    if isinstance(start, bool) or not isinstance(start, int) or not 0 <= start < len(fields["context"]):
        raise ValueError(f"start must be a place in the context, or null for no answer; got {start!r}")
    begin = len(composed(fields["context"][:start]))
    stands_there = context[begin : begin + len(answer)]
    if stands_there != answer:
        found = fields["context"].find(fields["answer"])
        hint = "the context does not hold it" if found < 0 else f"it stands at {found}"
        raise ValueError(
            f"the answer {answer!r:.60} does not stand at {start}, where the context has "
            f"{stands_there!r:.60}; {hint}"
        )
    return question, context, (begin, begin + len(answer))


READERS = {"sequence": sequence_row, "pairs": pairs_row, "tokens": tokens_row, "answers": answers_row}


# -- names of labels


def names_in(row):
    """The names of labels that a Row needs."""
    if isinstance(row.label, str):
        return {row.label}
    names = {name for *_, name in row.label.parts}
    return names if row.label.by_word else set(tag_names(names))


def label_names(rows):
    """The names of all labels, a list: O first, the others by name. ValueError where there is only one."""
    names = sorted(set().union(*(names_in(row) for row in rows)), key=lambda name: (name != OUTSIDE, name))
    if len(names) < 2:
        raise ValueError(f"all labels are {names[0]!r}: at least two are needed to learn from")
    return names


def check_names(rows, names, path, known_from):
    """ValueError where a Row of the file `path` needs a label that is not among those of another."""
    for row in rows:
        if unknown := sorted(names_in(row) - set(names)):
            raise ValueError(
                f"{path}, line {row.number}: the label {unknown[0]!r} is not in {known_from}; there are "
                f"{', '.join(names):.200}"
            )


# -- to examples


class Encoded(NamedTuple):
    """row: where it is from   offsets: of each token in its text   is_cut: was it longer?"""

    example: Example
    row: Row
    offsets: list
    is_cut: bool


def encode_row(row, names, tokenizer, max_length):
    """The Encoded of a Row, cut to `max_length` tokens. names: those of the labels, None for answers"""
    whole = read_as_data(tokenizer, row.first, row.second)
    is_cut = len(whole.ids) > max_length
    kept = read_as_data(tokenizer, row.first, row.second, max_length) if is_cut else whole
    if names is None:
        label = answer_tokens(row.label, whole, kept)
    elif isinstance(row.label, str):
        label = names.index(row.label)
    elif row.label.by_word:
        label = [names.index(word[2]) if word else IGNORE_INDEX for word in first_tokens(kept.offsets, row)]
    else:
        label = labels_of_tokens(kept.offsets, row.label.parts, names)
    return Encoded(Example(kept.ids, kept.type_ids, label), row, kept.offsets, is_cut)


def first_tokens(offsets, row):
    """For each token the word that it begins, (start, end, tag), or None: it goes on in one, or is special.

    Devlin et al. 2019, section 5.3. A word without a token (cut off, or of invisible signs) is not there.
    """
    words, found = iter(row.label.parts), []
    word = next(words, None)
    for start, end in offsets:
        while word and start < end and word[1] <= start:  # words without a token
            word = next(words, None)
        begins = word is not None and start < end and word[0] <= start
        found.append(word if begins else None)
        word = next(words, None) if begins else word
    return found


def answer_tokens(place, whole, kept):
    """The positions of an answer's first and last token; (0, 0) where there is none, or it was cut off.

    place: (start, end) in characters of the second text, or None   whole, kept: before and after the cut
    """
    inside = [
        number
        for number, (start, end) in enumerate(offsets_of_second(whole))
        if place and start < place[1] and place[0] < end
    ]
    if not inside or inside[-1] >= len(offsets_of_second(kept)):
        return NO_ANSWER, NO_ANSWER
    begins = kept.type_ids.index(1)
    return begins + inside[0], begins + inside[-1]


def offsets_of_second(encoding):
    """The places of the second text's tokens, without its [SEP]."""
    return encoding.offsets[encoding.type_ids.index(1) : -1]


def is_lost(encoded):
    """Whether a question has an answer that was cut off."""
    return isinstance(encoded.row.label, tuple) and encoded.example.label == (NO_ANSWER, NO_ANSWER)
