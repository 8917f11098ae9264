"""A learner's function as text that runs on its own: what is checked, kept on disk and used again later."""

import ast
import builtins
import importlib
import inspect
import linecache
import textwrap
import types
from typing import NamedTuple


class NotSelfContained(ValueError):
    """The function needs something from the notebook that cannot be taken along."""


class Written(NamedTuple):
    """A function as it stands in a cell. source: with its own decorators   scope: the names around it"""

    source: str
    scope: dict


def written_under(frame, exercise_id):
    """The function that stands under @exercise(id) in the cell that `frame` runs, or None.

    A decorator of the learner's own may have put another function in its place, and still belongs to it.
    """
    text = "".join(linecache.getlines(frame.f_code.co_filename))
    try:
        tree = ast.parse(text)
    except SyntaxError:  # the file has changed since
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and is_of_course(node.decorator_list, exercise_id):
            if node.decorator_list[0].lineno <= frame.f_lineno <= node.end_lineno:
                return Written(without_exercise(text, node), frame.f_globals)
    return None


def is_of_course(decorators, exercise_id):
    wanted = ast.dump(ast.Constant(exercise_id))
    calls = [each for each in decorators if isinstance(each, ast.Call) and len(each.args) == 1]
    return any(
        ast.unparse(each.func).endswith("exercise") and ast.dump(each.args[0]) == wanted for each in calls
    )


def without_exercise(source, node):
    """The source of a definition with its decorators, but for @exercise(…)."""
    own = [ast.get_source_segment(source, each) for each in node.decorator_list]
    kept = [f"@{each}\n" for each in own if not each.startswith("exercise(")]
    lines = source.splitlines(keepends=True)[node.lineno - 1 : node.end_lineno]
    return "".join(kept) + textwrap.dedent("".join(lines)).rstrip("\n") + "\n"


def definition(candidate):
    """The source of a function, without the decorator of the course. A str is taken as it is."""
    if isinstance(candidate, str):
        return textwrap.dedent(candidate)
    if isinstance(candidate, Written):
        return candidate.source
    try:
        source = textwrap.dedent(inspect.getsource(candidate))
    except (OSError, TypeError):
        raise NotSelfContained(
            f"the source of {getattr(candidate, '__name__', repr(candidate))} is not to be found: "
            "write it with def, in the cell itself"
        ) from None
    return without_exercise(source, ast.parse(source).body[0])


def names_used(source):
    """The names that a source takes from outside, roughly: those it reads and does not bind at its top."""
    tree = ast.parse(source)
    read = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    bound = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return read - bound - set(dir(builtins))


def self_contained(candidate):
    """The source of a function with all that it uses: imports, constants, and other functions of the
    notebook.

    NotSelfContained names what cannot be taken along, such as a tensor of another cell.
    """
    source = definition(candidate)
    if isinstance(candidate, str):
        return source
    imports, helpers = {}, {}
    gather(scope_of(candidate), source, imports, helpers)
    parts = ["\n".join(imports.values()), *helpers.values(), source]
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def scope_of(candidate):
    """The names around a function or a class."""
    if isinstance(candidate, Written):
        return candidate.scope
    return getattr(candidate, "__globals__", None) or vars(inspect.getmodule(candidate))


def gather(scope, source, imports, helpers):
    """Fill `imports` and `helpers` with what `source` reads from the names in `scope`."""
    parameters = {node.arg for node in ast.walk(ast.parse(source)) if isinstance(node, ast.arg)}
    stored = {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for name in sorted(names_used(source) - parameters - stored):
        if name not in scope or name in imports or name in helpers:
            continue  # a name that nobody knows becomes a NameError when the code runs, with its line
        value = scope[name]
        if line := import_line(name, value):
            imports[name] = line
        elif isinstance(value, (types.FunctionType, type)):
            helpers[name] = ""  # already here, in case the function calls itself
            code = definition(value)
            gather(scope_of(value), code, imports, helpers)
            del helpers[name]
            helpers[name] = code  # after what it uses itself
        elif isinstance(value, (int, float, str, bool, type(None))):
            helpers[name] = f"{name} = {value!r}"
        else:
            raise NotSelfContained(
                f"your function uses `{name}` ({type(value).__name__}) from another cell. It is called with "
                "other arguments too: take what it needs from its parameters, or make it inside the function"
            )


def import_line(name, value):
    """The statement that gives `value` under `name`, or None where it is not importable."""
    if isinstance(value, types.ModuleType):
        return f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else "")
    module, own = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if not module or module == "__main__" or not isinstance(own, str):
        return None
    try:
        if getattr(importlib.import_module(module), own, None) is not value:
            return None
    except ImportError:
        return None
    return f"from {module} import {own}" + (f" as {name}" if name != own else "")


def is_untouched(source, stub_source):
    """Is an answer still the stub? Comments, blank lines and the docstring do not count."""
    mine, stub = (body_of(each) for each in (source, stub_source))
    return mine is not None and (mine == stub or mine in EMPTY_BODIES)


def body_of(source):
    """The statements of the last definition in a source, as text without comments and docstring."""
    try:
        node = [
            n
            for n in ast.parse(textwrap.dedent(source)).body
            if isinstance(n, (ast.FunctionDef, ast.ClassDef))
        ][-1]
    except (SyntaxError, IndexError):
        return None
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return "\n".join(ast.unparse(statement) for statement in body)


EMPTY_BODIES = {"", "...", "pass", "raise NotImplementedError", "raise NotImplementedError()"}
