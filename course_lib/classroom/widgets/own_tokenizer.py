"""A tokenizer from a text of the learner's own: a file beside the notebook, or one that is typed in.

What is trained is kept in my_course/tokenizer/: vocab.txt and its settings, and text.txt, the text it comes
from. Week 6 opens it again with `my_tokenizer` and `my_texts`.
"""

import codecs
from collections import Counter
from html import escape
from pathlib import Path

import ipywidgets as widgets

from course_lib.classroom.figures import draw_vocabulary
from course_lib.classroom.judging.store import STORE
from course_lib.classroom.widgets.merge_stepper import NAMES
from course_lib.classroom.widgets.shown import STYLE, Shown
from course_lib.corpus import SUFFIXES, in_place, new_folder, paragraphs, why_not_text
from course_lib.files import composed, named
from course_lib.wordpiece import WordPieceTokenizer
from course_lib.wordpiece_training import train_wordpiece

MOST = 2_000_000  # characters that are read of a file: some ten seconds of counting
FOLDER = "tokenizer"
SETTINGS = dict(lowercase=True, strip_accents=False)
GUESSES = {"utf-16": "UTF-16", "cp949": "CP949, the older Korean encoding of Windows"}


def read_own(path):
    """The paragraphs of a text file, composed (NFC). ValueError says what is wrong with it and what to do."""
    path = named(path)
    if not path.is_file():
        near = ", ".join(files_beside()) or "none"
        raise ValueError(f"there is no file {path} beside the notebook; text files there: {near}")
    if reason := why_not_text(path):
        raise ValueError(f"{path}: {reason}{guess(path)}")
    texts, size = [], 0
    for paragraph in paragraphs(path):
        texts.append(paragraph)
        size += len(paragraph)
        if size >= MOST:
            break
    return texts


def guess(path):
    """In which other encoding the beginning of a file can be read, as half a sentence, or nothing."""
    with open(path, "rb") as file:
        start = file.read(1000)
    for encoding, name in GUESSES.items():
        if encoding == "utf-16" and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue  # without its mark, nearly any bytes can be read as UTF-16
        try:  # an incremental decoder minds no character that is cut at the end
            text = codecs.getincrementaldecoder(encoding)().decode(start)
        except UnicodeDecodeError:
            continue
        return f". It looks like {name}, and begins “{text.strip()[:20]}”"
    return ""


def files_beside():
    """The names of the text files in the folder of the notebook."""
    return sorted(path.name for path in Path().iterdir() if path.suffix.lower() in SUFFIXES)


def train_own(texts, vocab_size, rule):
    """Train on the texts, keep tokenizer and texts in my_course/, and return the tokenizer."""
    if not any(text.strip() for text in texts):
        raise ValueError("there is no text: name a file, or type something")
    vocab = train_wordpiece(texts, vocab_size, rule, progress=False, **SETTINGS)
    tokenizer = WordPieceTokenizer(vocab, **SETTINGS)
    with new_folder(STORE.folder / FOLDER) as partial:
        tokenizer.save(partial)
        (partial / "text.txt").write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    return tokenizer


def my_tokenizer():
    """The tokenizer that the learner has trained in week 3, or None."""
    folder = in_place(STORE.folder / FOLDER)
    return WordPieceTokenizer.from_folder(folder) if folder.is_dir() else None


def my_texts():
    """The paragraphs that `my_tokenizer` was trained on."""
    return read_own(in_place(STORE.folder / FOLDER) / "text.txt")


class OwnTokenizer(Shown, widgets.VBox):
    """Name a file or type a text, choose a size and a rule, and train. The tokenizer is kept for week 6."""

    GO_ON = "Run this cell to train it."

    def __init__(self):
        wide = {"width": "560px"}
        self.file = widgets.Combobox(
            options=files_beside(),
            description="file",
            placeholder="a file beside this notebook; or leave this empty and type below",
            ensure_option=False,
            layout=wide,
        )
        self.text = widgets.Textarea(description="text", rows=5, layout=wide, placeholder="your own text")
        self.size = widgets.BoundedIntText(value=1000, min=1, max=30_000, step=100, description="subwords")
        rules = [(name, rule) for rule, name in NAMES.items()]
        self.rule = widgets.Dropdown(options=rules, value="ratio", description="rule")
        self.button = widgets.Button(description="Train", button_style="primary")
        self.button.on_click(lambda _: self.train())
        self.line, self.picture = widgets.HTML(), widgets.HTML()
        head = f"{STYLE}<div class='course-title'>A tokenizer of your own</div>"
        parts = [self.file, self.text, self.size, self.rule, self.button, self.line, self.picture]
        super().__init__([widgets.HTML(head), *parts])
        self.add_class("course-card")
        tokenizer = my_tokenizer()
        kept = (
            f"Kept from before: {len(tokenizer.vocab):,} subwords." if tokenizer else "Nothing trained yet."
        )
        self.say(kept)

    def train(self):
        """What the button does: every mistake becomes a sentence, and what was kept before stays."""
        self.say("Reading and counting …")
        self.button.disabled = True
        try:
            name = self.file.value.strip()
            texts = read_own(name) if name else typed(self.text.value)
            tokenizer = train_own(texts, self.size.value, self.rule.value)
        except (ValueError, OSError) as error:
            self.say(f"✗ Not trained: {error}.")
            return
        finally:
            self.button.disabled = False
        used = Counter(
            piece for text in texts for piece in tokenizer.tokenize(text, split_special_tokens=True)
        )
        self.picture.value = draw_vocabulary(tokenizer.vocab, used).html()
        fewer = " (your text holds no more)" if len(tokenizer.vocab) < self.size.value else ""
        cut = f" Only the first {MOST:,} characters were read." if sum(map(len, texts)) >= MOST else ""
        self.say(
            f"✓ {len(tokenizer.vocab):,} subwords{fewer} from {sum(map(len, texts)):,} characters, kept in "
            f"{STORE.folder.name}/{FOLDER}/.{cut}"
        )

    def say(self, words):
        self.line.value = f"<div role='status'>{escape(words)}</div>"

    def still(self):
        words = "A tokenizer of your own: you choose a text, the number of subwords and a rule."
        return words, f"<p>{words}</p>"


def typed(text):
    """The paragraphs of a text from the keyboard."""
    return [" ".join(each.split()) for each in composed(text).split("\n\n") if each.strip()]
