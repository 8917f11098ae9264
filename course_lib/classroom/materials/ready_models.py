"""The models that `scripts/train_week5.py` trained, for demonstrations and for those who cannot wait."""

from course_lib.bert import BertForMaskedLM
from course_lib.checkpoint import load_model, load_tokenizer
from course_lib.files import DATA
from course_lib.town import Town

RUNS = DATA / "week5"


def ready_model(name):
    """The model "town-ko" or "town" (both languages), and the Korean town with the model's tokenizer."""
    return model_of(RUNS / name)


def own_or_ready_model(folder):
    """The learner's own model of week 5, which its notebook saves in this folder, or else the ready one; a
    line says which.
    """
    is_own = (folder / "model.safetensors").exists()
    print("your own model of week 5" if is_own else "the ready model: yours is not trained yet, see week 5")
    return model_of(folder) if is_own else ready_model("town-ko")


def model_of(folder):
    return load_model(folder, BertForMaskedLM), Town("ko", load_tokenizer(folder))
