"""Our BERT against transformers' BERT: the same weights must give the same numbers and the same gradients."""

import dataclasses
import random

import pytest
import torch
import transformers

from course_lib import checkpoint
from course_lib.bert import (
    IGNORE_INDEX,
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertModel,
)

SEEDS = range(24)


def draw_config(seed):
    """A small configuration with odd sizes, and no dropout."""
    rng = random.Random(seed)
    heads = rng.choice([1, 2, 3, 4, 5, 7])
    hidden_size = heads * rng.randint(-(-15 // heads), 15)
    return BertConfig(
        vocab_size=rng.randint(20, 97),
        hidden_size=hidden_size,
        num_hidden_layers=rng.randint(1, 5),
        num_attention_heads=heads,
        intermediate_size=rng.randint(5, 90),
        max_position_embeddings=rng.randint(4, 40),
        type_vocab_size=rng.randint(2, 3),
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.5 * hidden_size**-0.5,  # vectors keep their size: uneven attention, but no chaos
        pad_token_id=rng.choice([0, 3]),
    )


def draw_batch(config, seed):
    """Texts of every length from 1 to the longest, padded on the right or the left, in one to three
    segments.
    """
    generator = torch.Generator().manual_seed(seed)
    longest = config.max_position_embeddings
    lengths = [1, longest, *torch.randint(1, longest + 1, (4,), generator=generator).tolist()]
    ids = torch.randint(0, config.vocab_size, (len(lengths), longest), generator=generator)
    types = torch.randint(0, config.type_vocab_size, ids.shape, generator=generator)
    position = torch.arange(longest)
    mask = torch.stack([position < n if seed % 2 == 0 else position >= longest - n for n in lengths])
    ids[~mask] = config.pad_token_id
    labels = ids.clone()
    labels[(torch.rand(ids.shape, generator=generator) < 0.6) | ~mask] = IGNORE_INDEX
    labels[1, 0] = 1  # at least one position is labelled
    return dict(input_ids=ids, token_type_ids=types, attention_mask=mask.long()), labels


def reference(kind, config, **settings):
    """transformers' model of the same name and size, its weights perturbed so that biases and norms count
    too.
    """
    published = transformers.BertConfig(
        **config.to_dict(), attn_implementation="eager", architectures=[kind.__name__], **settings
    )
    model = getattr(transformers, kind.__name__)(published).eval()
    generator = torch.Generator().manual_seed(config.vocab_size)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
    return model


def assert_same_gradients(ours, theirs, bound=1e-6):
    """Each gradient within `bound` of theirs, relative to the largest gradient in the model.

    Not relative to itself: the gradient of a key bias is zero in theory and noise in practice. Lengths of
    whole tensors are compared: in float32, rounding alone moves a single number by up to 1.3e-6, from run to
    run, so single numbers get twice the bound. In float64 nothing hides: see the test of its own.
    """
    gradients = {
        name: parameter.grad for name, parameter in ours.named_parameters() if parameter.grad is not None
    }
    gradients = checkpoint.to_published(gradients)
    wanted = {
        name: parameter.grad for name, parameter in theirs.named_parameters() if parameter.grad is not None
    }
    assert gradients.keys() == wanted.keys()
    largest = max(gradient.norm() for gradient in wanted.values())
    largest_number = max(gradient.abs().max() for gradient in wanted.values())
    for name, gradient in gradients.items():
        difference = (gradient - wanted[name]).norm() / largest
        assert difference < bound, f"{name}: {difference:.1e}"
        single = (gradient - wanted[name]).abs().max() / largest_number
        assert single < 2 * bound, f"{name}, one number: {single:.1e}"


@pytest.fixture(params=SEEDS)
def seed(request):
    return request.param


@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
def test_hidden_states_pooler_and_attentions(seed, fused):
    config = draw_config(seed)
    inputs, _ = draw_batch(config, seed)
    theirs = reference(BertModel, config)
    ours = checkpoint.from_published(BertModel(config, fused), theirs.state_dict()).eval()
    with torch.no_grad():
        wanted, got = theirs(**inputs, output_attentions=True), ours(**inputs, output_attentions=not fused)
    torch.testing.assert_close(got.last_hidden_state, wanted.last_hidden_state, rtol=0, atol=1e-5)
    torch.testing.assert_close(got.pooler_output, wanted.pooler_output, rtol=0, atol=1e-5)
    if not fused:
        torch.testing.assert_close(got.attentions, wanted.attentions, rtol=0, atol=1e-5)


@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
def test_masked_lm_logits_loss_and_gradients(seed, fused):
    config = draw_config(seed)
    inputs, labels = draw_batch(config, seed)
    theirs = reference(BertForMaskedLM, config)
    ours = checkpoint.from_published(BertForMaskedLM(config, fused), theirs.state_dict())
    wanted, got = theirs(**inputs, labels=labels), ours(**inputs, labels=labels)
    torch.testing.assert_close(got.logits, wanted.logits, rtol=0, atol=1e-5)
    torch.testing.assert_close(got.loss, wanted.loss, rtol=0, atol=1e-5)
    wanted.loss.backward()
    got.loss.backward()
    assert_same_gradients(ours, theirs)


@pytest.mark.parametrize("fused", [False, True], ids=["clear", "fused"])
def test_gradients_in_float64_agree_to_the_last_digits(seed, fused):
    config = draw_config(seed)
    inputs, labels = draw_batch(config, seed)
    theirs = reference(BertForMaskedLM, config).double()
    ours = checkpoint.from_published(BertForMaskedLM(config, fused).double(), theirs.state_dict())
    theirs(**inputs, labels=labels).loss.backward()
    ours(**inputs, labels=labels, masked_only=True).loss.backward()
    assert_same_gradients(ours, theirs, bound=1e-13)


def test_logits_at_masked_positions_only_have_the_same_gradients(seed):
    config = draw_config(seed)
    inputs, labels = draw_batch(config, seed)
    theirs = reference(BertForMaskedLM, config)
    ours = checkpoint.from_published(BertForMaskedLM(config), theirs.state_dict())
    wanted, got = theirs(**inputs, labels=labels), ours(**inputs, labels=labels, masked_only=True)
    torch.testing.assert_close(got.logits, wanted.logits[labels != IGNORE_INDEX], rtol=0, atol=1e-5)
    wanted.loss.backward()
    got.loss.backward()
    assert_same_gradients(ours, theirs)


def test_pre_training_logits_loss_and_gradients(seed):
    config = draw_config(seed)
    inputs, labels = draw_batch(config, seed)
    follows = torch.arange(len(labels)) % 2
    theirs = reference(BertForPreTraining, config)
    ours = checkpoint.from_published(BertForPreTraining(config), theirs.state_dict())
    wanted = theirs(**inputs, labels=labels, next_sentence_label=follows)
    got = ours(**inputs, labels=labels, next_sentence_label=follows)
    torch.testing.assert_close(got.logits, wanted.prediction_logits, rtol=0, atol=1e-5)
    torch.testing.assert_close(got.next_sentence_logits, wanted.seq_relationship_logits, rtol=0, atol=1e-5)
    torch.testing.assert_close(got.loss, wanted.loss, rtol=0, atol=1e-5)
    wanted.loss.backward()
    got.loss.backward()
    assert_same_gradients(ours, theirs)


KINDS = [BertModel, BertForMaskedLM, BertForPreTraining]


@pytest.mark.parametrize("kind", KINDS)
def test_transformers_opens_what_we_save(kind, tmp_path):
    config = draw_config(1)
    inputs, _ = draw_batch(config, 1)
    ours = kind(config).eval()
    checkpoint.save_model(ours, tmp_path)
    theirs, report = getattr(transformers, kind.__name__).from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    with torch.no_grad():
        torch.testing.assert_close(first(ours(**inputs)), first(theirs(**inputs)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_we_open_what_transformers_saves(kind, tmp_path):
    config = draw_config(2)
    inputs, _ = draw_batch(config, 2)
    theirs = reference(kind, config)
    theirs.save_pretrained(tmp_path)
    ours = checkpoint.load_model(tmp_path)
    assert type(ours) is kind
    with torch.no_grad():
        torch.testing.assert_close(first(ours(**inputs)), first(theirs(**inputs)), rtol=0, atol=1e-5)


def first(output):
    """The main result of either library's output."""
    for name in ("logits", "prediction_logits", "last_hidden_state"):
        if getattr(output, name, None) is not None:
            return getattr(output, name)
    raise AssertionError(f"no result in {output}")


def test_dropout_zeroes_at_the_same_places_and_rate_as_the_reference():
    """With both rates at 0.3 the spread of a hidden state over many draws equals the reference's.

    2,000 draws each: a standard deviation is known to 1 / √(2 · 2000) = 1.6 %, the mean over all entries far
    better.
    """
    config = dataclasses.replace(draw_config(4), hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.3)
    inputs, _ = draw_batch(config, 4)
    inputs = {name: tensor[1:2].repeat(2000, 1) for name, tensor in inputs.items()}
    theirs = reference(BertModel, config).train()
    ours = checkpoint.from_published(BertModel(config), theirs.state_dict()).train()
    torch.manual_seed(0)
    with torch.no_grad():
        wanted, got = theirs(**inputs).last_hidden_state, ours(**inputs).last_hidden_state
    ratio = got.std(dim=0) / wanted.std(dim=0)  # (n, hidden_size)
    assert abs(ratio.mean() - 1) < 0.01
    assert (got.mean(dim=0) - wanted.mean(dim=0)).abs().max() < 6 * wanted.std(dim=0).max() * (
        2 / 2000
    ) ** 0.5
