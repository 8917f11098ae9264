"""The pictures of the course, in one style. Hangul renders on every system: the font comes with a package.

Every function returns a `Picture`, which carries its description for readers who do not see it.
"""

import base64
import io
import warnings
from html import escape
from pathlib import Path

import matplotlib
import pylopdf_fonts_ko
from cycler import cycler
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter

# Okabe and Ito 2008: told apart with every common kind of colour blindness, which a test simulates. Lines and
# points differ by style and shape too.
BLUE, ORANGE, GREEN, GREY, BLACK = "#0072b2", "#d55e00", "#009e73", "#666666", "#000000"
COLOURS = (BLUE, ORANGE, GREEN, GREY, BLACK, "#cc79a7")
LINES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)))
SHAPES, HATCHES = ("o", "s", "^", "D", "v", "P"), ("", "//", "..", "xx", "--", "++")


def use_course_style():
    """Set fonts and colours once, before the first picture."""
    for path in sorted(Path(pylopdf_fonts_ko.__file__).parent.rglob("NotoSansKR*.[ot]tf")):
        font_manager.fontManager.addfont(path)
    matplotlib.rcParams.update(
        {
            "font.family": ["DejaVu Sans", "Noto Sans KR"],
            "font.size": 11,
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.unicode_minus": False,
            "figure.figsize": (8, 4),
            "figure.dpi": 100,
        }
    )
    # A sign that no font has is drawn as a box, and a label that is too long for its place makes the picture
    # larger. Both are to be seen in it, and nothing that a learner could mend.
    for message in (r"Glyph \d+ .* missing from font", "Tight layout not applied"):
        warnings.filterwarnings("ignore", message, UserWarning)


class Drawing(Figure):
    """A figure that draws every text as it is: otherwise a $ in a name or a token could begin a formula."""

    def as_it_is(self):
        for text in self.findobj(Text):
            text.set_parse_math(False)

    def tight_layout(self, **options):
        self.as_it_is()
        super().tight_layout(**options)

    def draw(self, renderer):
        self.as_it_is()
        super().draw(renderer)


class PlainLogFormatter(LogFormatter):
    """Labels where matplotlib has them on a logarithmic axis; 0.001, where it would write a formula."""

    def __call__(self, x, pos=None):
        return f"{x:g}" if super().__call__(x, pos) else ""


class Picture:
    """A drawn figure and, in `alt`, what it shows in words.

    Figures are made without pyplot, which keeps each one in a list that threads should not share.
    """

    def __init__(self, figure: Drawing, alt):
        self.alt = alt
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
        self.png = buffer.getvalue()

    def html(self):
        data = base64.b64encode(self.png).decode()
        return f'<img alt="{escape(self.alt)}" src="data:image/png;base64,{data}">'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html(), "text/plain": f"[picture: {self.alt}]"}

    def __repr__(self):
        return f"[picture: {self.alt}]"
