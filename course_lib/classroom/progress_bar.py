"""A bar below a cell that takes its time."""

from html import escape

from IPython.display import HTML, DisplayHandle


class Bar(HTML):
    """A bar and, for a reader without one, words."""

    def __init__(self, label, done, total):
        super().__init__(f"<progress value='{done}' max='{total}'></progress> {escape(label)}")
        self.words = f"{label}: {done} of {total}"

    def __repr__(self):
        return self.words


def watch(steps, total, label, every=10):
    """Go through `steps`, an iterator of `total` steps, and show how far it is."""
    shown = DisplayHandle()
    shown.display(Bar(label, 0, total))
    for number, step in enumerate(steps, 1):
        yield step
        if number % every == 0 or number == total:
            shown.update(Bar(label, number, total))
