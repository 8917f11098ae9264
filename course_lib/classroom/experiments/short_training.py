"""One training for every comparison of small BERTs: the same rates and the same draws, whatever the task."""

from itertools import islice

from course_lib.classroom.progress_bar import watch
from course_lib.pretraining import Training, make_optimizer, optimise
from course_lib.randomness import Draws

BATCH_SIZE = 64


def train_new(kind, config, batches, loss_of, steps, seed, label):
    """A new model of this class and BertConfig, trained. What it draws depends on the seed alone.

    batches: one for each step, or more   loss_of: (model, batch) → its loss   label: what the bar says
    """
    training = Training(steps=steps, batch_size=BATCH_SIZE, learning_rate=4e-3, warmup=50)
    draws = Draws(seed)  # for the first weights, and then for dropout
    with draws:
        model = kind(config)
    optimizer = make_optimizer(model, training)
    for step, batch in enumerate(watch(islice(batches, steps), steps, label)):
        with draws:
            learning_rate = training.learning_rate_at(step, step / steps)
            optimise(model, optimizer, loss_of(model, batch), learning_rate, training.clip)
    return model
