"""Text from outside: it is composed, data holds no special tokens, and what is slow to read is read once."""

import sysconfig
import unicodedata

import pytest

from course_lib import corpus
from course_lib.classroom.experiments.paired_bert import Pairs
from course_lib.classroom.widgets.own_tokenizer import typed
from course_lib.classroom.widgets.searching import words
from course_lib.corpus import Batches, corpus_texts, documentation, ids_of, pad, read_once, tokenized
from course_lib.town import Town
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

OPTIONS = dict(lowercase=True, strip_accents=False)
LETTERS = [*"abcdefghijklmnopqrstuvwxyz[].,", "한", "국", "é"]
TELLING = "한국 [PAD] and [MASK], [unk][CLS] é [SEP]"


@pytest.fixture
def tokenizer():
    return WordPieceTokenizer([*SPECIAL, *LETTERS, *("##" + letter for letter in LETTERS)], **OPTIONS)


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """An installation of one package, which `documentation` reads instead of that of this machine."""
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    decomposed = unicodedata.normalize("NFD", f"{TELLING} is what this text is about.")
    (folder / "module.py").write_text(f'"""{decomposed}"""', encoding="utf-8")
    another_name = tmp_path / "lib" / ".." / "lib" / "site-packages"
    paths = dict(stdlib=tmp_path / "lib", purelib=folder, platlib=another_name)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: f"{paths[name]}")
    return folder


def test_documentation_is_composed_and_read_once_where_a_folder_has_two_names(packages):
    assert [text for text in documentation() if "한국" in text] == [f"{TELLING} is what this text is about."]


def test_documentation_is_parsed_once_however_often_it_is_asked_for(packages, monkeypatch):
    parsed, docstrings = [], corpus.docstrings
    monkeypatch.setattr(corpus, "docstrings", lambda path: parsed.append(path) or docstrings(path))
    stream = corpus_texts("docs")
    assert list(stream()) == list(stream()) == list(documentation())
    assert len(parsed) == 2  # once by the stream, once by the last call here


def test_streams_of_one_source_do_not_disturb_each_other():
    stream = read_once(iter("abcde"))
    first, second = stream(), stream()
    assert [next(first), next(first), next(second)] == ["a", "b", "a"]
    assert list(second) == list("bcde") and list(first) == list("cde") and list(stream()) == list("abcde")


def test_data_has_the_ids_that_the_reference_gives_to_split_special_pieces(tokenizer):
    theirs = tokenizer.fast()
    theirs.encode_special_tokens = True
    wanted = theirs.encode(TELLING, add_special_tokens=False).ids
    assert ids_of([TELLING], tokenizer) == [wanted]
    assert tokenizer.tokenize(TELLING, split_special_tokens=True) == [tokenizer.vocab[i] for i in wanted]
    assert tokenizer.encode(TELLING).ids == tokenizer.fast().encode(TELLING).ids


def test_examples_of_data_hold_special_pieces_at_their_ends_alone(tokenizer):
    special = [tokenizer.ids[name] for name in SPECIAL]
    for example in tokenized([TELLING] * 3, tokenizer, max_length=9):
        assert not set(example[1:-1]) & set(special)


def test_pairs_of_data_hold_special_pieces_at_their_ends_alone(tokenizer):
    documents = [[TELLING, "한국 [SEP] é."], ["abc [MASK].", "[PAD]"]]
    cls_id, sep_id = tokenizer.ids["[CLS]"], tokenizer.ids["[SEP]"]
    for ids, types, _ in Pairs(documents, tokenizer, seed=0, torn=False).rows:
        place = types.index(1)
        assert [ids[0], ids[place - 1], ids[-1]] == [cls_id, sep_id, sep_id]
        inside = {*ids[1 : place - 1], *ids[place:-1]}
        assert not inside & {tokenizer.ids[name] for name in SPECIAL}


def test_pairs_are_those_that_the_reference_makes(tokenizer):
    documents = [["한국.", "a bc é."], ["abc.", "한국 a."]]
    pairs = Pairs(documents, tokenizer, seed=0, torn=False)
    wanted = tokenizer.fast().encode_batch([tuple(document) for document in documents])
    assert pairs.rows == [(each.ids, each.type_ids, 0) for each in wanted]


def test_a_town_that_tells_of_special_pieces_reads_its_stories_as_the_corpus_does(tokenizer, tmp_path):
    (tmp_path / "goods.tsv").write_text("ko\ten\n[MASK]\tmask\n[PAD]\tpad\n", encoding="utf-8")
    (tmp_path / "stories_ko.tsv").write_text("story\n한국 {goods}.\n", encoding="utf-8")
    town = Town("ko", tokenizer, tmp_path)
    for story in town.stories(20):
        (ids,) = tokenized([story], tokenizer, max_length=32)
        tokens = [tokenizer.vocab[each] for each in ids]
        tokens[tokens.index("[") + 1] = "[MASK]"
        (answer,) = town.posterior(tokens).values()
        assert answer == {"m" if "MASK" in story else "p": 1.0}


def test_decomposed_text_gives_the_examples_of_the_composed_one(tokenizer):
    composed, decomposed = (unicodedata.normalize(form, TELLING) for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert list(tokenized([decomposed], tokenizer, 16)) == list(tokenized([composed], tokenizer, 16))


@pytest.mark.parametrize("read", [typed, words, lambda text: words(f"{text} 1")])
def test_what_is_typed_means_the_same_decomposed(read):
    text = "na\u00efve caf\u00e9 한국"
    assert read(unicodedata.normalize("NFD", text)) == read(text)


@pytest.mark.parametrize("examples", [[], ["one", "two"]], ids=["none", "texts"])
def test_only_lists_of_ids_can_be_padded(examples):
    with pytest.raises(ValueError, match=r"examples must be one or more lists of ids, got \["):
        pad(examples, 0)


def test_one_text_is_not_read_as_a_list_of_letters(tokenizer):
    with pytest.raises(ValueError, match=r"texts must be a list; for one text give \[text\], got 'the dog'"):
        ids_of("the dog", tokenizer)


def test_batches_of_no_texts_are_refused():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        Batches([[2, 3]], 0, 0)
