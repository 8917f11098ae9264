"""JupyterLab's own interface, in English and in Korean: real texts on every learner's disk, twice."""

import json
from pathlib import Path

import jupyterlab_language_pack_ko_KR

from course_lib.files import composed


def interface_texts():
    """Pairs (English, Korean) of all texts of JupyterLab and its extensions that have been translated."""
    folder = Path(jupyterlab_language_pack_ko_KR.__file__).parent / "locale/ko_KR/LC_MESSAGES"
    pairs = {}  # a dict keeps the order, and each text once
    for path in sorted(folder.glob("*.json")):
        translations = json.loads(path.read_text(encoding="utf-8"))
        del translations[""]  # describes the file
        for english, (korean, *_) in translations.items():
            english, korean = composed(english), composed(korean)
            if any("가" <= character <= "힣" for character in korean):
                pairs.setdefault(english.rpartition("\4")[2], korean)  # before \4 stands what the text is for
    return list(pairs.items())
