"""Time and memory of one attention, measured where the notebook runs."""

import statistics
import time
from typing import NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

HEADS, HEAD_SIZE = 4, 64
CALLS = 5  # of which the median time counts


class Cost(NamedTuple):
    """seconds: the median of several calls   megabytes: all tensors together that one call makes on its
    way
    """

    seconds: float
    megabytes: float


class TensorsMade(TorchDispatchMode):
    """Counts the bytes of every tensor that an operation newly makes; views of old ones do not count."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        results = function(*args, **(kwargs or {}))
        known = {each.untyped_storage().data_ptr() for each in args if torch.is_tensor(each)}
        for each in results if isinstance(results, tuple) else [results]:
            if torch.is_tensor(each) and each.untyped_storage().data_ptr() not in known:
                self.sizes.append(each.untyped_storage().nbytes())
        return results


@torch.no_grad()
def measure(attention, length):
    """The Cost of attention(query, key, value), each of the shape (1, 4, length, 64)."""
    query, key, value = torch.randn(3, 1, HEADS, length, HEAD_SIZE)
    attention(query, key, value)  # the first call makes room and is slower
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        attention(query, key, value)
        times.append(time.perf_counter() - began)
    with TensorsMade() as made:
        attention(query, key, value)
    return Cost(statistics.median(times), sum(made.sizes) / 1e6)
