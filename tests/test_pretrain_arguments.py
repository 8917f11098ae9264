"""The pre-training command refuses at once what cannot be done, and goes on with a run as it was begun."""

import json
import re

import pytest

from course_lib import pretrain
from course_lib.bert import BertForMaskedLM
from course_lib.corpus import Batches, Examples, corpus_texts, tokenized
from course_lib.masking import Vocabulary
from course_lib.pretrain_arguments import arguments, config_of, training_of
from course_lib.pretraining import PreTraining, save_checkpoint
from course_lib.run_settings import record
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

TOKENIZER = WordPieceTokenizer([*SPECIAL, "one", "two", "three"])
STORIES = "\n\n".join(["one two", "two three three", "three"] * 100)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(STORIES, encoding="utf-8")
    return path


def refused(capsys, *options):
    """Why the command does not even begin, in the words behind `error: `."""
    with pytest.raises(SystemExit) as end:
        pretrain.main([str(each) for each in options])
    assert end.value.code == 2
    return capsys.readouterr().err.partition("error: ")[2].strip()


NUMBER = r"must be above 0 and finite, got"
REFUSED = {
    "--evaluate-every 0": "argument --evaluate-every: must be at least 1, got 0",
    "--checkpoint-every 0": "argument --checkpoint-every: must be at least 1, got 0",
    "--max-length 0": "--max-length must be at least 3, .* got 0",
    "--max-length 2": r"--max-length must be at least 3, for \[CLS\], a token and \[SEP\], got 2",
    "--heads 3": r"--hidden-size must be a multiple of --heads \(3\), got 128",
    "--heads 0": "--heads must be an integer ≥ 1, got 0",
    "--layers 0": "--layers must be an integer ≥ 1, got 0",
    "--hidden-size 0": "--hidden-size must be an integer ≥ 1, got 0",
    "--intermediate-size 0": "--intermediate-size must be an integer ≥ 1, got 0",
    "--init-std 0": "--init-std must be a number > 0, got 0.0",
    "--dropout 1": "--dropout must be a number from 0 up to, but not including, 1, got 1.0",
    "--dropout -0.1": "--dropout must be a number from 0 .* got -0.1",
    "--mask-probability 1.5": "--mask-probability must be above 0 and at most 1, got 1.5",
    "--mask-probability 0": "--mask-probability must be above 0 .* got 0.0",
    "--mask-probability -1": "--mask-probability must be above 0 .* got -1.0",
    "--mask-probability nan": "--mask-probability must be above 0 .* got nan",
    "--vocab-size 5": "--vocab-size must be above 5, the number of special tokens, got 5",
    "--vocab-size -1": "--vocab-size must be above 5, .* got -1",
    "--corpus town --vocab-size 500": "--vocab-size is not for both towns",
    "--batch-size 0": f"--batch-size {NUMBER} 0",
    "--batch-size -1": f"--batch-size {NUMBER} -1",
    "--learning-rate 0": f"--learning-rate {NUMBER} 0.0",
    "--learning-rate inf": f"--learning-rate {NUMBER} inf",
    "--seed -1": "--seed must be from 0 to 4,294,967,295, got -1",
    "--seed 4294967296": "--seed must be from 0 to 4,294,967,295, got 4294967296",
    "--minutes 1": "--minutes: not allowed with argument --steps",
    "--corpus nowhere.txt": "nowhere.txt: no such corpus; give town-ko, ",
    "--corpus folder": r"folder: no text in it; wanted are UTF-8 files, in a folder those named \*\.txt",
    "--corpus empty.txt": r"empty.txt: no text in it \(empty.txt: empty\); wanted are UTF-8 files",
    "--corpus korean.txt": r"korean.txt: no text in it \(korean.txt: not UTF-8: .*\); wanted are",
    "--out text.txt": "--out text.txt cannot be made .*: name another folder",
    "--out text.txt/run": "--out text.txt.run cannot be made .*: name another folder",
    "--out run": "run holds a run already: go on with --resume, or name another --out",
    "--out model": "model holds a model already, which would be overwritten: name another --out",
    "--resume": "out holds no checkpoint yet, .*: begin the run with all its settings and without --resume",
    "--resume --out run": "run holds no prepared corpus, .*: begin a new run in another folder",
}


@pytest.fixture
def places(text, tmp_path, monkeypatch):
    """What the options below name, and a preparation that must not be reached."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run" / "checkpoint-00000005").mkdir(parents=True)
    for name, content in {
        "model/model.safetensors": b"",
        "folder/no text": b"",
        "empty.txt": b" \n",
        "korean.txt": "한국".encode("euc-kr"),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(pretrain, "train", lambda args: pytest.fail("it was begun"))


@pytest.mark.parametrize("options", REFUSED)
def test_what_cannot_be_done_is_refused_before_anything_is_prepared(options, places, capsys):
    enough = ["--corpus", "town-ko", "--out", "out", "--steps", "1"]
    assert re.match(f"(argument )?{REFUSED[options]}", refused(capsys, *enough, *options.split()))


@pytest.mark.parametrize("minutes", ["nan", "inf", "-1", "0"])
def test_minutes_that_never_begin_or_end_are_refused(minutes, places, capsys):
    found = refused(capsys, "--corpus", "town-ko", "--out", "out", "--minutes", minutes)
    assert found.startswith(f"--minutes {NUMBER} {float(minutes)}")


@pytest.mark.parametrize("steps", [0, -1])
def test_steps_that_never_begin_are_refused(steps, places, capsys):
    found = refused(capsys, "--corpus", "town-ko", "--out", "out", "--steps", steps)
    assert found == f"--steps {NUMBER} {steps}"


@pytest.mark.parametrize(
    "given, missing", [("--steps 1", "--corpus"), ("--corpus docs", "--minutes or --steps")]
)
def test_what_a_new_run_has_to_be_told_is_named(given, missing, places, capsys):
    assert refused(capsys, "--out", "out", *given.split()).startswith(f"{missing} is missing: say ")


# -- resumed


@pytest.fixture
def begun(text, tmp_path):
    """The folder of a run that was stopped at its first step."""
    out = tmp_path / "begun"
    options = "--steps 12 --batch-size 8 --hidden-size 8 --heads 2 --layers 1 --max-length 16 --vocab-size 8"
    args = arguments(["--corpus", str(text), "--out", str(out), *options.split(), "--checkpoint-every", "7"])
    record(args)
    texts = list(tokenized(corpus_texts(text)(), TOKENIZER, 16))
    Examples.write(out / "corpus" / "held_out", texts[:100])
    examples = Examples.write(out / "corpus" / "train", texts[100:])
    TOKENIZER.save(out / "corpus")
    vocab, config = Vocabulary(TOKENIZER.vocab), config_of(vars(args), len(TOKENIZER.vocab))
    run = PreTraining(BertForMaskedLM(config), Batches(examples, 8, 0), vocab, training_of(vars(args)))
    next(iter(run))
    save_checkpoint(run, TOKENIZER, out)
    return out


@pytest.fixture(params=["this version", "version 0.1.0"])
def either(request, begun):
    """The same of a run that wrote its settings down, and of one that did not."""
    if request.param == "version 0.1.0":
        (begun / "settings.json").unlink()
    return begun


def test_resume_alone_takes_all_settings_from_the_run(begun):
    args = arguments(["--resume", "--out", str(begun)])
    record(args)
    assert (args.steps, args.batch_size, args.layers, args.checkpoint_every) == (12, 8, 1, 7)
    assert vars(arguments(["--resume", "--out", str(begun)])) == vars(args)


def test_settings_that_are_not_those_of_the_run_are_all_named(either, text, capsys):
    options = "--seed 1 --mask-probability 0.5 --vocab-size 9 --batch-size 8 --steps 12"
    found = refused(capsys, "--resume", "--out", either, "--corpus", text, *options.split())
    assert found.splitlines() == [
        "--vocab-size is 9 here, and 8 in the run that is resumed,",
        "--mask-probability is 0.5 here, and 0.25 in the run that is resumed,",
        "--seed is 1 here, and 0 in the run that is resumed: leave them out, or begin a new run in another "
        "folder",
    ]


@pytest.mark.parametrize(
    "given",
    "--vocab-size 9,--hidden-size 16,--layers 2,--heads 1,--intermediate-size 8,--max-length 8,--dropout 0.5,"
    "--init-std 0.5,--batch-size 4,--mask-probability 0.5,--learning-rate 1,--seed 1".split(","),
)
def test_each_setting_that_decides_what_is_learned_has_to_stay(given, either, text, capsys):
    name, value = given.split()
    found = refused(capsys, "--resume", "--out", either, "--corpus", text, name, value)
    assert re.fullmatch(
        rf"{name} is {value}(\.0)? here, and \S+ in the run that is resumed: leave it out, or begin .*", found
    )


def test_the_length_and_what_is_written_when_may_change(begun):
    options = "--minutes 3 --evaluate-every 2 --checkpoint-every 3"
    args = arguments(["--resume", "--out", str(begun), *options.split()])
    assert (args.steps, args.minutes, args.evaluate_every, args.checkpoint_every) == (None, 3, 2, 3)
    assert args.batch_size == 8


def test_a_corpus_is_known_by_its_content(begun, text, capsys):
    moved = text.rename(text.with_name("moved.txt"))
    assert arguments(["--resume", "--out", str(begun), "--corpus", str(moved)]).corpus == str(text)
    moved.write_text(STORIES + " ", encoding="utf-8")
    found = refused(capsys, "--resume", "--out", begun, "--corpus", moved)
    assert found.startswith(f"--corpus is {moved} here, and {text} in the run that is resumed: leave it out")
    moved.rename(text)
    found = refused(capsys, "--resume", "--out", begun, "--corpus", text)
    assert found.startswith(f"--corpus {text} holds another text than when the run began: leave it out")
    found = refused(capsys, "--resume", "--out", begun, "--corpus", "town-en")
    assert found.startswith(f"--corpus is town-en here, and {text} in the run that is resumed: leave it out")


def test_one_town_is_not_the_other(begun, capsys):
    settings = json.loads((begun / "settings.json").read_text(encoding="utf-8"))
    settings |= dict(corpus="town-ko", corpus_sha256=None)
    (begun / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    assert arguments(["--resume", "--out", str(begun), "--corpus", "town-ko"]).corpus == "town-ko"
    found = refused(capsys, "--resume", "--out", begun, "--corpus", "town-en")
    assert found.startswith("--corpus is town-en here, and town-ko in the run that is resumed")


def test_a_run_of_version_0_1_0_is_resumed_with_its_corpus_and_no_other(begun, text, capsys):
    (begun / "settings.json").unlink()
    assert "does not say on what it was trained" in refused(capsys, "--resume", "--out", begun)
    found = refused(capsys, "--resume", "--out", begun, "--corpus", "town-en")
    assert re.match("--corpus town-en begins with another text than the run in .*: give the one", found)
    args = arguments(["--resume", "--out", str(begun), "--corpus", str(text)])
    assert (args.steps, args.batch_size, args.max_length, args.vocab_size) == (12, 8, 16, 8)


def test_damaged_settings_are_named(begun, capsys):
    (begun / "settings.json").write_text("{", encoding="utf-8")
    assert re.search(
        r"settings\.json is damaged \(.*\): begin a new", refused(capsys, "--resume", "--out", begun)
    )


def test_a_finished_run_says_that_nothing_is_left(begun, capsys, monkeypatch):
    monkeypatch.setattr(pretrain, "ladder", lambda *given: {})
    pretrain.main(["--resume", "--out", str(begun), "--steps", "1"])
    assert "This run has come to its end: to train on, give a larger --steps" in capsys.readouterr().out
    assert (begun / "model.safetensors").exists()


def test_a_resumed_run_ends_as_the_run_that_was_begun(begun, monkeypatch):
    monkeypatch.setattr(pretrain, "ladder", lambda *given: {})
    pretrain.main(["--resume", "--out", str(begun)])
    assert {path.name for path in begun.glob("checkpoint-*")} == {
        "checkpoint-00000007",
        "checkpoint-00000012",
    }


def test_settings_are_written_before_the_corpus_is_prepared(text, tmp_path, monkeypatch):
    def prepare(args, warn):
        raise ValueError(json.loads((args.out / "settings.json").read_text(encoding="utf-8"))["seed"])

    monkeypatch.setattr(pretrain, "prepare", prepare)
    with pytest.raises(SystemExit, match="^5$"):
        pretrain.main(["--corpus", str(text), "--out", str(tmp_path / "out"), "--steps", "1", "--seed", "5"])
