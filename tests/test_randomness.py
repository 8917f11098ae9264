"""Draws go on where they stopped, and nobody else notices them, nor those of a training."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import course_lib
from course_lib.bert import BertForMaskedLM
from course_lib.classroom.experiments import broken_trainings, changes, labelled, paired_bert, whole_words
from course_lib.classroom.experiments.growing_bert import GrowingBert
from course_lib.classroom.experiments.one_sided import OneSided
from course_lib.classroom.experiments.probes import untrained
from course_lib.pretrain import new_run
from course_lib.pretrain_arguments import arguments
from course_lib.randomness import Draws

PACKAGE = Path(course_lib.__file__).parent
# Who may seed torch's global generator, and why.
SEEDS = {
    "randomness.py": "Draws puts the state back",
    "classroom/judging/observing.py": "answers are judged in a process of their own",
}


def drawn(draws, count):
    with draws:
        return torch.rand(count).tolist()


def test_a_sequence_goes_on_whatever_is_drawn_in_between():
    draws = Draws(seed=3)
    first = drawn(draws, 2)
    torch.manual_seed(8)
    torch.rand(5)
    assert first + drawn(draws, 3) == torch.rand(5, generator=torch.Generator().manual_seed(3)).tolist()


def test_what_is_drawn_outside_is_as_without_it():
    torch.manual_seed(5)
    wanted = torch.rand(1), torch.rand(1)
    torch.manual_seed(5)
    first = torch.rand(1)
    drawn(Draws(seed=3), 4)
    assert (first, torch.rand(1)) == wanted


def test_an_error_inside_leaves_the_outside_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with pytest.raises(KeyError), Draws(seed=3):
        torch.rand(1)
        raise KeyError
    assert torch.equal(torch.get_rng_state(), before)


class WithDropout(GrowingBert):
    """Few stories, and a BERT that draws in every step."""

    def config(self):
        return replace(super().config(), hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)


@pytest.fixture(scope="module")
def grown():
    grown = WithDropout(stories=300)
    grown.model = BertForMaskedLM(grown.config())  # whose size others take
    return grown


@pytest.fixture(scope="module")
def paired(grown):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paired_bert, "STORIES", 700)
        return paired_bert.PairedBert(grown)


def changed(name):
    alterations, share = changes.CHANGES[name]
    changes.ChangingBert(stories=300).measure(alterations, share, stop=2)


def from_the_shell(grown, folder):
    settings = arguments(["--corpus", "town-ko", "--steps", "2", "--batch-size", "4", "--out", str(folder)])
    return list(new_run(settings, grown.tokenizer, grown.texts))


# name → what trains or makes a model, given (grown, paired, a folder)
DRAWING = {
    "a growing BERT": lambda grown, paired, folder: grown.train(2),
    "BERTs from several starts": lambda grown, paired, folder: grown.losses(1, range(2)),
    "a BERT on pairs": lambda grown, paired, folder: paired.train(2, torn=True, next_sentence=True),
    "a BERT from the left": lambda grown, paired, folder: OneSided(grown, stories=1).train(2),
    "a broken training": lambda grown, paired, folder: broken_trainings.train(grown, "padding", stop=2),
    "a BERT on whole words": lambda grown, paired, folder: whole_words.train(grown, True, 2, 1),
    "a change since 2018": lambda grown, paired, folder: changed("GeGLU"),
    "a random start": lambda grown, paired, folder: labelled.random_start(grown.model, 1),
    "an untrained BERT": lambda grown, paired, folder: untrained(grown.model),
    "a run from the shell": lambda grown, paired, folder: from_the_shell(grown, folder),
}


@pytest.mark.parametrize("name", DRAWING)
def test_no_training_changes_the_global_random_state(name, grown, paired, tmp_path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    DRAWING[name](grown, paired, tmp_path)
    assert torch.equal(torch.get_rng_state(), before)


def seeding(source):
    """The lines of a source in which torch's global generator is seeded."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "torch.manual_seed",
            "torch.random.manual_seed",
            "torch.cuda.manual_seed",
            "torch.cuda.manual_seed_all",
            "torch.seed",
        ):
            yield node.lineno


def test_nothing_else_seeds_the_global_generator():
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if list(seeding(path.read_text(encoding="utf-8")))
    }
    assert found == set(SEEDS)
