"""The fine-tuning command: files are read or refused in words; a stopped run ends as an undisturbed one."""

import json
import re
import shutil
import unicodedata
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import finetune
from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.checkpoint import load_model, load_tokenizer, read_safetensors, save_model
from course_lib.finetune_arguments import arguments
from course_lib.finetune_data import READERS, Row, encode_row, label_names, read_rows
from course_lib.finetuning import ask, classify
from course_lib.tasks import BertForSequenceClassification
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

pytestmark = pytest.mark.usefixtures("one_core")

WORDS = ["ann", "ben", "##jamin", "eats", "sees", "soup", "a", "cat", ".", "who", "?", "빵집", "##에서", "빵"]
TOKENIZER = WordPieceTokenizer([*SPECIAL, *WORDS], strip_accents=False)
CONFIG = BertConfig(
    vocab_size=len(TOKENIZER.vocab),
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=16,
    max_position_embeddings=24,
    initializer_range=0.2,
)
SENTENCES = [
    f"{who} {deed} {what}"
    for who in ("ann", "ben")
    for deed in ("eats", "sees")
    for what in ("soup", "a cat")
]
LINES = {  # of each task, as a file of examples holds them
    "sequence": [f"{text}\t{text.split()[0]}" for text in SENTENCES],
    "pairs": [
        f"{text}\t{who}\t{'yes' if who == 'ann' else 'no'}" for text in SENTENCES for who in ("ann", "ben")
    ],
    "tokens": [
        json.dumps(
            dict(words=text.split(), tags=["B-who", "O", *["B-what", "I-what"][: len(text.split()) - 2]])
        )
        for text in SENTENCES
    ],
    "answers": [
        json.dumps(dict(context=text, question="who eats ?", answer=text[:3], start=0))
        if "eats" in text
        else json.dumps(dict(context=text, question="who eats ?", answer=None, start=None))
        for text in SENTENCES
    ],
}
MEASURES = {
    "sequence": {"accuracy", "balanced_accuracy"},
    "pairs": {"accuracy", "balanced_accuracy"},
    "tokens": {"accuracy", "span_f1"},
    "answers": {"exact_match", "f1"},
}


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "model"
    save_model(BertForMaskedLM(CONFIG), folder, TOKENIZER)
    return folder


@pytest.fixture
def places(model_folder, tmp_path, monkeypatch):
    """A folder with a model and the files of each task, in which the command is started."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(model_folder, tmp_path / "model")
    for task, lines in LINES.items():
        write(tmp_path / f"{task}.{'tsv' if chr(9) in lines[0] else 'jsonl'}", lines)
    return tmp_path


def file_of(task):
    return f"{task}.{'tsv' if chr(9) in LINES[task][0] else 'jsonl'}"


def options(task, *more, out="out"):
    file = file_of(task)
    given = ["--task", task, "--model", "model", "--train", file, "--test", file, "--out", out]
    return [*given, "--batch-size", "4", "--learning-rate", "0.01", *more]


def refused(capsys, *given):
    """Why the command does not even begin, in the words behind `error: `."""
    with pytest.raises(SystemExit) as end:
        finetune.main([str(each) for each in given])
    assert end.value.code == 2
    return capsys.readouterr().err.partition("error: ")[2].strip()


def metrics(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


# -- a run


@pytest.mark.parametrize("task", LINES)
def test_a_task_is_learned_and_its_measures_are_written_after_each_epoch(task, places):
    config = replace(CONFIG, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    torch.manual_seed(0)
    save_model(BertForMaskedLM(config), places / "calm", TOKENIZER)
    train = write(places / f"many_{file_of(task)}", LINES[task] * (64 // len(LINES[task])))
    finetune.main(options(task, "--model", "calm", "--train", str(train), "--epochs", "4"))
    lines = metrics(places / "out")
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert {name: lines[-1][name] for name in MEASURES[task]} == dict.fromkeys(MEASURES[task], 1.0)
    assert lines[-1].keys() == {"step", "epoch", "loss"} | MEASURES[task]


@pytest.mark.parametrize("task", LINES)
def test_the_model_is_in_the_published_format_with_the_names_of_its_labels(task, places):
    finetune.main(options(task, "--steps", "1"))
    model = load_model(places / "out", finetune.MODELS[task])
    names = {"sequence": ("ann", "ben"), "pairs": ("no", "yes"), "tokens": ("O", "B-what", "B-who", "I-what")}
    assert getattr(model, "label_names", None) == names.get(task)
    assert load_tokenizer(places / "out").vocab == TOKENIZER.vocab


def test_the_measures_are_those_of_the_saved_model(places):
    finetune.main(options("sequence", "--epochs", "2"))
    model = load_model(places / "out", BertForSequenceClassification)
    rows = read_rows(places / "sequence.tsv", "sequence")
    examples = [encode_row(row, ["ann", "ben"], TOKENIZER, 24).example for row in rows]
    right = sum(classify(model, examples).tolist()[n] == each.label for n, each in enumerate(examples))
    assert metrics(places / "out")[-1]["accuracy"] == right / len(rows)


def test_steps_that_end_within_an_epoch_are_measured_too(places):
    finetune.main(options("sequence", "--steps", "3"))
    assert [line["epoch"] for line in metrics(places / "out")] == [1.0, 1.5]


class Stopped(BaseException):
    """Not an Exception: nobody who trains can answer to being killed."""


@pytest.fixture
def stop_at(monkeypatch):
    """stop_at(n, given): the command, killed when it has made n steps."""
    really = finetune.FineTuningRun.train_step

    def run(number, given):
        def train_step(self):
            if self.step == number:
                raise Stopped
            return really(self)

        monkeypatch.setattr(finetune.FineTuningRun, "train_step", train_step)
        with pytest.raises(Stopped):
            finetune.main(given)
        monkeypatch.setattr(finetune.FineTuningRun, "train_step", really)

    return run


@pytest.mark.parametrize("task", LINES)
@pytest.mark.parametrize("step", [2, 5], ids=["after an epoch", "within an epoch"])
def test_a_stopped_run_ends_like_an_undisturbed_one(task, step, places, stop_at):
    steps_of_an_epoch = len(LINES[task]) // 4
    whole, again = (options(task, "--epochs", "4", out=out) for out in ("whole", "again"))
    finetune.main(whole)
    stop_at(step * steps_of_an_epoch // 2, again)
    torch.manual_seed(step)  # what else was drawn in this process does not count
    finetune.main(["--resume", "--out", "again"])
    assert metrics(places / "again") == metrics(places / "whole")
    one, other = (read_safetensors(places / out / "model.safetensors") for out in ("whole", "again"))
    assert all(torch.equal(one[name], other[name]) for name in one) and one.keys() == other.keys()


def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(places, capsys):
    finetune.main(options("sequence", "--epochs", "4", out="whole"))
    finetune.main(options("sequence", "--epochs", "4", out="again"))
    (places / "again" / "checkpoint-00000008" / "vocab.txt").write_text("[PAD]\n", encoding="utf-8")
    finetune.main(["--resume", "--out", "again"])
    assert "vocab.txt is damaged) and is passed over" in capsys.readouterr().out
    assert metrics(places / "again") == metrics(places / "whole")


def test_a_finished_run_says_so(places, capsys):
    finetune.main(options("sequence", "--steps", "2"))
    finetune.main(["--resume", "--out", "out"])
    assert "This run has come to its end." in capsys.readouterr().out


def test_what_is_cut_is_said(places, capsys):
    write(
        places / "answers.jsonl",
        [json.dumps(dict(context="a " * 20 + "soup", question="who ?", answer="soup", start=40))],
    )
    finetune.main(options("answers", "--steps", "1"))
    said = capsys.readouterr().out
    assert "answers.jsonl: 1 of 1 examples have more than 24 tokens and are cut" in said
    assert "answers.jsonl: of 1 the answer is cut off; to learn from, they have none" in said


# -- settings that cannot be


REFUSED = {
    "--batch-size 0": "argument --batch-size: must be at least 1, got 0",
    "--epochs 0": "argument --epochs: must be at least 1, got 0",
    "--steps 0": "argument --steps: must be at least 1, got 0",
    "--steps 1 --epochs 1": "argument --epochs: not allowed with argument --steps",
    "--task tags": "argument --task: invalid choice: 'tags'",
    "--learning-rate 0": "--learning-rate must be above 0 and finite, got 0.0",
    "--learning-rate nan": "--learning-rate must be above 0 and finite, got nan",
    "--seed -1": "--seed must be from 0 to 4,294,967,295, got -1",
    "--max-length 7": "--max-length must be from 8 to 24, what this model can read, got 7",
    "--max-length 25": "--max-length must be from 8 to 24, what this model can read, got 25",
    "--model nowhere": r"there is no config\.json in nowhere: is this the folder of a saved BERT\?",
    "--model no_tokenizer": r"there is no vocab\.txt in no_tokenizer",
    "--train nowhere.tsv": r"--train nowhere\.tsv: there is no such file",
    "--test nowhere.tsv": r"--test nowhere\.tsv: there is no such file",
    "--out sequence.tsv": r"--out sequence\.tsv cannot be made .*: name another folder",
    "--out model": "model holds a model already, which would be overwritten: name another --out",
    "--out run": "run holds a run already: go on with --resume, or name another --out",
    "--resume": "out holds no checkpoint yet, .*: begin the run with all its settings and without --resume",
    "--resume --out run": "run holds no run of this command: begin a new run in another folder",
}


@pytest.mark.parametrize("given", REFUSED)
def test_what_cannot_be_done_is_refused_before_anything_is_read(given, places, capsys, monkeypatch):
    (places / "run" / "checkpoint-00000005").mkdir(parents=True)
    save_model(BertForMaskedLM(CONFIG), places / "no_tokenizer")
    monkeypatch.setattr(finetune, "train", lambda args: pytest.fail("it was begun"))
    assert re.match(REFUSED[given], refused(capsys, *options("sequence"), *given.split()))


@pytest.mark.parametrize("name", ["task", "model", "train", "test"])
def test_what_a_new_run_has_to_be_told_is_named(name, places, capsys):
    given = options("sequence")
    place = given.index(f"--{name}")
    assert refused(capsys, *given[:place], *given[place + 2 :]).startswith(f"--{name} is missing: ")


def test_a_model_that_knows_one_text_is_asked_no_pairs(places, capsys):
    config = replace(CONFIG, type_vocab_size=1)
    save_model(BertForMaskedLM(config), places / "one", TOKENIZER)
    found = refused(capsys, *options("pairs", "--model", "one"))
    assert found == "--task pairs has two texts, and this model knows one (type_vocab_size)"


@pytest.fixture
def begun(places):
    finetune.main(options("sequence", "--steps", "2"))
    return places


def test_resume_alone_takes_all_settings_from_the_run(begun):
    args = vars(arguments(["--resume", "--out", "out"]))
    assert (args["task"], args["steps"], args["batch_size"], args["max_length"]) == ("sequence", 2, 4, 24)


@pytest.mark.parametrize(
    "given",
    ["--task pairs", "--steps 3", "--batch-size 5", "--learning-rate 1.0", "--seed 1", "--max-length 8"],
)
def test_each_setting_that_is_not_that_of_the_run_is_refused(given, begun, capsys):
    name, value = given.split()
    found = refused(capsys, "--resume", "--out", "out", name, value)
    assert re.fullmatch(
        rf"{name} is {value} here, and \S+ in the run that is resumed: leave it out, or begin .*", found
    )


def test_all_settings_that_are_not_those_of_the_run_are_named(begun, capsys):
    found = refused(capsys, "--resume", "--out", "out", "--epochs", 2, "--seed", 1)
    assert found.splitlines() == [
        "--epochs is 2 here, and not set in the run that is resumed,",
        "--seed is 1 here, and 0 in the run that is resumed: leave them out, or begin a new run in another "
        "folder",
    ]


@pytest.mark.parametrize("name", ["train", "test"])
def test_a_file_is_known_by_its_content(name, begun, capsys):
    shutil.copy("sequence.tsv", "moved.tsv")
    assert vars(arguments(["--resume", "--out", "out", f"--{name}", "moved.tsv"]))[name] == "moved.tsv"
    write(begun / "moved.tsv", LINES["sequence"][1:])
    found = refused(capsys, "--resume", "--out", "out", f"--{name}", "moved.tsv")
    assert found.startswith(
        f"--{name} is moved.tsv here, and sequence.tsv in the run that is resumed: leave it"
    )


def test_a_file_that_has_changed_or_gone_is_named(begun, capsys):
    write(begun / "sequence.tsv", LINES["sequence"][1:])
    found = refused(capsys, "--resume", "--out", "out")
    assert found.startswith("--train sequence.tsv holds something else than when the run began,\n--test")
    (begun / "sequence.tsv").unlink()
    found = refused(capsys, "--resume", "--out", "out")
    assert found == "--train sequence.tsv: there is no such file; if it was moved, say where to, with --train"


def test_a_resumed_run_needs_no_model_to_begin_with_and_refuses_another(begun, capsys):
    shutil.rmtree("model")
    assert arguments(["--resume", "--out", "out"]).model == "model"
    save_model(BertForMaskedLM(CONFIG), begun / "other", TOKENIZER)
    found = refused(capsys, "--resume", "--out", "out", "--model", "other")
    assert found.startswith("--model is other here, and model in the run that is resumed")


# -- files of examples


FILES_REFUSED = {  # task, content of the file, what is said
    "one column": ("sequence", "ann eats\n", r"line 1: wanted are 2 columns, text<TAB>label; got 1"),
    "three columns": ("sequence", "a\tb\nann\tb\tc\n", r"line 2: wanted are 2 columns, .*; got 3"),
    "a missing column": ("pairs", "a\tb\n", r"line 1: wanted are 3 columns, first<TAB>second<TAB>label"),
    "no text": ("sequence", "a\tb\n \tb\n", "line 2: text must be a text, got ' '"),
    "no label": ("sequence", "a\t\n", "line 1: a label must be a text or a whole number, got ''"),
    "empty": ("sequence", " \n", "empty"),
    "names alone": ("sequence", "text\tlabel\n", "there is no example in it"),
    "columns of tokens": ("tokens", "a\tO\n", r"--task tokens reads JSON, from a file named \*\.jsonl"),
    "columns of answers": ("answers", "a\tO\n", r"--task answers reads JSON, .*: \{\"context\""),
    "no JSON": ("sequence", '{"text": "a"\n', r"line 1: this is not JSON \(.*\): "),
    "a list": ("sequence", '["a"]\n', "line 1: a line must be one JSON object, {…}, got "),
    "a missing name": ("sequence", '\n{"text": "a"}\n', "line 2: 'label' is missing; wanted is {\"text\""),
    "a number": ("sequence", '{"text": 1, "label": "a"}\n', "line 1: text must be a text, got 1"),
    "null": ("sequence", '{"text": "a", "label": null}\n', "line 1: a label must be .* got None"),
    "tags": ("tokens", '{"words": ["a", "b"], "tags": ["O"]}\n', "line 1: .* with a tag for each word"),
    "no words": ("tokens", '{"words": [], "tags": []}\n', "line 1: words and tags must be two lists"),
    "an empty word": ("tokens", '{"words": [""], "tags": ["O"]}\n', "line 1: a word must be a text, got ''"),
    "a span": (
        "tokens",
        '{"text": "a", "spans": [[0, 1]]}\n',
        r"line 1: a span must be \[start, end, kind\]",
    ),
    "spans": ("tokens", '{"text": "a", "spans": null}\n', "line 1: spans must be a list"),
    "a place": (
        "tokens",
        '{"text": "ab", "spans": [[1, 3, "x"]]}\n',
        "line 1: a place must be 0 ≤ .* ≤ 2, got 1 and 3",
    ),
    "overlap": (
        "tokens",
        '{"text": "abc", "spans": [[1, 3, "x"], [0, 2, "y"]]}\n',
        "line 1: spans must not overlap: one ends at 2, the next begins at 1",
    ),
    "another place": (
        "answers",
        '{"context": "ann eats", "question": "who", "answer": "eats", "start": 3}\n',
        "line 1: the answer 'eats' does not stand at 3, where the context has ' eat'; it stands at 4",
    ),
    "nowhere": (
        "answers",
        '{"context": "ann eats", "question": "who", "answer": "ben", "start": 0}\n',
        "line 1: the answer 'ben' does not stand at 0, .* has 'ann'; the context does not hold it",
    ),
    "outside": (
        "answers",
        '{"context": "ann", "question": "who", "answer": "ann", "start": 9}\n',
        "line 1: start must be a place in the context, or null for no answer; got 9",
    ),
    "no start": (
        "answers",
        '{"context": "ann", "question": "who", "answer": "ann", "start": null}\n',
        "line 1: there is an answer, 'ann', and no start: say where it stands",
    ),
}


@pytest.mark.parametrize("case", FILES_REFUSED)
def test_a_file_that_does_not_fit_is_refused_with_its_name(case, tmp_path):
    task, content, says = FILES_REFUSED[case]
    path = tmp_path / ("a.jsonl" if content.strip().startswith(("{", "[")) else "a.tsv")
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}[:,] {says}"):
        read_rows(path, task)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes("빵집\ta\n".encode("euc-kr"))
    with pytest.raises(ValueError, match=r"a\.tsv: not UTF-8: byte .*; save it as UTF-8"):
        read_rows(path, "sequence")


@pytest.mark.parametrize("line", ["ann eats\tcat", "cat sees\tO"])
def test_a_label_that_was_never_learned_is_named_with_its_line(line, places):
    write(places / "test.tsv", ["ann eats\tann", line])
    with pytest.raises(SystemExit) as end:
        finetune.main(options("sequence", "--test", "test.tsv"))
    label = line.split("\t")[1]
    assert (
        str(end.value) == f"test.tsv, line 2: the label '{label}' is not in sequence.tsv; there are ann, ben"
    )
    assert not (places / "out" / "settings.json").exists()


def test_one_label_alone_is_nothing_to_learn(places):
    write(places / "sequence.tsv", ["ann eats\tann", "ann sees\tann"])
    with pytest.raises(SystemExit, match="all labels are 'ann': at least two are needed to learn from"):
        finetune.main(options("sequence"))


def test_columns_and_json_say_the_same(tmp_path):
    texts = [("ann", "eats", "yes"), ("ben", "sees", "no")]
    columns = write(tmp_path / "a.tsv", ["first\tsecond\tlabel", *("\t".join(each) for each in texts)])
    objects = [json.dumps(dict(zip(("first", "second", "label"), each))) for each in texts]
    lines = write(tmp_path / "a.jsonl", objects)
    assert [row[1:] for row in read_rows(columns, "pairs")] == [row[1:] for row in read_rows(lines, "pairs")]


def test_lines_may_end_as_on_windows(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"\xef\xbb\xbfann\tyes\r\nben\tno\r\n")
    assert [row[1:] for row in read_rows(tmp_path / "a.tsv", "sequence")] == [
        ("ann", None, "yes"),
        ("ben", None, "no"),
    ]


def test_a_number_is_a_name(tmp_path):
    path = write(tmp_path / "a.jsonl", [json.dumps(dict(text="ann", label=number)) for number in (3, 0)])
    assert label_names(read_rows(path, "sequence")) == ["0", "3"]


DECOMPOSED = unicodedata.normalize("NFD", "빵집")


def test_places_in_decomposed_korean_are_those_of_the_composed_text(tmp_path):
    text = f"ann {DECOMPOSED} {DECOMPOSED}"
    asked = dict(context=text, question=DECOMPOSED, answer=DECOMPOSED, start=text.rindex(DECOMPOSED))
    marked = dict(text=text, spans=[[4, 4 + len(DECOMPOSED), "where"]])
    (answer,) = read_rows(write(tmp_path / "a.jsonl", [json.dumps(asked)]), "answers")
    (spans,) = read_rows(write(tmp_path / "b.jsonl", [json.dumps(marked)]), "tokens")
    assert answer[1:] == ("빵집", "ann 빵집 빵집", (7, 9))
    assert spans.first == "ann 빵집 빵집" and spans.label.parts == [(4, 6, "where")]


# -- from characters to tokens


def encoded(tmp_path, task, names, max_length=24, **fields):
    (row,) = read_rows(write(tmp_path / "a.jsonl", [json.dumps(fields)]), task)
    return encode_row(row, names, TOKENIZER, max_length)


def test_the_first_token_of_a_word_has_its_label_and_no_other(tmp_path):
    names = ["O", "X", "Y"]
    found = encoded(
        tmp_path, "tokens", names, words=["benjamin", "eats", "빵집에서", "."], tags=["X", "O", "Y", "O"]
    )
    tokens = [TOKENIZER.vocab[number] for number in found.example.input_ids]
    assert tokens == ["[CLS]", "ben", "##jamin", "eats", "빵집", "##에서", ".", "[SEP]"]
    assert found.example.label == [-100, 1, -100, 0, 2, -100, 0, -100]


def test_a_word_of_invisible_signs_has_no_token_and_moves_no_label(tmp_path):
    found = encoded(
        tmp_path, "tokens", ["O", "X", "Y"], words=["ann", "\u200b", "eats"], tags=["X", "O", "Y"]
    )
    assert found.example.label == [-100, 1, 2, -100]


def test_a_span_labels_the_tokens_with_its_characters(tmp_path):
    """The particle of a Korean word is not in the span of its noun."""
    names = ["O", "B-where", "I-where"]
    found = encoded(tmp_path, "tokens", names, text="ann 빵집에서 eats", spans=[[4, 6, "where"]])
    assert found.example.label == [-100, 0, 1, 0, 0, -100]


@given(
    st.lists(st.sampled_from([*WORDS[:4], "benjamin", "빵집에서", "unknown", "a."]), min_size=1, max_size=9),
    st.data(),
)
@settings(max_examples=60)
def test_an_answer_of_whole_words_is_found_again_in_its_tokens(words, data):
    """Whatever is cut: its tokens give back the answer's characters, or the last of them is cut off."""
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    max_length = data.draw(st.integers(8, 24))
    context = " ".join(words)
    start = len(" ".join([*words[:first], ""])) if first else 0
    answer = " ".join(words[first : last + 1])
    fields = dict(context=context, question="who ?", answer=answer, start=start)
    found = encode_row(Row(1, *READERS["answers"](fields)), None, TOKENIZER, max_length)
    begin, end = found.example.label
    kept = len([number for number in found.example.token_type_ids if number == 1]) - 1
    needed = len(TOKENIZER.encode(" ".join(words[: last + 1])).ids) - 2
    if needed > kept:
        assert (begin, end) == (0, 0)
    else:
        assert context[found.offsets[begin][0] : found.offsets[end][1]] == answer


def test_a_question_without_an_answer_points_at_the_first_token(tmp_path):
    found = encoded(tmp_path, "answers", None, context="ann eats", question="who ?", answer=None, start=None)
    assert found.example.label == (0, 0) and found.example.token_type_ids == [0, 0, 0, 0, 1, 1, 1]


# -- measures


class Says(torch.nn.Module):
    """A model whose logits are chosen: one tensor for all examples, of one length."""

    config, label_names = CONFIG, ("O", "B-x", "I-x")

    def __init__(self, **logits):
        super().__init__()
        self.weight, self.logits = torch.nn.Parameter(torch.zeros(1)), logits

    def forward(self, input_ids, **_):
        class Output:
            pass

        output = Output()
        for name, value in self.logits.items():
            setattr(output, name, value.expand(len(input_ids), *value.shape))
        return output


def one_hot(numbers, size):
    return torch.nn.functional.one_hot(torch.tensor(numbers), size).float()


def test_the_tag_of_a_words_first_token_speaks_for_the_word(tmp_path):
    words = dict(words=["benjamin", "eats", "soup"], tags=["B-x", "O", "B-x"])
    test = [encoded(tmp_path, "tokens", ["O", "B-x", "I-x"], **words)]
    model = Says(logits=one_hot([1, 1, 0, 0, 2, 1], 3))  # [CLS] ben ##jamin eats soup [SEP]
    # Of three words two tags are right; soup, an I that continues nothing, is a span all the same.
    assert finetune.tag_scores(model, test) == dict(accuracy=pytest.approx(2 / 3), span_f1=1.0)


def test_spans_behind_a_cut_count_as_not_found(tmp_path):
    words = dict(words=["ann", *["a"] * 9, "soup"], tags=["B-x", *["O"] * 9, "B-x"])
    test = [encoded(tmp_path, "tokens", ["O", "B-x", "I-x"], max_length=8, **words)]
    model = Says(logits=one_hot([0, 1, 0, 0, 0, 0, 0, 0], 3))
    assert finetune.tag_scores(model, test) == dict(accuracy=1.0, span_f1=pytest.approx(2 / 3))


def test_tags_that_mark_no_spans_have_an_accuracy_alone(tmp_path):
    test = [encoded(tmp_path, "tokens", ["noun", "verb"], words=["ann", "eats"], tags=["noun", "verb"])]
    model = Says(logits=one_hot([0, 0, 1, 0], 2))
    model.label_names = ("noun", "verb")
    assert finetune.tag_scores(model, test) == dict(accuracy=1.0)


# [CLS] who ? [SEP] 빵집 ##에서 eats [SEP]: where a model says that the answer begins and ends, and its scores
ANSWERED = {
    (4, 4): (1.0, 1.0),
    (4, 5): (0.0, 2 * 2 / (2 + 4)),  # 빵집에서 for 빵집: in Korean, characters are counted
    (0, 0): (0.0, 0.0),
    (1, 1): (0.0, 0.0),  # an answer lies in the context: not here, and so there is none
}


@pytest.mark.parametrize("place", ANSWERED, ids=str)
def test_an_answer_is_measured_by_its_text(place, tmp_path):
    asked = dict(context="빵집에서 eats", question="who ?", answer="빵집", start=0)
    test = [encoded(tmp_path, "answers", None, **asked)]
    start, end = (one_hot(number, 8) for number in place)
    model = Says(start_logits=3 * start + one_hot(0, 8), end_logits=3 * end + one_hot(0, 8))
    exact, shared = ANSWERED[place]
    assert finetune.answer_scores(model, test) == pytest.approx(dict(exact_match=exact, f1=shared))


def test_answers_are_asked_of_all_questions_in_their_order(tmp_path):
    lines = [
        json.dumps(dict(context=f"{'a ' * n}soup", question="who ?", answer=None, start=None))
        for n in range(5)
    ]
    rows = read_rows(write(tmp_path / "a.jsonl", lines), "answers")
    test = [encode_row(row, None, TOKENIZER, 24) for row in rows]
    lengths = ask(Echo(), [each.example for each in test], lambda output: output)
    assert [length.item() for length in lengths] == [len(each.example.input_ids) for each in test]


class Echo(torch.nn.Module):
    """Answers each text with its length."""

    config = CONFIG

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, attention_mask, **_):
        return attention_mask.sum(dim=1)
