"""For every week: random numbers that depend on a seed alone and disturb nobody else's."""

import threading

import torch

# Held while something is drawn, a step is computed or a model is asked, since a training may run in a thread
# of its own: torch's random state is one for all threads. The same thread may take it again.
ONE_AT_A_TIME = threading.RLock()


class Draws:
    """Inside `with`, torch draws from a sequence of its own, which the next `with` continues.

    seed: where the sequence begins
    Outside, torch's global random state is as if nothing had been drawn. Other threads with Draws wait.
    """

    def __init__(self, seed):
        self.seed, self.own = seed, None

    def __enter__(self):
        ONE_AT_A_TIME.acquire()
        self.outside = random_state()
        if self.own is None:
            torch.manual_seed(self.seed)
        else:
            set_random_state(self.own)

    def __exit__(self, *_):
        self.own = random_state()
        set_random_state(self.outside)
        ONE_AT_A_TIME.release()


def random_state():
    """(that of the CPU, [that of each GPU])"""
    return torch.get_rng_state(), torch.cuda.get_rng_state_all()


def set_random_state(state):
    """state: as `random_state` gives it"""
    on_cpu, on_gpus = state
    torch.set_rng_state(on_cpu)
    torch.cuda.set_rng_state_all(on_gpus)
