"""What is worked out once and asked for again: the documentation as a corpus, and the tokenizer in Rust that
reads a question at each key press of week 7's search.
"""

import time
from itertools import islice

from benchmarks.measure import ratios, spread, table
from course_lib.checkpoint import load_tokenizer
from course_lib.classroom.materials.published import published_folder
from course_lib.classroom.widgets.searching import LONGEST, read_questions
from course_lib.corpus import corpus_texts, fast_for_data
from course_lib.similarity import encode


def twice(function, *arguments):
    """(milliseconds of the first call, of the second)"""
    found = []
    for _ in range(2):
        began = time.perf_counter()
        function(*arguments)
        found.append(1000 * (time.perf_counter() - began))
    return tuple(found)


def documentation(rounds, most):
    """What `twice` says of reading the documentation, for each round. most: texts that are read, or None"""

    def read(stream):
        return sum(len(text) for text in islice(stream(), most))

    return [twice(read, corpus_texts("docs")) for _ in range(rounds)]


def questions(rounds):
    """What `twice` says of the ids of a question; for the first call the tokenizer in Rust is made anew."""
    tokenizer, found = load_tokenizer(published_folder()), []
    for question in read_questions()[:rounds]:
        fast_for_data.cache_clear()
        found.append(twice(encode, [question.text], tokenizer, LONGEST))
    return found


def measure(options):
    found = {
        "the documentation": documentation(*((1, 2000) if options.quick else (3, None))),
        "ids of a question": questions(5 if options.quick else 50),
    }
    rows = []
    for name, pairs in found.items():
        first, again = zip(*pairs)
        ratio = spread(ratios(first, again), ",.0f")
        rows.append((name, spread(first, ",.2f"), spread(again, ",.2f"), ratio))
    return table(["asked for", "first, ms", "again, ms", "first : again"], rows)
