"""Tables and lists in HTML, with words for readers without a browser."""

from html import escape

from IPython.display import HTML

from course_lib.classroom.course import WEEKS
from course_lib.classroom.figures import BLUE, GREEN, ORANGE


class Words(HTML):
    """HTML with its own text form."""

    def __init__(self, html, words):
        super().__init__(html)
        self.words = words

    def __repr__(self):
        return self.words


def show_masking(tokens, masked, labels, ignore):
    """A text with its gaps: what is hidden is framed, and below it stands what became of it.

    tokens, masked: the tokens before and after masking   labels: what the loss asks for, or `ignore`
    """
    cells = []
    for token, now, label in zip(tokens, masked, labels):
        if label == ignore:
            cells.append(f"<span style='padding:4px'>{escape(token)}<br>&nbsp;</span>")
            continue
        fate = "kept" if now == token else "→ " + now
        border = {"kept": f"dotted {GREEN}", "→ [MASK]": f"solid {BLUE}"}.get(fate, f"dashed {ORANGE}")
        style = f"padding:4px;border:3px {border};border-radius:4px"
        cells.append(f"<span style='{style}'>{escape(token)}<br><small>{escape(fate)}</small></span>")
    return HTML(
        "<div style='display:flex;flex-wrap:wrap;gap:4px;text-align:center'>" + "".join(cells) + "</div>"
    )


def show_answers(text, answers, exact=None, reason="not known"):
    """The likeliest tokens for each gap of a text, beside the exact ones where they are known.

    answers, exact: for each gap a list of (token, probability)   reason: why there are no exact ones
    """

    def cell(found):
        return "<br>".join(f"{probability:.2f}&nbsp;&nbsp;{escape(piece)}" for piece, probability in found)

    exact = exact or [[]] * len(answers)
    style = "style='padding:2px 12px;text-align:left;vertical-align:top'"
    rows = "".join(
        f"<tr><td {style}>{number}</td><td {style}>{cell(found)}</td>"
        f"<td {style}>{cell(true) or escape(reason)}</td></tr>"
        for number, (found, true) in enumerate(zip(answers, exact), 1)
    )
    head = "".join(f"<th {style}>{name}</th>" for name in ("gap", "the model says", "the grammar knows"))
    return HTML(f"<p>{escape(text)}</p><table><tr>{head}</tr>{rows}</table>")


def show_rows(columns, rows):
    """A table of words and numbers. columns: the names   rows: one tuple of cells each"""
    style = "style='text-align:left;padding:2px 12px'"
    lines = [
        "<tr>" + "".join(f"<{tag} {style}>{lined(cell)}</{tag}>" for cell in cells) + "</tr>"
        for tag, cells in [("th", columns), *(("td", row) for row in rows)]
    ]
    words = "\n".join(
        " | ".join(str(cell).replace("\n", ", ") for cell in cells) for cells in [columns, *rows]
    )
    return Words(f"<table>{''.join(lines)}</table>", words)


def lined(cell):
    """A cell of a table as HTML: what stands in several lines stays so."""
    return escape(str(cell)).replace("\n", "<br>")


def show_package(week):
    """course_lib as it grows: the rooms of this week lit, those of the weeks before furnished."""
    cells, words = [], []
    for number, (*_, rooms) in WEEKS.items():
        if not rooms:
            continue
        state = "new this week" if number == week else "from before" if number < week else "to come"
        border = {"new this week": f"3px solid {ORANGE}", "from before": f"2px solid {BLUE}"}.get(
            state, "1px dashed #999"
        )
        names = "<br>".join(f"<code>{room}.py</code>" for room in rooms)
        cells.append(
            f"<div style='border:{border};border-radius:6px;padding:8px 12px;min-width:110px'>"
            f"<small>week {number} · {state}</small><br>{names}</div>"
        )
        words.append(f"week {number}, {state}: {', '.join(rooms)}")
    html = f"<div style='display:flex;flex-wrap:wrap;gap:8px'>{''.join(cells)}</div>"
    return Words(html, "course_lib: " + "; ".join(words))
