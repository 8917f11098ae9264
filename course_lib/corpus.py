"""Week 5: text to train on, streamed from where it is and kept on disk as numbers, never all in memory."""

import ast
import codecs
import contextlib
import pydoc_data.topics
import shutil
import sysconfig
from array import array
from functools import lru_cache
from itertools import count, islice
from pathlib import Path

import torch
from torch.nn.utils.rnn import pad_sequence

from course_lib.files import composed, named, replace
from course_lib.town import Town
from course_lib.world import LANGUAGES

TOWNS = ("town-ko", "town-en")
TOWN_STORIES = 200_000
SUFFIXES = (".txt", ".md")


def corpus_texts(name, warn=print):
    """A function that starts the stream of a corpus's texts anew: town-ko, town-en, town (both languages in
    turn), docs, or a file or folder.

    ValueError or FileNotFoundError where nothing can be read; `warn` is told of each file left out.
    """
    if name in TOWNS:
        return lambda: Town(name[-2:]).stories(TOWN_STORIES, seed=1)
    if name == "town":
        return lambda: in_turn(*(Town(language).stories(TOWN_STORIES // 2, seed=1) for language in LANGUAGES))
    if name == "docs":
        return read_once(documentation())
    files, others = text_files(name)
    for file, reason in others.items():
        warn(f"left out: {file} ({reason})")
    return lambda: (paragraph for file in files for paragraph in paragraphs(file))


def text_files(name):
    """The text files that a file or folder is or holds, and {file: why it is not one} of the others."""
    path = named(name)
    if not path.exists():
        raise FileNotFoundError(
            f"{name}: no such corpus; give town-ko, town-en, town, docs, or a file or folder"
        )
    found = [path] if path.is_file() else in_folder(path)
    others = {file: reason for file in found if (reason := why_not_text(file))}
    if len(others) == len(found):
        reasons = "".join(f" ({file.name}: {reason})" for file, reason in islice(others.items(), 3))
        wanted = "wanted are UTF-8 files, in a folder those named *.txt or *.md"
        raise ValueError(f"{name}: no text in it{reasons}; {wanted}")
    return [file for file in found if file not in others], others


def in_folder(folder):
    """The files below a folder that are named as texts, by name: in one order on every system."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return sorted(found, key=lambda path: [composed(part) for part in path.parts])


def read_once(texts):
    """A function that starts a stream anew; texts that take minutes to find are kept in memory."""
    texts, known = iter(texts), []

    def stream():
        for place in count():
            if place == len(known):
                known.extend(islice(texts, 1))
            if place == len(known):
                return
            yield known[place]

    return stream


def in_turn(*streams):
    """One text of each stream, then the next of each."""
    for texts in zip(*streams, strict=True):
        yield from texts


def why_not_text(path):
    """Why a file cannot be read as text, or None where it can. Reads a part at a time."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_empty = True
    try:
        with open(path, "rb") as file:
            while part := file.read(1 << 20):
                if b"\0" in part:
                    return "not a text file: it holds a zero byte"
                is_empty &= not decoder.decode(part).strip()
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte {error.object[error.start]:#04x}; save it as UTF-8"
    except OSError as error:
        return error.strerror
    return "empty" if is_empty else None


def paragraphs(path):
    """The stretches of a text file between blank lines, composed (NFC). Cut after a million characters."""
    lines = []
    with open(path, encoding="utf-8-sig") as file:
        while line := file.readline(1_000_000):
            if line.strip():
                lines.append(composed(line.strip()))
            if lines and (not line.strip() or len(line) == 1_000_000):
                yield " ".join(lines)
                lines = []
    if lines:
        yield " ".join(lines)


def documentation():
    """The documentation on every learner's disk: Python's topics, and all packages' docstrings."""
    for _, text in sorted(pydoc_data.topics.topics.items()):
        yield composed(" ".join(text.split()))
    folders = (Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib"))
    roots = list(dict.fromkeys(folders))  # the last two are mostly the same, if by two names
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            if root == roots[0] and "site-packages" in path.parts:
                continue
            yield from docstrings(path)


def docstrings(path):
    """The docstrings in a Python file, without running it."""
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = composed(ast.get_docstring(node) or "")
            if len(text) >= 40:
                yield " ".join(text.split())


def syntax_tree(path):
    """What a Python file consists of; an empty tree where it cannot be read."""
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, OSError):
        return ast.parse("")  # templates and test data are not always Python


@lru_cache(maxsize=4)
def fast_for_data(tokenizer, *settings):
    """The tokenizer in Rust, made once for its settings. [PAD] and [MASK] in a text are words like others."""
    return tokenizer.fast(split_special_tokens=True)


def ids_of(texts, tokenizer):
    """The ids of each text, composed, with no special token: not even where a text tells of [PAD] or [MASK].

    So the ids alone show what is padding and what is hidden. texts: a list   Returns lists of ids.
    """
    if isinstance(texts, str):
        raise ValueError(f"texts must be a list; for one text give [text], got {texts[:40]!r}")
    fast = fast_for_data(tokenizer, tokenizer.lowercase, tokenizer.strip_accents)
    return [
        each.ids for each in fast.encode_batch([composed(text) for text in texts], add_special_tokens=False)
    ]


def check_max_length(max_length):
    """ValueError where an example could hold no token."""
    if max_length < 3:
        raise ValueError(f"max_length must be at least 3, for [CLS], a token and [SEP], got {max_length}")


def tokenized(texts, tokenizer, max_length):
    """Examples of at most `max_length` ids, [CLS] … [SEP]; longer texts go on in the next example."""
    check_max_length(max_length)
    cls_id, sep_id = tokenizer.ids["[CLS]"], tokenizer.ids["[SEP]"]
    texts = iter(texts)
    while batch := list(islice(texts, 1000)):
        for ids in ids_of(batch, tokenizer):
            for start in range(0, len(ids), max_length - 2):
                yield [cls_id, *ids[start : start + max_length - 2], sep_id]


@contextlib.contextmanager
def new_folder(folder):
    """Fill the folder that this gives; where that succeeds, it gets the name `folder` in the end.

    What had the name is deleted last: whatever happens between, `in_place` finds a complete folder.
    """
    partial, old = (folder.with_name(folder.name + ending) for ending in (".part", ".old"))
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)  # the disk may be full
        raise
    if folder.exists():  # where it is missing, `old` may be all there is
        shutil.rmtree(old, ignore_errors=True)
        replace(folder, old)
    replace(partial, folder)
    shutil.rmtree(old, ignore_errors=True)


def in_place(folder):
    """Where the content of `folder` is: beside it, if `new_folder` was interrupted."""
    folder = Path(folder)
    old = folder.with_name(folder.name + ".old")
    return old if old.exists() and not folder.exists() else folder


class Examples:
    """Lists of ids in two files, read one by one: ids.bin holds them end to end, ends.bin where each one
    ends.

    Made by `Examples.write`; as long as they are not complete they have another name.
    """

    def __init__(self, folder):
        self.folder = in_place(folder)
        self.count = (self.folder / "ends.bin").stat().st_size // 8

    @classmethod
    def write(cls, folder, examples):
        """Write lists of ids to a folder, in the place of what is there. ValueError where there are none.

        ids.bin: int32, end to end   ends.bin: int64, for each list the number of ids up to its end
        """
        end = 0
        with new_folder(Path(folder)) as partial:
            with open(partial / "ids.bin", "wb") as ids, open(partial / "ends.bin", "wb") as ends:
                for example in examples:
                    end += len(example)
                    array("i", example).tofile(ids)
                    array("q", [end]).tofile(ends)
            if end == 0:
                raise ValueError("the corpus is empty: there is no text in it")
        return cls(folder)

    def __len__(self):
        return self.count

    def read(self, rows):
        """The examples with these numbers, a list of arrays."""
        found = []
        with open(self.folder / "ids.bin", "rb") as ids, open(self.folder / "ends.bin", "rb") as ends:
            for row in rows:
                first = max(row - 1, 0)
                ends.seek(8 * first)
                span = array("q", ends.read(8 * (row - first + 1)))
                start, end = (span[0] if row else 0), span[-1]
                ids.seek(4 * start)
                found.append(array("i", ids.read(4 * (end - start))))
        return found


def pad(examples, pad_id):
    """Lists of ids → (batch, longest), filled up on the right.

    Afterwards `ids != pad_id` tells texts from padding, for what `tokenized` and `similarity.encode` give.
    Not so for `tokenizer.encode`, which makes an id of a [PAD] that is written in a text: lengths tell there.
    """
    if len(examples) == 0 or isinstance(examples[0], str):
        raise ValueError(f"examples must be one or more lists of ids, got {examples[:1]}")
    rows = [torch.tensor(example, dtype=torch.int64) for example in examples]
    return pad_sequence(rows, batch_first=True, padding_value=pad_id)


# Draws of one kind begin with different numbers: a run with the next seed is NEXT_SEED further on, more than
# a run has steps; the next epoch of a run is NEXT_EPOCH further on, more than an epoch has windows.
NEXT_SEED, NEXT_EPOCH = 1_000_003, 9176
WINDOW = 64  # batches


class Batches:
    """The batch of every step, a function of the step alone: training can stop anywhere and go on.

    Each epoch shuffles all examples and takes them in windows of WINDOW batches, fewer where there are not so
    many. What does not fill the last window is left out until the next epoch, which shuffles anew. Within a
    window examples are sorted by length, so that texts of one length meet and little is padded; then the
    window's batches are shuffled. A corpus smaller than one batch gives it again and again.
    """

    def __init__(self, examples, batch_size, pad_id, seed=0):
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self.examples, self.batch_size, self.pad_id, self.seed = examples, batch_size, pad_id, seed
        self.window = max(1, min(WINDOW, len(examples) // batch_size))
        self.per_epoch = max(1, len(examples) // (batch_size * self.window)) * self.window
        self._order = (None, None)
        self._planned = (None, None)

    def epoch_order(self, epoch):
        if self._order[0] != epoch:
            generator = torch.Generator().manual_seed(self.seed * NEXT_SEED + epoch)
            order = torch.randperm(len(self.examples), generator=generator, dtype=torch.int64)
            self._order = (epoch, order)
        return self._order[1]

    def plan(self, epoch, window):
        """The batches of a window, in the order of training."""
        if self._planned[0] != (epoch, window):
            size = self.window * self.batch_size
            rows = self.epoch_order(epoch)[window * size : (window + 1) * size].tolist()
            examples = sorted(self.examples.read(rows), key=len)  # sorting keeps the shuffled order of equals
            cut = range(0, len(examples), self.batch_size)
            batches = [pad(examples[i : i + self.batch_size], self.pad_id) for i in cut]
            generator = torch.Generator().manual_seed(self.seed * NEXT_SEED + epoch * NEXT_EPOCH + window)
            order = torch.randperm(len(batches), generator=generator).tolist()
            self._planned = ((epoch, window), [batches[number] for number in order])
        return self._planned[1]

    def __getitem__(self, step):
        """step: from 0, without end. Returns (batch_size, longest) ids."""
        epoch, position = divmod(step, self.per_epoch)
        window, number = divmod(position, self.window)
        return self.plan(epoch, window)[number]
