"""Handwritten digits, real ones, which come with scikit-learn. Nothing is downloaded."""

import torch
from sklearn.datasets import load_digits

TEST = 500


def digits():
    """(images, labels) to train on and (images, labels) to test with, in an order that is drawn once for all.

    images: (n, 8, 8), ink from 0 to 1; n is 1,297 and 500   labels: (n,), from 0 to 9
    """
    loaded = load_digits()
    order = torch.randperm(len(loaded.target), generator=torch.Generator().manual_seed(0))
    images = torch.tensor(loaded.images, dtype=torch.float32)[order] / 16
    labels = torch.tensor(loaded.target)[order]
    return (images[:-TEST], labels[:-TEST]), (images[-TEST:], labels[-TEST:])
