"""What kind of token is it? For a map of a vocabulary."""

import unicodedata

from course_lib.wordpiece import is_punctuation


def piece_kind(piece):
    """One of a few kinds, by script and by place in a word."""
    if piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
        return "never used" if piece.startswith("[unused") else "special"
    text = piece.removeprefix("##")
    place = "goes on" if piece.startswith("##") else "begins"
    if text.isdecimal():
        return "numbers"
    if all(map(is_punctuation, text)):
        return "punctuation"
    if all(unicodedata.name(letter, "").startswith(("LATIN", "DIGIT")) for letter in text):
        return f"Latin, {place}"
    if all(unicodedata.name(letter, "").startswith("HANGUL") for letter in text):
        return "Hangul"
    return "other scripts and signs"
