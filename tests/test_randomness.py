"""Draws go on where they stopped, and nobody else notices them."""

import pytest
import torch

from course_lib.randomness import Draws


def drawn(draws, count):
    with draws:
        return torch.rand(count).tolist()


def test_a_sequence_goes_on_whatever_is_drawn_in_between():
    draws = Draws(seed=3)
    first = drawn(draws, 2)
    torch.manual_seed(8)
    torch.rand(5)
    assert first + drawn(draws, 3) == torch.rand(5, generator=torch.Generator().manual_seed(3)).tolist()


def test_what_is_drawn_outside_is_as_without_it():
    torch.manual_seed(5)
    wanted = torch.rand(1), torch.rand(1)
    torch.manual_seed(5)
    first = torch.rand(1)
    drawn(Draws(seed=3), 4)
    assert (first, torch.rand(1)) == wanted


def test_an_error_inside_leaves_the_outside_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with pytest.raises(KeyError), Draws(seed=3):
        torch.rand(1)
        raise KeyError
    assert torch.equal(torch.get_rng_state(), before)
