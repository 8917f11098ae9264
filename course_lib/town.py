"""The town: a small world in plain tables, and the stories told about it.

data/town/ holds what there is (people, shops, what is sold where …), one row a line, in Korean and English,
and the shapes of the stories. To tell a story, a shape is drawn, then, from left to right, each fact that the
shape names: who, where, what. A fact stays the same through the story, so words are copied over a distance; a
fact may depend on another one (goods on the place that sells them), so words tell about each other.

Because every draw is known, so is the exact probability of a hidden token: see `Town.posterior` and
`Town.floor`.
"""

import math
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from course_lib.world import (
    ENGLISH_FORMS,
    LANGUAGES,
    PARTICLES,
    TABLES,
    Slot,
    Step,
    base,
    read_lines,
    read_tables,
    read_weight,
)

MASK = "[MASK]"


class Town:
    """Tells stories in one language and, given a tokenizer, knows the exact probability of every hidden
    token.
    """

    def __init__(self, language, tokenizer=None, folder=TABLES):
        if language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}")
        self.language = language
        self.tokenizer = tokenizer
        self.tables = read_tables(Path(folder), language)
        self.weights, self.shapes, self.templates = [], [], []
        path = Path(folder) / f"stories_{language}.tsv"
        for number, cells in read_lines(path):
            try:
                shape = self.compile(cells["story"])
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
            self.weights.append(read_weight(path, number, cells))
            self.shapes.append(shape)
            self.templates.append(cells["story"])
        self._outcomes = {}  # remembered by `outcomes`
        self._pieces = {}  # remembered by `candidates`

    def compile(self, template):
        """The steps of a story's shape, one a word."""
        words = self.parse(template)
        facts, draws = self.facts_in_order(words)
        steps = []
        needed = set()  # by the steps behind this one; so the last step is made first
        for (parts, capital), drawn in zip(reversed(words), reversed(draws), strict=True):
            after = tuple(fact for fact in facts if fact in needed)
            told = {fact for part in parts if isinstance(part, Slot) for fact, _ in part.facts}
            earlier = [(fact, other) for fact in drawn for other in facts[: facts.index(fact)]]
            looked_at = {other for fact, other in earlier if self.depends(fact, other)}
            needed = (needed | told | looked_at) - set(drawn)
            before = tuple(fact for fact in facts if fact in needed)
            steps.append(Step(parts, capital, tuple(drawn), before, after))
        return steps[::-1]

    def parse(self, template):
        """[(parts, capital), …], one for each word of a shape. parts: texts and Slots
        capital: does a sentence begin with the word?
        """
        words = re.findall(r"(?:\{[^{}]*\}|[^\s{}])+", template)
        if "".join(words) != re.sub(r"\s+(?![^{]*\})", "", template):
            raise ValueError(f"a brace is not closed in {template!r}")
        parsed, capital = [], True
        for word in words:
            parts = tuple(
                self.parse_slot(part[1:-1]) if part.startswith("{") else part
                for part in re.findall(r"\{[^}]*\}|[^{]+", word)
            )
            parsed.append((parts, capital))
            capital = isinstance(parts[-1], str) and parts[-1].endswith((".", '."'))
        return parsed

    def facts_in_order(self, words):
        """All facts of a shape in the order of drawing, and for each of its words those that are drawn there:
        the facts of its slots, each behind those on which it depends.
        """
        known, draws = [], []
        for parts, _ in words:
            new = []
            for slot in parts:
                for fact, _ in slot.facts if isinstance(slot, Slot) else ():
                    for each in (*self.ancestors(fact, known), fact):
                        if each not in known:
                            known.append(each)
                            new.append(each)
            draws.append(new)
        return known, draws

    def parse_slot(self, content):
        """ "goods2/을" → Slot. ValueError names what the tables do not have."""
        words, _, form = content.partition("/")
        forms = PARTICLES if self.language == "ko" else ENGLISH_FORMS
        if form and form not in forms:
            raise ValueError(f"{{{content}}}: the form must be one of {', '.join(forms)}, got {form!r}")
        facts = []
        for name in words.split():
            fact, _, column = name.partition(".")
            if base(fact) not in self.tables:
                raise ValueError(f"{{{content}}}: there is no table {base(fact)}.tsv")
            if column and any(column not in row.columns for row in self.tables[base(fact)]):
                raise ValueError(f"{{{content}}}: {base(fact)}.tsv has no column {column}.{self.language}")
            facts.append((fact, column or None))
        if not facts:
            raise ValueError("a slot {} names no fact")
        return Slot(tuple(facts), form or None)

    def ancestors(self, fact, known):
        """The facts that `fact` depends on and that nobody has drawn yet, first things first."""
        links = sorted({table for row in self.tables[base(fact)] for table in row.links})
        return [each for link in links if link not in known for each in (*self.ancestors(link, known), link)]

    def depends(self, fact, other):
        """Does drawing `fact` look at `other`? It does for siblings, which must differ, and for links."""
        return base(other) == base(fact) or any(other in row.links for row in self.tables[base(fact)])

    def draw(self, fact, known):
        """[(row number, probability), …] of `fact`, given the facts known before: {fact: row number}."""
        taken = {row for other, row in known.items() if base(other) == base(fact)}
        rows = [
            (number, row.weight)
            for number, row in enumerate(self.tables[base(fact)])
            if number not in taken and all(known[table] in allowed for table, allowed in row.links.items())
        ]
        if not rows:
            told = ", ".join(f"{name} = {self.tables[base(name)][row].word}" for name, row in known.items())
            raise ValueError(
                f"{base(fact)}.tsv has no row left for {fact} where {told}: "
                f"add rows that fit, or take the row away that they should fit"
            )
        total = sum(weight for _, weight in rows)
        return [(number, weight / total) for number, weight in rows]

    def outcomes(self, step, before):
        """All ways in which a step can go on: [(probability, text, rows of step.after), …].

        before: the row numbers of the facts in step.before
        """
        key = (step, before)
        if key not in self._outcomes:
            ways = [(1.0, dict(zip(step.before, before, strict=True)))]
            for fact in step.draws:
                ways = [
                    (p * q, known | {fact: row}) for p, known in ways for row, q in self.draw(fact, known)
                ]
            # facts that nothing shows and nobody needs later are summed over here
            merged = defaultdict(float)
            for probability, known in ways:
                rows = {fact: self.tables[base(fact)][row] for fact, row in known.items()}
                merged[step.text(rows), tuple(known[fact] for fact in step.after)] += probability
            self._outcomes[key] = [(p, text, after) for (text, after), p in merged.items()]
        return self._outcomes[key]

    def tell(self, rng):
        """One story, drawn with the random.Random `rng`."""
        return " ".join(text for _, text, _ in self.words(rng))

    def words(self, rng):
        """One story, a word at a time: (its Step, its text, rows of step.after)."""
        (steps,) = rng.choices(self.shapes, self.weights)
        known = ()
        for step in steps:
            ways = self.outcomes(step, known)
            ((_, text, known),) = rng.choices(ways, [way[0] for way in ways]) if len(ways) > 1 else ways
            yield step, text, known

    def stories(self, count, seed=0):
        """`count` stories, one after the other; the same seed tells the same ones."""
        rng = random.Random(seed)
        for _ in range(count):
            yield self.tell(rng)

    # -- exact probabilities ----------------------------------------------------------

    def candidates(self, step, before):
        """The outcomes of a step as tokens, by first token: {token: [(probability, tokens, after), …]};
        all under MASK.
        """
        key = (step, before)
        if key not in self._pieces:
            merged = defaultdict(float)
            for probability, text, after in self.outcomes(step, before):
                pieces = self.tokenizer.tokenize(text, split_special_tokens=True)  # as a corpus is read
                merged[tuple(pieces), after] += probability
            found = defaultdict(list)
            for (pieces, after), probability in merged.items():
                found[pieces[0]].append((probability, pieces, after))
                found[MASK].append((probability, pieces, after))
            self._pieces[key] = dict(found)
        return self._pieces[key]

    def lattice(self, steps, tokens):
        """The ways in which a shape can tell `tokens`: per step [(node, next node, probability, tokens), …].

        A node is (number of tokens told, rows of the facts still needed). The second result is how far any
        way came.
        """
        edges, nodes, furthest = [], {(0, ())}, 0
        for step in steps:
            here = []
            for node in nodes:
                start, known = node
                if start == len(tokens):
                    continue
                for probability, pieces, after in self.candidates(step, known).get(tokens[start], ()):
                    seen = tokens[start : start + len(pieces)]
                    if len(seen) == len(pieces) and all(s in (MASK, p) for s, p in zip(seen, pieces)):
                        here.append((node, (start + len(pieces), after), probability, pieces))
            nodes = {target for _, target, _, _ in here}
            if not nodes:
                return [], furthest
            furthest = max(furthest, max(told for told, _ in nodes))
            edges.append(here)
        return (edges if (len(tokens), ()) in nodes else []), furthest

    def posterior(self, tokens):
        """The true distribution of each hidden token, given all that is visible.

        tokens: as the tokenizer gives them, with [MASK] for the hidden ones; [CLS] and [SEP] may stand
        around. Returns {position of a [MASK]: {token: probability}}, the likeliest token first. ValueError
        where the town cannot tell the text. Forward–backward over all ways: Rabiner 1989, section III.
        """
        if self.tokenizer is None:
            raise ValueError("the probabilities of tokens need a tokenizer: Town(language, tokenizer)")
        first = 1 if tokens[:1] == ["[CLS]"] else 0
        told = list(tokens[first:-1] if tokens[-1:] == ["[SEP]"] else tokens[first:])
        masses = {position: defaultdict(float) for position, token in enumerate(told) if token == MASK}
        total, furthest = 0.0, 0  # total: the probability of all ways to tell the text
        for weight, steps in zip(self.weights, self.shapes, strict=True):
            edges, reached = self.lattice(steps, told)
            furthest = max(furthest, reached)
            if edges:
                forward, end = forward_sums(edges, weight), (len(told), ())
                total += forward[-1][end]
                for start, pieces, probability in edge_probabilities(edges, forward, end):
                    for position, piece in enumerate(pieces, start):
                        if position in masses:
                            masses[position][piece] += probability
        if total == 0.0:
            raise ValueError(f"the town tells no such story: {where_it_ends(told, furthest)}")
        return {first + position: shares(masses[position], total) for position in masses}

    def floor(self, stories, masks):
        """The `Floor` of these stories (lists of tokens) where `masks` (sets of positions) are hidden."""
        losses = []
        for tokens, mask in zip(stories, masks, strict=True):
            visible = [MASK if position in mask else token for position, token in enumerate(tokens)]
            for position, distribution in self.posterior(visible).items():
                losses.append(-math.log(distribution[tokens[position]]))
        if not losses:
            raise ValueError("nothing is hidden in these stories")
        return Floor(sum(losses) / len(losses))


def forward_sums(edges, weight):
    """Per layer {node: probability of all that leads to it}; first for the one node in front of all layers.

    edges: as `lattice` gives them   weight: the probability of the shape
    """
    forward = [{(0, ()): weight}]
    for layer in edges:
        sums = defaultdict(float)
        for node, target, probability, _ in layer:
            sums[target] += forward[-1][node] * probability
        forward.append(sums)
    return forward


def edge_probabilities(edges, forward, end):
    """(tokens told before, its own, probability of all ways over it) for each edge that leads to the end."""
    backward = {end: 1.0}  # node → probability of all that comes after it
    for layer, before in zip(reversed(edges), reversed(forward[:-1]), strict=True):
        sums = defaultdict(float)
        for node, target, probability, pieces in layer:
            if target in backward:  # else a blind alley
                sums[node] += probability * backward[target]
                yield node[0], pieces, before[node] * probability * backward[target]
        backward = sums


def shares(masses, total):
    """{token: mass} → {token: mass / total}, the likeliest token first"""
    likeliest_first = sorted(masses.items(), key=lambda item: (-item[1], item[0]))
    return {piece: mass / total for piece, mass in likeliest_first}


def where_it_ends(told, furthest):
    """Why a text is no story, in words. furthest: so many of its tokens begin a story that there is"""
    beginning = " ".join(told[:furthest])
    if furthest == len(told):
        return f"“{beginning}” is the beginning of one, and has to go on"
    if furthest == 0:
        return f"none begins with “{told[0]}”"
    return f"“{beginning}” begins one, but cannot go on with “{told[furthest]}”"


@dataclass(frozen=True)
class Floor:
    """loss: the mean −log p (nats) that the true probabilities give to the hidden tokens"""

    loss: float
