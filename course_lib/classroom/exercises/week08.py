"""The exercises of week 8: labels."""

from course_lib.classroom.exercises.base import CodeExercise
from course_lib.classroom.exercises.random_cases import draw_words
from course_lib.classroom.markdown import plain


class NumbersForLabels(CodeExercise):
    """A friend's classifier is right on 97 % of what it was trained on and on 8 % of everything else: *less*
    than guessing. The model is innocent. Here is how the friend numbers the names of the labels. Mend it.

    The numbers go from 0 in the alphabetical order of the names that occur in the training; a name that the
    training does not have gets −1.
    """

    id, title, name = "8.1", "Find the bug: worse than guessing", "number_labels"
    difficulty, importance, minutes = 2, 3, 10
    hints = (
        "Take training = a, b, c and test = b, c by hand. Which number does b get in each list?",
        "A name has to have the same number on both sides, so there can be only one table of numbers.",
        "Make the table from the training alone, and look the names of both lists up in it; "
        "`table.get(name, -1)` answers −1 for what it does not have.",
    )

    def stub(training, test):
        """training, test: lists of names → a tuple of two lists of numbers"""

        def numbers(names):
            table = {name: number for number, name in enumerate(sorted(set(names)))}
            return [table[name] for name in names]

        return numbers(training), numbers(test)

    def solution(training, test):
        """training, test: lists of names → a tuple of two lists of numbers"""
        table = {name: number for number, name in enumerate(sorted(set(training)))}
        return [table[name] for name in training], [table.get(name, -1) for name in test]

    class mistakes:
        def each_by_itself(training, test):
            """Still one table for each list: a name has one number in training and another in the test."""
            tables = [{n: i for i, n in enumerate(sorted(set(names)))} for names in (training, test)]
            return [tables[0][n] for n in training], [tables[1][n] for n in test]

        def both_together(training, test):
            """One table, but of both lists. Then a name of the test alone shifts the numbers of the training:
            what is asked must not change what is learnt.
            """
            return NumbersForLabels.look_up(sorted(set(training) | set(test)), training, test)

        def both_marked(training, test):
            """You mark what the training does not have, but number the names of both lists together. Make the
            table from the training alone.
            """
            names = sorted(set(training) | set(test))
            first, second = NumbersForLabels.look_up(names, training, test)
            return first, [n if name in training else -1 for n, name in zip(second, test)]

        def by_appearance(training, test):
            """The numbers follow the order of first appearance. Asked for is the alphabetical one, which does
            not depend on how the examples were shuffled.
            """
            return NumbersForLabels.look_up(list(dict.fromkeys(training)), training, test)

        def from_one(training, test):
            """You count from 1. Labels go from 0, since they are rows of the last matrix."""
            first, second = NumbersForLabels.look_up(sorted(set(training)), training, test)
            return [n + 1 for n in first], [n + 1 if n >= 0 else n for n in second]

        def unknown_is_first(training, test):
            """A name that the training does not have gets 0, the number of another label. It gets −1."""
            first, second = NumbersForLabels.look_up(sorted(set(training)), training, test)
            return first, [max(n, 0) for n in second]

        def unknown_left_out(training, test):
            """Names that the training does not have are left out, so the second list does not fit its texts
            any more. They get −1.
            """
            first, second = NumbersForLabels.look_up(sorted(set(training)), training, test)
            return first, [n for n in second if n >= 0]

        def unknown_stops(training, test):
            """A name that the training does not have stops you with a KeyError. It gets −1: a dictionary has
            `get` for that.
            """
            table = {name: number for number, name in enumerate(sorted(set(training)))}
            return [table[name] for name in training], [table[name] for name in test]

        def from_the_test(training, test):
            """Your table is made from the test. It has to come from the training."""
            return NumbersForLabels.look_up(sorted(set(test)), training, test)

    def explain(given, got, wanted):
        if got == wanted[::-1]:
            return "The two lists are exchanged: that of the training comes first."
        for which, numbers, right_ones in zip(("first", "second"), got, wanted):
            if len(numbers) != len(right_ones):
                return f"The {which} list has {len(numbers)} numbers for {len(right_ones)} names."
        if said := NumbersForLabels.about_the_table(given["training"], got[0]):
            return said
        own = dict(zip(given["training"], got[0]))
        for name, number, right in zip(given["test"], got[1], wanted[1]):
            mine = plain(str(number))
            if number != right and right == -1:
                return f"{name!r} is not in the training: its number is −1, and you give it {mine}."
            if number != right and own[name] == right:
                return (
                    f"In the second list the number of {name!r} is {mine}, and it should be {right}, as in "
                    "the first."
                )
        for which, names, numbers, right_ones in zip(("first", "second"), given.values(), got, wanted):
            for name, number, right in zip(names, numbers, right_ones):
                if number != right:
                    mine = plain(str(number))
                    return f"In the {which} list the number of {name!r} is {mine}, and it should be {right}."
        return None

    def about_the_table(names, numbers):
        """What is wrong with the numbers of the training, taken together, or None."""
        table = {}
        for name, number in zip(names, numbers):
            if type(number) is not int:
                return None
            if table.setdefault(name, number) != number:
                return f"{name!r} has two numbers in the first list, {table[name]} and {number}."
        used, known = list(table.values()), sorted(table)
        if sorted(set(used)) != list(range(len(known))):
            mine = ", ".join(map(str, sorted(set(used))))
            return (
                f"The training has {len(known)} different names here, so their numbers are 0 to "
                f"{len(known) - 1}. Yours are {mine}."
            )
        for one, other in zip(known, known[1:]):
            if table[one] > table[other]:
                return (
                    f"Your numbers are not in the order of the alphabet: {one!r} comes before {other!r}, and "
                    f"has {table[one]} where {other!r} has {table[other]}."
                )
        return None

    def look_up(names, training, test):
        """Both lists by one table, for the mistakes."""
        table = {name: number for number, name in enumerate(names)}
        return [table.get(name, -1) for name in training], [table.get(name, -1) for name in test]

    def cases():
        yield dict(training=["b", "a", "c"], test=["c", "b"])
        yield dict(training=["torch", "numpy", "torch"], test=["numpy", "abc", "torch"])
        yield dict(training=["z", "y", "x", "x"], test=["w", "x", "q", "z"])
        yield dict(training=["b", "a", "c"], test=["a", "b", "c"])
        yield dict(training=["torch.nn"], test=["numpy", "torch", "scipy"])  # none is known
        yield dict(training=["b", "c", "b"], test=[])
        yield dict(training=["torch", "numpy"], test=["Torch", "numpy"])  # another name
        yield dict(training=["b", "a"], test=["q", "a", "q"])  # unknown twice
        for seed in range(3):  # more than ten labels
            names = draw_words(14, "abcde", 4, seed)
            training = [names[place * place % 12] for place in range(20)] + names[:12]
            yield dict(training=training, test=names[::-1] + training[::3])
