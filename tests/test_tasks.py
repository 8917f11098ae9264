"""The heads against transformers' own: the same weights give the same answers, gradients and label names."""

import json
import re
from functools import partial

import pytest
import torch
import transformers
from test_reference import SEEDS, assert_same_gradients, draw_batch, draw_config
from torch.nn import functional as F

from course_lib import checkpoint
from course_lib.bert import IGNORE_INDEX, BertConfig, BertForMaskedLM
from course_lib.checkpoint import load_model, save_model
from course_lib.tasks import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    names_of_labels,
)
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

pytestmark = pytest.mark.usefixtures("one_core")

TASKS = [BertForSequenceClassification, BertForTokenClassification, BertForQuestionAnswering]
NAMES = ["장소", "who", "아무것도"]
CONFIG = BertConfig(
    vocab_size=20,
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=12,
    max_position_embeddings=16,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    initializer_range=0.3,
)
BATCH = torch.randint(1, 20, (3, 7), generator=torch.Generator().manual_seed(0))


def make(kind, config=CONFIG, **options):
    """A model of ours; where labels have names, with NAMES."""
    names = dict(num_labels=3, label_names=NAMES) if kind.label_head else {}
    return kind(config, **names, **options)


def reference(kind, config):
    """transformers' model of the same name, with NAMES, its weights perturbed so that biases count too."""
    options = config.to_dict() | dict(attn_implementation="eager", architectures=[kind.__name__])
    if kind.label_head:
        options |= dict(id2label=dict(enumerate(NAMES)), label2id={name: i for i, name in enumerate(NAMES)})
    model = getattr(transformers, kind.__name__)(transformers.BertConfig(**options)).eval()
    generator = torch.Generator().manual_seed(config.vocab_size)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
    return model


def labels_for(kind, inputs, seed):
    """Labels of the kind that the class learns from, for a batch of `draw_batch`; some are left out."""
    generator = torch.Generator().manual_seed(seed)
    batch, n = inputs["input_ids"].shape
    if kind is BertForQuestionAnswering:
        places = torch.randint(0, n, (2, batch), generator=generator).sort(dim=0).values
        return dict(start_positions=places[0], end_positions=places[1])
    if kind is BertForSequenceClassification:
        return dict(labels=torch.arange(batch) % 3)
    labels = torch.randint(0, 3, (batch, n), generator=generator)
    labels[torch.rand(labels.shape, generator=generator) < 0.3] = IGNORE_INDEX
    return dict(labels=labels.where(inputs["attention_mask"] == 1, IGNORE_INDEX))


def logits_of(output):
    """All logits of either library's output."""
    if hasattr(output, "start_logits"):
        return torch.stack([output.start_logits, output.end_logits])
    return output.logits


def assert_same_answers(ours, theirs, inputs):
    with torch.no_grad():
        got, wanted = logits_of(ours(**inputs)), logits_of(theirs(**inputs))
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-5)


# -- the reference


@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", TASKS)
def test_logits_loss_and_gradients(kind, seed, fused):
    config = draw_config(seed)
    inputs, _ = draw_batch(config, seed)
    theirs = reference(kind, config)
    ours = checkpoint.from_published(make(kind, config, fused=fused), theirs.state_dict())
    labels = labels_for(kind, inputs, seed)
    wanted, got = theirs(**inputs, **labels), ours(**inputs, **labels)
    torch.testing.assert_close(logits_of(got), logits_of(wanted), rtol=0, atol=1e-5)
    torch.testing.assert_close(got.loss, wanted.loss, rtol=0, atol=1e-5)
    wanted.loss.backward()
    got.loss.backward()
    assert_same_gradients(ours, theirs)


@pytest.mark.parametrize("kind", TASKS)
def test_transformers_opens_what_we_save(kind, tmp_path):
    config = draw_config(1)
    ours = make(kind, config).eval()
    save_model(ours, tmp_path)
    theirs, report = getattr(transformers, kind.__name__).from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert_same_answers(ours, theirs, draw_batch(config, 1)[0])


@pytest.mark.parametrize("kind", TASKS)
def test_we_open_what_transformers_saves(kind, tmp_path):
    config = draw_config(2)
    theirs = reference(kind, config)
    theirs.save_pretrained(tmp_path)
    assert_same_answers(load_model(tmp_path, kind), theirs, draw_batch(config, 2)[0])


@pytest.mark.parametrize("kind", TASKS)
def test_dropout_reaches_the_head_as_in_the_reference(kind):
    """Dropout between BERT and the classifier, and none before qa_outputs: in how many ways one text is
    answered, with all dropout but the last one switched off."""
    theirs = reference(kind, draw_config(3))
    has_dropout = any(isinstance(each, torch.nn.Dropout) for each in theirs.children())
    ours = make(kind)
    ours.train()
    ours.bert.eval()
    first, second = (logits_of(ours(BATCH)) for _ in range(2))
    assert torch.equal(first, second)  # CONFIG has a rate of 0
    for each in ours.children():
        if isinstance(each, torch.nn.Dropout):
            each.p = 0.5
    first, second = (logits_of(ours(BATCH)) for _ in range(2))
    assert torch.equal(first, second) != has_dropout


# -- names of labels


@pytest.mark.parametrize("kind", TASKS[:2])
def test_label_names_come_back(kind, tmp_path):
    save_model(make(kind), tmp_path)
    assert load_model(tmp_path, kind).label_names == tuple(NAMES)


@pytest.mark.parametrize("kind", TASKS[:2])
def test_label_names_are_written_as_transformers_writes_them(kind, tmp_path):
    save_model(make(kind), tmp_path / "ours")
    reference(kind, CONFIG).save_pretrained(tmp_path / "theirs")
    texts = [(tmp_path / name / "config.json").read_text("utf-8") for name in ("ours", "theirs")]
    ours, theirs = map(json.loads, texts)
    for key in ("architectures", "id2label", "label2id"):
        assert ours[key] == theirs[key]


@pytest.mark.parametrize("kind", TASKS[:2])
def test_label_names_of_transformers_are_read(kind, tmp_path):
    reference(kind, CONFIG).save_pretrained(tmp_path)
    assert load_model(tmp_path, kind).label_names == tuple(NAMES)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_labels_without_names_have_those_of_transformers(number, tmp_path):
    config = transformers.BertConfig(**CONFIG.to_dict(), num_labels=number)
    transformers.BertForTokenClassification(config).save_pretrained(tmp_path)
    names = load_model(tmp_path, BertForTokenClassification).label_names
    assert names == BertForTokenClassification(CONFIG, number).label_names == tuple(config.id2label.values())


@pytest.mark.parametrize(
    "names",
    [{"0": "a", "1": "b"}, {"0": "a", "1": "b", "3": "c"}, {"0": "a", "1": "b", "2": "b"}, ["a", "b", "c"]],
    ids=str,
)
def test_names_that_do_not_fit_the_weights_are_refused_with_the_file(names, tmp_path):
    save_model(make(BertForTokenClassification), tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | dict(id2label=names)), "utf-8")
    with pytest.raises(ValueError, match=r"config\.json: id2label must give a name of its own to .* 0 to 2"):
        load_model(tmp_path, BertForTokenClassification)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a"], "2 labels need as many label_names, got 1"),
        (["a", "a"], "each of them once; got 'a'"),
        (["a", 1], "label_names must be strings, .*; got 1"),
    ],
)
def test_names_that_are_not_one_for_each_label_are_refused(names, says):
    with pytest.raises(ValueError, match=says):
        names_of_labels(2, names)


# -- a pipeline of transformers answers as we do

WORDS = ["the", "cat", "sleeps", "in", "town", "빵집", "##에서"]
TOKENIZER = WordPieceTokenizer([*SPECIAL, *WORDS], lowercase=True, strip_accents=False)
TEXTS = ["The cat sleeps in the town", "빵집에서 the cat sleeps", "town"]


@pytest.fixture
def saved(request, tmp_path):
    """Our model of the class that the test names, and the folder in which it lies with its tokenizer."""
    torch.manual_seed(4)
    model = make(request.param).eval()
    save_model(model, tmp_path, TOKENIZER)
    return model, tmp_path


def ids(*texts):
    encoding = TOKENIZER.encode(*texts)
    return torch.tensor([encoding.ids]), torch.tensor([encoding.type_ids]), encoding


@pytest.mark.parametrize("saved", [BertForSequenceClassification], indirect=True)
def test_the_pipeline_for_texts_gives_our_classes(saved):
    model, folder = saved
    pipeline = transformers.pipeline("text-classification", model=str(folder))
    for text in TEXTS:
        found = {each["label"]: each["score"] for each in pipeline(text, top_k=None)}
        shares = model(*ids(text)[:2]).logits.softmax(dim=-1)[0]
        assert found == pytest.approx(dict(zip(model.label_names, shares.tolist())), abs=1e-5)


@pytest.mark.parametrize("saved", [BertForTokenClassification], indirect=True)
def test_the_pipeline_for_tokens_gives_our_tags_and_places(saved):
    model, folder = saved
    pipeline = transformers.pipeline("token-classification", model=str(folder), ignore_labels=[])
    for text in TEXTS:
        *inputs, encoding = ids(text)
        tags = [model.label_names[label] for label in model(*inputs).logits[0].argmax(dim=-1)]
        wanted = [(tag, *place) for tag, place in zip(tags, encoding.offsets)][1:-1]  # not [CLS], not [SEP]
        assert [(each["entity"], each["start"], each["end"]) for each in pipeline(text)] == wanted


@pytest.mark.parametrize("saved", [BertForQuestionAnswering], indirect=True)
def test_transformers_finds_our_answers_in_what_we_saved(saved):
    """transformers 5 has no pipeline for questions any more: its classes for any model, then."""
    model, folder = saved
    theirs = transformers.AutoModelForQuestionAnswering.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        inputs = tokenizer("the cat", text, return_tensors="pt")
        wanted, got = theirs(**inputs), model(*ids("the cat", text)[:2])
        torch.testing.assert_close(got.start_logits, wanted.start_logits, rtol=0, atol=1e-5)
        torch.testing.assert_close(got.end_logits, wanted.end_logits, rtol=0, atol=1e-5)


# -- labels of −100


def test_texts_without_a_class_have_loss_zero_and_gradients_of_zero():
    model = BertForSequenceClassification(CONFIG, num_labels=3)
    loss = model(BATCH, labels=torch.full((3,), IGNORE_INDEX)).loss
    loss.backward()
    assert loss.item() == 0.0
    assert all((parameter.grad == 0).all() for parameter in model.parameters())


def test_loss_of_labelled_texts_is_torchs_own_to_the_last_bit():
    """So no number of a training that was recorded before has moved."""
    for seed in range(50):
        torch.manual_seed(seed)
        model = BertForSequenceClassification(CONFIG, num_labels=3)
        labels = torch.randint(0, 3, (3,))
        labels[1] = IGNORE_INDEX
        output = model(BATCH, labels=labels)
        assert torch.equal(output.loss, F.cross_entropy(output.logits, labels))


def test_an_unlabelled_token_teaches_nothing():
    """Its logits may be anything: the loss of the others does not see them."""
    labels = torch.full((3, 7), IGNORE_INDEX)
    labels[1, 2] = 1
    output = BertForTokenClassification(CONFIG)(BATCH, labels=labels)
    assert output.loss.item() == pytest.approx(-output.logits[1, 2].log_softmax(dim=-1)[1].item(), abs=1e-6)


# -- what does not fit


@pytest.mark.parametrize("shape", [(2,), (3, 1), (3, 2)], ids=str)
def test_classes_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=rf"labels have the shape {re.escape(str(shape))}, expected \(3,\)"):
        BertForSequenceClassification(CONFIG)(BATCH, labels=torch.ones(shape))


@pytest.mark.parametrize("shape", [(3,), (3, 6)], ids=str)
def test_tags_of_another_shape_are_refused(shape):
    says = rf"labels have the shape {re.escape(str(shape))}, expected \(3, 7\)"
    with pytest.raises(ValueError, match=says):
        BertForTokenClassification(CONFIG)(BATCH, labels=torch.ones(shape))


@pytest.mark.parametrize("given", ["start_positions", "end_positions"])
def test_half_an_answer_is_refused(given):
    missing = ({"start_positions", "end_positions"} - {given}).pop()
    with pytest.raises(ValueError, match=f"or neither: {missing} is missing"):
        BertForQuestionAnswering(CONFIG)(BATCH, **{given: torch.zeros(3, dtype=torch.long)})


@pytest.mark.parametrize("kind", TASKS[:2])
def test_no_labels_are_refused(kind):
    with pytest.raises(ValueError, match="num_labels must be at least 1, got 0"):
        kind(CONFIG, num_labels=0)


@pytest.mark.parametrize("kind", TASKS)
def test_a_folder_of_a_task_says_that_its_class_has_to_be_given(kind, tmp_path):
    save_model(make(kind), tmp_path)
    with pytest.raises(ValueError, match=f"architectures is '{kind.__name__}', known are .*has to be given"):
        load_model(tmp_path)


def test_a_head_for_texts_is_not_read_as_one_for_tokens(tmp_path):
    save_model(make(BertForSequenceClassification), tmp_path)
    says = r"config\.json: this is a BertForSequenceClassification, not a BertForTokenClassification"
    with pytest.raises(ValueError, match=says):
        load_model(tmp_path, BertForTokenClassification)


@pytest.mark.parametrize("kind", TASKS)
def test_a_class_made_from_one_of_these_is_not_saved_under_its_name(kind, tmp_path):
    class Own(kind):
        pass

    with pytest.raises(ValueError, match="a folder can hold a .* or a class of tasks.py; got a Own"):
        save_model(Own(CONFIG), tmp_path)


@pytest.mark.parametrize("kind", TASKS)
def test_a_head_of_another_size_is_refused_before_anything_is_written(kind, tmp_path):
    model = make(kind)
    setattr(model, kind.label_head or "qa_outputs", torch.nn.Linear(8, 4))
    with pytest.raises(ValueError, match="4"):
        save_model(model, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make_other", [BertForMaskedLM, partial(make, BertForQuestionAnswering)])
def test_an_encoder_below_another_head_has_no_classifier(make_other, tmp_path):
    save_model(make_other(CONFIG) if make_other is BertForMaskedLM else make_other(), tmp_path)
    with pytest.raises(ValueError, match="lack the head of a BertForTokenClassification, published as"):
        load_model(tmp_path, BertForTokenClassification)
