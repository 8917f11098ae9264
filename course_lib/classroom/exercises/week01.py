"""The exercises of week 1: what models assume."""

import torch
from torch import nn

from course_lib.classroom.exercises.base import CodeExercise, Quiz, Sorting
from course_lib.classroom.exercises.random_cases import draw


class AssumptionOrFact(Sorting):
    """Some of these sentences are assumptions that a model makes before it sees any data. The others are
    facts that you learn by looking at the data. Sort them.
    """

    id, title = "1.1", "Assumption or fact?"
    difficulty, importance, minutes = 1, 3, 4
    hints = (
        "Ask of each sentence: could I write it down if I had only the model, and no data?",
        "What a model does in the same way for **every** data set is an assumption.",
        "A fact about the data stays true whichever model you choose. An assumption changes with the model.",
    )
    groups = {"model": "an assumption of the model", "data": "a fact about the data"}
    items = {
        "largest": (
            "The largest of the ten y is 0.55.",
            "data",
            "You need the points to know it. Ten other points have another largest y.",
        ),
        "line": (
            "y is a straight line over x.",
            "model",
            "Linear regression assumes a line for any points, even for points on a circle.",
        ),
        "near": (
            "The answer at x is the answer at the nearest known point.",
            "model",
            "The nearest-neighbour model answers like this for any points.",
        ),
        "range": (
            "No pixel has a value below 0.",
            "data",
            "These images were stored so. The same models could also read images with negative pixels.",
        ),
        "left": (
            "In the training images no digit stands on the right.",
            "data",
            "Somebody chose these places and could have chosen others. You have to look to know them.",
        ),
        "same": (
            "A pattern means the same wherever it is in the image.",
            "model",
            "A CNN assumes this of every image. For a form with boxes it is false: there the place decides "
            "what a mark means.",
        ),
    }


class Place(CodeExercise):
    """Put an image on an empty canvas: a square of `canvas` × `canvas` pixels that are all 0. The upper left
    corner of the image goes to (row, column). The image always fits.
    """

    id, title, name = "1.2", "A digit on a canvas", "place"
    difficulty, importance, minutes = 1, 2, 6
    replaces = "course_lib.inductive_bias.place"
    hints = (
        "You need two steps: make a canvas full of zeros, then write the image into a part of it.",
        "Which rows does the image cover? The first is `row`; their number is the height of the image.",
        "You can write to a slice: canvas[from_row:to_row, from_column:to_column] = image.",
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
            """Row and column are exchanged. The index of an image is [row, column]: first from the top, then
            from the left.
            """
            height, width = image.shape
            placed = image.new_zeros(canvas, canvas)
            fits = column + height <= canvas and row + width <= canvas
            if fits:
                placed[column : column + height, row : row + width] = image
            return placed

        def always_in_the_corner(image, row, column, canvas=12):
            """Your image always stands in the upper left corner. The slices have to begin at `row` and at
            `column`.
            """
            placed = image.new_zeros(canvas, canvas)
            placed[: image.shape[0], : image.shape[1]] = image
            return placed

        def middle_at_the_place(image, row, column, canvas=12):
            """The middle of your image is at (row, column). Its upper left corner should be there."""
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
            """Your image is one pixel too far down and one too far to the right. Python counts from 0."""
            height, width = image.shape
            placed = image.new_zeros(canvas + 1, canvas + 1)
            placed[row + 1 : row + 1 + height, column + 1 : column + 1 + width] = image
            return placed[:canvas, :canvas]

        def canvas_of_twelve(image, row, column, canvas=12):
            """Your canvas always has 12 × 12 pixels. Use the argument `canvas`."""
            height, width = image.shape
            placed = image.new_zeros(max(12, row + height), max(12, column + width))
            placed[row : row + height, column : column + width] = image
            return placed

        def images_of_eight(image, row, column, canvas=12):
            """Your answer works only for images of 8 × 8 pixels. Take height and width from `image.shape`."""
            placed = image.new_zeros(canvas, canvas)
            placed[row : row + 8, column : column + 8] = image
            return placed

        def square_images(image, row, column, canvas=12):
            """Your answer works only for square images. shape[0] is the height, shape[1] the width."""
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
            """You exchanged the two pairs of paddings: `pad` begins with the last dimension, so its order is
            left, right, above, below.
            """
            height, width = image.shape
            return nn.functional.pad(image, (row, canvas - height - row, column, canvas - width - column))

        def padded_without_the_image(image, row, column, canvas=12):
            """Your result is larger than the canvas, by the size of the image: you need canvas − column −
            width zeros on the right, and canvas − row − height at the bottom.
            """
            return nn.functional.pad(image, (column, canvas - column, row, canvas - row))

        def ones(image, row, column, canvas=12):
            """The canvas around your image is not empty. All its pixels there have to be 0."""
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
    """Push a digit, such as a 0 or a 4, to column 4 and then back to column 3. In column 4 the CNN gives the
    same probabilities as in column 0; in column 3 it does not. Why?
    """

    id, title = "1.3", "One pixel back"
    difficulty, importance, minutes = 3, 2, 8
    hints = (
        "Column 4 is four pixels from column 0. How far is column 3 from the two columns of the training?",
        "Read the code of the CNN. What happens between two convolutions, and what after the last one?",
        "Pooling keeps the maximum of each 2 × 2 square, twice. By how many pixels must a digit move until "
        "the squares cut the digit in the same way again?",
    )
    choices = {
        "border": (
            "For the CNN opposite edges are joined, so column 4 is next to column 0 again.",
            "They are joined. But the canvas is 12 pixels wide: column 4 is four steps from column 0 in one "
            "direction and eight in the other.",
        ),
        "convolution": (
            "The output of a convolution stays the same, wherever the digit is.",
            "No: its output moves along with the digit. This is equivariance. If the output stayed the same, "
            "the CNN would answer alike in column 3, and the flattened CNN in all columns.",
        ),
        "grid": (
            "Pooling cuts the canvas along fixed lines, twice. Then the global maximum forgets the place.",
            "Yes. Four pixels further on, the same numbers fall into the same squares in both poolings. So "
            "the last convolution gives the same numbers, one place further on, and their maximum is the "
            "same. The flattened CNN gets these numbers too, but it has other parameters for that place. "
            "Column 3 is two or three pixels from the trained columns: there the squares do not cut "
            "the digit in the same way. The patches of the Transformer cut the canvas along fixed lines too.",
        ),
        "weights": (
            "The parameters for the pixels of column 3 were not trained. Those for column 4 were.",
            "A convolution has no parameters for a column: the same kernels move over all columns. The MLP "
            "has separate parameters for each pixel.",
        ),
    }
    answer = "grid"


class Permute(CodeExercise):
    """A learner shuffled all images "by one fixed permutation" with this function and trained again. All
    models then nearly guessed. Find the line that causes this, and correct it. `order` has to come from
    `randperm`, and pixel i of the result has to be pixel `order[i]` of the image.
    """

    id, title, name = "1.4", "Find the bug: everybody guesses", "permute_pixels"
    difficulty, importance, minutes = 2, 3, 10
    replaces = "course_lib.inductive_bias.permute_pixels"
    hints = (
        "Give the function two equal images. Are they still equal afterwards? Should they be?",
        "How often does this function draw an order, and how often should it?",
        "One fixed permutation means: draw it once, from the seed, before the first image.",
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
            """This computes the same as before: each image still gets a different order."""
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
            """Your images come back as they were: nothing uses the order. Draw it once, and use it for each
            image.
            """
            return images.clone()

        def rows_only(images, seed):
            """You put whole rows into a new order. A permutation of the pixels moves each pixel by itself."""
            generator = torch.Generator().manual_seed(seed)
            return images[:, torch.randperm(images.shape[1], generator=generator)]

        def columns_only(images, seed):
            """You put whole columns into a new order. A permutation of the pixels moves each by itself."""
            generator = torch.Generator().manual_seed(seed)
            return images[:, :, torch.randperm(images.shape[2], generator=generator)]

        def used_twice(images, seed):
            """You use the order twice, one time after the other. Pixel i has to come from place `order[i]`,
            not from `order[order[i]]`.
            """
            return Permute.solution(Permute.solution(images, seed), seed)

        def rows_and_columns(images, seed):
            """You put the rows into a new order and then the columns. So the pixels of one row stay together.
            A permutation of the pixels moves each pixel by itself.
            """
            generator = torch.Generator().manual_seed(seed)
            rows = torch.randperm(images.shape[1], generator=generator)
            return images[:, rows][:, :, torch.randperm(images.shape[2], generator=generator)]

        def images_in_a_new_order(images, seed):
            """You put the *images* into a new order, and each image is as it was. Also, the labels no longer
            fit.
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
            """You use one order for all images, which is right. But it does not come from `seed`: another
            seed has to give another order.
            """
            generator = torch.Generator().manual_seed(0)
            order = torch.randperm(images[0].numel(), generator=generator)
            return images.flatten(1)[:, order].view(images.shape)

        def other_seed_for_each(images, seed):
            """Each image still gets a different order, because each has a different seed."""
            return torch.stack(
                [Permute.solution(image[None], seed + number)[0] for number, image in enumerate(images)]
            )

        def other_direction(images, seed):
            """You use one order for all images, which is right, but in the wrong direction: your pixel i goes
            *to* place `order[i]`. Pixel i of the result has to come *from* place `order[i]`.
            """
            generator = torch.Generator().manual_seed(seed)
            order = torch.randperm(images[0].numel(), generator=generator)
            return images.flatten(1)[:, order.argsort()].view(images.shape)

        def left_flat(images, seed):
            """The order is right, but your images are flat. Give them their height and width again."""
            return Permute.solution(images, seed).flatten(1)

    def explain(given, got, wanted):
        before, after = given["images"].flatten(1), got.flatten(1)
        if not torch.equal(before.sort().values, after.sort().values):
            return (
                "Some of your images lost pixels, or have a pixel twice. In an order that `randperm` gives, "
                "each place occurs once."
            )
        orders = (after[:, :, None] == before[:, None, :]).int().argmax(dim=2)  # (n, h · w)
        if (orders != orders[0]).any():
            return "Your images still have different orders. Draw one, before the loop, and use it for all."
        return (
            "One order for all images, which is right. But it is not the first order that `randperm` "
            "gives with this seed, or you do not use it unchanged."
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
    """Write the convolution of a row of pixels as one matrix. Row i of the matrix says how pixel i of the
    result is computed: the kernel stands around the diagonal, with its middle on the diagonal and its first
    weight on the left. Unlike in the CNN above, the two ends are not joined: leave out the weights that would
    stand beyond them. The kernel has an odd number of weights.
    """

    id, title, name = "1.5", "A convolution as a matrix", "convolution_matrix"
    difficulty, importance, minutes = 2, 3, 15
    replaces = "course_lib.inductive_bias.convolution_matrix"
    hints = (
        "Begin with zeros of shape (length, length). Which entries of row i are not 0?",
        "In row i, the middle of the kernel, place k // 2, stands at column i. Where does place j stand?",
        "Place j of the kernel stands at column i + j - k // 2. Write it only if 0 ≤ column < length.",
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
            """Your kernel begins on the diagonal. Its *middle* has to stand there: move each row to the left
            by k // 2.
            """
            return ConvolutionMatrix.fill(kernel, length, shift=0)

        def ends_at_the_diagonal(kernel, length):
            """Your kernel ends on the diagonal. Its *middle* has to stand there."""
            return ConvolutionMatrix.fill(kernel, length, shift=len(kernel) - 1)

        def turned_around(kernel, length):
            """Your kernel is reversed. In mathematics a convolution reverses it. In neural networks,
            and here, it does not.
            """
            return ConvolutionMatrix.fill(kernel.flip(0), length, shift=len(kernel) // 2)

        def around_the_corner(kernel, length):
            """In your matrix, weights beyond one end of the row come in at the other end. Leave them
            out.
            """
            matrix = kernel.new_zeros(length, length)
            for row in range(length):
                for i, weight in enumerate(kernel):
                    matrix[row, (row + i - len(kernel) // 2) % length] = weight
            return matrix

        def below_zero(kernel, length):
            """Weights beyond the left end come in at the right end: Python counts a negative index from the
            back. Leave out negative columns too.
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
            """Your matrix has only the rows in which the whole kernel fits. Each pixel has a row, those at
            the ends with a part of the kernel.
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
            """You wrote only the middle weight. The other weights belong beside it."""
            return kernel[len(kernel) // 2] * torch.eye(length)

        def middle_too_far_right(kernel, length):
            """Your kernel stands one pixel too far on the left: its middle, counted from 0, is k // 2."""
            return ConvolutionMatrix.fill(kernel, length, shift=len(kernel) // 2 + 1)

        def borders_empty(kernel, length):
            """Your first and last rows are empty. There, too, write those weights of the kernel that meet a
            pixel.
            """
            matrix = ConvolutionMatrix.fill(kernel, length, shift=len(kernel) // 2)
            reach = len(kernel) // 2
            for row in range(length):
                if row < reach or row >= length - reach:
                    matrix[row] = 0
            return matrix

        def always_three(kernel, length):
            """Your answer works only for three weights. The middle of a kernel of length k is k // 2."""
            return ConvolutionMatrix.fill(kernel, length, shift=1)

        def first_row_only(kernel, length):
            """All your rows are the same. The kernel has to move on by one pixel with each row."""
            matrix = ConvolutionMatrix.fill(kernel, length, shift=len(kernel) // 2)
            return matrix[length // 2].expand(length, length).clone()

    def explain(given, got, wanted):
        """The first entry that is wrong, and whether the others are in its row or its column."""
        wrong = ~torch.isclose(got, wanted, rtol=1e-4, atol=1e-6)
        row, column = wrong.nonzero()[0].tolist()
        rows, columns = wrong.any(dim=1).sum(), wrong.any(dim=0).sum()
        only = f"row {row}" if rows == 1 else f"column {column}" if columns == 1 else None
        where = f"Only {only} is wrong. " if only else ""
        place = column - row + len(given["kernel"]) // 2
        inside = 0 <= place < len(given["kernel"])
        right = f"{wanted[row, column]:.3f} (place {place} of the kernel)" if inside else "0"
        return f"{where}Row {row}, column {column} must be {right}; yours is {got[row, column]:.3f}."

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
    """Which of these sentences agrees with every row of your table?"""

    id, title = "1.6", "The careful version"
    difficulty, importance, minutes = 2, 3, 5
    hints = (
        "Compare each sentence with each row of the table. One row that contradicts it is enough.",
        "Look at the row of the shuffled pixels: which model leads there?",
        "A careful sentence says under which conditions it holds.",
    )
    choices = {
        "told": (
            "If pixels are not shuffled, the more a model assumes, the more it recognises: the CNN, then the "
            "Transformer, then the MLP.",
            "Look at the row of 1,280 digits: there the Transformer is not ahead of the MLP.",
        ),
        "data": (
            "With 80 digits the assumptions decide who leads. With 1,280 digits all four are equally good.",
            "With 1,280 digits the lead of the CNN is smaller, but it is still there.",
        ),
        "more": (
            "A model that assumes more about images recognises more of them, whatever happens to the pixels.",
            "Look at the row of shuffled pixels: the CNN assumes most and recognises least.",
        ),
        "careful": (
            "The CNN leads by more with 80 digits than with 1,280. Shuffled pixels cost it most, the "
            "Transformer less, the MLP nothing.",
            "Yes. CNN > Transformer > MLP is an order of how much a model assumes. Where the assumptions "
            "are true, they can save examples. Where they are false, they cost accuracy. It is not an order "
            "of accuracy.",
        ),
    }
    answer = "careful"


class NewProblems(Sorting):
    """Here are five problems that have nothing to do with handwritten digits. For each, choose the model
    whose assumptions fit best.
    """

    id, title = "1.7", "New problems"
    difficulty, importance, minutes = 2, 3, 7
    hints = (
        "Ask of each problem: what could I move or exchange without changing the answer?",
        "Does one event follow another? Does the place of a pattern matter? Do the inputs have an order?",
        "If the place does not matter, take the global maximum. If an order means nothing, take attention "
        "without positions. If nothing is known about the inputs, take the MLP.",
    )
    groups = {
        "cnn": "CNN with a global maximum: the same pattern anywhere, and its place does not matter",
        "flattened": "flattened CNN: the same pattern anywhere, and its place matters",
        "rnn": "RNN: reads in order and keeps what it needs",
        "attention": "attention without positions: no order, each input may look at each",
        "mlp": "MLP: nothing is known about which inputs are alike",
    }
    items = {
        "melodies": (
            "Say whether a piece of music contains a certain short melody, at whatever moment.",
            "cnn",
            "The melody is short and the same at every moment, so one detector is enough. When it is heard "
            "does not matter.",
        ),
        "form": (
            "Read a scanned form that always lies in the same position: which of its boxes are marked?",
            "flattened",
            "A mark looks the same in every box, so one detector is enough. But the answer depends on where "
            "the mark is.",
        ),
        "cards": (
            "Say what five playing cards are worth in a game such as poker.",
            "attention",
            "The order of the cards means nothing. But each card must be compared with each other card.",
        ),
        "table": (
            "Predict a diagnosis from twelve measured values, each of a different quantity.",
            "mlp",
            "Weight and blood pressure share no pattern, and none of the values is next to another.",
        ),
        "account": (
            "Follow the payments of a bank account, and say after each whether the balance is below 0.",
            "rnn",
            "One number, the balance, sums up all earlier payments. Each payment changes it.",
        ),
    }
