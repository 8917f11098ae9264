"""The whole course as a map: what is done, what is begun, what is still to come."""

from html import escape

from IPython.display import HTML

from course_lib.classroom.course import WEEKS
from course_lib.classroom.exercises.base import all_exercises
from course_lib.classroom.judging.store import STORE
from course_lib.classroom.markdown import text

SIGNS = {"passed": "✓", "failed": "✗", "not_attempted": "○"}


class CourseMap(HTML):
    """Drawn from my_course/; the text form is for readers without a browser."""

    def __init__(self):
        rows, self.words = [], []
        for week, (_, name, *_) in WEEKS.items():
            found = [each for each in all_exercises().values() if each.week() == week]
            status = [STORE.exercise(each.id)["status"] for each in found]
            done = f"{status.count('passed')} of {len(found)}"
            rooms = "".join(room(each, state) for each, state in zip(found, status))
            rows.append(
                f"<div style='margin:8px 0'><b>Week {week} · {name}</b> · {done}"
                f"<div style='display:flex;flex-wrap:wrap;gap:4px;margin-top:2px'>{rooms}</div></div>"
            )
            self.words.append(f"Week {week} · {name}: {done}")
        legend = "✓ passed · ✗ tried · ○ to come"
        trouble = STORE.notice()
        notice = f"<p><b>{escape(trouble)}</b></p>" if trouble else ""
        super().__init__(f"{notice}{''.join(rows)}<p style='font-size:12px'>{legend}</p>")

    def __repr__(self):
        return "\n".join(self.words)


def room(exercise, status):
    border = {"passed": "3px double #009e73", "failed": "2px solid #d55e00"}.get(status, "1px dashed #888")
    return (
        f"<span title='{escape(exercise.title)}' style='border:{border};border-radius:4px;padding:2px 6px'>"
        f"{SIGNS[status]} {exercise.id} {text(exercise.title)}</span>"
    )


def progress():
    """The map of the course with what you have passed, from my_course/."""
    return CourseMap()
