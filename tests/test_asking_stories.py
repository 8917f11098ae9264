"""Questions about a story: what is shown is what the model says, and whatever is typed gets an answer."""

import re
import threading
import unicodedata
from itertools import product

import pytest
import torch
from small_bert import small_bert, small_reader

from course_lib import spans
from course_lib.classroom.judging import own_code
from course_lib.classroom.widgets.asking_stories import AskingStories, ask_story, read_scores, words_of
from course_lib.finetuning import read_as_data
from course_lib.ladder import ONE_AT_A_TIME
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

pytestmark = pytest.mark.usefixtures("one_core")

TOKENIZER = WordPieceTokenizer(
    [*SPECIAL, *"abcdefg.[]<>", "mask", "cls", "sep", "빵집", "나는", "##에서", "##을", "빵"],
    strip_accents=False,
)
STORY, QUESTION = "나는 빵집에서 빵을 a b .", "c d 빵 ."


@pytest.fixture
def asking():
    return AskingStories(small_reader(), TOKENIZER, STORY, QUESTION)


def logits_of(model, story=STORY, question=QUESTION):
    """(Encoding, start_logits, end_logits) without the widget."""
    encoding = read_as_data(TOKENIZER, question, story)
    with torch.no_grad():
        output = model(torch.tensor([encoding.ids]), torch.tensor([encoding.type_ids]))
    return encoding, output.start_logits[0], output.end_logits[0]


def scored(starts, ends, story="a b c", question="d"):
    """The Answer to these scores of [CLS], d, [SEP], a, b, c and [SEP]."""
    encoding = read_as_data(TOKENIZER, question, story)
    return read_scores(encoding, story, question, torch.tensor(starts), torch.tensor(ends))


# -- from scores to what is shown


def test_cls_and_the_tokens_of_the_story_are_shown():
    answer = ask_story(small_reader(), TOKENIZER, STORY, QUESTION)
    assert answer.tokens == ["[CLS]", "나는", "빵집", "##에서", "빵", "##을", "a", "b", "."]


@pytest.mark.parametrize("seed", range(5))
def test_both_probabilities_sum_to_1(seed):
    answer = ask_story(small_reader(seed), TOKENIZER, STORY, QUESTION)
    assert [sum(answer.starts), sum(answer.ends)] == pytest.approx([1, 1], abs=1e-5)
    assert len(answer.starts) == len(answer.ends) == len(answer.tokens)


def test_what_cannot_be_chosen_takes_no_probability():
    """e³ : 1 : 1 : 1, whatever the question and the [SEP] score."""
    answer = scored([0.0, 50.0, 50.0, 3.0, 0.0, 0.0, 50.0], [0.0, 50.0, 50.0, 0.0, 0.0, 0.0, 50.0])
    e3 = 20.0855369
    assert answer.starts == pytest.approx([1 / (e3 + 3), e3 / (e3 + 3), 1 / (e3 + 3), 1 / (e3 + 3)])
    assert answer.ends == pytest.approx([0.25] * 4)


def test_the_answer_is_that_of_best_span():
    texts = set()
    for seed in range(20):
        model = small_reader(seed)
        encoding, starts, ends = logits_of(model)
        allowed = [
            6 <= place < len(encoding.ids) - 1 for place in range(len(encoding.ids))
        ]  # behind c d 빵 . [SEP]
        wanted = spans.best_span(starts.tolist(), ends.tolist(), allowed)
        answer = ask_story(model, TOKENIZER, STORY, QUESTION)
        texts.add(answer.text)
        if wanted is None:
            assert answer.span is answer.text is None
        else:
            first, last = wanted
            assert answer.text == STORY[encoding.offsets[first][0] : encoding.offsets[last][1]]
            assert (
                answer.tokens[slice(answer.span[0], answer.span[1] + 1)] == encoding.tokens[first : last + 1]
            )
    assert None in texts and len(texts) > 4  # else this would test little


@pytest.mark.parametrize("seed", range(10))
def test_the_shown_probabilities_say_why_it_is_the_answer(seed):
    """No pair of a first and a last token has a larger product; [CLS] stands for both ends of no answer."""
    answer = ask_story(small_reader(seed), TOKENIZER, STORY, QUESTION)
    places = range(1, len(answer.tokens))
    pairs = [(0, 0), *((first, last) for first, last in product(places, places) if first <= last)]
    best = max(pairs, key=lambda pair: answer.starts[pair[0]] * answer.ends[pair[1]])
    assert best == (answer.span or (0, 0))


def test_a_learners_own_best_span_answers():
    put_back = own_code.replaced("course_lib.spans.best_span", lambda starts, ends, allowed: (7, 8))
    try:
        answer = ask_story(small_reader(), TOKENIZER, STORY, QUESTION)
    finally:
        put_back()
    assert (answer.text, answer.span) == ("빵집에서", (2, 3))


def test_scores_that_are_no_numbers_are_said():
    with pytest.raises(ValueError, match="not numbers"):
        scored([float("nan")] * 7, [0.0] * 7)


def test_no_answer_is_said_in_words():
    assert words_of(scored([9.0] + [0.0] * 6, [9.0] + [0.0] * 6)) == "No answer in this story."


# -- what is typed


def test_mask_and_sep_in_a_text_are_words_like_others(asking):
    asking.story.value = "a [MASK] [SEP] b"
    shown = re.findall(r"<th scope='row'[^>]*>([^<]*)<", asking.table.value)
    assert shown == ["[CLS]", "a", "[", "mask", "]", "[", "sep", "]", "b"]


def test_hangul_in_parts_is_composed():
    model = small_reader()
    parts = [unicodedata.normalize("NFD", text) for text in (STORY, QUESTION)]
    assert ask_story(model, TOKENIZER, *parts) == ask_story(model, TOKENIZER, STORY, QUESTION)


@pytest.mark.parametrize("empty", ["", "   ", "\u200b"])
@pytest.mark.parametrize("field", ["story", "question"])
def test_an_empty_field_gets_a_sentence(asking, field, empty):
    getattr(asking, field).value = empty
    assert f"There is no {field}: type one." in asking.said.value
    assert asking.table.value == ""


@pytest.mark.parametrize("tokens, fits", [(25, True), (26, False)])
def test_as_much_as_fits_is_read(tokens, fits):
    """32 positions, less [CLS], two [SEP] and four tokens of the question."""
    shown = AskingStories(small_reader(positions=32), TOKENIZER, "a " * tokens, QUESTION)
    assert ("The story has 26 tokens, and beside this question 25 fit" in shown.said.value) is not fits
    assert bool(shown.table.value) is fits


def test_a_question_that_leaves_no_room_is_said(asking):
    asking.question.value = "a " * 29
    assert "The question has 29 tokens, and no story fits beside it" in asking.said.value


def test_unknown_words_are_named(asking):
    asking.story.value, asking.question.value = "a 피자 b 콜라 피자", "c 김밥"
    assert "read as [UNK]: “김밥”, “피자”, “콜라”." in asking.said.value


def test_of_many_unknown_words_some_are_named(asking):
    asking.story.value = " ".join(f"피{sign}" for sign in "가나다라마바사")
    assert "“피마” and 2 more." in asking.said.value


def test_what_is_typed_is_never_html(asking):
    """Neither in the answer, nor among the tokens, nor in the texts of the still form."""
    put_back = own_code.replaced("course_lib.spans.best_span", lambda starts, ends, allowed: (6, 9))
    try:
        asking.story.value, asking.question.value = "<b>a</b> c", "<c>d"
    finally:
        put_back()
    assert "Answer: “&lt;b&gt;a”." in asking.said.value
    assert "&lt;</th>" in asking.table.value and "<</th>" not in asking.table.value
    assert "&lt;b&gt;a&lt;/b&gt; c" in asking.still()[1] and "&lt;c&gt;d" in asking.still()[1]
    assert "<b>a" not in asking.still()[1] and "<c>" not in asking.still()[1]


# -- the widget


def framed(table):
    """The tokens in the frame."""
    body = re.search(r"<tbody style='border:3px solid'>(.*?)</tbody>", table)[1]
    return re.findall(r"<th scope='row'[^>]*>([^<]*)<", body)


@pytest.mark.parametrize("seed", range(10))
def test_the_frame_is_around_the_answer(seed):
    shown = AskingStories(small_reader(seed), TOKENIZER, STORY, QUESTION)
    answer = ask_story(small_reader(seed), TOKENIZER, STORY, QUESTION)
    first, last = answer.span or (0, 0)
    assert framed(shown.table.value) == answer.tokens[first : last + 1]
    assert without_tags(shown.said.value).strip() == words_of(answer)


def without_tags(html):
    return re.sub("<[^>]*>", "", html)


def parts_of(table):
    """The last cell of each row."""
    return re.findall(r"<td[^>]*>([^<]*)</td></tr>", table)


@pytest.mark.parametrize(
    "best, parts",
    [
        ((3, 5), ["", "begins", "goes on", "ends"]),
        ((4, 4), ["", "", "begins and ends", ""]),
        (None, ["no answer", "", "", ""]),
    ],
)
def test_the_frame_is_said_in_words_too(best, parts):
    put_back = own_code.replaced("course_lib.spans.best_span", lambda starts, ends, allowed: best)
    try:
        shown = AskingStories(small_reader(), TOKENIZER, "a b c", "d")
    finally:
        put_back()
    assert parts_of(shown.table.value) == parts


def test_every_probability_stands_as_a_number_and_as_a_bar(asking):
    answer = ask_story(asking.model, TOKENIZER, STORY, QUESTION)
    shown = re.findall(r"<td[^>]*>([\d.]+) <span[^>]*><span style='[^']*width:([\d.]+)%", asking.table.value)
    wanted = [value for pair in zip(answer.starts, answer.ends, strict=True) for value in pair]
    assert shown == [(f"{value:.2f}", f"{100 * value:.1f}") for value in wanted]


def test_the_button_asks_the_model_as_it_is_now(asking):
    before = asking.table.value
    with torch.no_grad():
        asking.model.qa_outputs.bias += torch.tensor([1.0, 1.0])  # a softmax sees no shift
        asking.model.qa_outputs.weight.zero_()
    assert asking.table.value == before
    asking.button.click()
    assert asking.table.value.count("0.11 ") == 2 * 9


def test_a_field_asks_when_its_text_is_another(asking):
    before = asking.table.value
    asking.question.value = "g"
    assert asking.table.value != before


def test_it_waits_for_a_training_and_leaves_it_its_mode(asking):
    asking.model.train()
    asked = threading.Thread(target=asking.ask)
    with ONE_AT_A_TIME:
        asked.start()
        asked.join(0.3)
        assert asked.is_alive()
    asked.join(60)
    assert not asked.is_alive() and asking.model.training


def test_the_still_form_holds_both_texts_the_answer_and_the_table(asking):
    bundle = asking._repr_mimebundle_()
    for part in (STORY, QUESTION, asking.said.value, asking.table.value, AskingStories.GO_ON):
        assert part in bundle["text/html"]
    assert bundle["text/plain"] == f"[Ask: {STORY} | {QUESTION} → {asking.words}]"


def test_another_model_is_refused_with_its_name():
    with pytest.raises(ValueError, match="must be a BertForQuestionAnswering, got a BertForMaskedLM"):
        AskingStories(small_bert(), TOKENIZER, STORY, QUESTION)
