"""Week 6: what has a trained BERT learned? Gaps filled in turn, calibration, heads, and its vectors layer
by layer.

Nothing here trains: each function asks a model and hands back what it said.
"""

import contextlib

import torch

from course_lib.ladder import at_rest
from course_lib.town import MASK


def fill_in_turn(ask, tokens):
    """Fill the gaps of a text one after the other, and ask anew after each: what is filled helps with the
    rest.

    ask: a function that takes tokens and returns {position of a gap: {token: probability}}
    tokens: a list of str with at least one [MASK]; it is left as it is
    Returns a new list. The gap that is filled next is the one whose likeliest token is the most probable.
    """
    filled = list(tokens)
    while MASK in filled:
        answers = ask(filled)
        likeliest = {gap: max(answer, key=answer.get) for gap, answer in answers.items()}
        surest = max(likeliest, key=lambda gap: answers[gap][likeliest[gap]])
        filled[surest] = likeliest[surest]
    return filled


@torch.no_grad()
def answers_of(model, tokenizer, tokens):
    """What the model says of each gap: {position: {token: probability}}, as `Town.posterior` says it.

    tokens: without [CLS] and [SEP], which are put around them here
    """
    ids = [tokenizer.ids[token] for token in ("[CLS]", *tokens, "[SEP]")]
    device = next(model.parameters()).device
    with at_rest(model):
        logits = model(torch.tensor([ids], device=device)).logits[0, 1:-1]  # (n, vocab_size)
    gaps = [position for position, token in enumerate(tokens) if token == MASK]
    probabilities = logits[gaps].softmax(dim=-1).tolist()
    return {gap: dict(zip(tokenizer.vocab, row, strict=True)) for gap, row in zip(gaps, probabilities)}


def calibration(predicted, true, edges):
    """Is a model as sure as it should be? In each bin of what it said: what was true there, on average.

    predicted, true: (n,) probabilities, the model's for an answer and the true one of that answer
    edges: increasing; bin i holds edges[i] ≤ predicted < edges[i + 1], the last one also its upper edge
    Returns [(mean predicted, mean true, count), …], one for each bin that is not empty.
    """
    bins = []
    for low, high in zip(edges, edges[1:]):
        inside = (predicted >= low) & ((predicted < high) | (high == edges[-1]) & (predicted == high))
        if count := inside.sum().item():
            bins.append((predicted[inside].mean().item(), true[inside].mean().item(), count))
    return bins


def looks(attentions, gap, place):
    """How much each head looks from the gap to a place. attentions: one (1, heads, n, n) for each layer

    Returns (layers, heads).
    """
    return torch.stack([weights[0, :, gap, place] for weights in attentions])


def without_columns(matrix, head, head_size):
    """The output matrix of an attention without what one head brings: its columns are 0.

    matrix: (hidden_size, hidden_size) → the same shape, new
    """
    kept = matrix.clone()
    kept[:, head * head_size : (head + 1) * head_size] = 0
    return kept


@contextlib.contextmanager
def without_head(model, layer, head):
    """The model without what one head brings; afterwards it is whole again."""
    attention = model.bert.encoder.layers[layer].attention
    output = attention.output.weight
    head_size = output.shape[1] // attention.num_heads
    with at_rest(model):  # a training in another thread takes no step without the head
        whole = output.data
        output.data = without_columns(whole, head, head_size)
        try:
            yield
        finally:  # also where the cell is stopped in the middle
            output.data = whole


@torch.no_grad()
def hidden_states(model, input_ids):
    """The vectors of every position, below the first layer and after each: layers + 1 of (batch, n,
    hidden_size).

    input_ids: (batch, n), without padding   model: a BertForMaskedLM
    """
    with at_rest(model):
        hidden = model.bert.embeddings(input_ids)
        states = [hidden]
        for layer in model.bert.encoder.layers:
            hidden, _ = layer(hidden)
            states.append(hidden)
    return states
