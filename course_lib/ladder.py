"""Week 5: how good is a model, and how good could it be? Evaluation, and the rungs on which a loss can
rest.
"""

import math
from collections import Counter

import torch

from course_lib.bert import IGNORE_INDEX
from course_lib.corpus import pad
from course_lib.masking import mask_tokens


def hide_for_evaluation(examples, vocab, seed=0, batch_size=128):
    """Batches (ids, labels) of held-out texts by length, all gaps [MASK], the same ones each time."""
    generator = torch.Generator().manual_seed(seed)
    examples = sorted(examples, key=len)
    batches = [pad(examples[i : i + batch_size], vocab.pad_id) for i in range(0, len(examples), batch_size)]
    return [mask_tokens(ids, vocab, shares=(1, 0, 0), generator=generator) for ids in batches]


@torch.no_grad()
def evaluate(model, batches, vocab):
    """(mean loss in nats, accuracy) over the gaps of `hide_for_evaluation`."""
    model.eval()
    device = next(model.parameters()).device
    loss, right, count = 0.0, 0, 0
    for ids, labels in batches:
        ids, labels = ids.to(device), labels.to(device)
        output = model(ids, attention_mask=ids != vocab.pad_id, labels=labels, masked_only=True)
        wanted = labels[labels != IGNORE_INDEX]
        loss += output.loss.item() * len(wanted)
        right += (output.logits.argmax(dim=-1) == wanted).sum().item()
        count += len(wanted)
    return loss / count, right / count


def ladder(pieces, batches, town=None):
    """The rungs on which a loss can rest, from the top: {name: nats}. The floor is known for a town alone."""
    counts = Counter(
        piece
        for ids, labels in batches
        for piece in torch.where(labels == IGNORE_INDEX, ids, labels).flatten().tolist()
        if not pieces[piece].startswith("[")
    )
    total = sum(counts.values())
    rungs = {
        "even guess (ln V)": math.log(len(pieces)),
        "entropy of the pieces": -sum(n / total * math.log(n / total) for n in counts.values()),
    }
    if town is not None:
        stories, masks = [], []
        for ids, labels in batches:
            for row, gaps in zip(ids.tolist(), labels.tolist(), strict=True):
                ids_told = [i if gap == IGNORE_INDEX else gap for i, gap in zip(row, gaps, strict=True)]
                tokens = [pieces[i] for i in ids_told]
                stories.append(tokens[: tokens.index("[SEP]") + 1])
                masks.append({position for position, gap in enumerate(gaps) if gap != IGNORE_INDEX})
        rungs["floor"] = town.floor(stories, masks).loss
    return rungs
