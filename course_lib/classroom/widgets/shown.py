"""What cells show: every widget has a still form beside it, and ends when its cell shows something else."""

from html import escape
from pathlib import Path

from IPython import get_ipython
from ipywidgets import Widget

STYLE = f"<style>{Path(__file__).with_suffix('.css').read_text(encoding='utf-8')}</style>"
BOX = "border:1px solid #bbb;border-left:6px solid #666;border-radius:6px;padding:10px 14px;max-width:860px"

SHOWN = {}  # id of a cell: the widgets that its last run has shown
NOW = []  # the widgets that the cell that runs has shown


class Shown:
    """Stands before ipywidgets' class among the bases of a widget that a cell shows.

    A widget has `still()`, which gives (words, HTML) for a reader without a kernel, and `GO_ON`, a sentence
    that says what running its cell is good for.
    """

    def _repr_mimebundle_(self, **options):
        if running_cell() is not None:
            NOW.append(self)
        bundle = super()._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else bundle  # of anywidget it is a pair
        data["text/plain"], html = self.still()
        # The style is written out: JupyterLab takes <style> out of a notebook that it does not trust.
        end = f"<div><small>{escape(self.GO_ON)}</small></div>"
        data["text/html"] = f"<div class='course-still' style='{BOX}'>{html}{end}</div>"
        return bundle

    def rest(self):
        """Its cell is about to run again: stop what goes on in the background. Most have nothing there."""


def running_cell():
    """The id of the cell that runs; None outside a notebook, and in what a button does."""
    parent = getattr(get_ipython(), "get_parent", dict)()
    return parent.get("metadata", {}).get("cellId")


def start_of_cell(_info=None):
    """Before this cell shows something new, what it showed rests."""
    for widget in SHOWN.get(running_cell(), []):
        widget.rest()


def end_of_cell(_result=None):
    """Close what the last run of this cell showed and no cell shows any more."""
    if (cell := running_cell()) is None:
        return
    before = SHOWN.get(cell, [])
    SHOWN[cell] = NOW.copy()
    NOW.clear()
    seen = [widget for widgets in SHOWN.values() for widget in widgets]
    for widget in before:
        if widget not in seen:
            close(widget)


def close(widget):
    """Close a widget and all that it is made of: children, layouts, styles. ipywidgets closes it alone."""
    parts = []
    for name in widget.keys:
        value = getattr(widget, name)
        parts += value if isinstance(value, (list, tuple)) else [value]
    widget.close()
    for part in parts:
        if isinstance(part, Widget):
            close(part)


if (shell := get_ipython()) is not None:
    shell.events.register("pre_run_cell", start_of_cell)
    shell.events.register("post_run_cell", end_of_cell)
