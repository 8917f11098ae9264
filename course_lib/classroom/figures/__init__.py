"""The pictures of the course, in one style. Each function returns a `Picture`."""

from course_lib.classroom.figures.charts import (
    draw_bars,
    draw_calibration,
    draw_fits,
    draw_ladder,
    draw_lines,
    draw_places,
    draw_shares,
    draw_table,
)
from course_lib.classroom.figures.matrices import (
    draw_digits,
    draw_matrices,
    draw_pieces,
    draw_similarities,
    draw_vocabulary,
    draw_weights,
)
from course_lib.classroom.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    Drawing,
    Picture,
    use_course_style,
)

__all__ = [
    "BLUE",
    "Drawing",
    "GREEN",
    "GREY",
    "ORANGE",
    "Picture",
    "draw_bars",
    "draw_calibration",
    "draw_digits",
    "draw_fits",
    "draw_ladder",
    "draw_lines",
    "draw_matrices",
    "draw_pieces",
    "draw_places",
    "draw_shares",
    "draw_similarities",
    "draw_table",
    "draw_vocabulary",
    "draw_weights",
    "use_course_style",
]
