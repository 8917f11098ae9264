"""Is the code of a Korean cell the code of the English one, but for comments and for strings that are text?

**Which strings are text:**

1. Whatever a reader reads may be translated: docstrings, the words of f-strings (whose expressions may change
   places), and strings given to print, draw_…, beside and predict, but not its first argument, an id. A
   string without letters, or with Hangul alone, stays: it is punctuation, or what a model reads.
2. A name stays: a string of one ASCII word that is another function's argument, an operand, a key of options
   as in `{"norm": False}`, or an index into what the notebook did not make. A path may begin with `../`, and
   `my_course/` has to.
3. Keys and items of lists may be translated, but no word with a sign or a digit, and none that is a name
   elsewhere in the notebook. What the notebook looks up or compares has to be translated as where it is made.
"""

import ast
import copy
import re
from collections import defaultdict

TEXT, KEY, LOOKUP, NAME = "text", "key", "lookup", "name"
OPTION, PARAMETER = "option", "parameter"  # an option is a key over a constant: perhaps a parameter's name
TEXT_CALLS = re.compile(r"print|beside|predict|draw_\w+")
TEXT_KEYWORDS = {"title", "label", "across", "up"}


def shape_and_strings(source):
    """The code without its strings, as text, and its strings: [(string, place)], in the order of the code."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    specs = {node.format_spec for node in nodes if isinstance(node, ast.FormattedValue)}  # .2f is no text
    for node in reversed(nodes):  # what is inside comes first
        if isinstance(node, ast.JoinedStr) and node not in specs:
            node.values = sorted((v for v in node.values if isinstance(v, ast.FormattedValue)), key=blank)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = [node for node in above if is_string(node) and above[node] not in specs]
    strings = [(node.value, place_of(node, above)) for node in found]
    parameters = [node.arg for node in nodes if isinstance(node, (ast.arg, ast.keyword)) and node.arg]
    return blank(tree), strings + [(name, PARAMETER) for name in parameters]


def is_string(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def blank(tree):
    """A tree as text, all its strings empty but for format specs."""
    tree = copy.deepcopy(tree)
    specs = {node.format_spec for node in ast.walk(tree) if isinstance(node, ast.FormattedValue)}
    kept = {child for spec in specs if spec for child in ast.walk(spec)}
    for node in ast.walk(tree):
        if is_string(node) and node not in kept:
            node.value = ""
    return ast.dump(tree)


def place_of(node, above):
    """What a string is for, from what stands around it: TEXT, KEY, LOOKUP, NAME or OPTION."""
    child, parent, is_item = node, above[node], False
    if isinstance(parent, ast.Dict) and child in parent.keys:
        if isinstance(parent.values[parent.keys.index(child)], ast.Constant):
            return OPTION
    while isinstance(parent, (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.IfExp, ast.Starred)):
        is_item |= not isinstance(parent, (ast.IfExp, ast.Starred))
        child, parent = parent, above[parent]
    if isinstance(parent, ast.Call) and child in parent.args:
        called = ast.unparse(parent.func).split(".")[-1]
        is_id = called == "predict" and child is parent.args[0]
        is_text = TEXT_CALLS.fullmatch(called) and not is_id
        return TEXT if is_text else KEY if is_item else NAME
    if isinstance(parent, ast.keyword):
        return TEXT if parent.arg in TEXT_KEYWORDS else KEY if is_item else NAME
    if isinstance(parent, (ast.Subscript, ast.Compare)):
        return KEY if isinstance(getattr(parent, "ctx", None), ast.Store) else LOOKUP
    if isinstance(parent, (ast.Expr, ast.Assert)):
        return TEXT
    is_name = isinstance(parent, (ast.BinOp, ast.Attribute, ast.arguments)) and not is_item
    return NAME if is_name else KEY


def must_stay(string, place, names, keys):
    """Is this string of the English code the same in Korean? names, keys: those of the whole notebook."""
    letters = "".join(filter(str.isalpha, re.sub(r"\[[A-Z]+\]", "", string)))  # [MASK] is no word
    if not letters or re.fullmatch("[가-힣]+", letters):
        return True
    if place == TEXT or not string.isascii() or re.search(r"\s", string):
        return False
    if place == KEY:
        return string in names or not re.fullmatch("[A-Za-z-]+", string)
    return place == NAME or string in names or string not in keys


def translated_names(pairs):
    """(cell, what is wrong) of strings. pairs: [(cell, place, English, Korean)] of a whole notebook."""
    parameters = {string for _, place, string, _ in pairs if place == PARAMETER}
    of_place, made = defaultdict(set), defaultdict(set)

    def settled(place, string):
        return place if place != OPTION else NAME if string in parameters else KEY

    pairs = [(cell, settled(place, string), string, korean) for cell, place, string, korean in pairs]
    for cell, place, string, korean in pairs:
        of_place[place].add(string)
        if place == KEY:
            made[string].add(korean)
            made[cell, string].add(korean)
    for cell, place, string, korean in pairs:
        if must_stay(string, place, of_place[NAME], of_place[KEY]):
            allowed = [string, f"../{string}"] if "/" in string else [string]
            if string.startswith("my_course/"):  # both languages share it, beside the English notebooks
                allowed.remove(string)
            if korean not in allowed:
                yield cell, f"{allowed[0]!r} is a name and has to stay; it became {korean!r}"
        elif place == LOOKUP and string in of_place[KEY]:
            known = made.get((cell, string), made[string])  # one word may be two labels in two cells
            if korean not in known:
                yield cell, f"{string!r} is looked up as {korean!r}; it was made as {sorted(known)}"
