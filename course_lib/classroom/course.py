"""The weeks of the course, in one table: what the map, the pictures, the README and the tests are held to."""

from typing import NamedTuple


class Week(NamedTuple):
    """notebook: its file, without .ipynb   modules: what it adds to course_lib, in the order of reading"""

    notebook: str
    name: str
    question: str
    modules: tuple


WEEKS = {
    0: Week("00_start_here", "Start here", "Does everything work?", ()),
    1: Week(
        "01_inductive_bias",
        "Inductive bias",
        "What does a model assume before it sees any data?",
        ("inductive_bias",),
    ),
    2: Week(
        "02_self_attention",
        "Self-attention",
        "How can a word look at every other word?",
        ("attention", "encoder"),
    ),
    3: Week("03_wordpiece", "WordPiece", "What is a word to BERT?", ("wordpiece", "wordpiece_training")),
    4: Week("04_positions", "Positions", "Where am I in the sentence?", ("embeddings", "positions")),
    5: Week(
        "05_mlm_pretraining",
        "Pre-training",
        "What do the gaps teach?",
        ("bert", "masking", "ladder", "pretraining"),
    ),
    6: Week("06_what_it_learned", "What it learned", "What has it learned?", ("probing",)),
    7: Week(
        "07_real_bert",
        "Real BERT",
        "Is this really BERT?",
        ("checkpoint", "similarity", "documentation", "modern"),
    ),
    8: Week("08_fine_tuning", "Fine-tuning", "What can be asked of BERT?", ("tasks", "spans", "finetuning")),
}
