"""The school: exercises, checks, progress, widgets, pictures. Nothing here is needed to understand BERT.

    from course_lib.classroom import card, check, exercise, my_code, predict, progress

course.py       the weeks, in one table
exercises/      texts, stubs, solutions, mistakes          cards/         what a learner sees of them
judging/        whether an answer is right, and is kept    widgets/       explorers, the live training
experiments/    trainings that notebooks tell about        materials/     digits, texts, models
figures/        pictures by matplotlib                     tables.py      tables and lists in HTML
"""

from IPython import get_ipython

from course_lib.classroom.cards.answered_here import card
from course_lib.classroom.cards.course_map import progress
from course_lib.classroom.cards.exercise_decorator import exercise
from course_lib.classroom.cards.predictions import predict
from course_lib.classroom.exercises.base import Verdict, all_exercises
from course_lib.classroom.judging.check import check
from course_lib.classroom.judging.own_code import my_code, use_library_code, use_my_code
from course_lib.classroom.judging.worker import WORKER

if get_ipython() is not None:  # in a notebook
    WORKER.start()  # it imports torch while you read, so that the first check need not wait

__all__ = [
    "Verdict",
    "all_exercises",
    "card",
    "check",
    "exercise",
    "my_code",
    "predict",
    "progress",
    "use_library_code",
    "use_my_code",
]
