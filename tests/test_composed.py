"""Wherever text comes in, decomposed (NFD, as from a Mac) it gives what it gives composed (NFC)."""

import json
import unicodedata

import jupyterlab_language_pack_ko_KR
import pytest
import torch

from course_lib.classroom.cards.certificate import certificate
from course_lib.classroom.figures import use_course_style
from course_lib.classroom.materials.interface_texts import interface_texts
from course_lib.classroom.materials.small_encoder import SmallEncoder
from course_lib.classroom.widgets.masking_explorer import MaskingExplorer
from course_lib.classroom.widgets.merge_stepper import MergeStepper
from course_lib.classroom.widgets.own_tokenizer import read_own
from course_lib.classroom.widgets.tokenizer_explorer import LONGEST, TokenizerExplorer
from course_lib.corpus import corpus_texts, docstrings
from course_lib.documentation import docstrings_in, first_paragraph
from course_lib.files import composed, named
from course_lib.pretrain import arguments, prepare
from course_lib.town import Town
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer
from course_lib.world import TABLES, read_tables

KOREAN = "한국어를 배웠다."
TOKENIZER = WordPieceTokenizer([*SPECIAL, *KOREAN, *("##" + each for each in KOREAN)], strip_accents=False)


def decomposed(text):
    return unicodedata.normalize("NFD", text)


@pytest.fixture
def both(tmp_path):
    """A function that writes a file with its name and text composed, and again with both decomposed, in two
    folders, which it returns.
    """
    folders = {form: tmp_path / form for form in ("NFC", "NFD")}

    def write(name, text):
        for form, folder in folders.items():
            folder.mkdir(exist_ok=True)
            path = folder / unicodedata.normalize(form, name)
            path.write_text(unicodedata.normalize(form, text), encoding="utf-8")
        return folders.values()

    return write


# -- the town


@pytest.mark.parametrize("language", ["ko", "en"])
def test_decomposed_tables_make_the_same_town(both, language):
    for path in sorted(TABLES.glob("*.tsv")):
        _, folder = both(path.name, path.read_text(encoding="utf-8"))
    assert read_tables(folder, language) == read_tables(TABLES, language)
    mac, ours = Town(language, folder=folder), Town(language)
    assert list(mac.stories(100, seed=3)) == list(ours.stories(100, seed=3))


def test_a_table_with_a_decomposed_name_is_found_by_its_links_and_stories(both):
    both("곳.tsv", "ko\ten\n빵집\tbakery\n시장\tmarket\n")
    both("것.tsv", "ko\ten\t곳\n빵\tbread\t빵집\n우유\tmilk\t시장\n")
    folders = both("stories_ko.tsv", "story\n{곳}에서 {것/을} 샀다.\n")
    composed_stories, decomposed_stories = (
        list(Town("ko", folder=folder).stories(20, seed=0)) for folder in folders
    )
    assert decomposed_stories == composed_stories
    assert set(composed_stories) == {"빵집에서 빵을 샀다.", "시장에서 우유를 샀다."}


# -- corpora and file names


def test_a_file_is_found_by_its_composed_name_and_by_its_decomposed_one(both, monkeypatch):
    for folder in both("글.txt", KOREAN):
        monkeypatch.chdir(folder)
        for name in ("글.txt", decomposed("글.txt")):
            assert read_own(name) == list(corpus_texts(name)()) == [KOREAN]


def test_a_file_is_found_in_a_folder_whose_name_is_decomposed(tmp_path):
    folder = tmp_path / decomposed("폴더")
    folder.mkdir()
    (folder / decomposed("글.txt")).write_text(KOREAN, encoding="utf-8")
    assert named(tmp_path / "폴더" / "글.txt").read_text(encoding="utf-8") == KOREAN


def test_a_name_that_is_not_there_stays_as_it_is(tmp_path):
    assert named(tmp_path / "폴더" / "글.txt") == tmp_path / "폴더" / "글.txt"


def test_a_folder_is_read_in_one_order_however_its_names_are_written(tmp_path):
    for name in (decomposed("가.txt"), "나.txt", decomposed("다.txt"), "힣.txt", "\u1200.txt"):
        (tmp_path / name).write_text(composed(name), encoding="utf-8")
    assert list(corpus_texts(tmp_path)()) == ["\u1200.txt", "가.txt", "나.txt", "다.txt", "힣.txt"]


def test_the_pretraining_command_prepares_the_same_corpus(both, tmp_path):
    syllables = [chr(code) for code in range(ord("가"), ord("가") + 28 * 40)]
    text = "\n\n".join(f"{a}{b} {a}." for a, b in zip(syllables, syllables[1:]))
    prepared = []
    for folder in both("글.txt", text):
        out = f"{folder}.out"
        run = ["--corpus", f"{folder / '글.txt'}", "--out", out, "--vocab-size", "3000"]
        args = arguments([*run, "--steps", "1"])
        tokenizer, examples, held_out = prepare(args, warn=print)
        prepared.append((tokenizer.vocab, *(each.read(range(len(each))) for each in (examples, held_out))))
    assert prepared[0] == prepared[1]


# -- the documentation


def test_the_corpus_of_docstrings_has_the_same_ones(both):
    short = f'"""{KOREAN * 4}"""\n\ndef f():\n    """{KOREAN * 5}"""\n'  # 36 characters and 45
    ours, mac = (list(docstrings(folder / "module.py")) for folder in both("module.py", short))
    assert mac == ours == [KOREAN * 5]


def test_a_first_paragraph_is_composed(both):
    source = f'def f():\n    """{KOREAN} naïve\n\n    More."""\n'
    assert first_paragraph(decomposed("naïve café")) == "naïve café"
    ours, mac = (list(docstrings_in(folder / "module.py")) for folder in both("module.py", source))
    assert mac == ours == [f"{KOREAN} naïve"]


# -- what is typed


def test_the_tokenizer_explorer_cuts_it_alike():
    explorer = TokenizerExplorer({"syllables": TOKENIZER}, KOREAN)
    wanted = explorer.rows
    explorer.text = ""
    explorer.text = decomposed(KOREAN)
    assert explorer.rows == wanted


def test_the_tokenizer_explorer_shows_as_many_syllables():
    assert TokenizerExplorer({"syllables": TOKENIZER}, decomposed("한" * LONGEST)).text == "한" * LONGEST


def test_the_masking_explorer_hides_the_same():
    shown = [MaskingExplorer(TOKENIZER, text).picture() for text in (KOREAN, decomposed(KOREAN))]
    assert shown[0] == shown[1]


def test_the_small_encoder_reads_the_same():
    text = "민수는 부엌에서 배를 깎았다."
    ours, mac = (SmallEncoder().read(each) for each in (text, decomposed(text)))
    assert mac.tokens == ours.tokens and torch.equal(mac.after, ours.after)


def test_the_merge_stepper_finds_a_watched_word_in_either_form():
    for counted in (KOREAN, decomposed(KOREAN)):
        for watched in (KOREAN, decomposed(KOREAN)):
            assert MergeStepper({counted: 2}, [watched], most=3).watched == [counted]


def test_a_certificate_bears_the_composed_name(store):
    use_course_style()
    assert str(certificate(decomposed("한지민"))) == str(certificate("한지민"))


# -- what is installed


def test_the_interface_texts_are_the_same(tmp_path, monkeypatch):
    place = "locale/ko_KR/LC_MESSAGES"
    found = []
    for form in ("NFC", "NFD"):
        folder = tmp_path / form / place
        folder.mkdir(parents=True)
        translations = {"": {}, "naïve": [unicodedata.normalize(form, "순진한")]}
        translations = {unicodedata.normalize(form, name): value for name, value in translations.items()}
        (folder / "lab.json").write_text(json.dumps(translations), encoding="utf-8")
        monkeypatch.setattr(jupyterlab_language_pack_ko_KR, "__file__", f"{tmp_path / form / 'module.py'}")
        found.append(interface_texts())
    assert found[0] == found[1] == [("naïve", "순진한")]
