"""Pre-training: stopped by force it goes on bit by bit, and two processes do the same as one."""

import json
import math
import os
import shutil
import signal
import site
import subprocess
import sys
import sysconfig
import time
import unicodedata
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import distributed
from two_processes import train_with_holes

from course_lib import pretrain, pretrain_arguments
from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.checkpoint import load_tokenizer, read_safetensors
from course_lib.corpus import (
    Batches,
    Examples,
    corpus_texts,
    documentation,
    paragraphs,
    tokenized,
    why_not_text,
)
from course_lib.fill_mask import fill_mask
from course_lib.ladder import ladder, mask_for_evaluation
from course_lib.masking import Vocabulary
from course_lib.pretrain import read_metrics, train_tokenizer
from course_lib.pretraining import PreTraining, Training, checkpoints, load_checkpoint, save_checkpoint
from course_lib.town import Town
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

pytestmark = pytest.mark.usefixtures("one_core")

PIECES = [*SPECIAL, *"abcdefghijklmnopqrst"]
VOCAB = Vocabulary(PIECES)
TOKENIZER = WordPieceTokenizer(PIECES)
ROOT = Path(__file__).parent.parent
SMALL = ["--vocab-size", "60", "--hidden-size", "16", "--heads", "2", "--layers", "1", "--batch-size", "8"]


@pytest.fixture
def examples(tmp_path):
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 9, (300,), generator=generator).tolist()
    rows = [[2, *torch.randint(5, 25, (n,), generator=generator).tolist(), 3] for n in lengths]
    return Examples.write(tmp_path / "examples", rows)


def new_run(examples, **options):
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(PIECES),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
    )
    training = Training(**(dict(steps=12, batch_size=16, warmup=3) | options))
    return PreTraining(BertForMaskedLM(config), Batches(examples, 16, 0), VOCAB, training)


def assert_same_tensors(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


@pytest.mark.parametrize("window", [3, 64])
def test_batches_hold_every_example_once_an_epoch(examples, monkeypatch, window):
    monkeypatch.setattr("course_lib.corpus.WINDOW", window)
    batches = Batches(examples, 16, 0)
    seen = [tuple(i for i in row if i) for step in range(batches.per_epoch) for row in batches[step].tolist()]
    stored = [tuple(each) for each in examples.read(range(len(examples)))]
    assert len(seen) == 288 and all(seen.count(each) <= stored.count(each) for each in set(seen))


def test_batch_depends_on_the_step_alone(examples):
    one, other = Batches(examples, 16, 0), Batches(examples, 16, 0)
    forwards = [one[step] for step in range(40)]
    assert all(torch.equal(other[step], forwards[step]) for step in reversed(range(40)))


def test_a_corpus_smaller_than_a_batch_is_one_batch_again_and_again(examples):
    batches = Batches(examples, 301, 0)
    assert [len(batches[step]) for step in range(3)] == [300] * 3


def test_what_was_written_stays_until_what_takes_its_place_is_whole(tmp_path):
    def torn():
        yield [2, 3]
        raise OSError("no space left")

    Examples.write(tmp_path / "kept", [[2, 7, 3]])
    with pytest.raises(OSError):
        Examples.write(tmp_path / "kept", torn())
    assert [list(each) for each in Examples(tmp_path / "kept").read([0])] == [[2, 7, 3]]
    assert len(Examples.write(tmp_path / "kept", [[2, 3], [2, 8, 3]])) == 2


def test_loss_falls(examples):
    losses = [state.loss for state in new_run(examples, steps=60, learning_rate=0.01)]
    assert sum(losses[-10:]) < sum(losses[:10])


def test_a_batch_without_a_gap_teaches_nothing_and_harms_nothing(examples):
    run = new_run(examples, steps=1)
    run.batches = [torch.tensor([[2, 1, 3]] * 16)]  # [CLS] [UNK] [SEP]
    (state,) = run
    assert state.loss == 0
    assert all(parameter.isfinite().all() for parameter in run.model.parameters())


def test_run_goes_on_from_a_checkpoint_bit_by_bit(examples, tmp_path):
    whole = new_run(examples)
    losses = [state.loss for state in whole]
    first = new_run(examples)
    for state in first:
        if state.step == 5:
            break
    save_checkpoint(first, TOKENIZER, tmp_path / "out")
    second = new_run(examples)
    load_checkpoint(second, tmp_path / "out")
    assert [state.loss for state in second] == losses[5:]
    assert_same_tensors(second.model.state_dict(), whole.model.state_dict())
    assert_same_tensors(second.state(), whole.state())


def test_damaged_checkpoint_is_named_and_the_one_before_used(examples, tmp_path):
    run, said = new_run(examples), []
    for state in run:
        if state.step in (4, 8):
            save_checkpoint(run, TOKENIZER, tmp_path)
    newest = checkpoints(tmp_path)[0] / "model.safetensors"
    newest.write_bytes(newest.read_bytes()[:-7])
    again = new_run(examples)
    assert load_checkpoint(again, tmp_path, warn=said.append).name == "checkpoint-00000004"
    assert again.step == 4 and "checkpoint-00000008" in said[0] and "damaged" in said[0]


class Killed(BaseException):
    """Not an Exception: nobody who writes a file can answer to being killed."""


@pytest.fixture
def kill_at(monkeypatch):
    """kill_at(n, action): do it, and die at the n-th change of the disk. Returns whether it was killed."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    really = {name: getattr(os, name) for name in ("replace", "unlink", "rmdir", "mkdir", "fdopen")}
    left = None

    def guard(name):
        def change(*args, **options):
            nonlocal left
            if left is not None:
                if left == 0:
                    raise Killed(name)
                left -= 1
            return really[name](*args, **options)

        return change

    def kill(number, action):
        nonlocal left
        left = number
        try:
            action()
        except Killed:
            return True
        finally:
            left = None
        return False

    for name in really:
        monkeypatch.setattr(os, name, guard(name))
    return kill


def every_kill(kill_at, action):
    """Kill the action at its first change of the disk, then at its second, …, until it ends alone."""
    number = 0
    while kill_at(number, action):
        yield number
        number += 1


@pytest.mark.parametrize("again", [True, False], ids=["the same step", "the next step"])
def test_a_checkpoint_can_be_loaded_wherever_saving_is_killed(examples, tmp_path, kill_at, again):
    run, out = new_run(examples), tmp_path / "out"
    for _ in zip(range(4), run):
        save_checkpoint(run, TOKENIZER, out)
    known, warned = {run.step: {k: v.clone() for k, v in run.model.state_dict().items()}}, []
    if not again:
        next(iter(run))
        known[run.step] = run.model.state_dict()
    numbers = []
    for number in every_kill(kill_at, lambda: save_checkpoint(run, TOKENIZER, out)):
        numbers.append(number)
        loaded = new_run(examples)
        load_checkpoint(loaded, out, warned.append)
        assert_same_tensors(loaded.model.state_dict(), known[loaded.step])
    assert len(numbers) > 15 and not warned
    names = {path.name for path in out.iterdir()}
    assert names == {f"checkpoint-{step:08d}" for step in (run.step - 1, run.step)}


def test_examples_can_be_read_wherever_writing_them_again_is_killed(tmp_path, kill_at):
    rows = [[2, 7, 3]], [[2, 3], [2, 8, 3]]
    Examples.write(tmp_path / "kept", rows[0])
    numbers = []
    for number in every_kill(kill_at, lambda: Examples.write(tmp_path / "kept", rows[1])):
        numbers.append(number)
        kept = Examples(tmp_path / "kept")
        assert [list(each) for each in kept.read(range(len(kept)))] in rows
    assert len(numbers) > 5 and [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_several_damaged_newer_checkpoints_do_not_cost_the_sound_ones(examples, tmp_path):
    """Those that a run writes after it passed over the damaged ones are kept."""
    run = new_run(examples)
    for state in run:
        if state.step in (2, 8, 9):
            save_checkpoint(run, TOKENIZER, tmp_path)
    for folder in checkpoints(tmp_path)[:2]:
        (folder / "training.json").write_text("{", encoding="utf-8")
    again = new_run(examples)
    with pytest.raises(ValueError, match="no sound checkpoint"):
        load_checkpoint(again, tmp_path, warn=lambda words: None)
    for _ in zip(range(3), again):
        save_checkpoint(again, TOKENIZER, tmp_path)
    assert load_checkpoint(new_run(examples), tmp_path, warn=lambda words: None).name == "checkpoint-00000003"


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"step": 4, "sha256": 0}', '{"sha256": {}}'])
def test_a_checkpoint_whose_record_is_damaged_is_passed_over(examples, tmp_path, damage):
    run, said = new_run(examples), []
    for state in run:
        if state.step in (4, 8):
            save_checkpoint(run, TOKENIZER, tmp_path)
    (checkpoints(tmp_path)[0] / "training.json").write_text(damage, encoding="utf-8")
    assert load_checkpoint(new_run(examples), tmp_path, warn=said.append).name == "checkpoint-00000004"
    assert len(said) == 1


def test_no_sound_checkpoint_is_an_error(examples, tmp_path):
    with pytest.raises(ValueError, match="no sound checkpoint"):
        load_checkpoint(new_run(examples), tmp_path)


def test_a_checkpoint_of_another_size_is_refused_in_words(examples, tmp_path):
    run = new_run(examples)
    next(iter(run))
    save_checkpoint(run, TOKENIZER, tmp_path)
    model = BertForMaskedLM(replace(run.model.config, hidden_size=32))
    wider = PreTraining(model, run.batches, VOCAB, run.training)
    with pytest.raises(ValueError, match="hidden_size = 16, and this run has 32: go on with the options"):
        load_checkpoint(wider, tmp_path)


def test_what_the_optimiser_remembers_comes_to_where_the_model_is(examples):
    """The device "meta" holds no numbers, but tells where they would be; a GPU is not needed for that."""
    first, second = new_run(examples), new_run(examples)
    next(iter(first))
    second.model.to("meta")
    second.load_state(first.state())
    memories = [second.optimizer.state[parameter] for parameter in second.model.parameters()]
    assert {tensor.device.type for memory in memories for tensor in memory.values()} == {"meta"}


def test_91_percent_of_the_learning_rate_is_reached():
    training = Training(steps=2000, learning_rate=1.0, warmup=200)
    rates = [training.learning_rate_at(step, step / 2000) for step in range(2000)]
    assert max(rates) == pytest.approx(0.91, abs=0.001) and rates[0] == 1 / 200


def test_steps_and_minutes_exclude_each_other():
    with pytest.raises(ValueError, match="either steps or minutes"):
        Training(steps=1, minutes=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("learning_rate", -1),
        ("learning_rate", math.inf),
        ("warmup", 0),
        ("clip", math.nan),
        ("mask_probability", 0),
        ("mask_probability", 15),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be above 0.*got {value}"):
        Training(**(dict(steps=1) | {name: value}))


@pytest.mark.parametrize("seed", [-1, 2**32, math.nan])
def test_a_seed_that_no_step_could_be_drawn_from_is_refused(seed):
    with pytest.raises(ValueError, match=f"seed must be from 0 to 4,294,967,295, got {seed}"):
        Training(steps=1, seed=seed)


def test_the_last_seed_can_be_trained_with(examples):
    next(iter(new_run(examples, seed=2**32 - 1)))


@pytest.mark.parametrize("name", ["steps", "batch_size", "warmup", "seed"])
def test_a_part_of_a_step_or_text_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be a whole number, got 1.5"):
        Training(**(dict(steps=1) | {name: 1.5}))


def test_ladder_goes_down(examples):
    rungs = ladder(PIECES, mask_for_evaluation(examples.read(range(100)), VOCAB))
    assert list(rungs.values()) == sorted(rungs.values(), reverse=True)


# -- the command


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A corpus of one file: 3,000 short paragraphs."""
    generator = torch.Generator().manual_seed(3)
    words = ["the", "dog", "saw", "a", "cat", "and", "ran", "off", "한국어", "를"]
    picks = torch.randint(0, len(words), (3000, 6), generator=generator).tolist()
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n\n".join(" ".join(words[i] for i in row) for row in picks), encoding="utf-8")
    return path


def run_here(text, out, *options):
    """The command in this process."""
    pretrain.main(["--corpus", str(text), "--out", str(out), *SMALL, *options])


WHOLE = ["--steps", "300", "--checkpoint-every", "20", "--evaluate-every", "300", "--dropout", "0.1"]


@pytest.fixture(scope="module")
def whole(text, tmp_path_factory):
    """The folder of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    run_here(text, out, *WHOLE)
    return out


def command(text, out, *options, launcher=("-m", "course_lib.pretrain")):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    call = [sys.executable, *launcher, "--corpus", str(text), "--out", str(out), *SMALL, *options]
    return subprocess.Popen(
        call,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        encoding="utf-8",
    )


def finish(process):
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err[-2000:]
    return out


def test_killed_run_ends_like_an_undisturbed_one(text, whole, tmp_path):
    process = command(text, tmp_path / "killed", *WHOLE)
    while not checkpoints(tmp_path / "killed") and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, "the run ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    run_here(text, tmp_path / "killed", *WHOLE, "--resume")
    for name in ("model.safetensors", "optimizer.safetensors"):
        last = "checkpoint-00000300"
        assert_same_tensors(
            read_safetensors(whole / last / name), read_safetensors(tmp_path / "killed" / last / name)
        )


BRIEF = ["--steps", "30", "--evaluate-every", "10"]


@pytest.fixture(scope="module")
def two(text, tmp_path_factory):
    """The folder of a run of two processes."""
    out = tmp_path_factory.mktemp("runs") / "two"
    script = str(ROOT / "tests" / "two_processes.py")
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", script]
    finish(command(text, out, *BRIEF, launcher=launcher))
    return out


def test_two_processes_lose_what_one_loses(text, two, tmp_path):
    run_here(text, tmp_path / "one", *BRIEF)
    one, two = read_metrics(tmp_path / "one" / "metrics.jsonl"), read_metrics(two / "metrics.jsonl")
    assert len(one) == len(two) == 3
    for mine, theirs in zip(one, two):
        assert theirs["loss"] == pytest.approx(mine["loss"], rel=1e-4)
        assert theirs["held_out_loss"] == pytest.approx(mine["held_out_loss"], rel=1e-4)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_without_a_gap_keeps_in_step(two, rank):
    losses, parameters = train_with_holes()
    found = read_safetensors(two / f"holes-{rank}.safetensors")
    assert found.pop("losses").tolist() == pytest.approx(losses, abs=1e-5)
    assert losses[1] == 0 and all(map(math.isfinite, losses))
    for name, wanted in parameters.items():
        assert torch.allclose(found[name], wanted, atol=1e-5), name


def test_only_the_first_process_reads_what_is_measured(text, whole, monkeypatch):
    read, reads = Examples.read, []

    def reading(examples, rows):
        reads.append(examples.folder.name)
        return read(examples, rows)

    monkeypatch.setattr(Examples, "read", reading)
    monkeypatch.setattr(pretrain, "rank_and_world_size", lambda: (1, 2))
    run_here(text, whole, "--resume", "--steps", "301")
    assert reads == ["train"]  # the window with the batch


def test_second_run_does_not_overwrite_the_first(text, whole, capsys):
    with pytest.raises(SystemExit):
        run_here(text, whole, "--steps", "2")
    assert "holds a run already" in capsys.readouterr().err


def test_held_out_texts_that_are_trained_on_are_counted(tmp_path, capsys):
    (tmp_path / "text.txt").write_text("\n\n".join(["a dog ran", "a cat ran"] * 700), encoding="utf-8")
    run_here(tmp_path / "text.txt", tmp_path / "out", "--steps", "1")
    words = "1,000 of 1,000 held-out texts occur among 400 training texts, too: the held-out loss says little"
    assert words in capsys.readouterr().out


def test_a_town_that_tells_a_story_again_needs_no_word(whole, monkeypatch, capsys):
    tokenizer, examples = load_tokenizer(whole / "corpus"), Examples(whole / "corpus" / "train")
    gaps = mask_for_evaluation(examples.read(range(100)), Vocabulary(tokenizer.vocab))
    monkeypatch.setattr(pretrain, "ladder", lambda *_: {})
    for corpus, is_said in {"town": False, "town-ko": False, "town-en": False, "docs": True}.items():
        pretrain.rungs_of(corpus, tokenizer, gaps, examples)
        assert ("100 of 100 held-out texts" in capsys.readouterr().out) == is_said


def test_too_few_texts_to_hold_some_out_are_counted(tmp_path):
    (tmp_path / "few.txt").write_text("one\n\ntwo\n\nthree", encoding="utf-8")
    options = ["--corpus", f"{tmp_path / 'few.txt'}", "--out", f"{tmp_path / 'out'}", "--steps", "1"]
    with pytest.raises(SystemExit, match="few.txt holds 3 texts.*give more than 1,000"):
        pretrain.main(options)


def test_a_file_named_like_a_town_is_a_file(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(text, "town-notes.txt")
    pretrain.main(["--corpus", "town-notes.txt", "--out", "out", "--steps", "1", *SMALL])
    assert Path("out/model.safetensors").exists()


def test_no_checkpoint_is_promised_where_there_is_none(tmp_path, monkeypatch):
    def fail(args):
        raise PermissionError(13, "Permission denied", "corpus")

    def fail_later(args):
        (args.out / "checkpoint-00000005").mkdir()
        fail(args)

    monkeypatch.setattr(pretrain, "train", fail)
    options = ["--corpus", "town-ko", "--out", f"{tmp_path}", "--steps", "1"]
    with pytest.raises(SystemExit, match="Permission denied: 'corpus'$"):
        pretrain.main(options)
    monkeypatch.setattr(pretrain, "train", fail_later)
    with pytest.raises(SystemExit, match="Permission denied.*\n.*checkpoint is whole"):
        pretrain.main(options)


def test_with_gpus_each_process_takes_its_own_and_exchanges_numbers_of_both_kinds(monkeypatch):
    seen = []
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", seen.append)
    monkeypatch.setattr(distributed, "init_process_group", seen.append)
    pretrain.join_processes()
    assert seen == [3, "cpu:gloo,cuda:nccl"]


# -- corpora and questions


def test_korean_in_parts_is_composed(tmp_path):
    (tmp_path / "file.txt").write_text(unicodedata.normalize("NFD", "한국어를"), encoding="utf-8")
    assert list(paragraphs(tmp_path / "file.txt")) == ["한국어를"]


def test_packages_are_read_once_where_their_folder_has_two_names(tmp_path, monkeypatch):
    """On Windows, site.getsitepackages() lists the folder that holds all others, too."""
    packages = tmp_path / "Lib" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "module.py").write_text(f'"""{"A docstring that is long enough. " * 2}"""', encoding="utf-8")
    folders = dict(stdlib=f"{tmp_path / 'Lib'}", purelib=f"{packages}", platlib=f"{packages}")
    monkeypatch.setattr(sysconfig, "get_path", folders.__getitem__)
    monkeypatch.setattr(site, "getsitepackages", lambda: [f"{tmp_path}", f"{packages}"])
    assert len([text for text in documentation() if text.startswith("A docstring that is long")]) == 1


@pytest.mark.parametrize(
    "content, reason",
    [(b"", "empty"), (b"a\0b", "zero byte"), ("한국".encode("euc-kr"), "not UTF-8"), ("한국".encode(), None)],
)
def test_file_that_is_no_text_is_recognised(tmp_path, content, reason):
    (tmp_path / "file.txt").write_bytes(content)
    found = why_not_text(tmp_path / "file.txt")
    assert found is None if reason is None else reason in found


def test_bad_files_are_named_and_left_out(tmp_path):
    (tmp_path / "good.md").write_text("one\ntwo\n\nthree", encoding="utf-8")
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe")
    said = []
    assert list(corpus_texts(tmp_path, said.append)()) == ["one two", "three"]
    assert len(said) == 1 and "bad.txt" in said[0]


def test_both_towns_take_turns():
    stories = list(islice(corpus_texts("town")(), 6))
    assert [any("가" <= letter <= "힣" for letter in story) for story in stories] == [True, False] * 3
    assert stories[::2] == list(Town("ko").stories(3, seed=1))


def test_the_tokenizer_of_both_towns_knows_the_pieces_of_each(monkeypatch):
    monkeypatch.setattr(pretrain, "TOWN_TEXTS", 500)
    monkeypatch.setattr(pretrain_arguments, "VOCAB_SIZES", {"town-ko": 600, "town-en": 400})
    both = train_tokenizer("town", None, corpus_texts("town")).vocab
    for name in ("town-ko", "town-en"):
        assert set(train_tokenizer(name, None, corpus_texts(name)).vocab) <= set(both)
    assert len(set(both)) == len(both)
    with pytest.raises(ValueError, match="--vocab-size is not for both towns"):
        train_tokenizer("town", 500, corpus_texts("town"))


def test_the_shares_of_the_fates_can_be_changed(examples):
    """With shares of (0, 0, 1) every chosen token stays, so a step sees the text as it is."""
    run, seen = new_run(examples, mask_shares=(0.0, 0.0, 1.0)), []

    def look(ids, **options):
        seen.append(ids)
        return run.model(ids, **options)

    run.parallel = look
    next(iter(run))
    assert torch.equal(seen[0], run.batches[0])


@pytest.mark.parametrize("max_length", [1, 2])
def test_examples_without_room_for_a_piece_are_refused(max_length):
    with pytest.raises(ValueError, match=rf"max_length must be at least 3, for \[CLS\].*, got {max_length}"):
        next(tokenized(["a b"], TOKENIZER, max_length))


def test_corpus_of_one_file_that_is_no_text_says_why(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"no text in it \(bad.txt: not UTF-8"):
        corpus_texts(tmp_path / "bad.txt")


def test_corpus_without_text_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no text in it"):
        corpus_texts(tmp_path)


def test_text_without_a_gap_is_refused(examples):
    with pytest.raises(ValueError, match=r"no \[MASK\]"):
        fill_mask(new_run(examples).model, TOKENIZER, "a b c")


def test_answers_are_probabilities_in_order(examples):
    ((*answers,),) = fill_mask(new_run(examples).model, TOKENIZER, "a [MASK] c", top=len(PIECES))
    values = [probability for _, probability in answers]
    assert values == sorted(values, reverse=True) and sum(values) == pytest.approx(1)


@pytest.mark.parametrize("top", [0, len(PIECES) + 1])
def test_more_answers_than_pieces_are_refused(examples, top):
    with pytest.raises(ValueError, match=f"top must be from 1 to {len(PIECES)}.*got {top}"):
        fill_mask(new_run(examples).model, TOKENIZER, "a [MASK] c", top)


def test_a_question_in_decomposed_korean_is_the_same_question(examples):
    tokenizer = WordPieceTokenizer([*PIECES[:-1], "한"], strip_accents=False)
    model = new_run(examples).model
    composed = "한 [MASK] b"
    decomposed = unicodedata.normalize("NFD", composed)
    assert fill_mask(model, tokenizer, decomposed) == fill_mask(model, tokenizer, composed)


def test_the_metrics_of_an_earlier_version_have_the_names_of_today(tmp_path):
    lines = [{"step": 10, "rungs": {"even guess (ln V)": 3.0, "entropy of the pieces": 2.5}}]
    lines.append({"step": 20, "rungs": {"even guess (ln V)": 3.0, "entropy of the tokens": 2.5}})
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    old, new = read_metrics(tmp_path / "metrics.jsonl")
    assert old["rungs"] == new["rungs"] == lines[1]["rungs"]
    assert (old["step"], new["step"]) == (10, 20)
