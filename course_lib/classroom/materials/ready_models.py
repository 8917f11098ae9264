"""The models that `scripts/train_week5.py` trained, for demonstrations and for those who cannot wait."""

from course_lib.bert import BertForMaskedLM
from course_lib.checkpoint import load_model, load_tokenizer
from course_lib.files import DATA
from course_lib.town import Town

RUNS = DATA / "week5"


def ready_model(name):
    """The model "town-ko" or "town" (both languages), and the Korean town with the model's tokenizer."""
    folder = RUNS / name
    return load_model(folder, BertForMaskedLM), Town("ko", load_tokenizer(folder))
