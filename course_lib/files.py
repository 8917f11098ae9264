"""For every week: text from outside is read in one form, and a file is written whole or not at all."""

import os
import tempfile
import time
import unicodedata
from pathlib import Path

# Beside the package: in the course's folder, or, by another name, where it was installed from a wheel.
PLACES = [Path(__file__).resolve().parents[1] / name for name in ("data", "course_lib_data")]
DATA = next(place for place in PLACES if (place / "town").is_dir())

WAIT, TRIES = 0.05, 40  # seconds, and how often: about two seconds together


def composed(text):
    """A text as the whole course reads it, composed (NFC).

    Some systems write 한 as three signs, ㅎ ㅏ ㄴ (NFD): they would become other tokens. The tokenizer itself
    changes nothing, as the reference does; so whatever reads a text from outside passes it through here.
    """
    return unicodedata.normalize("NFC", text)


def named(path):
    """The file or folder that a path names, whichever of the two has its name decomposed (NFD), as a Mac
    writes it. The path itself where there is none.
    """
    path = Path(path)
    if path.exists() or path.parent == path:
        return path
    parent = named(path.parent)
    inside = parent.iterdir() if parent.is_dir() else ()
    return next((each for each in inside if composed(each.name) == composed(path.name)), path)


def write_file(path, content):
    """Write bytes so that a reader sees the old file or the whole new one, never a part, whatever happens
    between.
    """
    path = Path(path)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def replace(source, target):
    """`os.replace` for a file or a folder. Where it is not permitted, it is tried for two seconds more.

    On Windows a virus scanner or an indexer holds what was just written for a moment, and what is held cannot
    be renamed. PermissionError where it is still so at the end.
    """
    for _ in range(TRIES):
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(WAIT)
    os.replace(source, target)
