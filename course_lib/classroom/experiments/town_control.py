"""A control for week 8's question what one does with a thing: what is left for a BERT that is told less?

The stories of the town say it in so many words: bread is bought, and then it is eaten. So a fine-tuned BERT
may have kept that, and know nothing else of bread. Here a small BERT reads no story of a shape with DEED.
(The tables of other facts still have a few deeds in their texts.)
"""

from dataclasses import replace

from course_lib.classroom.experiments.growing_bert import LONGEST, GrowingBert, Texts
from course_lib.classroom.experiments.labelled import draw_goods, random_start, tuned
from course_lib.corpus import tokenized
from course_lib.finetuning import FineTuning
from course_lib.town import Town

DEED = "{goods.used}"  # what one does with a thing, in the shape of a story
STEPS = 3000
COUNT = 4  # labelled things of each kind
SETTINGS = FineTuning(steps=120, learning_rate=1e-3)
SEEDS, DRAWS = range(4), range(4)


class ReadingBert(GrowingBert):
    """The small BERT of weeks 4 and 5, which may be kept from some stories.

    untold: stories whose shape has this in it are not read, and others are told in their place. The
    tokenizer is made from all stories, so that both BERTs have the same one.
    """

    def __init__(self, stories=20_000, untold=None):
        super().__init__(stories)
        if untold is not None:
            told = town_without(untold).stories(stories, seed=1)
            self.texts = Texts(tokenized(told, self.tokenizer, LONGEST))


def town_without(part):
    """The Korean town without the shapes of stories that have this part. ValueError where none has it."""
    town = Town("ko")
    kept = [number for number, template in enumerate(town.templates) if part not in template]
    if len(kept) == len(town.templates):
        raise ValueError(f"no story of the town has {part!r} in its shape")
    for name in ("weights", "shapes", "templates"):
        setattr(town, name, [getattr(town, name)[number] for number in kept])
    return town


def record():
    """Accuracy on unseen things, {what was read: one number per pre-training}; chance is 1 in 11.

    Each number is the mean over DRAWS, which things are labelled and which are asked: the draws differ much.
    """
    found = {"all stories": [], "all but those that say it": [], "random start": []}
    for name, untold in (("all stories", None), ("all but those that say it", DEED)):
        reading = ReadingBert(untold=untold)
        for seed in SEEDS:
            model, _ = reading.train(STEPS, seed=seed)
            found[name].append(accuracy(model, reading.tokenizer))
            if untold is not None:
                found["random start"].append(accuracy(random_start(model, seed), reading.tokenizer))
    return found


def accuracy(model, tokenizer):
    """The mean accuracy after fine-tuning `model`, over DRAWS."""
    accuracies = [
        tuned(model, tokenizer, draw_goods(COUNT, draw)[0], replace(SETTINGS, seed=draw)) for draw in DRAWS
    ]
    return round(sum(accuracies) / len(accuracies), 4)
