"""The exercises of week 0: one question, one function."""

import math

import torch

from course_lib.classroom.exercises.base import CodeExercise, Quiz
from course_lib.classroom.exercises.random_cases import draw


class WhatCardsDo(Quiz):
    """You run the cell of an exercise before you have written anything. What happens?"""

    id, title = "0.1", "What a card does"
    difficulty, importance, minutes = 1, 2, 2
    hints = (
        "You can run a notebook of this course from top to bottom, whatever you have solved so far.",
        "Read what the card of an unsolved exercise says. Does it report an error?",
        "Until your own answer passes, later cells use the course's version.",
    )
    choices = {
        "library": (
            "Nothing is wrong. Later cells use the course's version.",
            "Yes. You can read on and come back. As soon as your own answer passes, later cells use yours.",
        ),
        "error": (
            "The notebook stops with an error. Later cells cannot run.",
            "No: an exercise never stops the notebook.",
        ),
        "counted": (
            "It counts as a failed attempt. Later cells still run.",
            "No: a cell in which you have not written anything yet does not count as an attempt.",
        ),
    }
    answer = "library"


class AverageVector(CodeExercise):
    """Each row of `vectors` is the vector of one word. Return **one** vector: the average of the rows."""

    id, title, name = "0.2", "The average vector", "average_vector"
    difficulty, importance, minutes = 1, 3, 5
    hints = (
        "An average is a sum divided by a count. What do you count here: rows or columns?",
        "Every tensor has a method for averages. Which dimension should disappear, the first or the last?",
        "`dim` names the dimension that disappears. The words lie along dimension 0.",
    )

    def stub(vectors):
        """The average of the rows.  vectors: (number of words, size) → (size,)"""
        ...

    def solution(vectors):
        """The average of the rows.  vectors: (number of words, size) → (size,)"""
        return vectors.mean(dim=0)

    class mistakes:
        def averaged_each_row(vectors):
            """You averaged inside each word and got one number for each row. Average over the words instead:
            one number for each column.
            """
            return vectors.mean(dim=-1)

        def averaged_everything(vectors):
            """You averaged all numbers into a single one. Average each column by itself: the result has the
            size of one word's vector.
            """
            return vectors.mean()

        def only_added(vectors):
            """You added up the words but did not divide by the number of words."""
            return vectors.sum(dim=0)

        def divided_by_size(vectors):
            """You divided by the size of a vector. Divide by the number of words."""
            return vectors.sum(dim=0) / vectors.shape[-1]

        def divided_by_one_less(vectors):
            """You divided by one less than the number of words. Divide by the number of words."""
            return vectors.sum(dim=0) / (len(vectors) - 1)

        def first_word_missing(vectors):
            """The first word is missing in your sum. Python counts rows from 0."""
            return vectors[1:].sum(dim=0) / len(vectors)

        def last_word_missing(vectors):
            """The last word is missing in your sum. `range(n)` already ends with n − 1."""
            return vectors[:-1].sum(dim=0) / len(vectors)

        def first_two_words(vectors):
            """You average only the first two words. There may be more, or only one: add up all rows and
            divide by their number.
            """
            return (vectors[0] + vectors[1]) / 2

        def middle_one(vectors):
            """You take the median, the number in the middle. An average is the sum, divided by how many there
            are.
            """
            return vectors.median(dim=0).values

        def largest(vectors):
            """You take the largest number of each column. An average is the sum, divided by how many there
            are.
            """
            return vectors.amax(dim=0)

        def half_and_half(vectors):
            """You average each new word with the average so far, so the last words count most. Add all words
            up, and divide once.
            """
            average = vectors[0]
            for vector in vectors[1:]:
                average = (average + vector) / 2
            return average.clone()

        def kept_the_dimension(vectors):
            """The numbers are right, but your result is a matrix with one row. It should be a vector: let
            the dimension disappear.
            """
            return vectors.mean(dim=0, keepdim=True)

    def explain(given, got, wanted):
        vectors = given["vectors"]
        total, number = vectors.sum(dim=0), len(vectors)
        divisor = (total[0] / got[0]).item()
        if math.isfinite(divisor) and torch.allclose(got * divisor, total, atol=1e-5):
            return f"Your sum is divided by {divisor:.3g}, and there are {number} words."
        return None

    def cases():
        yield dict(vectors=torch.tensor([[1.0, 2.0, 6.0], [3.0, 4.0, 0.0]]))
        yield dict(vectors=draw(5, 2))
        yield dict(vectors=draw(1, 4, seed=1))
        yield dict(vectors=draw(3, 1, seed=2))  # one number a word
        yield dict(vectors=draw(5, 2, seed=3))  # the same shape, other numbers
        yield dict(vectors=0.01 * draw(40, 3, seed=4))
        yield dict(vectors=torch.tensor([[1.0, 2.0], [1.0, 2.0], [4.0, 5.0]]))  # two equal words
        yield dict(vectors=torch.tensor([[0.0, 0.0], [3.0, 1.0]]))  # a row of zeros counts too
