"""The exercises of week 3: from text to subwords."""

import unicodedata
from collections import Counter

from course_lib.classroom.exercises.base import CodeExercise, Quiz, Sorting
from course_lib.classroom.exercises.random_cases import draw_characters, draw_pieces, draw_words
from course_lib.classroom.markdown import plain


class WhoseProblem(Sorting):
    """Three vocabularies are made from the same texts: all characters, all words, and subwords. Each
    problem below belongs mostly to one of the three. To which one?
    """

    id, title = "3.1", "Whose problem is it?"
    difficulty, importance, minutes = 1, 3, 4
    hints = (
        "The table above shows two of these problems. For the others, ask what a single entry stands for.",
        "A long sequence makes attention slow. A whole word that was in no training text is `[UNK]`.",
        "Characters make texts long. Words are many, and some stay unknown. For subwords, somebody has to "
        "choose how many.",
    )
    groups = {"characters": "characters", "words": "whole words", "pieces": "subwords"}
    items = {
        "typo": (
            "A word with a typing error becomes `[UNK]`.",
            "words",
            "A word that was not seen in exactly this spelling is unknown, even if one letter differs.",
        ),
        "forms": (
            "시장에, 시장을 and 시장은 have nothing in common.",
            "words",
            "Each form is an entry of its own, and its number says nothing about the other forms.",
        ),
        "long": (
            "A sentence becomes so long that attention, whose cost grows with n², is slow.",
            "characters",
            "In the table above, one of the three needs far more tokens for a text than the other two.",
        ),
        "size": (
            "The vocabulary can have any size, so you have to choose one by trying.",
            "pieces",
            "The other two have as many entries as the texts hold. Here the training stops where you say.",
        ),
        "meaning": (
            "A single entry of the vocabulary means almost nothing.",
            "characters",
            "이야기, 해바라기 and 청진기 share the entry ##기, which does not say what any of them is.",
        ),
    }


class IsPunctuation(CodeExercise):
    """BERT cuts a text around every punctuation mark. Two kinds of characters are such marks: characters
    whose Unicode category begins with P, in any script; and all visible characters of ASCII that are neither
    letters nor digits, such as `$` and `+`, whatever their category. An emoji is neither: it stays in its
    word.
    """

    id, title, name = "3.2", "What is punctuation?", "is_punctuation"
    difficulty, importance, minutes = 1, 2, 8
    replaces = "course_lib.wordpiece.is_punctuation"
    hints = (
        "Print the category of `!`, `。`, `$`, `+` and `😀`. Whose category does not begin with P?",
        "The second kind needs three questions: is it ASCII, is it visible, and is it neither a letter nor a "
        "digit? A str has a method for each.",
        "`character.isascii()`, `character.isalnum()`, and for visible `character.isprintable()`, which is "
        "also true for the space: exclude the space.",
    )

    def stub(character):
        """Is this character a punctuation mark to BERT?  A str of one character → bool"""
        ...

    def solution(character):
        """Is this character a punctuation mark to BERT?  A str of one character → bool"""
        if unicodedata.category(character).startswith("P"):
            return True
        is_visible = character.isprintable() and character != " "
        return character.isascii() and is_visible and not character.isalnum()

    class mistakes:
        def blanks_too(character):
            """Your function takes blanks and control characters, such as the space and the tab, for
            punctuation: they are ASCII and neither letters nor digits. But a mark has to be visible.
            """
            is_ascii_sign = character.isascii() and not character.isalnum()
            return is_ascii_sign or unicodedata.category(character).startswith("P")

        def unicode_alone(character):
            """`$` and `+` are missing: their category begins with S. To BERT, all visible characters of ASCII
            that are neither letters nor digits are punctuation.
            """
            return unicodedata.category(character).startswith("P")

        def ascii_alone(character):
            """Your function knows only ASCII. Korean and Chinese texts have punctuation marks of their own,
            such as `。` and `「`: look at the Unicode category.
            """
            is_visible = character.isprintable() and character != " "
            return character.isascii() and is_visible and not character.isalnum()

        def all_symbols(character):
            """Outside ASCII, your function also takes symbols, such as `₩` or an emoji. There, only
            categories that begin with P count.
            """
            return unicodedata.category(character)[0] in "PS"

        def space_too(character):
            """Your function counts the space as punctuation: it is ASCII, and neither a letter nor a digit.
            Exclude it.
            """
            return IsPunctuation.solution(character) or character == " "

        def invisible_too(character):
            """Your function counts invisible characters, such as the tab, as punctuation: ask
            `isprintable`.
            """
            is_ascii_sign = character.isascii() and not character.isalnum() and character != " "
            return is_ascii_sign or unicodedata.category(character).startswith("P")

        def digits_too(character):
            """Your function counts digits as punctuation. `isalnum` is true for letters and digits, `isalpha`
            for letters alone.
            """
            is_visible = character.isascii() and character.isprintable() and character != " "
            return (is_visible and not character.isalpha()) or IsPunctuation.solution(character)

        def no_letter(character):
            """Outside ASCII, your function takes every character that is neither a letter nor a digit. There,
            only categories that begin with P count.
            """
            return character.isprintable() and not character.isalnum() and character != " "

        def whatever_is_no_letter(character):
            """Your function takes everything that is no letter and no digit: blanks, invisible characters,
            symbols of all scripts. The statement names two kinds; test each by itself.
            """
            return not character.isalnum()

        def turned_around(character):
            """Your answer is the wrong way round: True means that the character *is* punctuation."""
            return not IsPunctuation.solution(character)

        def the_category_itself(character):
            """You return the category, a str. Return True or False: does the category begin with P?"""
            return unicodedata.category(character)

    def explain(given, got, wanted):
        character = given["character"]
        if character.isascii():
            return (
                f"{plain(repr(character))} is {IsPunctuation.what_it_is(character)}: to BERT it is "
                f"{'' if wanted else 'not '}punctuation. The same holds for every character of its kind."
            )
        name = f"{unicodedata.name(character, 'a character without a name')} (U+{ord(character):04X})"
        category = f"The category of {name} is {unicodedata.category(character)}"
        if wanted:
            return (
                f"{category}: it begins with P, so it is punctuation. Look at the category of each "
                "character; a list of marks would need hundreds of entries."
            )
        return (
            f"{category}: it does not begin with P, so it is not punctuation. For a sign of ASCII the "
            "category would not matter, but this character is not in ASCII."
        )

    def what_it_is(character):
        """Which of the kinds in the statement a character of ASCII belongs to."""
        if character.isalnum():
            return "a letter or a digit of ASCII"
        if character == " " or not character.isprintable():
            return "an invisible character of ASCII"
        return "a visible character of ASCII that is neither a letter nor a digit"

    def cases():
        some = "!。$+<^`|~「＄＋가a7 ₩→\t·_\x7f\u0301Z0\0\n\x1b±´㈜😀ㅋ\ue000"
        signs = [chr(number) for number in range(32, 128) if not chr(number).isalnum()]
        for character in dict.fromkeys([*some, *signs, *draw_characters(2)]):
            yield dict(character=character)


class CountPairs(CodeExercise):
    """The first step of a training: how often does each pair of neighbouring subwords occur? `split` says how
    each word is cut at the moment, and `counts` says how often the word occurs. A pair never reaches from one
    word into the next.
    """

    id, title, name = "3.3", "Count the pairs", "count_pairs"
    difficulty, importance, minutes = 2, 3, 10
    hints = (
        "Use two loops: one over the words, and inside it one over the pairs of neighbours.",
        "`zip(pieces, pieces[1:])` gives the neighbours in a list as tuples.",
        "If a word occurs 40 times, each pair in it occurs 40 times. A Counter begins at 0 by itself.",
    )

    def stub(split, counts):
        """Counter {(left, right): how often}.  split: {word: its subwords}, counts: {word: how often}"""
        ...

    def solution(split, counts):
        """Counter {(left, right): how often}.  split: {word: its subwords}, counts: {word: how often}"""
        found = Counter()
        for word, pieces in split.items():
            for pair in zip(pieces, pieces[1:]):
                found[pair] += counts[word]
        return found

    class mistakes:
        def each_word_once(split, counts):
            """You count every word once. If a word occurs 40 times, so do its pairs: use `counts`."""
            return CountPairs.solution(split, dict.fromkeys(counts, 1))

        def once_in_a_word(split, counts):
            """You count a pair once although it occurs twice in the same word. Count every occurrence."""
            pairs = Counter()
            for word, pieces in split.items():
                for pair in set(zip(pieces, pieces[1:])):
                    pairs[pair] += counts[word]
            return pairs

        def overwritten(split, counts):
            """Each word overwrites the count from the words before it: write `+=` instead of `=`."""
            pairs = Counter()
            for word, pieces in split.items():
                for pair in zip(pieces, pieces[1:]):
                    pairs[pair] = counts[word]
            return pairs

        def from_the_letters(split, counts):
            """You pair the characters of the word, not its subwords. `split[word]` says how it is cut now."""
            return CountPairs.solution({word: list(word) for word in split}, counts)

        def across_words(split, counts):
            """Your pairs reach from one word into the next. Count each word by itself."""
            pairs = Counter()
            stream = [(piece, counts[word]) for word, pieces in split.items() for piece in pieces]
            for (left, count), (right, _) in zip(stream, stream[1:]):
                pairs[left, right] += count
            return pairs

        def pieces_of_one(split, counts):
            """You count single subwords. Count pairs of neighbours, as tuples."""
            pieces = Counter()
            for word, parts in split.items():
                for piece in parts:
                    pieces[piece] += counts[word]
            return pieces

        def already_joined(split, counts):
            """Your keys are joined texts. Keep each pair as a tuple: 시장 + ##에 and 시 + ##장에 are two
            different pairs.
            """
            pairs = CountPairs.solution(split, counts)
            joined = Counter()
            for (left, right), count in pairs.items():
                joined[left + right] += count
            return joined

        def any_two(split, counts):
            """You pair each subword with every later one of the word. Only neighbours can be joined."""
            pairs = Counter()
            for word, pieces in split.items():
                for place, left in enumerate(pieces):
                    for right in pieces[place + 1 :]:
                        pairs[left, right] += counts[word]
            return pairs

        def without_overlap(split, counts):
            """Where a subword stands beside itself, as in ##ㅋ ##ㅋ ##ㅋ, you count too few: the ##ㅋ in
            the middle is in two pairs. Go on by one subword after each pair.
            """
            pairs = Counter()
            for word, pieces in split.items():
                free = {}  # pair → the first place that does not overlap with the one counted last
                for place, pair in enumerate(zip(pieces, pieces[1:])):
                    if place >= free.get(pair, 0):
                        pairs[pair] += counts[word]
                        free[pair] = place + 2
            return pairs

        def every_second_pair(split, counts):
            """You go on by two subwords after each pair, so every second pair is missing: each subword but
            the last begins a pair.
            """
            pairs = Counter()
            for word, pieces in split.items():
                for place in range(0, len(pieces) - 1, 2):
                    pairs[pieces[place], pieces[place + 1]] += counts[word]
            return pairs

        def first_pair_missing(split, counts):
            """The first pair of each word is missing: does your range begin one too late?"""
            return CountPairs.solution({word: pieces[1:] for word, pieces in split.items()}, counts)

        def side_by_side(split, counts):
            """You go through the two dictionaries side by side, as if their words had the same order. Look up
            how often each word occurs: `counts[word]`.
            """
            pairs = Counter()
            for pieces, count in zip(split.values(), counts.values()):
                for pair in zip(pieces, pieces[1:]):
                    pairs[pair] += count
            return pairs

        def last_pair_missing(split, counts):
            """The last pair of each word is missing: does your loop end one step too early?"""
            return CountPairs.solution({word: pieces[:-1] for word, pieces in split.items()}, counts)

    def explain(given, got, wanted):
        strange = next((pair for pair in got if pair not in wanted), None)
        if strange is None:
            return None
        shown = plain(repr(strange))
        if not isinstance(strange, tuple):
            return f"{shown} is not a pair: the keys are tuples, (left, right)."
        if strange[::-1] in wanted:
            return f"In {shown} left and right are exchanged."
        split = given["split"].values()
        if any(pieces and strange == (pieces[-1], pieces[0]) for pieces in split):
            return (
                f"{shown} is the last subword of a word with its first: an index of −1 counts from the back."
            )
        bare = [tuple(piece.removeprefix("##") for piece in pair) for pair in wanted]
        if strange in bare:
            return f"{shown} lacks a `##`: take the subwords as they stand in `split`."
        if strange == strange[:1] * 2 and any(strange[0] in pieces for pieces in split):
            return f"{shown} is a subword with itself. A pair is a subword and the next one."
        return f"{shown} are not neighbours in any word."

    def cases():
        yield dict(split={"시장에": ["시", "##장", "##에"]}, counts={"시장에": 4})
        yield dict(
            split={"시장에": ["시장", "##에"], "빵집에": ["빵", "##집", "##에"], "집": ["집"]},
            counts={"시장에": 4, "빵집에": 3, "집": 2},
        )
        yield dict(
            split={
                "banana": ["b", "##a", "##n", "##a", "##n", "##a"],
                "ban": ["b", "##a", "##n"],
                "in": ["i", "##n"],
            },
            counts={"banana": 2, "ban": 5, "in": 7},
        )
        yield dict(split={}, counts={})
        yield dict(split={"ㅋㅋㅋㅋ": ["ㅋ", "##ㅋ", "##ㅋ", "##ㅋ"]}, counts={"ㅋㅋㅋㅋ": 3})
        yield dict(split={"시장에": ["시장", "##에"]}, counts={"시장에": 9})  # the first word, after a merge
        yield dict(
            split={"집에": ["집", "##에"], "집": ["집"], "시장에": ["시장", "##에"]},
            counts=Counter({"시장에": 7, "집에": 2, "집": 1}),  # in another order, as a Counter
        )
        for seed in range(4):
            words = draw_words(9, "abc", 7, seed)
            counts = {word: 1 + place * seed for place, word in enumerate(sorted(words))}
            yield dict(split={word: draw_pieces(word, seed) for word in words}, counts=Counter(counts))


class Joined(CodeExercise):
    """This function should join every occurrence of a pair. It worked on six words. In a larger text it
    joined too much. For the pair 나 + ##는 it also joined ##나 and ##는 in 미나는. For the pair 우 + ##체 it
    joined 우 with the beginning of ##체부. Find out why, and repair the function. This may take more than one
    line. Return a new list.
    """

    id, title, name = "3.4", "Find the bug: too much is joined", "joined"
    difficulty, importance, minutes = 3, 3, 15
    replaces = "course_lib.wordpiece_training.joined"
    hints = (
        'Call it with `["##a", "##b"]` and the pair `("a", "##b")`. What is in `line`, and where in it does '
        "`replace` find the pair?",
        "In a str, one subword can be found in the middle of another one. In a list, it cannot.",
        "Go through the list with an index. If the two subwords at the index are the pair, append the new "
        "subword and go on by two; otherwise append one subword and go on by one.",
    )

    def stub(pieces, pair, merged):
        """The subwords of a word with every occurrence of `pair` made one, from left to right."""
        line = " ".join(pieces)
        line = line.replace(" ".join(pair), merged)
        return line.split(" ")

    def solution(pieces, pair, merged):
        """The subwords of a word with every occurrence of `pair` made one, from left to right."""
        result, place = [], 0
        while place < len(pieces):
            if tuple(pieces[place : place + 2]) == tuple(pair):
                result.append(merged)
                place += 2
            else:
                result.append(pieces[place])
                place += 1
        return result

    class mistakes:
        def same_bug_in_other_words(pieces, pair, merged):
            """This computes the same as before: you still search for a subword inside a str."""
            return " ".join(pieces).replace(" ".join(pair), merged).split()

        def only_the_left_side(pieces, pair, merged):
            """On the left, your pair now begins where a subword begins. On the right, it can still end in the
            middle of a subword: ("a", "##b") is found in a ##bc.
            """
            line = " " + " ".join(pieces)
            return line.replace(" " + " ".join(pair), " " + merged).split()

        def only_the_right_side(pieces, pair, merged):
            """On the right, your pair now ends where a subword ends. On the left, it can still begin in the
            middle of a subword: ("a", "##b") is found in ##a ##b.
            """
            line = " ".join(pieces) + " "
            return line.replace(" ".join(pair) + " ", merged + " ").split()

        def every_other_one(pieces, pair, merged):
            """Of two pairs side by side, you join only the first: both need the blank between them, and the
            first has used it.
            """
            line = " " + " ".join(pieces) + " "
            return line.replace(" " + " ".join(pair) + " ", " " + merged + " ").split()

        def first_in_the_text(pieces, pair, merged):
            """You still search for a subword inside a str, and now you join only the first occurrence."""
            return " ".join(pieces).replace(" ".join(pair), merged, 1).split(" ")

        def first_one_only(pieces, pair, merged):
            """You join only the first occurrence. A word such as banana holds a pair twice."""
            for place in range(len(pieces) - 1):
                if (pieces[place], pieces[place + 1]) == tuple(pair):
                    return pieces[:place] + [merged] + pieces[place + 2 :]
            return list(pieces)

        def overlapping(pieces, pair, merged):
            """You join both of two overlapping pairs, so one subword is used twice. Go on after the pair."""
            result, place = [], 0
            while place < len(pieces):
                if tuple(pieces[place : place + 2]) == tuple(pair):
                    result.append(merged)
                    place += 1
                    if tuple(pieces[place : place + 2]) != tuple(pair):
                        place += 1
                else:
                    result.append(pieces[place])
                    place += 1
            return result

        def from_the_right(pieces, pair, merged):
            """You join from right to left. You see the difference where a subword stands three times in a
            row: the first two have to be joined, and not the last two.
            """
            back = Joined.solution(pieces[::-1], tuple(pair)[::-1], merged)
            return back[::-1]

        def never_joined(pieces, pair, merged):
            """Nothing is joined: your result is always `pieces`. Do you compare a list with a tuple? They are
            never equal: `pair` is a tuple, and a slice of `pieces` is a list.
            """
            return list(pieces)

        def either_order(pieces, pair, merged):
            """You also join the two in the wrong order: right subword first, then left."""
            result, place = [], 0
            while place < len(pieces):
                two = tuple(pieces[place : place + 2])
                is_pair = two in (tuple(pair), tuple(pair)[::-1])
                result.append(merged if is_pair else pieces[place])
                place += 2 if is_pair else 1
            return result

        def merged_by_yourself(pieces, pair, merged):
            """You build the new subword from the two. It is given: `merged`."""
            return Joined.solution(pieces, pair, pair[0] + pair[1].removeprefix("##"))

        def last_piece_lost(pieces, pair, merged):
            """The last subword is lost if it is in no pair: your loop ends one step too early."""
            result, place = [], 0
            while place < len(pieces) - 1:
                if tuple(pieces[place : place + 2]) == tuple(pair):
                    result.append(merged)
                    place += 2
                else:
                    result.append(pieces[place])
                    place += 1
            return result

        def right_part_kept(pieces, pair, merged):
            """The right part of the pair still stands after the new subword: go on by two after a pair."""
            result = []
            for place, piece in enumerate(pieces):
                is_pair = tuple(pieces[place : place + 2]) == tuple(pair)
                result.append(merged if is_pair else piece)
            return result

    def explain(given, got, wanted):
        """At the first place that differs: what stands there in the word, and what was made of it."""
        pieces, merged = given["pieces"], given["merged"]
        same = [one == other for one, other in zip(got, wanted)]
        first = same.index(False) if False in same else len(same)
        place = first + wanted[:first].count(merged) if merged not in pieces else len(pieces)
        here, right = got[first : first + 1], wanted[first : first + 1]
        two = [plain(repr(piece)) for piece in pieces[place : place + 2]]
        if two and right == pieces[place : place + 1] and got[first:] == wanted[first + 1 :]:
            return f"{two[0]}, at place {place}, is lost."
        if len(two) < 2 or not here:
            return None
        if right == [merged] and here == pieces[place : place + 1]:
            return f"{two[0]} and {two[1]}, at places {place} and {place + 1}, are the pair: join them."
        if here == [merged]:
            return (
                f"You put {plain(repr(merged))} where {two[0]} and {two[1]} stand, which are not the pair. "
                "Compare whole subwords, the left with the left and the right with the right."
            )
        if right == [merged]:
            return (
                f"For {two[0]} and {two[1]}, which are the pair, your result has {plain(repr(here[0]))}. "
                f"The new subword is there already: `merged`, here {plain(repr(merged))}."
            )
        return None

    def cases():
        yield dict(pieces=["a", "##b"], pair=("a", "##b"), merged="ab")
        yield dict(pieces=["##a", "##b"], pair=("a", "##b"), merged="ab")
        yield dict(pieces=["a", "##bc"], pair=("a", "##b"), merged="ab")
        yield dict(pieces=["미", "##나", "##는"], pair=("나", "##는"), merged="나는")
        yield dict(pieces=["우", "##체부"], pair=("우", "##체"), merged="우체")
        yield dict(pieces=["b", "##a", "##n", "##a", "##n", "##a"], pair=("##a", "##n"), merged="##an")
        yield dict(pieces=["x", "##o", "##o", "##o", "##o"], pair=("##o", "##o"), merged="##oo")
        yield dict(pieces=["x", "##o", "##o", "##y", "##o", "##o"], pair=("##o", "##o"), merged="##oo")
        yield dict(pieces=["x", "##o", "##o", "##o"], pair=("##o", "##o"), merged="##oo")
        yield dict(pieces=["x", *5 * ["##o"]], pair=("##o", "##o"), merged="##oo")
        yield dict(pieces=["a", "##b", "##a", "##b"], pair=("a", "##b"), merged="ab")
        yield dict(pieces=["집"], pair=("##집", "##집"), merged="##집집")
        yield dict(
            pieces=["a", "##b", "##c"], pair=("a", "##b"), merged="A"
        )  # whatever the new subword is called
        yield dict(pieces=["a", "##b", "##a"], pair=("##b", "##b"), merged="##bb")
        yield dict(pieces=["x", "##b", "##a"], pair=("##a", "##b"), merged="##ab")  # the other way round
        yield dict(pieces=["ab", "##c"], pair=("a", "##bc"), merged="abc")  # the same letters, cut elsewhere
        yield dict(pieces=["a", "##.", "##c"], pair=("##.", "##c"), merged="##.c")  # a sign of patterns
        yield dict(pieces=["a", "##bc", "##d"], pair=("##.", "##d"), merged="##.d")
        pairs = (("a", "##b"), ("##a", "##b"), ("##a", "##a"), ("##b", "##ab"))
        for seed, word in enumerate(draw_words(16, "ab", 9, seed=1)):
            left, right = pairs[seed % 4]
            merged = left + right.removeprefix("##")
            yield dict(pieces=draw_pieces(word, seed), pair=(left, right), merged=merged)


class WhereTheyDiffer(Quiz):
    """Step through the merges of the six words. Frequency and likelihood begin with ##장 + ##에; the ratio
    never joins these two. Why does the ratio give them a low score?
    """

    id, title = "3.5", "Where the rules differ"
    difficulty, importance, minutes = 2, 3, 6
    hints = (
        "In the stepper, set the merges to 0 and compare the column *each* under frequency and the ratio.",
        "The ratio divides by how often each of the two occurs. Which one is frequent in ##장 + ##에?",
        "A pair has a high ratio if its parts occur almost only together.",
    )
    choices = {
        "rare": (
            "##장에 occurs too rarely: other pairs are more frequent.",
            "It is the most frequent pair of all: that is why frequency begins with it.",
        ),
        "alone": (
            "##에 ends all six, also those without a ##장.",
            "Yes. ##에 ends all 21 words of the text (six different ones), so to find it after ##장 is no "
            "surprise. 학 and ##교 occur only together: if you see one, you know the other.",
        ),
        "particle": (
            "##에 is a particle, which has to stand apart from ##장.",
            "No rule knows any grammar; all three only count. Nouns and particles come apart as a result.",
        ),
        "long": (
            "##장에 has two syllables, and shorter subwords come first.",
            "No rule looks at lengths: all three count how often something occurs.",
        ),
    }
    answer = "alone"


class LongestMatch(CodeExercise):
    """Cut one word into subwords, greedily: take the longest subword of the vocabulary that begins the word,
    then the longest one that continues from there, and so on. Inside a word, subwords are written with `##`.
    If no subword fits at some place, the **whole** word becomes `["[UNK]"]`. With `continues=True` the word
    itself continues something, so even its first subword is written with `##`.
    """

    id, title, name = "3.6", "Longest match first", "longest_match"
    difficulty, importance, minutes = 2, 3, 20
    replaces = "course_lib.wordpiece.longest_match"
    hints = (
        "Keep a number `start`: everything before it is cut already. When `start` reaches the end of the "
        "word, you are done.",
        "From `start`, try the ends from the last one downwards. The first part that is in `vocab` is the "
        "longest one.",
        "Look up `##` + the part, except at the beginning of a word that does not continue. If no end fits, "
        "return the unknown token alone.",
    )

    def stub(word, vocab, continues=False):
        """The subwords of a word by longest match; ["[UNK]"] where none fits.  vocab: set of subwords"""
        ...

    def solution(word, vocab, continues=False):
        """The subwords of a word by longest match; ["[UNK]"] where none fits.  vocab: set of subwords"""
        pieces, start = [], 0
        while start < len(word):
            prefix = "##" if start > 0 or continues else ""
            end = len(word)
            while end > start and prefix + word[start:end] not in vocab:
                end -= 1
            if end == start:
                return ["[UNK]"]
            pieces.append(prefix + word[start:end])
            start = end
        return pieces

    class mistakes:
        def shortest_first(word, vocab, continues=False):
            """You take the *shortest* subword that fits. Try the ends from the last one downwards."""
            pieces, start = [], 0
            while start < len(word):
                prefix = "##" if start > 0 or continues else ""
                ends = [e for e in range(start + 1, len(word) + 1) if prefix + word[start:e] in vocab]
                if not ends:
                    return ["[UNK]"]
                pieces.append(prefix + word[start : ends[0]])
                start = ends[0]
            return pieces

        def steps_back(word, vocab, continues=False):
            """If the longest subword leads nowhere, you go back and try a shorter one. Greedy never goes
            back: the whole word is unknown then.
            """
            mark = LongestMatch.mark(continues)

            def rest(start):
                if start == len(word):
                    return []
                for end in range(len(word), start, -1):
                    if mark(start) + word[start:end] in vocab and (after := rest(end)) is not None:
                        return [mark(start) + word[start:end], *after]
                return None

            return rest(0) or ["[UNK]"]

        def without_marks(word, vocab, continues=False):
            """Your subwords inside the word have no `##`, so you look them up as beginnings of words."""
            return LongestMatch.walk(word, vocab, lambda start: "")

        def marks_on_all(word, vocab, continues=False):
            """Your first subword has `##`, too. Only subwords inside a word are written with `##`."""
            return LongestMatch.walk(word, vocab, lambda start: "##")

        def does_not_continue(word, vocab, continues=False):
            """`continues` changes nothing in your answer: with it, the first subword has `##`, too."""
            return LongestMatch.walk(word, vocab, lambda start: "##" if start else "")

        def unknown_inside(word, vocab, continues=False):
            """You keep the subwords that you found before a place where none fits. One such place makes the
            **whole** word unknown.
            """
            return LongestMatch.walk(word, vocab, LongestMatch.mark(continues), keep=True)

        def unknown_as_text(word, vocab, continues=False):
            """For an unknown word you return a str. Return a list with one token, `["[UNK]"]`."""
            pieces = LongestMatch.solution(word, vocab, continues)
            return "[UNK]" if pieces == ["[UNK]"] else pieces

        def nothing_for_unknown(word, vocab, continues=False):
            """For an unknown word you return an empty list. The model needs a token there: `["[UNK]"]`."""
            pieces = LongestMatch.solution(word, vocab, continues)
            return [] if pieces == ["[UNK]"] else pieces

        def marks_forgotten_in_the_answer(word, vocab, continues=False):
            """You look up the right subwords but return them without `##`. Then nobody can put the word
            together again.
            """
            pieces = LongestMatch.solution(word, vocab, continues)
            return [piece.removeprefix("##") for piece in pieces]

        def whole_word_or_characters(word, vocab, continues=False):
            """You cut a word that is not known as a whole into single characters at once. Look for longer
            subwords.
            """
            mark = LongestMatch.mark(continues)
            if mark(0) + word in vocab:
                return [mark(0) + word]
            pieces = [mark(place) + character for place, character in enumerate(word)]
            return pieces if all(piece in vocab for piece in pieces) else ["[UNK]"]

        def whole_words_at_once(word, vocab, continues=False):
            """You return a word of the vocabulary whole although it `continues`. Then even its first subword
            has to have ##; the word without ## is a different subword.
            """
            if word in vocab:
                return [word]
            return LongestMatch.walk(word, vocab, LongestMatch.mark(continues))

        def marks_only_where_it_continues(word, vocab, continues=False):
            """You write `##` only where `continues` is True. Inside a word each subword but the first has it,
            too.
            """
            return LongestMatch.walk(word, vocab, lambda start: "##" if continues else "")

        def unknown_characters(word, vocab, continues=False):
            """Where nothing fits you put `[UNK]` for one character and go on. One such place makes the
            **whole** word unknown.
            """
            pieces, start, mark = [], 0, LongestMatch.mark(continues)
            while start < len(word):
                ends = [end for end in range(len(word), start, -1) if mark(start) + word[start:end] in vocab]
                pieces.append(mark(start) + word[start : ends[0]] if ends else "[UNK]")
                start = ends[0] if ends else start + 1
            return pieces

        def characters_skipped(word, vocab, continues=False):
            """A character that no subword fits is left out, and you go on behind it. It makes the **whole**
            word unknown.
            """
            pieces, start, mark = [], 0, LongestMatch.mark(continues)
            while start < len(word):
                ends = [end for end in range(len(word), start, -1) if mark(start) + word[start:end] in vocab]
                if ends:
                    pieces.append(mark(start) + word[start : ends[0]])
                start = ends[0] if ends else start + 1
            return pieces

        def never_one_character(word, vocab, continues=False):
            """Subwords of one character are never tried: your range of ends stops one too early. Its last end
            is `start + 1`.
            """
            pieces, start, mark = [], 0, LongestMatch.mark(continues)
            while start < len(word):
                ends = [e for e in range(len(word), start + 1, -1) if mark(start) + word[start:e] in vocab]
                if not ends:
                    return ["[UNK]"]
                pieces.append(mark(start) + word[start : ends[0]])
                start = ends[0]
            return pieces

        def marks_counted(word, vocab, continues=False):
            """You go on by the length of the subword with its `##`. But `##` is not in the word, so you skip
            two letters.
            """
            pieces, start, mark = [], 0, LongestMatch.mark(continues)
            while start < len(word):
                ends = [end for end in range(len(word), start, -1) if mark(start) + word[start:end] in vocab]
                if not ends:
                    return ["[UNK]"]
                pieces.append(mark(start) + word[start : ends[0]])
                start += len(pieces[-1])
            return pieces

        def fewest_pieces(word, vocab, continues=False):
            """You look for the fewest subwords. Greedy takes the longest subword at each place and does not
            look ahead.
            """
            mark, best = LongestMatch.mark(continues), {0: []}
            for end in range(1, len(word) + 1):
                for start in range(end):
                    piece = mark(start) + word[start:end]
                    if (
                        start in best
                        and piece in vocab
                        and len(best[start]) + 1 < len(best.get(end, word + "  "))
                    ):
                        best[end] = [*best[start], piece]
            return best.get(len(word), ["[UNK]"])

        def from_the_end(word, vocab, continues=False):
            """You cut from the end of the word: first the longest subword that ends it. Greedy begins at the
            front.
            """
            pieces, end, mark = [], len(word), LongestMatch.mark(continues)
            while end > 0:
                starts = [start for start in range(end) if mark(start) + word[start:end] in vocab]
                if not starts:
                    return ["[UNK]"]
                pieces.insert(0, mark(starts[0]) + word[starts[0] : end])
                end = starts[0]
            return pieces

        def last_character_alone(word, vocab, continues=False):
            """The last character is never part of a longer subword: your range of ends stops one step too
            early. A slice `word[start:end]` ends *before* `end`.
            """
            pieces, start = [], 0
            while start < len(word):
                prefix = "##" if start > 0 or continues else ""
                last = max(len(word) - 1, start + 1)
                ends = [e for e in range(last, start, -1) if prefix + word[start:e] in vocab]
                if not ends:
                    return ["[UNK]"]
                pieces.append(prefix + word[start : ends[0]])
                start = ends[0]
            return pieces

    def mark(continues):
        """What is written before a subword that begins at a place."""
        return lambda start: "##" if start > 0 or continues else ""

    def walk(word, vocab, mark, keep=False):
        """The solution with another mark, or, with `keep`, with the subwords before an unknown rest."""
        pieces, start = [], 0
        while start < len(word):
            ends = [end for end in range(len(word), start, -1) if mark(start) + word[start:end] in vocab]
            if not ends:
                return [*pieces, "[UNK]"] if keep else ["[UNK]"]
            pieces.append(mark(start) + word[start : ends[0]])
            start = ends[0]
        return pieces

    def explain(given, got, wanted):
        """At the first place where greedy takes another subword: what fits there."""
        word, vocab, continues = given["word"], given["vocab"], given.get("continues", False)
        if not all(isinstance(each, str) for each in got):
            return None
        if "[UNK]" in got and len(got) > 1:
            return "Where nothing fits, the **whole** word is unknown: `[UNK]` stands alone in the list."
        greedy = LongestMatch.walk(word, vocab, LongestMatch.mark(continues), keep=True)
        place = 0
        for number, piece in enumerate(greedy):
            mine = got[number] if number < len(got) else None
            if piece == "[UNK]":
                fits = f"behind place {place} of the word no subword fits, so all of it is unknown"
                return None if mine == piece else f"Greedy never goes back: {fits}."
            if mine == "[UNK]" and wanted == greedy:
                return f"At place {place} of the word {plain(repr(piece))} fits, and you find none."
            if mine is None:
                rest = plain(repr(word[place:]))
                return f"Your subwords end at place {place} of the word, and {rest} is not cut."
            if mine != piece and mine.removeprefix("##") == piece.removeprefix("##"):
                return f"At place {place} of the word it has to be {plain(repr(piece))}: look at the `##`."
            if mine != piece and not word.startswith(mine.removeprefix("##"), place):
                return (
                    f"{plain(repr(mine))} does not stand at place {place} of the word, where it comes next: "
                    "each subword begins where the one before ends."
                )
            if mine != piece and piece.startswith("##") and not mine.startswith("##"):
                return f"At place {place} of the word a subword needs `##`: {plain(repr(mine))} has none."
            if mine != piece and piece.startswith(mine):
                longest = f"{plain(repr(piece))} fits, too, and is longer"
                return f"At place {place} of the word you take {plain(repr(mine))}; {longest}."
            if mine != piece:
                return None
            place += len(piece.removeprefix("##")) if number or continues else len(piece)
        return None

    def cases():
        vocab = {"시", "시장", "##장", "##에", "##에서", "##서", "에", "서", "장", "##는"}
        yield dict(word="시장에서", vocab=vocab)
        yield dict(word="시장", vocab=vocab)
        yield dict(word="시장이", vocab=vocab)
        yield dict(word="에서", vocab=vocab, continues=True)
        yield dict(word="에", vocab=vocab)
        yield dict(word="에는서", vocab=vocab, continues=False)
        yield dict(word="이", vocab=vocab, continues=True)
        yield dict(word="abcd", vocab={"a", "ab", "abc", "##c", "##cd", "##b"})
        yield dict(word="aaa", vocab={"a", "##aa"})
        yield dict(word="abcde", vocab={"a", "##b", "abc", "##de", "##cde"})
        yield dict(word="abc", vocab={"a", "ab", "##bc"})
        yield dict(word="abcd", vocab={"a", "ab", "##bcd", "##c", "##d"})
        yield dict(word="시장", vocab={"시장", "##시", "##장"}, continues=True)
        yield dict(word="시장", vocab={"시장", "##시장", "##시"}, continues=True)
        yield dict(word="집", vocab={"집", "[UNK]"}, continues=True)
        yield dict(word="우체국", vocab={"우체국", "우체", "우", "##체", "##국"})
        yield dict(word="집에", vocab=frozenset({"[UNK]", "집", "##에"}))  # the tokenizer's is frozen
        long = "아버지가방에들어가신다" * 5
        yield dict(word=long + "!", vocab={long, "아버지", "##!"})
        yield dict(word="a" * 150, vocab={"a", "##a", "##aa"})
        yield dict(word="Ab", vocab={"A", "a", "Ab", "##b"})  # it changes no letter
        yield dict(word="#a", vocab={"#", "##a", "a", "#a"})
        yield dict(word="a", vocab=set())
        for seed, word in enumerate(draw_words(24, "ab", 7, seed=1)):
            pieces = draw_words(7, "ab", 3, seed)
            vocab = {"##" * (place % 3 > 0) + piece for place, piece in enumerate(pieces)} | {"a", "##b"}
            yield dict(word=word, vocab=vocab, continues=seed % 3 == 0)


class GreedyOrBest(Quiz):
    """The longest match cuts *difference* into diff ##ere ##n ##ce, but diff ##er ##ence is shorter. Which
    method finds the shortest cut of **every** word with the vocabulary it uses? (One answer trains another
    vocabulary; in the others the vocabulary stays the same.)
    """

    id, title = "3.7", "What greedy overlooks"
    difficulty, importance, minutes = 2, 2, 5
    hints = (
        "What went wrong in the longest match: the vocabulary, or one of its steps?",
        "The longest match never goes back. What would it need to know before each step?",
        "What would you have to remember on the way, so that you never need to go back?",
    )
    choices = {
        "ahead": (
            "At each place keep the best cut up to it, and go on from each such place.",
            "Yes. `best_split` above does this, so it misses no shorter cut. BERT does not do this: greedy "
            "is simpler.",
        ),
        "larger": (
            "Train on the same texts once more, for a vocabulary twice as large.",
            "It may help this word. In another word, a new long subword at the beginning may be the wrong "
            "first step.",
        ),
        "behind": (
            "Begin at the end of a word, with the longest subword that fits there.",
            "This may find the other cut of this word. But it is greedy, too, from the other side: in other "
            "words its first step is wrong.",
        ),
        "shortest": (
            "Take the shortest subword that fits, then the shortest one after it.",
            "Then nearly every word falls into single characters.",
        ),
    }
    answer = "ahead"
