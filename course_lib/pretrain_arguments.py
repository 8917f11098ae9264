"""Week 5: what the pre-training command is told, and whether that can be done, before anything takes time."""

import argparse
from pathlib import Path

from course_lib.bert import BertConfig
from course_lib.checkpoint import load_tokenizer
from course_lib.corpus import TOWNS, Examples, check_max_length, corpus_texts, in_place, text_files, tokenized
from course_lib.pretraining import Training, read_checkpoint
from course_lib.run_settings import (
    check_begun,
    check_unused,
    content,
    in_options,
    make_folder,
    others,
    parsed,
    positive_int,
    recorded,
    refuse,
)
from course_lib.wordpiece import SPECIAL

VOCAB_SIZES = {"town-ko": 1600, "town-en": 1100}
# Options, and the fields that they set.
CONFIG = {
    "hidden_size": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "intermediate_size": "intermediate_size",
    "max_length": "max_position_embeddings",
    "dropout": "hidden_dropout_prob",
    "init_std": "initializer_range",
}
TRAINING = ("steps", "minutes", "batch_size", "learning_rate", "mask_probability", "seed")
# What a resumed run may be told anew: which examples and gaps a step has does not depend on it.
MAY_CHANGE = ("steps", "minutes", "evaluate_every", "checkpoint_every")
FIRST = 100  # examples by which a corpus is known where a run did not write down what it read
RESUMING = """
--resume goes on from the newest checkpoint in --out, with the settings of the run: they are in its
settings.json and need not be given again. Only these may be others than before: --minutes or --steps,
--evaluate-every, --checkpoint-every. The learning rate falls to 0 at the end of a run. With another length it
goes on where a run of that length would be by now, so it rises where the run has become longer. Every other
setting decides what is learned: one that differs is refused. A text file or folder is known by its content.
"""


def make_parser():
    parser = argparse.ArgumentParser(
        "python -m course_lib.pretrain", description="Pre-train a BERT.", epilog=RESUMING
    )
    parser.add_argument("--corpus", help="town-ko, town-en, town (both), docs, or a text file or folder")
    parser.add_argument(
        "--out", required=True, type=Path, help="folder for the model, its checkpoints and metrics"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help="train for so long")
    length.add_argument(
        "--steps", type=int, help="train so many batches; only then is a resumed run bit-identical"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out, see below")
    parser.add_argument(
        "--vocab-size",
        type=int,
        help="tokens; without it 1,600 for town-ko, 1,100 for town-en, both of them for town, and 8,000 else",
    )
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--intermediate-size", type=int, help="twice the hidden size without it")
    parser.add_argument("--max-length", type=int, default=128, help="longest text in tokens")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--init-std", type=float, default=0.06)
    parser.add_argument("--batch-size", type=int, default=128, help="texts a step, over all processes")
    parser.add_argument(
        "--mask-probability",
        type=float,
        default=0.25,
        help="share of the tokens that are hidden; BERT's is 0.15, and short stories teach more with 0.25",
    )
    parser.add_argument("--learning-rate", type=float, default=4e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--evaluate-every", type=positive_int, default=500, metavar="STEPS")
    parser.add_argument("--checkpoint-every", type=positive_int, default=500, metavar="STEPS")
    return parser


def arguments(argv=None):
    """The settings of a run, all of them. Ends the program, with words and status 2, where they cannot be.

    Nothing is written but the folder itself: under torchrun every process comes here, and none waits.
    """
    return parsed(make_parser(), argv, begun, resumed)


def begun(given, defaults):
    """The settings of a new run. ValueError where they cannot be."""
    if "corpus" not in given:
        raise ValueError("--corpus is missing: say what to train on")
    if not {"minutes", "steps"} & given.keys():
        raise ValueError("--minutes or --steps is missing: say how long to train")
    settings = defaults | given
    settings["vocab_size"] = vocabulary_size(settings["corpus"], settings["vocab_size"])
    if settings["intermediate_size"] is None:
        settings["intermediate_size"] = 2 * settings["hidden_size"]
    check(settings)
    out = settings["out"]
    check_unused(out)
    settings["corpus_sha256"] = content_of(settings["corpus"])
    make_folder(out)
    return settings


def resumed(given, defaults):
    """The settings of the run in --out, with those given that may change. ValueError names what differs."""
    out = given["out"]
    check_begun(out)
    if not in_place(out / "corpus" / "train").is_dir():
        raise ValueError(
            f"{out} holds no prepared corpus, so its run cannot go on: begin a new run in another folder"
        )
    kept = defaults | (recorded(out) or of_version_0_1_0(out, given))
    corpus = other_corpus(given["corpus"], kept) if "corpus" in given else []
    refuse(others(given, kept, ("corpus", *MAY_CHANGE)) + corpus)
    if {"minutes", "steps"} & given.keys():
        kept |= dict(minutes=None, steps=None)
    settings = kept | {name: value for name, value in given.items() if name != "corpus"}
    check(settings)
    return settings


def other_corpus(corpus, kept):
    """In words, where a corpus is not that of a run: one of files is known by its content."""
    sha256 = content_of(corpus)
    if sha256 == kept["corpus_sha256"] and (sha256 or corpus == kept["corpus"]):
        return []
    if corpus == kept["corpus"]:
        return [f"--corpus {corpus} holds another text than when the run began"]
    return [f"--corpus is {corpus} here, and {kept['corpus']} in the run that is resumed"]


def content_of(corpus):
    """The SHA-256 of the bytes of a corpus of files; None for the others, which their name tells."""
    return None if corpus in (*TOWNS, "town", "docs") else content(*text_files(corpus)[0])


def vocabulary_size(corpus, vocab_size):
    """How many tokens a vocabulary gets; None for that of both towns. vocab_size: what was asked for"""
    if corpus == "town":
        if vocab_size is not None:
            raise ValueError("--vocab-size is not for both towns: they take the sizes of each")
        return None
    if vocab_size is None:
        return VOCAB_SIZES.get(corpus, 8000)
    if vocab_size <= len(SPECIAL):
        raise ValueError(
            f"--vocab-size must be above {len(SPECIAL)}, the number of special tokens, got {vocab_size}"
        )
    return vocab_size


def check(settings):
    """ValueError where no model or training can have these settings, said of the options of the command."""
    try:
        check_max_length(settings["max_length"])
        config_of(settings, settings["vocab_size"] or len(SPECIAL) + 1)
        training_of(settings)
    except ValueError as error:
        options = {field: name for name, field in CONFIG.items()}
        options |= {name: name for name in (*CONFIG, *TRAINING)}
        raise ValueError(in_options(f"{error}", options)) from error


def config_of(settings, vocab_size):
    fields = {field: settings[name] for name, field in CONFIG.items()}
    return BertConfig(vocab_size, **fields, attention_probs_dropout_prob=settings["dropout"])


def training_of(settings):
    return Training(**{name: settings[name] for name in TRAINING})


def of_version_0_1_0(out, given):
    """The settings of a run that wrote none down, from its checkpoint. The corpus has to be given again."""
    if "corpus" not in given:
        raise ValueError(f"{out} does not say on what it was trained (version 0.1.0): give its --corpus, too")
    checkpoint, folder = read_checkpoint(out), out / "corpus"
    config = checkpoint.model.config
    settings = {name: getattr(config, field) for name, field in CONFIG.items()}
    settings |= {name: checkpoint.progress["training"][name] for name in TRAINING}
    settings |= dict(corpus=given["corpus"], corpus_sha256=content_of(given["corpus"]))
    settings |= dict(vocab_size=None if given["corpus"] == "town" else config.vocab_size)
    texts = tokenized(corpus_texts(given["corpus"])(), load_tokenizer(folder), settings["max_length"])
    for wanted in Examples(folder / "held_out").read(range(FIRST)):
        if list(wanted) != next(texts, None):
            raise ValueError(
                f"--corpus {given['corpus']} begins with another text than the run in {out}: give the "
                "one that it was begun with"
            )
    return settings
