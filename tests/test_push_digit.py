"""The digit that is pushed: what is shown is what the models say at that place."""

import torch

from course_lib.classroom.materials.digits import digits
from course_lib.classroom.progress_bar import Bar, watch
from course_lib.classroom.widgets.push_digit import PushDigit


def new_widget():
    """Two models. `sees` looks at one pixel of the upper row and says 1 where there is ink."""
    models = {
        "sees": lambda canvas: torch.stack([1 - canvas[:, 0, 4], canvas[:, 0, 4]], dim=1),
        "always 0": lambda canvas: torch.tensor([[1.0, 0.0]]),
    }
    widget = PushDigit(models, torch.ones(7, 8, 8), torch.tensor([1, 1, 1, 1, 1, 1, 1]), trained=range(2))
    widget.row.value = 0
    return widget


def test_it_shows_what_the_models_say_where_the_digit_stands():
    widget = new_widget()
    widget.column.value = 4
    before = widget.picture.value
    assert "✓ says 1" in before and "✗ says 0" in before
    widget.row.value = 3  # the pixel that `sees` looks at is empty now
    assert "✓" not in widget.picture.value and widget.picture.value != before
    assert widget.answers(4)["sees"][0] == 0


def test_its_still_form_tells_both_ends():
    words = new_widget()._repr_mimebundle_()["text/plain"]
    assert "A 1 pushed across the canvas" in words and "in column 0, " in words and "in column 4, " in words


def test_digits_are_the_installed_ones_and_none_is_in_both_parts():
    (images, labels), (others, answers) = digits()
    assert images.shape == (1297, 8, 8) and others.shape == (500, 8, 8)
    assert images.min() == 0 and images.max() == 1 and set(labels.tolist()) == set(range(10))
    rows = {tuple(image.flatten().tolist()) for image in images}
    assert not rows & {tuple(image.flatten().tolist()) for image in others}
    assert len(answers) == 500


def test_watching_passes_every_step_on(capsys):
    assert list(watch(iter("abcde"), 5, "letters", every=2)) == list("abcde")
    assert repr(Bar("letters", 5, 5)) == "letters: 5 of 5"
