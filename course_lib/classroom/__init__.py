"""The school: exercises, checks, progress, widgets, pictures. Nothing here is needed to understand BERT.

from course_lib.classroom import card, check, exercise, my_code, predict, progress
"""

from IPython import get_ipython

from course_lib.classroom.answering import check, exercise
from course_lib.classroom.cards import card
from course_lib.classroom.course_map import progress
from course_lib.classroom.kinds import Verdict, exercises
from course_lib.classroom.own_code import my_code, use_library_code, use_my_code
from course_lib.classroom.predictions import predict
from course_lib.classroom.worker import WORKER

if get_ipython() is not None:  # in a notebook
    WORKER.start()  # it imports torch while you read, so that the first check need not wait

__all__ = [
    "Verdict",
    "card",
    "check",
    "exercise",
    "exercises",
    "my_code",
    "predict",
    "progress",
    "use_library_code",
    "use_my_code",
]
