"""Week 7: one vector for a whole sentence, and what is near it.

The mean of a sentence's hidden vectors stands for the sentence; sentences of like meaning lie close where a
model was trained for that. Reimers and Gurevych 2019, section 3.
"""

import torch
from torch.nn import functional as F

from course_lib.corpus import ids_of, pad
from course_lib.ladder import at_rest


def mean_pooling(hidden, attention_mask):
    """The mean over the real positions of each text; padding has no part in it.

    hidden: (batch, n, hidden_size)   attention_mask: (batch, n), 1 for a real position, 0 for padding
    Returns (batch, hidden_size).
    """
    real = attention_mask[..., None].to(hidden.dtype)  # (batch, n, 1)
    return (hidden * real).sum(dim=1) / real.sum(dim=1)


def most_similar(query, vectors, k):
    """The k vectors whose direction is nearest to that of the query, the most similar one first.

    query: (hidden_size,)   vectors: (n, hidden_size), of any length
    Returns the row numbers (k,), fewer where there are not so many vectors.
    """
    if query.shape != vectors.shape[1:]:
        raise ValueError(
            f"query must have the shape {tuple(vectors.shape[1:])} of one vector, got {tuple(query.shape)}"
        )
    cosines = F.normalize(vectors, dim=-1) @ F.normalize(query, dim=-1)  # (n,)
    return cosines.topk(min(k, len(vectors))).indices


def encode(texts, tokenizer, max_length):
    """[CLS] text [SEP] as a list of ids for each text, read as data (see `ids_of`); longer texts are cut."""
    if max_length < 2:
        raise ValueError(f"max_length must be at least 2 for [CLS] and [SEP], got {max_length}")
    cls_id, sep_id = tokenizer.ids["[CLS]"], tokenizer.ids["[SEP]"]
    return [[cls_id, *ids[: max_length - 2], sep_id] for ids in ids_of(texts, tokenizer)]


def batches_by_length(examples, batch_size):
    """Row numbers in batches, texts of about one length together: little is padded."""
    rows = sorted(range(len(examples)), key=lambda row: len(examples[row]))
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]


@torch.no_grad()
def sentence_vectors(model, tokenizer, texts, max_length=64, batch_size=64, progress=iter):
    """One vector per text, in the order of the texts: (len(texts), hidden_size), on the CPU.

    model: a BertModel, or a model with one   max_length: longer texts are cut
    progress: gets the list of batches to go through
    """
    model = getattr(model, "bert", model)
    pad_id, device = model.config.pad_token_id, next(model.parameters()).device
    examples = encode(texts, tokenizer, max_length)
    vectors = torch.empty(len(examples), model.config.hidden_size)
    with at_rest(model):
        for rows in progress(batches_by_length(examples, batch_size)):
            ids = pad([examples[row] for row in rows], pad_id).to(device)  # (rows, n)
            attention_mask = (ids != pad_id).long()
            hidden = model(ids, attention_mask=attention_mask).last_hidden_state  # (rows, n, hidden_size)
            vectors[rows] = mean_pooling(hidden, attention_mask).cpu()
    return vectors
