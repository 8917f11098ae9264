"""The exercises of week 1: what models assume."""

import torch
from torch import nn

from course_lib.classroom.exercises.base import CodeExercise, Quiz, Sorting
from course_lib.classroom.exercises.random_cases import draw


class AssumptionOrFact(Sorting):
    """Which of these does a model bring along before it sees any data, and which do you learn by looking at
    the data?
    """

    id, title = "1.1", "Assumption or fact?"
    difficulty, importance, minutes = 1, 3, 4
    hints = (
        "Ask of each sentence: could I say it with the model alone in front of me, and no data?",
        "What a model does the same way for **every** data set is an assumption.",
        "A fact of the data stays true whichever model you choose. An assumption comes and goes with the "
        "model.",
    )
    groups = {"model": "an assumption of the model", "data": "a fact of the data"}
    items = {
        "largest": (
            "The largest of the ten y is 0.55.",
            "data",
            "You have to look at the points to know it; ten others have another largest y.",
        ),
        "line": (
            "y is a straight line of x.",
            "model",
            "Linear regression says so of any points, even where they lie on a circle.",
        ),
        "near": (
            "The answer at x is the answer at the nearest known point.",
            "model",
            "This is what nearest neighbours does, whatever points it gets.",
        ),
        "range": (
            "No pixel is below 0.",
            "data",
            "So these images were stored. The same models would read others, which have such pixels.",
        ),
        "left": (
            "In the training images no digit stands on the right.",
            "data",
            "Whoever drew the places could have drawn others. Whether anybody minds is another question.",
        ),
        "same": (
            "What matters looks the same wherever it stands in the image.",
            "model",
            "Convolution is built on it, whatever it is shown. Of maps, or of forms that people fill in, it "
            "is false.",
        ),
    }


class Place(CodeExercise):
    """Put an image on an empty canvas, a square of `canvas` × `canvas` pixels that are 0. The image's upper
    left corner comes to (row, column). It always fits.
    """

    id, title, name = "1.2", "A digit on a canvas", "place"
    difficulty, importance, minutes = 1, 2, 6
    replaces = "course_lib.inductive_bias.place"
    hints = (
        "Two steps: make a canvas full of zeros, then write the image into a part of it.",
        "Which rows does the image cover? They begin at `row`, and there are as many as the image is high.",
        "A slice can be written to: canvas[from_row:to_row, from_column:to_column] = image.",
    )

    def stub(image, row, column, canvas=12):
        """An image on an empty canvas, its upper left corner at (row, column).  (h, w) → (canvas, canvas)"""
        ...

    def solution(image, row, column, canvas=12):
        """An image on an empty canvas, its upper left corner at (row, column).  (h, w) → (canvas, canvas)"""
        height, width = image.shape
        placed = torch.zeros(canvas, canvas)
        placed[row : row + height, column : column + width] = image
        return placed

    class mistakes:
        def exchanged(image, row, column, canvas=12):
            """Row and column are exchanged: a tensor of an image is indexed [row, column], from the top and
            then from the left.
            """
            height, width = image.shape
            placed = image.new_zeros(canvas, canvas)
            fits = column + height <= canvas and row + width <= canvas
            if fits:
                placed[column : column + height, row : row + width] = image
            return placed

        def always_in_the_corner(image, row, column, canvas=12):
            """Your image always stands in the upper left corner: the slices have to begin at `row` and at
            `column`.
            """
            placed = image.new_zeros(canvas, canvas)
            placed[: image.shape[0], : image.shape[1]] = image
            return placed

        def middle_at_the_place(image, row, column, canvas=12):
            """The middle of your image stands at (row, column). It should be its upper left corner."""
            height, width = image.shape
            row, column = max(0, row - height // 2), max(0, column - width // 2)
            placed = image.new_zeros(canvas, canvas)
            placed[row : row + height, column : column + width] = image
            return placed

        def middle_and_cut(image, row, column, canvas=12):
            """The middle of your image stands at (row, column), and what does not fit is cut off. It should
            be the upper left corner; then all fits.
            """
            height, width = image.shape
            wide = image.new_zeros(canvas + height, canvas + width)
            wide[row : row + height, column : column + width] = image
            top, left = height // 2, width // 2
            return wide[top : top + canvas, left : left + canvas]

        def from_one(image, row, column, canvas=12):
            """Your image stands one pixel too far down and to the right. Python counts from 0."""
            height, width = image.shape
            placed = image.new_zeros(canvas + 1, canvas + 1)
            placed[row + 1 : row + 1 + height, column + 1 : column + 1 + width] = image
            return placed[:canvas, :canvas]

        def canvas_of_twelve(image, row, column, canvas=12):
            """Your canvas has 12 × 12 pixels whatever `canvas` says."""
            height, width = image.shape
            placed = image.new_zeros(max(12, row + height), max(12, column + width))
            placed[row : row + height, column : column + width] = image
            return placed

        def images_of_eight(image, row, column, canvas=12):
            """It works for images of 8 × 8 alone: take height and width from `image.shape`."""
            placed = image.new_zeros(canvas, canvas)
            placed[row : row + 8, column : column + 8] = image
            return placed

        def square_images(image, row, column, canvas=12):
            """It works for square images alone. shape[0] is the height, shape[1] the width."""
            height = image.shape[0]
            placed = image.new_zeros(canvas, canvas)
            placed[row : row + height, column : column + height] = image
            return placed

        def height_for_width(image, row, column, canvas=12):
            """It works for square images alone: `image.shape` is (height, width), and you take them in the
            other order.
            """
            width, height = image.shape
            placed = image.new_zeros(canvas, canvas)
            placed[row : row + height, column : column + width] = image
            return placed

        def padded_in_the_other_order(image, row, column, canvas=12):
            """Zeros for above and below stand on the left and on the right, and the other way round: `pad`
            begins with the last dimension, so its order is left, right, above, below.
            """
            height, width = image.shape
            return nn.functional.pad(image, (row, canvas - height - row, column, canvas - width - column))

        def padded_without_the_image(image, row, column, canvas=12):
            """Your result is larger than the canvas, by the size of the image: on the right remain canvas −
            column − width zeros, and below canvas − row − height.
            """
            return nn.functional.pad(image, (column, canvas - column, row, canvas - row))

        def ones(image, row, column, canvas=12):
            """The canvas around your image is not empty: it has to be 0 there."""
            height, width = image.shape
            placed = image.new_ones(canvas, canvas)
            placed[row : row + height, column : column + width] = image
            return placed

    def explain(given, got, wanted):
        """Where the image stands, if it stands there as it is."""
        image, row, column = given["image"], given["row"], given["column"]
        for words, turned in (("Your image", image), ("Your image, transposed,", image.T)):
            height, width = turned.shape
            for top in range(len(got) - height + 1):
                for left in range(len(got) - width + 1):
                    moved = torch.zeros_like(got)
                    moved[top : top + height, left : left + width] = turned
                    if not torch.equal(got, moved):
                        continue
                    if (top, left) == (row, column):
                        return "Your image stands at the right place, but transposed: its rows are columns."
                    return (
                        f"{words} stands at row {top}, column {left}. Its upper left corner has to be at row "
                        f"{row}, column {column}."
                    )
        around = got.clone()
        around[row : row + image.shape[0], column : column + image.shape[1]] = 0
        if not around.any():
            return "Your image stands at the right place, but its numbers are not those of `image`."
        return None

    def cases():
        yield dict(image=torch.tensor([[1.0, 2.0]]), row=2, column=1, canvas=4)
        yield dict(image=draw(2, 3), row=0, column=2, canvas=5)
        yield dict(image=draw(8, 8, seed=1), row=4, column=1)
        yield dict(image=draw(3, 3, seed=2), row=1, column=1, canvas=4)
        yield dict(image=draw(2, 2, seed=3), row=4, column=16, canvas=18)
        yield dict(image=draw(5, 5, seed=4), row=0, column=0, canvas=5)  # nothing of the canvas is left
        yield dict(image=draw(1, 1, seed=5), row=6, column=0, canvas=7)
        yield dict(image=draw(12, 3, seed=6), row=0, column=9)
        yield dict(image=draw(8, 8, seed=7), row=2, column=3)
        yield dict(image=draw(2, 1, seed=8), row=2, column=1, canvas=4)  # the first place, another image


class ColumnThree(Quiz):
    """Push a digit, such as a 0 or a 4, to column 4 and back to column 3. In column 4 the convolutional model
    gives the same probabilities as in column 0, and in column 3 it does not. Why?
    """

    id, title = "1.3", "One pixel back"
    difficulty, importance, minutes = 3, 2, 8
    hints = (
        "How many pixels is column 4 away from column 0? Is column 3 as far from a column that was trained?",
        "Look at the code of the convolutional model: what happens between two of its layers?",
        "Pooling keeps the strongest of 2 × 2 numbers, twice. By how many pixels must a digit move until the "
        "same numbers fall into the same squares again?",
    )
    choices = {
        "border": (
            "In column 4 the digit ends at the right border, as in column 0 it begins at the left one.",
            "To this model a border is nothing special: its 3 × 3 weights go on at the opposite one.",
        ),
        "ring": (
            "At a border the model goes on at the opposite one, so that column 4 lies beside column 0 again.",
            "It does go on there, but the canvas is 12 pixels wide: on that ring, column 4 is four steps "
            "from column 0 on one side and eight on the other.",
        ),
        "grid": (
            "Between its layers, 2 × 2 pooling cuts the canvas along fixed lines, and it does so twice.",
            "Yes. Four pixels further on, a digit falls into the same squares in both poolings, and the same "
            "numbers come out. Column 3 is no such step from any column it trained in. The patches of the "
            "Transformer are such a grid too.",
        ),
        "weights": (
            "The weights for the pixels of column 3 have not been trained, those of column 4 have been.",
            "A convolution has no weights for a column: the same 3 × 3 move across all of them. Dense has "
            "weights of its own for each pixel.",
        ),
    }
    answer = "grid"


class Permute(CodeExercise):
    """A learner shuffled all images "by one fixed permutation" with this function and trained again. All
    models fell nearly to guessing. Find the line that does it, and mend it. `order` has to come from
    `randperm`, and pixel i of the result has to be pixel `order[i]` of the image.
    """

    id, title, name = "1.4", "Find the bug: everybody guesses", "permute_pixels"
    difficulty, importance, minutes = 2, 3, 10
    replaces = "course_lib.inductive_bias.permute_pixels"
    hints = (
        "Take two equal images. Would they still be equal after this function? Should they be?",
        "How often does this function draw an order, and how often should it?",
        "One fixed permutation is drawn once, from the seed, before any image is touched.",
    )

    def stub(images, seed):
        """The pixels of all images in a new order, the same one for each.  (n, h, w) → (n, h, w)"""
        generator = torch.Generator().manual_seed(seed)
        permuted = []
        for image in images:
            order = torch.randperm(image.numel(), generator=generator)
            permuted.append(image.flatten()[order].view(image.shape))
        return torch.stack(permuted)

    def solution(images, seed):
        """The pixels of all images in a new order, the same one for each.  (n, h, w) → (n, h, w)"""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(images[0].numel(), generator=generator)
        permuted = []
        for image in images:
            permuted.append(image.flatten()[order].view(image.shape))
        return torch.stack(permuted)

    class mistakes:
        def same_bug_in_other_words(images, seed):
            """This computes what it computed before: each image still gets an order of its own."""
            generator = torch.Generator().manual_seed(seed)
            orders = [torch.randperm(image.numel(), generator=generator) for image in images]
            return torch.stack([image.flatten()[o].view(image.shape) for image, o in zip(images, orders)])

        def still_drawn_in_the_loop(images, seed):
            """You draw an order before the loop, and inside the loop another one takes its place for each
            image: take that line out.
            """
            generator = torch.Generator().manual_seed(seed)
            _, *orders = [
                torch.randperm(images[0].numel(), generator=generator) for _ in range(len(images) + 1)
            ]
            return torch.stack([image.flatten()[o].view(image.shape) for image, o in zip(images, orders)])

        def one_image_for_all(images, seed):
            """All your images are made from the first one: inside the loop take the pixels of `image`."""
            return Permute.solution(images[:1].expand_as(images), seed)

        def nothing_permuted(images, seed):
            """Your images come back as they were: the order is lost. Draw it once, and use it for each
            image.
            """
            return images.clone()

        def rows_only(images, seed):
            """You put whole rows into a new order. A permutation of the pixels has to move each of them."""
            generator = torch.Generator().manual_seed(seed)
            return images[:, torch.randperm(images.shape[1], generator=generator)]

        def columns_only(images, seed):
            """You put whole columns into a new order. A permutation of the pixels has to move each pixel."""
            generator = torch.Generator().manual_seed(seed)
            return images[:, :, torch.randperm(images.shape[2], generator=generator)]

        def used_twice(images, seed):
            """You use the order twice, one time after the other: pixel i has to come from place `order[i]`,
            and not from `order[order[i]]`.
            """
            return Permute.solution(Permute.solution(images, seed), seed)

        def rows_and_columns(images, seed):
            """You put the rows into a new order and then the columns. So pixels of one row stay together; a
            permutation of the pixels moves each of them on its own.
            """
            generator = torch.Generator().manual_seed(seed)
            rows = torch.randperm(images.shape[1], generator=generator)
            return images[:, rows][:, :, torch.randperm(images.shape[2], generator=generator)]

        def images_in_a_new_order(images, seed):
            """You put the *images* into a new order, and each image is as it was. Their labels no longer fit,
            too.
            """
            generator = torch.Generator().manual_seed(seed)
            return images[torch.randperm(len(images), generator=generator)]

        def across_images(images, seed):
            """Your pixels move from one image into another. Put the pixels of *one* image into a new order,
            and use it for each.
            """
            generator = torch.Generator().manual_seed(seed)
            order = torch.randperm(images.numel(), generator=generator)
            return images.flatten()[order].view(images.shape)

        def seed_forgotten(images, seed):
            """One order for all, which is right, but it does not come from `seed`: another seed has to give
            another order.
            """
            generator = torch.Generator().manual_seed(0)
            order = torch.randperm(images[0].numel(), generator=generator)
            return images.flatten(1)[:, order].view(images.shape)

        def other_seed_for_each(images, seed):
            """Each image still gets an order of its own, now from a seed of its own."""
            return torch.stack(
                [Permute.solution(image[None], seed + number)[0] for number, image in enumerate(images)]
            )

        def other_direction(images, seed):
            """One order for all, which is right, but used the other way round: your pixel i goes *to* place
            `order[i]`. Pixel i of the result has to come *from* place `order[i]`.
            """
            generator = torch.Generator().manual_seed(seed)
            order = torch.randperm(images[0].numel(), generator=generator)
            return images.flatten(1)[:, order.argsort()].view(images.shape)

        def left_flat(images, seed):
            """The order is right, but your images are flat: give them back their height and width."""
            return Permute.solution(images, seed).flatten(1)

    def explain(given, got, wanted):
        before, after = given["images"].flatten(1), got.flatten(1)
        if not torch.equal(before.sort().values, after.sort().values):
            return (
                "Not each of your images has all its pixels: some are lost, or stand there twice. In an "
                "order that `randperm` gives, each place occurs once."
            )
        orders = (after[:, :, None] == before[:, None, :]).int().argmax(dim=2)  # (n, h · w)
        if (orders != orders[0]).any():
            return "Your images still have different orders. Draw one, before the loop, and use it for all."
        return (
            "One order for all images, which is right. But it is not the first that `randperm` gives with a "
            "generator of this seed, or it is not used as it is."
        )

    def cases():
        yield dict(images=torch.arange(12.0).view(2, 2, 3), seed=1)
        yield dict(images=draw(5, 4, 4), seed=0)
        yield dict(images=draw(1, 8, 8), seed=2)
        yield dict(images=draw(5, 4, 4), seed=3)  # the same images in another order
        yield dict(images=draw(3, 5, 2, seed=1), seed=0)  # the same seed for images of another size
        yield dict(images=draw(4, 3, 3, seed=2), seed=20_000)
        yield dict(images=draw(3, 1, 1, seed=3), seed=5)


class ConvolutionMatrix(CodeExercise):
    """Write the convolution of a row of pixels as the one big matrix that it is. Row i of the matrix says how
    pixel i of the result comes about: the kernel stands around the diagonal, its middle on it, its first
    weight on the left. Beyond the two ends there are no pixels, and what would stand there is left out. The
    kernel has an odd number of weights.
    """

    id, title, name = "1.5", "A convolution as a matrix", "convolution_matrix"
    difficulty, importance, minutes = 2, 3, 15
    replaces = "course_lib.inductive_bias.convolution_matrix"
    hints = (
        "Begin with zeros in the shape (length, length). Which entries of row i are not 0?",
        "The middle of the kernel, place k // 2, meets pixel i itself. Which pixel does place j meet?",
        "Place j of the kernel meets pixel i + j - k // 2. Write only where that is from 0 to length - 1.",
    )

    def stub(kernel, length):
        """Convolution of a row as a matrix: matrix @ row.  kernel: (k,), k odd → (length, length)"""
        ...

    def solution(kernel, length):
        """Convolution of a row as a matrix: matrix @ row.  kernel: (k,), k odd → (length, length)"""
        matrix = torch.zeros(length, length)
        for row in range(length):
            for i in range(len(kernel)):
                column = row + i - len(kernel) // 2
                if 0 <= column < length:
                    matrix[row, column] = kernel[i]
        return matrix

    class mistakes:
        def starts_at_the_diagonal(kernel, length):
            """Your kernel begins on the diagonal. Its *middle* has to stand there: shift each row by k // 2
            to the left.
            """
            return ConvolutionMatrix.fill(kernel, length, shift=0)

        def ends_at_the_diagonal(kernel, length):
            """Your kernel ends on the diagonal. Its *middle* has to stand there."""
            return ConvolutionMatrix.fill(kernel, length, shift=len(kernel) - 1)

        def turned_around(kernel, length):
            """Your kernel is turned around. In mathematics a convolution does that; in neural networks, and
            here, it does not.
            """
            return ConvolutionMatrix.fill(kernel.flip(0), length, shift=len(kernel) // 2)

        def around_the_corner(kernel, length):
            """What falls off at one end comes in at the other. Beyond the ends there is nothing: leave it
            out.
            """
            matrix = kernel.new_zeros(length, length)
            for row in range(length):
                for i, weight in enumerate(kernel):
                    matrix[row, (row + i - len(kernel) // 2) % length] = weight
            return matrix

        def below_zero(kernel, length):
            """At the left end something comes in from the right: an index below 0 counts from the back. Leave
            out those columns, too.
            """
            matrix = kernel.new_zeros(length, length)
            for row in range(length):
                for i, weight in enumerate(kernel):
                    column = row + i - len(kernel) // 2
                    if column < length:
                        matrix[row, column] = weight
            return matrix

        def added_around_the_corner(kernel, length):
            """What falls off at one end is added at the other. Beyond the ends there is nothing: leave it
            out.
            """
            matrix = kernel.new_zeros(length, length)
            for row in range(length):
                for i, weight in enumerate(kernel):
                    matrix[row, (row + i - len(kernel) // 2) % length] += weight
            return matrix

        def piled_up_at_the_ends(kernel, length):
            """What would stand beyond an end is added to the last pixel there. Leave it out."""
            matrix = kernel.new_zeros(length, length)
            for row in range(length):
                for i, weight in enumerate(kernel):
                    matrix[row, min(max(row + i - len(kernel) // 2, 0), length - 1)] += weight
            return matrix

        def full_rows_only(kernel, length):
            """Only the rows are there in which the whole kernel fits. Each pixel has a row, those at the ends
            with a part of the kernel.
            """
            matrix = kernel.new_zeros(length - len(kernel) + 1, length)
            for row in range(len(matrix)):
                matrix[row, row : row + len(kernel)] = kernel
            return matrix

        def three_weights(kernel, length):
            """You use three weights of the kernel, whatever its length: let a loop run over all of them."""
            return ConvolutionMatrix.fill(kernel[:3], length, shift=1)

        def last_weight_missing(kernel, length):
            """The last weight of the kernel is missing: does your range end one too early?"""
            kernel = torch.cat([kernel[:-1], kernel.new_zeros(1)])
            return ConvolutionMatrix.fill(kernel, length, shift=len(kernel) // 2)

        def middle_alone(kernel, length):
            """You put the middle of the kernel alone on the diagonal. The others belong beside it."""
            return kernel[len(kernel) // 2] * torch.eye(length)

        def middle_too_far_right(kernel, length):
            """Your kernel stands one pixel too far on the left: its middle, counted from 0, is k // 2."""
            return ConvolutionMatrix.fill(kernel, length, shift=len(kernel) // 2 + 1)

        def borders_empty(kernel, length):
            """The first and the last rows are empty. At the ends the kernel still counts, with those of its
            weights that meet a pixel.
            """
            matrix = ConvolutionMatrix.fill(kernel, length, shift=len(kernel) // 2)
            reach = len(kernel) // 2
            for row in range(length):
                if row < reach or row >= length - reach:
                    matrix[row] = 0
            return matrix

        def always_three(kernel, length):
            """It works for three weights alone: take the middle from the length of the kernel, k // 2."""
            return ConvolutionMatrix.fill(kernel, length, shift=1)

        def first_row_only(kernel, length):
            """The same row everywhere: the kernel has to move one pixel on with each row."""
            matrix = ConvolutionMatrix.fill(kernel, length, shift=len(kernel) // 2)
            return matrix[length // 2].expand(length, length).clone()

    def explain(given, got, wanted):
        """The first entry that is wrong, and whether the others are in its row or its column."""
        wrong = ~torch.isclose(got, wanted, rtol=1e-4, atol=1e-6)
        row, column = wrong.nonzero()[0].tolist()
        rows, columns = wrong.any(dim=1).sum(), wrong.any(dim=0).sum()
        only = f"row {row}" if rows == 1 else f"column {column}" if columns == 1 else None
        where = f"All is right but {only}. " if only else ""
        place = column - row + len(given["kernel"]) // 2
        inside = 0 <= place < len(given["kernel"])
        belongs = f"place {place} of the kernel, {wanted[row, column]:.3f}," if inside else "0"
        return f"{where}At row {row}, column {column}, {belongs} belongs; yours is {got[row, column]:.3f}."

    def fill(kernel, length, shift):
        """The matrix whose kernel begins `shift` pixels before the diagonal, for the mistakes."""
        matrix = kernel.new_zeros(length, length)
        for row in range(length):
            for i, weight in enumerate(kernel):
                if 0 <= row + i - shift < length:
                    matrix[row, row + i - shift] = weight
        return matrix

    def cases():
        yield dict(kernel=torch.tensor([1.0, 2.0, 3.0]), length=4)
        yield dict(kernel=draw(5), length=8)
        yield dict(kernel=draw(3, seed=1), length=3)
        yield dict(kernel=draw(1, seed=2), length=3)
        yield dict(kernel=draw(7, seed=3), length=4)
        yield dict(kernel=torch.tensor([0.0, 1.0, 1.0]), length=5)
        yield dict(kernel=draw(5, seed=4), length=6)
        yield dict(kernel=draw(3, seed=5), length=12)
        yield dict(kernel=draw(5, seed=6), length=2)  # longer than the row
        yield dict(kernel=draw(3, seed=7), length=4)  # the first sizes, another kernel
        yield dict(kernel=draw(9, seed=8), length=2)  # its ends are farther away than the row is long


class Careful(Quiz):
    """Which of these sentences does no row of your table contradict?"""

    id, title = "1.6", "The careful version"
    difficulty, importance, minutes = 2, 3, 5
    hints = (
        "Take each sentence to each row of the table. One row against it is enough.",
        "Look at the row of the shuffled pixels: who leads there?",
        "A careful sentence says under which conditions it holds.",
    )
    choices = {
        "told": (
            "Convolution leads, then come the Transformer and dense, in this order, unless pixels are "
            "shuffled.",
            "Look at the row of 1,280 digits: there the Transformer is not ahead of dense.",
        ),
        "data": (
            "With 80 digits the bias decides who leads; with 1,280 all four have caught up with each other.",
            "The lead is smaller with 1,280 digits than with 80, but it is still there.",
        ),
        "more": (
            "The more a model assumes about images, the more it recognises, whatever is done to the pixels.",
            "Shuffle the pixels, and the model that assumes most recognises least.",
        ),
        "careful": (
            "Convolution leads by more with 80 digits than with 1,280, and is last where pixels are "
            "shuffled.",
            "Yes. It assumes that patterns are local and may stand anywhere. Where this is true it helps, "
            "most where digits are few; where it is false it hurts. Both sides are in your table.",
        ),
    }
    answer = "careful"


class NewProblems(Sorting):
    """Four problems that have nothing to do with images. Which model's assumptions fit each of them best?"""

    id, title = "1.7", "New problems"
    difficulty, importance, minutes = 2, 3, 6
    hints = (
        "Ask of each problem: what could you exchange or shift, and the answer would still be the same?",
        "Is there an order in which things happen? Do all columns mean the same sort of thing?",
        "Anywhere the same: convolution. Before and after: recurrent. No order at all: attention without "
        "positions. Nothing known: dense.",
    )
    groups = {
        "convolutional": "convolutional: the same pattern may stand anywhere",
        "recurrent": "recurrent: read in order, keep what is needed",
        "attention": "attention without positions: no order, each may look at each",
        "dense": "dense: nothing is known about which inputs are alike",
    }
    items = {
        "melodies": (
            "Find a short motif in a recording, at whatever moment it is played.",
            "convolutional",
            "The motif is short, and the same at every moment: one detector can serve all of them.",
        ),
        "molecules": (
            "Predict the boiling point of a molecule from its atoms. How the atoms are numbered is an "
            "accident.",
            "attention",
            "Numbered in another way it is the same molecule, so the answer must stay; and every atom may "
            "matter to every other.",
        ),
        "table": (
            "Predict a diagnosis from twelve measured values, each column another quantity.",
            "dense",
            "Weight and blood pressure share no pattern; shifting the columns makes no sense.",
        ),
        "account": (
            "Follow a bank account, booking by booking, and say after each whether a limit is broken.",
            "recurrent",
            "One number, the balance, carries all that came before, and each booking brings it up to date.",
        ),
    }
