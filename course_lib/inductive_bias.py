"""Week 1: four models of one size, and what each of them assumes about an image before it has seen one.

An inductive bias is whatever makes a model prefer one answer where the data leave several open (Mitchell
1980). Here it lies in which parameters a model uses at several places, and in how it joins those places.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, stack_module_state

from course_lib.randomness import Draws

CLASSES = 10
PATCH = 4  # pixels on each side of the squares that a Transformer reads
TOLERANCE = 0.05  # how far a model's size may be from the budget, as a share of it
LEARNING_RATE = 6e-3  # at the first step

# -- digits on a canvas


def place(image, row, column, canvas=12):
    """An image on an empty canvas, its upper left corner at (row, column).  (h, w) → (canvas, canvas)

    ValueError where it does not fit.
    """
    height, width = image.shape
    if not (0 <= row <= canvas - height and 0 <= column <= canvas - width):
        raise ValueError(
            f"an image of {height} × {width} at row {row}, column {column} does not fit on a canvas of "
            f"{canvas} × {canvas}"
        )
    placed = image.new_zeros(canvas, canvas)
    placed[row : row + height, column : column + width] = image
    return placed


def scatter(images, rows, columns, generator):
    """Each image at a random place, drawn from `rows` and `columns`.  (n, h, w) → (n, 12, 12)"""
    places = [
        [choices[i] for i in torch.randint(len(choices), (len(images),), generator=generator).tolist()]
        for choices in (rows, columns)
    ]
    return torch.stack([place(image, *at) for image, *at in zip(images, *places)])


def permute_pixels(images, seed):
    """The pixels of all images in a new order, the same one for each.  (n, h, w) → (n, h, w)"""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(images[0].numel(), generator=generator)  # (h·w,)
    return images.flatten(1)[:, order].view(images.shape)


# -- four models: (batch, canvas, canvas) → logits (batch, CLASSES)


class MLP(nn.Module):
    """Dense layers: each pixel has parameters of its own. Nothing says which pixels are neighbours."""

    def __init__(self, width, canvas=12):
        super().__init__()
        self.layer = nn.Linear(canvas * canvas, width)
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, images):
        hidden = F.relu(self.layer(images.flatten(1)))  # (batch, width)
        return self.classifier(hidden)


class CNN(nn.Module):
    """The same 3 × 3 kernels at all places: what belongs together is close together, and may stand anywhere.
    `pooled`: the maximum over all places forgets where a pattern was. LeCun et al. 1989.
    """

    def __init__(self, width, canvas=12, pooled=True):
        super().__init__()
        channels = (1, 8, 16, width)
        # Opposite edges are joined: zeros around the canvas would tell how far a digit is from the edge.
        options = dict(kernel_size=3, padding=1, padding_mode="circular")
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, **options) for before, after in zip(channels, channels[1:])
        )
        self.pooled = pooled
        self.classifier = nn.Linear(width if pooled else width * (canvas // 4) ** 2, CLASSES)

    def forward(self, images):
        first, *others = self.layers
        hidden = F.relu(first(images.unsqueeze(1)))  # (batch, 8, canvas, canvas)
        for layer in others:
            hidden = F.max_pool2d(hidden, 2)  # half as high and half as wide, so that 3 × 3 reach further
            hidden = F.relu(layer(hidden))
        if self.pooled:
            hidden = hidden.amax(dim=(2, 3))  # (batch, width): how strong each pattern is, wherever it is
        return self.classifier(hidden.flatten(1))


class RNN(nn.Module):
    """Reads row after row with the same parameters, and keeps one vector of what it has read. Elman 1990."""

    def __init__(self, width, canvas=12):
        super().__init__()
        self.from_row = nn.Linear(canvas, width)
        self.from_before = nn.Linear(width, width, bias=False)
        nn.init.orthogonal_(self.from_before.weight)  # alone, it would keep the length of every vector
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, images):
        first, *others = self.from_row(images).unbind(dim=1)  # each (batch, width)
        hidden = torch.tanh(first)
        for row in others:
            hidden = torch.tanh(row + self.from_before(hidden))
        return self.classifier(hidden)


class PatchTransformer(nn.Module):
    """Patches of 4 × 4 pixels; each can look at each. Only learned position vectors tell where a patch is.
    Dosovitskiy et al. 2021, with one head. Weeks 2 and 4 take it apart.
    """

    def __init__(self, width, canvas=12, positions=True):
        super().__init__()
        if canvas % PATCH:
            raise ValueError(f"a canvas of {canvas} pixels cannot be cut into patches of {PATCH}")
        self.embedding = nn.Linear(PATCH * PATCH, width)
        self.positions = None
        if positions:
            self.positions = nn.Parameter(0.1 * torch.randn((canvas // PATCH) ** 2, width))
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.network = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, images):
        hidden = self.embedding(patches(images, PATCH))  # (batch, patches, width)
        if self.positions is not None:
            hidden = hidden + self.positions
        query, key, value = self.query_key_value(hidden).chunk(3, dim=-1)
        weights = (query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5).softmax(dim=-1)
        hidden = self.norms[0](hidden + self.output(weights @ value))
        hidden = self.norms[1](hidden + self.network(hidden))
        return self.classifier(hidden.amax(dim=1))


def patches(images, size):
    """Squares of size × size pixels, row by row.  (batch, h, w) → (batch, h·w / size², size²)"""
    batch, height, width = images.shape
    if height % size or width % size:
        raise ValueError(f"images of {height} × {width} pixels cannot be cut into patches of {size}")
    squares = images.view(batch, height // size, size, width // size, size).transpose(2, 3)
    return squares.reshape(batch, -1, size * size)


# -- one budget for all


def count_parameters(model):
    """How many parameters a model has."""
    return sum(parameter.numel() for parameter in model.parameters())


def width_for(kind, budget, **options):
    """The width at which `kind(width, **options)` has nearest to `budget` parameters.

    ValueError where none comes within TOLERANCE of it.
    """
    width, counts = 1, {}
    with torch.device("meta"):  # counted without being made
        while not counts or counts[width - 1] < budget:
            counts[width] = count_parameters(kind(width, **options))
            width += 1
    nearest = min(counts, key=lambda each: abs(counts[each] - budget))
    if abs(counts[nearest] - budget) > TOLERANCE * budget:
        raise ValueError(
            f"no width gives {kind.__name__} {budget:,} parameters ± {TOLERANCE:.0%}: width {nearest} is "
            f"nearest, with {counts[nearest]:,}"
        )
    return nearest


# -- many models at once


class Ensemble:
    """Models of one kind that train at the same time, each from its own start and on its own data.

    Their parameters are stacked in tensors with one more dimension, and `vmap` runs all models in one call.
    So many small models take a fraction of the time that they would take one after the other. The inputs may
    be anything that the models read: images here, texts in week 4.
    """

    def __init__(self, make, models):
        with Draws(seed=0):
            made = [make() for _ in range(models)]
        self.pattern = made[0]
        self.parameters, _ = stack_module_state(made)  # {name: (models, …)}

    def logits(self, inputs):
        """(models, batch, …) → (models, batch, classes)"""

        def one(parameters, inputs):
            return functional_call(self.pattern, parameters, (inputs,))

        return torch.vmap(one)(self.parameters, inputs)

    def train(self, inputs, labels, sizes, steps=800, batch_size=32):
        """Adam with a learning rate that falls to 0. Model i sees the first sizes[i] of its inputs.

        inputs: (models, n, …)   labels: (models, n)   Yields after each step.
        """
        generator = torch.Generator().manual_seed(0)
        sizes = torch.as_tensor(sizes)[:, None]  # (models, 1)
        model = torch.arange(len(sizes))[:, None]
        optimizer = torch.optim.Adam(self.parameters.values(), lr=LEARNING_RATE, fused=True)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
        for _ in range(steps):
            picked = (torch.rand(len(sizes), batch_size, generator=generator) * sizes).long()
            logits = self.logits(inputs[model, picked])  # (models, batch, classes)
            losses = F.cross_entropy(logits.flatten(0, 1), labels[model, picked].flatten(), reduction="sum")
            optimizer.zero_grad()
            (losses / batch_size).backward()  # a sum over models: each gets the gradient of its own loss
            optimizer.step()
            schedule.step()
            yield

    @torch.no_grad()
    def accuracy(self, inputs, labels):
        """(models, n, …), (models, n) → (models,)"""
        return (self.logits(inputs).argmax(dim=-1) == labels).float().mean(dim=1)


# -- weights as one matrix


def convolution_matrix(kernel, length):
    """The convolution of a row of pixels as a matrix: matrix @ row. Pixels beyond the two ends count as 0.

    kernel: (k,), k odd → (length, length); row i of it holds the kernel around pixel i
    """
    if len(kernel) % 2 == 0:
        raise ValueError(f"a kernel needs a middle: an odd number of weights, got {len(kernel)}")
    matrix = kernel.new_zeros(length, length)
    for row in range(length):
        for i, weight in enumerate(kernel):
            column = row + i - len(kernel) // 2
            if 0 <= column < length:
                matrix[row, column] = weight
    return matrix
