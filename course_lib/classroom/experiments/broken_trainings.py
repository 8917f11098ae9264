"""Four trainings with one bug each, for exercise 5.7, and a healthy one: what their curves look like.

They were recorded by `scripts/train_week5.py`, which runs `record` below; the exercise shows the record. Here
stands what is wrong with each: solve 5.7 before you read on.
"""

import json
from html import escape

import torch

from course_lib.bert import IGNORE_INDEX, BertForMaskedLM
from course_lib.classroom.experiments.growing_bert import GrowingBert
from course_lib.classroom.figures import draw_ladder
from course_lib.classroom.materials.ready_models import RUNS
from course_lib.classroom.tables import Words
from course_lib.corpus import Batches
from course_lib.fill_mask import fill_mask
from course_lib.ladder import at_rest, ladder
from course_lib.pretraining import PreTraining, Training
from course_lib.randomness import Draws
from course_lib.town import Town

RECORD = RUNS / "broken.json"
LETTERS = {"A": "mask", "B": "rate", "C": "padding", "D": "shift"}
STEPS, EVERY = 2000, 100
LONGER = 40  # tokens of the longer text beside which a question is asked
QUESTIONS = ("나는 빵집에서 [MASK]을 샀다.", "민수는 수진에게 우유를 주었다. 수진은 그 [MASK]를 마셨다.")


class BuggyTraining(PreTraining):
    """A training with one bug. bug: "shift", "mask", "padding", "rate", or None for a healthy one"""

    def __init__(self, model, batches, vocabulary, training, bug=None):
        if bug not in (None, "shift", "mask", "padding", "rate"):
            raise ValueError(f"bug must be shift, mask, padding, rate or None, got {bug!r}")
        super().__init__(model, batches, vocabulary, training)
        self.bug = bug
        self.healthy, self.parallel = self.parallel, self.broken

    def broken(self, hidden_ids, attention_mask, labels, masked_only):
        """The model's forward pass, and before it the bug."""
        chosen = labels != IGNORE_INDEX
        if self.bug == "shift":  # the token to the right of each gap, as if this were a model that writes on
            told = torch.where(chosen, labels, hidden_ids)
            labels = torch.where(chosen, told.roll(-1, dims=1), labels)
        if self.bug == "mask":  # the labels taken from the text after it was masked
            labels = torch.where(chosen, hidden_ids, labels)
        if self.bug == "padding":
            attention_mask = None
        return self.healthy(hidden_ids, attention_mask=attention_mask, labels=labels, masked_only=masked_only)


def train(grown, bug, steps=STEPS, stop=None):
    """Train with a bug. Returns the model, the loss of every step, and [(step, held-out loss), …].

    stop: after so many of the steps, or None
    """
    with Draws(seed=0):
        model = BertForMaskedLM(grown.config())
    rate = 4e-3 * (100 if bug == "rate" else 1)
    training = Training(steps=steps, batch_size=64, learning_rate=rate, warmup=50)
    run = BuggyTraining(
        model, Batches(grown.texts, 64, grown.vocabulary.pad_id), grown.vocabulary, training, bug
    )
    losses, measured = [], []
    for state in run:
        losses.append(round(state.loss, 4))
        if state.step % EVERY == 0:
            measured.append((state.step, round(grown.loss(model), 4)))
        if state.step == stop:
            break
    return model, losses, measured


@torch.no_grad()
def answers_beside(model, tokenizer, text, bug):
    """The three likeliest tokens for the first gap, once alone and once filled up as beside a longer text."""
    encoding = tokenizer.encode(text, continue_masks=True)
    ids = torch.tensor([encoding.ids + [tokenizer.vocab.index("[PAD]")] * (LONGER - len(encoding.ids))])
    attention_mask = None if bug == "padding" else ids != tokenizer.vocab.index("[PAD]")
    with at_rest(model):
        alone = fill_mask(model, tokenizer, text, top=3)[0]
        logits = model(ids, attention_mask=attention_mask).logits[0, encoding.tokens.index("[MASK]")]
    values, pieces = logits.softmax(dim=-1).topk(3)
    beside = [(tokenizer.vocab[piece], value) for piece, value in zip(pieces.tolist(), values.tolist())]
    return {"text": text, "alone": rounded(alone), "beside a longer text": rounded(beside)}


def rounded(answers):
    return [[piece, round(probability, 3)] for piece, probability in answers]


def record(steps=STEPS):
    """Everything that the exercise shows, as a dict for JSON: the rungs, and each training."""
    grown = GrowingBert()
    rungs = ladder(grown.tokenizer.vocab, grown.gaps, Town("ko", grown.tokenizer), grown.texts)
    trainings = {}
    for name, bug in {"healthy": None, **LETTERS}.items():
        model, losses, measured = train(grown, bug, steps)
        answers = [answers_beside(model, grown.tokenizer, text, bug) for text in QUESTIONS]
        trainings[name] = {"losses": losses, "measured": measured, "answers": answers}
    return {"rungs": rungs, "trainings": trainings}


def show_training(name):
    """The curves and some answers of one recorded training: "A", "B", "C", "D" or "healthy"."""
    known = json.loads(RECORD.read_text(encoding="utf-8"))
    if name not in known["trainings"]:
        raise ValueError(f"there is no training {name!r}; there are {', '.join(known['trainings'])}")
    training = known["trainings"][name]
    picture = draw_ladder(training["losses"], known["rungs"], training["measured"])
    head = "<tr><th>question</th><th>asked alone</th><th>in a batch with a longer text</th></tr>"
    rows, words = "", []
    for answer in training["answers"]:
        found = [answer[where] for where in ("alone", "beside a longer text")]
        cells = [", ".join(f"{escape(piece)} {share:.2f}" for piece, share in each) for each in found]
        rows += f"<tr><td>{escape(answer['text'])}</td><td>{cells[0]}</td><td>{cells[1]}</td></tr>"
        words.append(f"{answer['text']} → {found[0][0][0]}; in a batch with a longer text {found[1][0][0]}")
    title = f"training {name}"
    html = f"<p><b>{title}</b></p>{picture.html()}<table>{head}{rows}</table>"
    return Words(html, f"{title}: {picture} {'; '.join(words)}")
