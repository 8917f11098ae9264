"""What are segments and [SEP] for? The town's pairs of sentences, with one of the two or both left out.

`scripts/train_week8.py` recorded it; the notebook shows the record.
"""

from course_lib.classroom.experiments.town_asked import SEEDS, Pairs, measure

MARKS = {  # what tells the sentences apart → (segments, [SEP] between them)
    "segments and [SEP]": (True, True),
    "[SEP] alone": (False, True),
    "segments alone": (True, False),
    "neither": (False, False),
}


class PairsWith(Pairs):
    """The pairs with what is left of the marks. segments: whether the second sentence has segment 1
    separator: whether [SEP] stands between the sentences; the one at the end stays
    """

    def __init__(self, segments, separator):
        self.segments, self.separator = segments, separator

    def example(self, tokenizer, pair):
        example = super().example(tokenizer, pair)
        ids, types = list(example.input_ids), list(example.token_type_ids)
        if not self.separator:
            middle = ids.index(tokenizer.ids["[SEP]"])
            del ids[middle], types[middle]
        if not self.segments:
            types = [0] * len(types)
        return example._replace(input_ids=ids, token_type_ids=types)


def record(language="ko"):
    """Balanced accuracy after as many pairs as Pairs has at most: {marks: one number per seed}."""
    return {
        name: [
            round(measure(PairsWith(*marks), "pre-trained, fine-tuned", language, Pairs.sizes[-1], seed), 4)
            for seed in SEEDS
        ]
        for name, marks in MARKS.items()
    }
