"""A tokenizer of one's own: what is kept, and what each kind of wrong file is told."""

import unicodedata

import pytest

from course_lib.classroom.figures import use_course_style
from course_lib.classroom.widgets import own_tokenizer
from course_lib.classroom.widgets.own_tokenizer import (
    OwnTokenizer,
    my_texts,
    my_tokenizer,
    read_own,
    train_own,
    typed,
)
from course_lib.wordpiece_training import RULES

TEXT = "나는 시장에 갔다. 시장에서 사과를 샀다.\n\n사과는 달았다. 나는 시장에서 웃었다.\n"


class Words(str):
    """A picture that is empty."""

    def html(self):
        return self


@pytest.fixture(autouse=True)
def beside(tmp_path, monkeypatch, store):
    """The notebook's folder, with its own my_course/."""
    use_course_style()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


def panel(**values):
    shown = OwnTokenizer()
    for name, value in values.items():
        getattr(shown, name).value = value
    shown.button.click()
    return shown


def test_a_file_is_trained_on_and_kept():
    shown = panel(file="mine.txt", size=60)
    assert shown.line.value.count("✓ ") and "<img" in shown.picture.value
    kept = my_tokenizer()
    assert "[UNK]" not in kept.tokenize(TEXT)
    assert my_texts() == [each for each in TEXT.strip().split("\n\n")]


def test_a_typed_text_is_trained_on_too():
    panel(text="banana bandana\n\nbanana", size=30)
    assert my_texts() == ["banana bandana", "banana"]


def test_the_panel_says_what_was_kept_before():
    assert "Nothing trained yet." in OwnTokenizer().line.value
    train_own([TEXT], 60, "frequency")
    assert f"Kept from before: {len(my_tokenizer().vocab)} subwords." in OwnTokenizer().line.value


def test_the_rule_is_the_chosen_one():
    vocabularies = {tuple(train_own([TEXT] * 3, 48, rule).vocab) for rule in RULES}
    assert len(vocabularies) == len(RULES)


def test_a_decomposed_text_is_composed_first(beside):
    (beside / "mac.txt").write_text(unicodedata.normalize("NFD", TEXT), encoding="utf-8")
    assert read_own("mac.txt") == read_own("mine.txt")
    assert typed(unicodedata.normalize("NFD", "사과")) == ["사과"]


def test_a_file_that_tells_of_special_pieces_is_counted_as_text(beside, monkeypatch):
    drawn = []
    monkeypatch.setattr(own_tokenizer, "draw_vocabulary", lambda vocab, used: drawn.append(used) or Words(""))
    (beside / "bert.txt").write_text("[MASK] is a mask, and [PAD] a pad.", encoding="utf-8")
    panel(file="bert.txt", size=60)
    assert drawn[0]["["] == drawn[0]["]"] == 2 and not drawn[0].keys() & {"[MASK]", "[PAD]"}


WRONG = {
    "nothing.txt": (b"", "empty"),
    "blank.txt": (b" \n\n \n", "empty"),
    "picture.txt": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
    "old.txt": (TEXT.encode("cp949"), "It looks like CP949, .* begins “나는 시장에 갔다"),
    "wide.txt": (TEXT.encode("utf-16"), "It looks like UTF-16, .* begins “나는 시장에 갔다"),
    "latin.txt": ("naïve café".encode("latin-1") + b"\xff\xff", "not UTF-8: byte 0xef; save it as UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_named_with_its_reason(beside, name):
    content, message = WRONG[name]
    (beside / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"^{name}: .*{message}"):
        read_own(name)


def test_a_missing_file_lists_those_that_are_there():
    with pytest.raises(ValueError, match="no file other.txt beside the notebook; text files there: mine.txt"):
        read_own("other.txt")


def test_a_failed_training_keeps_the_tokenizer_from_before():
    before = train_own([TEXT], 60, "ratio").vocab
    for values in (dict(file="other.txt"), dict(text="  \n "), dict(file="mine.txt", size=5)):
        shown = panel(**values)
        assert "✗ Not trained: " in shown.line.value and not shown.button.disabled
        assert my_tokenizer().vocab == before
    assert "vocab_size must be at least" in shown.line.value


def test_a_broken_off_training_leaves_nothing_in_the_way(beside):
    for left_over in ("tokenizer.part", "tokenizer.old"):
        (beside / "my_course" / left_over).mkdir(parents=True)
        (beside / "my_course" / left_over / "vocab.txt").write_text("broken", encoding="utf-8")
    train_own([TEXT], 60, "ratio")
    assert [path.name for path in (beside / "my_course").iterdir()] == ["tokenizer"]


def test_what_was_kept_is_there_where_a_training_stopped_at_the_last_moment(beside):
    before = train_own([TEXT], 60, "ratio").vocab
    kept = beside / "my_course" / "tokenizer"
    kept.rename(kept.with_name("tokenizer.old"))  # the new one has not got its name yet
    assert my_tokenizer().vocab == before and my_texts() == [each for each in TEXT.strip().split("\n\n")]


def test_a_text_smaller_than_the_wish_gives_what_it_holds():
    shown = panel(text="ab ab", size=1000)
    assert "your text holds no more" in shown.line.value
