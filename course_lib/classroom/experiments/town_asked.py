"""Three questions about the town, asked of the ready models after fine-tuning; week 8 trains one of each.

`scripts/train_week8.py` recorded the accuracy against the number of labelled examples, with what it is to be
compared with: a frozen encoder, a random start, and a guesser that knows no language.
"""

import json
from collections import Counter, defaultdict
from dataclasses import replace

import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from course_lib.bert import BertForMaskedLM
from course_lib.checkpoint import load_model, load_tokenizer
from course_lib.classroom.experiments.labelled import random_start
from course_lib.classroom.materials.ready_models import RUNS
from course_lib.classroom.progress_bar import watch
from course_lib.files import DATA
from course_lib.finetuning import (
    Example,
    FineTuning,
    ask,
    balanced_accuracy,
    encode_example,
    fine_tune,
    head_on,
    mean_over_labels,
    read_as_data,
    tag,
)
from course_lib.spans import best_span, exact_match, labels_of_tokens, span_f1, spans_of_tags, tag_names
from course_lib.tasks import (
    NO_ANSWER,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from course_lib.town import Town
from course_lib.town_tasks import LABELS, SPAN_KINDS, questions_about, sentence_pairs, tagged_stories

RECORD = DATA / "week8" / "asked.json"
READY = {"ko": "town-ko", "en": "town"}  # the ready model that has read this language
LONGEST = 64  # tokens of an example; no story with its question is longer
ASKED, ASKED_SEED = 300, 1000  # how many examples are asked, and the seed that draws them


class Tags:
    """Who, where, what: a tag for every token. Measured by the F1 of whole spans."""

    name, measure, sizes = "tags", "F1 of whole spans", (4, 16, 64)
    settings = FineTuning(steps=100, batch_size=8, learning_rate=1e-3)
    names = tag_names(SPAN_KINDS)
    draw = staticmethod(tagged_stories)

    def model_on(self, pretrained, seed):
        return head_on(pretrained, BertForTokenClassification, label_names=self.names, seed=seed)

    def text(self, story):
        return story.text

    def example(self, tokenizer, story):
        encoding = read_as_data(tokenizer, story.text)
        labels = labels_of_tokens(encoding.offsets, story.spans, self.names)
        return Example(encoding.ids, encoding.type_ids, labels)

    def score(self, model, tokenizer, stories):
        labels = tag(model, [self.example(tokenizer, story) for story in stories])
        tags = [[self.names[label] for label in each] for each in labels]
        return self.score_of_tags(tokenizer, stories, tags)

    def score_of_tags(self, tokenizer, stories, tags):
        offsets = [read_as_data(tokenizer, story.text).offsets for story in stories]
        found = [spans_of_tags(*each) for each in zip(tags, offsets, strict=True)]
        return span_f1([story.spans for story in stories], found)

    def guess(self, tokenizer, learn, asked):
        """Each piece gets the tag that it had most often in the labelled stories, O if it was in none."""
        counts = defaultdict(Counter)
        for story in learn:
            example = self.example(tokenizer, story)
            for piece, label in zip(example.input_ids, example.label, strict=True):
                counts[piece][self.names[label] if label >= 0 else "O"] += 1
        tags = [
            [counts[piece].most_common(1)[0][0] if piece in counts else "O" for piece in each]
            for each in (read_as_data(tokenizer, story.text).ids for story in asked)
        ]
        return self.score_of_tags(tokenizer, asked, tags)


class Questions:
    """A question about a story: where does the answer begin, where does it end, or is there none?"""

    name, measure, sizes = "questions", "exact match", (64, 256, 1024)
    settings = FineTuning(steps=200, batch_size=16, learning_rate=1e-3)
    draw = staticmethod(questions_about)

    def model_on(self, pretrained, seed):
        return head_on(pretrained, BertForQuestionAnswering, seed=seed)

    def text(self, question):
        return question.story + question.question

    def example(self, tokenizer, question):
        encoding = read_as_data(tokenizer, question.question, question.story)
        if question.answer is None:
            return Example(encoding.ids, encoding.type_ids, (NO_ANSWER, NO_ANSWER))
        inside = [place for place in story_places(encoding) if touches(encoding, place, question.answer)]
        return Example(encoding.ids, encoding.type_ids, (inside[0], inside[-1]))

    def answers(self, model, tokenizer, questions):
        """The text that answers each question, or None."""
        logits = ask(
            model,
            [self.example(tokenizer, question) for question in questions],
            lambda output: torch.stack([output.start_logits, output.end_logits], dim=1),  # (batch, 2, n)
        )
        found = []
        for question, (starts, ends) in zip(questions, logits, strict=True):
            encoding = read_as_data(tokenizer, question.question, question.story)
            n, places = len(encoding.ids), set(story_places(encoding))
            allowed = [place in places for place in range(n)]
            span = best_span(starts[:n].tolist(), ends[:n].tolist(), allowed)
            found.append(span and question.story[encoding.offsets[span[0]][0] : encoding.offsets[span[1]][1]])
        return found

    def score(self, model, tokenizer, questions):
        return share_right(questions, self.answers(model, tokenizer, questions))

    def guess(self, tokenizer, learn, asked):
        """Always "no answer"."""
        return share_right(asked, [None] * len(asked))


class Pairs:
    """Two sentences: does the second one follow from the first, contradict it, or neither?"""

    name, measure, sizes = "pairs", "balanced accuracy", (512, 2048, 8192)
    settings = FineTuning(steps=800, batch_size=16, learning_rate=1e-3)
    draw = staticmethod(sentence_pairs)

    def model_on(self, pretrained, seed):
        return head_on(pretrained, BertForSequenceClassification, label_names=LABELS, seed=seed)

    def text(self, pair):
        return f"{pair.first} {pair.second}"

    def example(self, tokenizer, pair):
        label = LABELS.index(pair.label)
        return encode_example(tokenizer, pair.first, pair.second, max_length=LONGEST, label=label)

    def score(self, model, tokenizer, pairs):
        return balanced_accuracy(model, [self.example(tokenizer, pair) for pair in pairs])

    def guess(self, tokenizer, learn, asked):
        """Counted words of both sentences, and a logistic regression."""
        words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+")
        texts = [
            [pair.first + " | " + " ".join("2:" + word for word in pair.second.split()) for pair in pairs]
            for pairs in (learn, asked)
        ]
        model = LogisticRegression(max_iter=1000).fit(
            words.fit_transform(texts[0]), [pair.label for pair in learn]
        )
        guessed = model.predict(words.transform(texts[1]))
        answers, labels = (
            torch.tensor([LABELS.index(label) for label in each])
            for each in (guessed, [pair.label for pair in asked])
        )
        return mean_over_labels(answers, labels)


TASKS = {task.name: task for task in (Tags(), Questions(), Pairs())}


def story_places(encoding):
    """The positions of the story's tokens, behind those of the question; not the [SEP] at its end."""
    return [
        place
        for place, (kind, (start, end)) in enumerate(zip(encoding.type_ids, encoding.offsets, strict=True))
        if kind == 1 and start < end
    ]


def touches(encoding, place, answer):
    """Has the token a character of the answer?"""
    start, end = encoding.offsets[place]
    return start < answer[1] and answer[0] < end


def share_right(questions, answers):
    """The share of exact matches."""
    return sum(map(exact_match, (each.answer_text for each in questions), answers)) / len(questions)


# -- trained and measured

WAYS = ("pre-trained, fine-tuned", "random start", "pre-trained, frozen", "guessed")
SEEDS = range(3)


def ready(language):
    """The ready model that has read this language, and its tokenizer."""
    folder = RUNS / READY[language]
    return load_model(folder, BertForMaskedLM), load_tokenizer(folder)


def draw_split(task, language, count, seed):
    """(examples to learn from, examples to be asked); none of the ones is among the others."""
    town = Town(language)
    learn = task.draw(town, count, seed)
    known = {task.text(each) for each in learn}
    asked = task.draw(town, ASKED, ASKED_SEED)
    return learn, [each for each in asked if task.text(each) not in known]


def train(task, pretrained, tokenizer, learn, settings, frozen=False, label=None):
    """A model of the task, fine-tuned on `learn`.

    frozen: BERT stays as it is; what is new on top of it learns alone, ten times as fast
    label: what the progress bar says, or None for no bar
    """
    model = task.model_on(pretrained, settings.seed)
    if frozen:
        settings = replace(settings, learning_rate=10 * settings.learning_rate)
        for name, parameter in model.bert.named_parameters():
            parameter.requires_grad_(name.startswith("pooler."))  # the ready models have none: it is new
    steps = fine_tune(model, [task.example(tokenizer, each) for each in learn], settings)
    for _ in watch(steps, settings.steps, label) if label else steps:
        pass
    return model


def measure(task, way, language, count, seed):
    """What one of WAYS reaches on what is asked, after `count` examples."""
    learn, asked = draw_split(task, language, count, seed)
    pretrained, tokenizer = ready(language)
    if way == "guessed":
        return task.guess(tokenizer, learn, asked)
    if way == "random start":
        pretrained = random_start(pretrained, seed)
    settings = replace(task.settings, seed=seed)
    model = train(task, pretrained, tokenizer, learn, settings, frozen=way == "pre-trained, frozen")
    return task.score(model, tokenizer, asked)


def record(task, language):
    """The curve of a task in one language, for JSON: {way: {examples: one number per seed}}.

    The frozen BERT is measured with the most examples alone.
    """
    return {
        way: {
            size: [round(measure(task, way, language, size, seed), 4) for seed in SEEDS]
            for size in (task.sizes[-1:] if way == "pre-trained, frozen" else task.sizes)
        }
        for way in WAYS
    }


def read_record():
    """What `scripts/train_week8.py` wrote: data/week8/asked.json."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


def curves(name, language):
    """What the record says of a task, as `draw_lines` takes it: the lines, the numbers of examples, and what
    the axes show. The frozen BERT has one point, and so no line.
    """
    task = TASKS[name]
    measured = read_record()[name][language]
    lines = {way: list(measured[way].values()) for way in WAYS if way != "pre-trained, frozen"}
    return lines, task.sizes, "labelled examples", task.measure
