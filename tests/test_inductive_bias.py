"""Week 1: what each model assumes holds exactly, and many models at once learn what each learns alone."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.inductive_bias import (
    CNN,
    LEARNING_RATE,
    MLP,
    RNN,
    Ensemble,
    PatchTransformer,
    convolution_matrix,
    count_parameters,
    patches,
    permute_pixels,
    place,
    scatter,
    width_for,
)

KINDS = [MLP, CNN, RNN, PatchTransformer]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def close(one, other, tolerance=1e-5):
    torch.testing.assert_close(one, other, atol=tolerance, rtol=0)


# -- digits on a canvas


@pytest.mark.parametrize(("row", "column", "canvas"), [(5, 0, 12), (0, 5, 12), (-1, 0, 12), (0, 0, 6)])
def test_an_image_that_does_not_fit_is_refused(row, column, canvas):
    with pytest.raises(ValueError, match=f"8 × 8 at row {row}, column {column}.*{canvas} × {canvas}"):
        place(torch.ones(8, 8), row, column, canvas)


def test_scattered_images_are_whole_and_stand_in_the_given_columns():
    images = 1 + torch.rand(200, 8, 8)
    canvases = scatter(images, range(5), [2, 4], torch.Generator().manual_seed(0))
    close(canvases.sum(dim=(1, 2)), images.sum(dim=(1, 2)), 1e-3)
    first_columns = (canvases > 0).any(dim=1).int().argmax(dim=1)
    first_rows = (canvases > 0).any(dim=2).int().argmax(dim=1)
    assert set(first_columns.tolist()) == {2, 4} and set(first_rows.tolist()) == set(range(5))


def test_permutation_is_one_for_all_and_loses_no_pixel():
    images = torch.arange(64.0).view(1, 8, 8).repeat(3, 1, 1) + 100 * torch.arange(3).view(3, 1, 1)
    permuted = permute_pixels(images, seed=1)
    assert torch.equal(permuted[1] - 100, permuted[0]) and torch.equal(permuted[2] - 200, permuted[0])
    assert torch.equal(permuted[0].flatten().sort().values, torch.arange(64.0))
    assert not torch.equal(permuted[0], images[0])


# -- what each model assumes


@pytest.mark.parametrize("kind", KINDS)
def test_every_pixel_counts(kind):
    models = [kind(24) for _ in range(8)]  # of one model, a pixel may only meet numbers that ReLU cuts off
    images = torch.rand(4, 12, 12, requires_grad=True)
    sum(model(images).square().sum() for model in models).backward()
    assert (images.grad.abs().amax(dim=0) > 0).all()


def test_mlp_cannot_notice_a_permutation():
    model, images = MLP(20), torch.rand(5, 12, 12)
    before = model(images)
    model.layer.weight.data = permute_pixels(model.layer.weight.view(20, 12, 12), seed=3).flatten(1)
    close(model(permute_pixels(images, seed=3)), before)


def test_cnn_answers_alike_wherever_the_image_stands():
    model, images = CNN(6), torch.rand(3, 12, 12)
    # It pools twice by two, so this holds for steps of four pixels, and not for others.
    close(model(images), model(images.roll(4, dims=2)))
    assert (model(images) - model(images.roll(3, dims=2))).abs().max() > 1e-3


def test_cnn_without_the_global_maximum_sees_where_the_image_stands():
    model, images = CNN(6, pooled=False), torch.rand(3, 12, 12)
    assert (model(images) - model(images.roll(4, dims=2))).abs().max() > 1e-3


def test_both_cnns_are_the_same_up_to_the_classifier():
    """The convolutions are equivariant; which model is invariant is decided after them."""
    pooled, flattened, images = CNN(6), CNN(6, pooled=False), torch.rand(3, 12, 12)
    flattened.layers.load_state_dict(pooled.layers.state_dict())
    seen = []
    for model in (pooled, flattened):
        model.layers[-1].register_forward_hook(lambda layer, inputs, output: seen.append(output))
        model(images), model(images.roll(4, dims=2))
    before, moved, *same = seen
    close(moved, before.roll(1, dims=3))
    close(torch.stack(same), torch.stack([before, moved]))


def test_rnn_is_torchs_rnn():
    model, images = RNN(12), torch.rand(4, 12, 12)
    reference = nn.RNN(12, 12, batch_first=True)
    reference.weight_ih_l0.data, reference.bias_ih_l0.data = model.from_row.weight, model.from_row.bias
    reference.weight_hh_l0.data = model.from_before.weight
    reference.bias_hh_l0.data.zero_()
    close(model(images), model.classifier(reference(images)[1][0]))


def swap_patches(images):
    """Each patch moved on by one: whole patches, each as it was."""
    return images.roll(4, dims=2)


def test_transformer_without_positions_sees_no_order():
    model, images = PatchTransformer(16, positions=False), torch.rand(3, 12, 12)
    close(model(images), model(swap_patches(images)))


def test_transformer_with_positions_sees_it():
    model, images = PatchTransformer(16), torch.rand(3, 12, 12)
    assert (model(images) - model(swap_patches(images))).abs().max() > 1e-3


def test_transformer_attends_as_torch_does():
    model, images = PatchTransformer(16), torch.rand(3, 12, 12)
    layer = nn.TransformerEncoderLayer(16, 1, 32, dropout=0.0, activation="relu", batch_first=True)
    names = {
        "self_attn.in_proj_weight": model.query_key_value.weight,
        "self_attn.in_proj_bias": model.query_key_value.bias,
        "self_attn.out_proj.weight": model.output.weight,
        "self_attn.out_proj.bias": model.output.bias,
        "linear1.weight": model.network[0].weight,
        "linear1.bias": model.network[0].bias,
        "linear2.weight": model.network[2].weight,
        "linear2.bias": model.network[2].bias,
    }
    for number, norm in enumerate(model.norms, 1):
        names |= {f"norm{number}.weight": norm.weight, f"norm{number}.bias": norm.bias}
    layer.load_state_dict(names)
    hidden = layer(model.embedding(patches(images, 4)) + model.positions)
    close(model(images), model.classifier(hidden.amax(dim=1)))


def test_patches_are_torchs_unfold():
    images = torch.rand(2, 12, 8)
    close(patches(images, 4), F.unfold(images[:, None], 4, stride=4).transpose(1, 2))


def test_images_that_cannot_be_cut_into_patches_are_refused():
    with pytest.raises(ValueError, match="images of 12 × 10 pixels cannot be cut into patches of 4"):
        patches(torch.zeros(2, 12, 10), 4)


def test_patches_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="canvas of 18 pixels cannot be cut into patches of 4"):
        PatchTransformer(8, canvas=18)


# -- one budget


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("budget", [10_000, 20_000, 40_000])
def test_width_meets_the_budget(kind, budget):
    assert abs(count_parameters(kind(width_for(kind, budget))) - budget) <= 0.05 * budget


@pytest.mark.parametrize("kind", KINDS)
def test_a_budget_that_no_width_meets_is_refused(kind):
    with pytest.raises(ValueError, match=rf"no width gives {kind.__name__} 20 parameters ± 5%.*nearest"):
        width_for(kind, budget=20)


# -- many models at once


def one_set_for_each(models, n=40):
    images = torch.rand(models, n, 12, 12)
    return images, torch.randint(10, (models, n))


def test_an_ensemble_leaves_the_global_random_state_alone():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    first, second = (Ensemble(lambda: MLP(9), models=2).parameters["layer.weight"] for _ in range(2))
    assert torch.equal(torch.rand(3), wanted) and torch.equal(first, second)


@pytest.mark.parametrize("kind", KINDS)
def test_together_gives_what_each_gives_alone(kind):
    ensemble = Ensemble(lambda: kind(9), models=3)
    images, labels = one_set_for_each(3)
    torch.manual_seed(0)
    alone = [kind(9) for _ in range(3)]
    wanted = torch.stack([model(each) for model, each in zip(alone, images)])
    close(ensemble.logits(images), wanted)
    close(ensemble.accuracy(images, labels), (wanted.argmax(dim=-1) == labels).float().mean(dim=1))


@pytest.mark.parametrize("kind", KINDS)
def test_together_learns_what_each_learns_alone(kind):
    images, labels = one_set_for_each(2)
    ensemble = Ensemble(lambda: kind(9), models=2)
    list(ensemble.train(images, labels, [40, 40], steps=4, batch_size=8))
    torch.manual_seed(0)
    alone = [kind(9) for _ in range(2)]
    generator = torch.Generator().manual_seed(0)
    picked = [(torch.rand(2, 8, generator=generator) * 40).long() for _ in range(4)]
    for model, own_images, own_labels, number in zip(alone, images, labels, range(2)):
        optimizer = torch.optim.Adam(model.parameters())
        for step in range(4):
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / 4)
            chosen = picked[step][number]
            loss = F.cross_entropy(model(own_images[chosen]), own_labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    wanted = torch.stack([model(each) for model, each in zip(alone, images)])
    close(ensemble.logits(images), wanted, 1e-4)


def test_each_model_sees_no_more_than_its_size():
    images, labels = one_set_for_each(2)
    images[0, 10:], images[1, 25:] = torch.nan, torch.nan
    ensemble = Ensemble(lambda: MLP(5), models=2)
    list(ensemble.train(images, labels, [10, 25], steps=20, batch_size=32))
    assert ensemble.logits(images[:, :10]).isfinite().all()


# -- weights as one matrix


@pytest.mark.parametrize("size", [1, 3, 5, 9])
@pytest.mark.parametrize("length", [1, 4, 16])
def test_convolution_matrix_is_torchs_convolution(size, length):
    kernel, row = torch.rand(size), torch.rand(length)
    wanted = F.conv1d(row.view(1, 1, -1), kernel.view(1, 1, -1), padding=size // 2).flatten()
    close(convolution_matrix(kernel, length) @ row, wanted)


def test_a_kernel_without_a_middle_is_refused():
    with pytest.raises(ValueError, match="odd number of weights, got 4"):
        convolution_matrix(torch.ones(4), 8)
