"""A model runs on the learner's functions, whichever form of attention it was made with."""

import pytest
import torch

from course_lib import attention, modern
from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.classroom.experiments.town_asked import Questions, Tags
from course_lib.classroom.judging import own_code
from course_lib.encoder import Encoder
from course_lib.finetuning import read_as_data
from course_lib.tasks import BertForQuestionAnswering
from course_lib.town_tasks import Question, TaggedStory
from course_lib.wordpiece import WordPieceTokenizer

LIBRARY = attention.attention_weights, attention.fused_attention
CONFIG = BertConfig(
    vocab_size=20, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=24
)
IDS = torch.randint(1, 20, (2, 5), generator=torch.Generator().manual_seed(0))
REAL = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


@pytest.fixture
def calls(monkeypatch):
    """The shapes of the queries that the learner's answer to exercise 2.2, and no other, has been given."""
    calls = []

    def mine(query, key, mask=None):
        calls.append(tuple(query.shape))
        return LIBRARY[0](query, key, mask)

    monkeypatch.setattr(own_code, "kept_answer", lambda each: mine if each.id == "2.2" else None)
    return calls


def ways_to_use():
    """with my_code(): …, and use_my_code() until use_library_code()."""

    class Use:
        def __enter__(self):
            own_code.use_my_code()

        def __exit__(self, *_):
            own_code.use_library_code()

    return {"my_code": own_code.my_code, "use_my_code": Use}


@pytest.mark.parametrize("use", ways_to_use().values(), ids=ways_to_use())
@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
def test_learners_attention_weights_are_called_in_every_layer(calls, fused, use):
    encoder, hidden = Encoder(2, 12, 3, 24, fused=fused).eval(), torch.randn(2, 5, 12)
    wanted, _ = encoder(hidden, REAL)
    with use():
        got, _ = encoder(hidden, REAL)
    assert calls == [(2, 3, 5, 4)] * 2
    torch.testing.assert_close(got, wanted, atol=1e-6, rtol=1e-5)


def test_library_is_back_afterwards(calls):
    with own_code.my_code():
        assert attention.attention_weights is not LIBRARY[0] and attention.fused_attention is not LIBRARY[1]
    assert (attention.attention_weights, attention.fused_attention) == LIBRARY


def test_fused_form_stays_where_no_attention_weights_are_the_learners(monkeypatch):
    monkeypatch.setattr(own_code, "kept_answer", lambda each: None)
    with own_code.my_code():
        assert (attention.attention_weights, attention.fused_attention) == LIBRARY


@pytest.mark.parametrize("change", [modern.rotary_positions, modern.alternating_attention])
def test_other_attentions_run_on_the_learners_function_too(calls, change):
    model = BertForMaskedLM(CONFIG).eval()
    change(model)
    wanted = model(IDS, attention_mask=REAL).logits
    with own_code.my_code():
        got = model(IDS, attention_mask=REAL).logits
    assert len(calls) == 2
    torch.testing.assert_close(got, wanted, atol=1e-6, rtol=1e-5)


def test_training_with_dropout_runs_on_the_learners_function(calls):
    """Dropout acts on the learner's weights: without it, two passes would be equal."""
    encoder = Encoder(1, 12, 3, 24, dropout=0.0, attention_dropout=0.5).train()
    hidden = torch.randn(2, 5, 12)
    with own_code.my_code():
        one, other = encoder(hidden)[0], encoder(hidden)[0]
    assert len(calls) == 2 and not torch.equal(one, other)


# -- week 8: the functions of spans, where the town's tasks use them

STORY = TaggedStory("민수는 빵을 샀다", ((0, 2, "who"), (4, 5, "what")))
ASKED = Question("민수는 빵을 샀다", "빵을 산 사람은?", (0, 2))


@pytest.fixture(scope="module")
def tokenizer():
    pieces = "[PAD] [UNK] [CLS] [SEP] [MASK] 민수 ##는 빵 ##을 샀 ##다 산 사람 ##은 ?"
    return WordPieceTokenizer(pieces.split(), strip_accents=False)


def labels_for_learning(tokenizer):
    return Tags().example(tokenizer, STORY).label


def answer_of_a_model(tokenizer):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertForQuestionAnswering(CONFIG).eval()
    return Questions().answers(model, tokenizer, [ASKED])


def score_of_nothing(tokenizer):
    tags = ["O"] * len(read_as_data(tokenizer, STORY.text).ids)
    return Tags().score_of_tags(tokenizer, [STORY], [tags])


@pytest.mark.parametrize(
    ("exercise_id", "mine", "use", "says"),
    [
        ("8.2", lambda offsets, spans, names: [7] * len(offsets), labels_for_learning, [7] * 8),
        ("8.5", lambda start_logits, end_logits, allowed, longest=10: (10, 10), answer_of_a_model, ["빵"]),
        ("8.4", lambda true, predicted: 0.25, score_of_nothing, 0.25),
    ],
    ids=["labels_of_tokens", "best_span", "span_f1"],
)
def test_the_towns_tasks_run_on_the_learners_functions(monkeypatch, tokenizer, exercise_id, mine, use, says):
    monkeypatch.setattr(own_code, "kept_answer", lambda each: mine if each.id == exercise_id else None)
    before = use(tokenizer)
    with own_code.my_code():
        assert use(tokenizer) == says
    assert use(tokenizer) == before != says
