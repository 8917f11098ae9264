"""Fine-tuning begins where pre-training ended, learns, and depends on its seed alone."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from course_lib.bert import IGNORE_INDEX, BertConfig, BertForMaskedLM, BertModel
from course_lib.finetuning import (
    Example,
    FineTuning,
    FineTuningRun,
    ask,
    balanced_accuracy,
    classify,
    collate,
    encode_example,
    encode_texts,
    fine_tune,
    head_on,
    mean_over_labels,
    tag,
)
from course_lib.similarity import encode
from course_lib.tasks import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

pytestmark = pytest.mark.usefixtures("one_core")

CONFIG = BertConfig(
    vocab_size=30,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=16,
)
IDS = [[2, word, 7 + word % 3, 3] for word in range(10, 30)] + [[2, word, 3] for word in range(10, 30)]


def example(ids, label):
    return Example(ids, [0] * len(ids), label)


# What is to be learned: is the second token odd? Is each token? And, if the second one is: where are the
# tokens between [CLS] and [SEP]?
EXAMPLES = [example(ids, ids[1] % 2) for ids in IDS]
TAGGED = [example(ids, [IGNORE_INDEX, *(token % 2 for token in ids[1:-1]), IGNORE_INDEX]) for ids in IDS]
ASKED = [example(ids, (1, len(ids) - 2) if ids[1] % 2 else (0, 0)) for ids in IDS]
TASKS = {
    BertForSequenceClassification: EXAMPLES,
    BertForTokenClassification: TAGGED,
    BertForQuestionAnswering: ASKED,
}
SETTINGS = FineTuning(steps=60, batch_size=8, learning_rate=3e-3)
TOKENIZER = WordPieceTokenizer([*SPECIAL, "one", "two", "three", "[", "]", "mask", "sep", "빵집"])


@pytest.fixture
def pretrained():
    torch.manual_seed(1)
    return BertForMaskedLM(CONFIG)


@pytest.fixture
def classifier(pretrained):
    return head_on(pretrained, BertForSequenceClassification, 2)


def head(pretrained, kind, **options):
    return head_on(pretrained, kind, 2 if kind.label_head else None, **options)


def losses(model, settings=SETTINGS, examples=EXAMPLES):
    return list(fine_tune(model, examples, settings))


# -- examples


@pytest.mark.parametrize("max_length", [3, 5, 16])
def test_one_text_is_encoded_as_for_a_search(max_length):
    texts = ["one two three two", "two [MASK] 빵집", "빵집", ""]
    got = [encode_example(TOKENIZER, text, max_length=max_length).input_ids for text in texts]
    assert got == encode(texts, TOKENIZER, max_length)


@given(
    st.lists(st.sampled_from(["one", "two", "[SEP]", "unknown"]), max_size=9).map(" ".join),
    st.none() | st.lists(st.sampled_from(["three", "[MASK]", "two"]), min_size=1, max_size=9).map(" ".join),
    st.integers(3, 20),
)
def test_two_texts_are_encoded_and_cut_as_by_transformers(first, second, max_length):
    theirs = transformers.BertTokenizer(vocab=TOKENIZER.ids)
    options = dict(max_length=max_length, truncation="longest_first", split_special_tokens=True)
    wanted = theirs(first, second, **options)
    got = encode_example(TOKENIZER, first, second, max_length=max_length)
    assert got == Example(wanted["input_ids"], wanted["token_type_ids"])


def test_no_separator_is_lost_however_little_room_there_is():
    found = encode_example(TOKENIZER, "one two", "three two one", max_length=3)
    assert found.input_ids == [TOKENIZER.ids[piece] for piece in ("[CLS]", "[SEP]", "[SEP]")]


def test_less_room_than_the_special_tokens_need_is_refused():
    with pytest.raises(ValueError, match=r"max_length must be at least 3 for \[CLS\] and \[SEP\], got 2"):
        encode_example(TOKENIZER, "one", "two", max_length=2)


def test_decomposed_korean_is_the_same_text():
    whole, parts = "빵집", "\u1107\u1161\u11bc\u110c\u1175\u11b8"
    assert encode_texts(TOKENIZER, [parts], [0], 8) == encode_texts(TOKENIZER, [whole], [0], 8)


def test_every_text_needs_a_label():
    with pytest.raises(ValueError, match="every text needs a label: there are 2 and 1"):
        encode_texts(TOKENIZER, ["one", "two"], [1], 8)


BATCHES = {  # labels of two examples, of 4 and of 2 tokens: what the model gets
    "texts": ((1, 0), dict(labels=[1, 0])),
    "tokens": (([-100, 1, 0, -100], [-100, -100]), dict(labels=[[-100, 1, 0, -100], [-100] * 4])),
    "answers": (((1, 2), (0, 0)), dict(start_positions=[1, 0], end_positions=[2, 0])),
    "nothing": ((None, None), {}),
}


@pytest.mark.parametrize("labels", BATCHES)
def test_a_batch_is_filled_up_on_the_right(labels):
    given, wanted = BATCHES[labels]
    batch = collate([Example([2, 0, 9, 3], [0, 0, 1, 1], given[0]), Example([2, 3], [0, 0], given[1])], 0)
    wanted |= dict(input_ids=[[2, 0, 9, 3], [2, 3, 0, 0]], token_type_ids=[[0, 0, 1, 1], [0, 0, 0, 0]])
    wanted |= dict(
        attention_mask=[[True] * 4, [True, True, False, False]]
    )  # also at a token with the id of [PAD]
    assert {name: tensor.tolist() for name, tensor in batch.items()} == wanted


# -- training


@pytest.mark.parametrize("kind", TASKS)
def test_one_loop_learns_every_task(kind, pretrained):
    model = head(pretrained, kind)
    settings = replace(SETTINGS, steps=250)
    assert len(losses(model, settings, TASKS[kind])) == settings.steps
    if kind is BertForSequenceClassification:
        assert classify(model, EXAMPLES).tolist() == [each.label for each in EXAMPLES]
    elif kind is BertForTokenClassification:
        assert [labels[1:-1] for labels in tag(model, TAGGED)] == [each.label[1:-1] for each in TAGGED]
    else:
        ends = ask(model, ASKED, lambda out: torch.stack([out.start_logits, out.end_logits], 1).argmax(-1))
        assert [tuple(end.tolist()) for end in ends] == [each.label for each in ASKED]


@pytest.mark.parametrize("kind", TASKS)
def test_a_head_begins_on_the_pretrained_weights_and_leaves_them_alone(kind, pretrained):
    model = head(pretrained, kind)
    before = {name: tensor.clone() for name, tensor in pretrained.bert.state_dict().items()}
    assert all(torch.equal(model.bert.state_dict()[name], tensor) for name, tensor in before.items())
    losses(model, SETTINGS, TASKS[kind])
    assert all(torch.equal(pretrained.bert.state_dict()[name], tensor) for name, tensor in before.items())


def test_a_pooler_is_taken_over_where_both_have_one():
    body = BertModel(CONFIG)
    taken = head(body, BertForSequenceClassification).bert.pooler
    assert torch.equal(taken.weight, body.pooler.weight)


def test_a_head_without_a_pooler_leaves_that_of_the_pretrained_model_out():
    assert head(BertModel(CONFIG), BertForTokenClassification).bert.pooler is None


def test_names_of_labels_say_how_many_there_are(pretrained):
    model = head_on(pretrained, BertForTokenClassification, label_names=["O", "B-who", "I-who"])
    assert model.classifier.out_features == 3 and model.label_names == ("O", "B-who", "I-who")


def test_a_head_with_labels_needs_their_number(pretrained):
    with pytest.raises(ValueError, match="num_labels is missing: a BertForTokenClassification needs it"):
        head_on(pretrained, BertForTokenClassification)


@pytest.mark.parametrize("kind", TASKS)
def test_every_parameter_goes_on_learning(kind, pretrained):
    model = head(pretrained, kind)
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    losses(model, SETTINGS, TASKS[kind])
    still = [name for name, tensor in model.named_parameters() if torch.equal(tensor, before[name])]
    assert not still


def test_the_seed_decides_everything(pretrained):
    kind = BertForSequenceClassification
    first, second = (losses(head(pretrained, kind)) for _ in range(2))
    other = losses(head(pretrained, kind, seed=1), replace(SETTINGS, seed=1))
    assert first == second != other


def test_a_training_beside_it_changes_nothing_and_is_not_changed(pretrained):
    """Each draws from a sequence of its own: here something else draws, and seeds, between the steps."""
    kind = BertForSequenceClassification
    alone = losses(head(pretrained, kind))
    torch.manual_seed(5)
    wanted = [torch.rand(1) for _ in range(SETTINGS.steps + 1)]
    torch.manual_seed(5)
    model, drawn = head(pretrained, kind), [torch.rand(1)]
    beside = []
    for loss in fine_tune(model, EXAMPLES, SETTINGS):
        beside.append(loss)
        drawn.append(torch.rand(1))
    assert beside == alone
    assert drawn == wanted


def test_every_example_is_seen_once_before_one_comes_again(classifier, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "course_lib.finetuning.collate", lambda rows, pad_id: seen.extend(rows) or collate(rows, pad_id)
    )
    examples = [example([2, number, 3], 0) for number in range(24)]
    losses(classifier, FineTuning(steps=6, batch_size=8), examples)
    assert sorted(seen[:24]) == sorted(seen[24:]) == examples and seen[:24] != seen[24:]


@pytest.mark.parametrize("steps", [1, 5, 7, 12])
def test_a_run_goes_on_bit_by_bit_from_what_it_kept(steps, pretrained):
    """Five steps are an epoch: it goes on within one, at its end, and with others behind it."""
    settings = FineTuning(steps=13, batch_size=8)
    kind = BertForSequenceClassification
    whole = FineTuningRun(head(pretrained, kind), EXAMPLES, settings)
    first = FineTuningRun(head(pretrained, kind), EXAMPLES, settings)
    second = FineTuningRun(head(pretrained, kind, seed=5), EXAMPLES, settings)
    wanted, before = list(whole), [loss for _, loss in zip(range(steps), first)]
    second.model.load_state_dict(first.model.state_dict())
    second.load_state({name: tensor.clone() for name, tensor in first.state().items()})
    second.step = first.step
    assert before + list(second) == wanted
    assert all(torch.equal(each, second.state()[name]) for name, each in whole.state().items())


def test_classes_come_in_the_order_of_the_examples(classifier):
    losses(classifier)
    wanted = torch.cat([classify(classifier, [each]) for each in EXAMPLES])
    assert torch.equal(classify(classifier, EXAMPLES, batch_size=7), wanted)


def test_tags_come_in_the_order_of_the_examples_one_for_each_token(pretrained):
    model = head(pretrained, BertForTokenClassification)
    wanted = [tag(model, [each])[0] for each in TAGGED]
    assert tag(model, TAGGED, batch_size=7) == wanted
    assert [len(labels) for labels in wanted] == [len(ids) for ids in IDS]


def test_nothing_is_asked_of_no_examples(classifier):
    assert classify(classifier, []).tolist() == []


def test_one_step_is_that_of_plain_pytorch(pretrained):
    """Without dropout, one step on all examples is one step of AdamW on the mean cross-entropy."""
    config = BertConfig(**{**vars(CONFIG), "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    torch.manual_seed(0)
    ours, theirs = (BertForSequenceClassification(config) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    settings = FineTuning(steps=1, batch_size=8, learning_rate=1e-3, weight_decay=0.0, clip=1e9)
    (loss,) = losses(ours, settings, EXAMPLES[:8])
    labels = torch.tensor([each.label for each in EXAMPLES[:8]])
    wanted = torch.nn.functional.cross_entropy(theirs(torch.tensor(IDS[:8])).logits, labels)
    wanted.backward()
    torch.optim.AdamW(theirs.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.0).step()
    assert loss == pytest.approx(wanted.item(), abs=1e-6)
    for name, tensor in ours.state_dict().items():
        assert torch.allclose(tensor, theirs.state_dict()[name], atol=2e-5) or "key" in name, name


class Elsewhere(BertForSequenceClassification):
    """A model on the device "meta", for which no GPU is needed. It notes where its input was."""

    config = CONFIG

    def __init__(self):
        torch.nn.Module.__init__(self)
        self.seen = []
        self.classifier = torch.nn.Linear(16, 2, device="meta")

    def forward(self, **batch):
        self.seen += [each.device.type for each in batch.values()]
        logits = torch.zeros(len(batch["input_ids"]), 2, requires_grad=True)
        return SimpleNamespace(logits=logits, loss=logits.sum())


def test_training_takes_place_where_the_model_is():
    model = Elsewhere()
    losses(model, FineTuning(steps=2, batch_size=8))
    assert model.seen == ["meta"] * 8


def test_questions_are_asked_where_the_model_is():
    model = Elsewhere()
    assert classify(model, EXAMPLES).device.type == "cpu" and set(model.seen) == {"meta"}


@pytest.mark.parametrize("name", ["steps", "batch_size", "learning_rate", "clip"])
def test_a_setting_that_makes_no_sense_is_named(name):
    with pytest.raises(ValueError, match=f"{name} must be above 0, got 0"):
        FineTuning(**{name: 0})


WRONG = [  # a task, a label of three tokens, and what is said of it
    (BertForSequenceClassification, 2, "labels of texts go from 0 to 1, got 2"),
    (BertForSequenceClassification, -1, "labels of texts go from 0 to 1, got -1"),
    (BertForSequenceClassification, "numpy", "labels of texts go from 0 to 1, got 'numpy'"),
    (BertForSequenceClassification, [0, 1, 0], r"labels of texts go from 0 to 1, got \[0, 1, 0\]"),
    (BertForSequenceClassification, None, "labels of texts go from 0 to 1, got None"),
    (BertForTokenClassification, [0, 1], "3 tokens need as many labels, got 2"),
    (BertForTokenClassification, [0, 2, 0], "labels of tokens go from 0 to 1, or are -100; got 2"),
    (BertForTokenClassification, [0, -1, 0], "labels of tokens go from 0 to 1, or are -100; got -1"),
    (BertForTokenClassification, 1, "a list of labels is needed, one for each token; got 1"),
    (BertForTokenClassification, (0, 1), r"a list of labels is needed, one for each token; got \(0, 1\)"),
    (BertForQuestionAnswering, (1, 3), r"must be 0 ≤ first ≤ last < 3, the number of tokens; got \(1, 3\)"),
    (BertForQuestionAnswering, (2, 1), r"must be 0 ≤ first ≤ last < 3, .*; got \(2, 1\)"),
    (BertForQuestionAnswering, (-1, 1), r"must be 0 ≤ first ≤ last < 3, .*; got \(-1, 1\)"),
    (BertForQuestionAnswering, [1, 2, 0], r"a tuple is needed, the positions of .*; got \[1, 2, 0\]"),
    (BertForQuestionAnswering, None, "a tuple is needed, the positions of .*; got None"),
]


@pytest.mark.parametrize(("kind", "label", "says"), WRONG)
def test_a_label_that_does_not_fit_is_named_with_its_example(kind, label, says, pretrained):
    examples = [example([2, 3, 4], each.label) for each in TASKS[kind] if len(each.input_ids) == 3]
    examples[3] = examples[3]._replace(label=label)
    with pytest.raises(ValueError, match=f"^example 3: .*{says}"):
        losses(head(pretrained, kind), SETTINGS, examples)


def test_a_token_without_a_segment_is_refused(classifier):
    with pytest.raises(ValueError, match="example 0: there are 3 input_ids and 2 token_type_ids"):
        losses(classifier, SETTINGS, [Example([2, 5, 3], [0, 0], 1)])


@pytest.mark.parametrize("kind", TASKS)
def test_no_examples_are_refused(kind, pretrained):
    with pytest.raises(ValueError, match="there are no examples: at least one is needed"):
        losses(head(pretrained, kind), SETTINGS, [])


def test_the_learning_rate_rises_for_a_tenth_and_falls_to_zero():
    settings = FineTuning(steps=100, learning_rate=1.0)
    rates = [settings.learning_rate_at(step) for step in range(100)]
    assert rates.index(max(rates)) in (9, 10) and rates[0] < 0.2 and rates[-1] == pytest.approx(0.01)


def test_always_the_same_answer_is_worth_what_guessing_is():
    labels = torch.tensor([0] * 90 + [1] * 5 + [2] * 5)
    assert mean_over_labels(torch.zeros(100, dtype=torch.long), labels) == pytest.approx(1 / 3)
    assert mean_over_labels(labels, labels) == 1.0
    half = torch.where(torch.arange(100) % 2 == 0, labels, 9)
    assert mean_over_labels(half, labels) == pytest.approx((45 / 90 + 3 / 5 + 2 / 5) / 3)


def test_balanced_accuracy_is_that_of_the_labels_in_the_examples(classifier):
    losses(classifier)
    answers = classify(classifier, EXAMPLES)
    right = [example(ids, answer) for ids, answer in zip(IDS, answers.tolist())]
    wrong = [each._replace(label=1 - each.label) for each in right]
    assert (balanced_accuracy(classifier, right), balanced_accuracy(classifier, wrong)) == (1.0, 0.0)
