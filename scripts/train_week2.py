"""Train the small encoder whose attention week 2 looks into: `python scripts/train_week2.py`. About a minute.

It fills gaps in the town's stories about words with several meanings (배, 눈, bank …), in both languages at
once. It has no positions: week 2 has not met them. Writes data/week2/: vocabulary, weights, the log.
"""

import math
import random

import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F

from course_lib.bert import IGNORE_INDEX
from course_lib.checkpoint import write_file
from course_lib.classroom.materials.small_encoder import FOLDER, SIZE
from course_lib.corpus import pad
from course_lib.encoder import Encoder
from course_lib.masking import Vocabulary, mask_tokens
from course_lib.pretraining import optimise
from course_lib.town import Town
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer
from course_lib.wordpiece_training import train_wordpiece

STEPS, BATCH = 2000, 64


def ambiguous_stories(language, count, seed):
    """Stories of the one shape in which a scene, a deed and an outcome decide what a word means."""
    town = Town(language)
    chosen = [number for number, template in enumerate(town.templates) if "{sense.was}" in template]
    town.shapes = [town.shapes[number] for number in chosen]
    town.weights = [town.weights[number] for number in chosen]
    return list(town.stories(count, seed))


def shared_tokenizer(stories):
    """One tokenizer for both languages: those tokens of both towns that occur in these stories."""
    options = dict(lowercase=True, strip_accents=False)
    korean = train_wordpiece(Town("ko").stories(20_000, seed=1), 1600, "ratio", progress=False, **options)
    english = train_wordpiece(
        Town("en").stories(20_000, seed=1), 1100, "frequency", progress=False, **options
    )
    both = WordPieceTokenizer(dict.fromkeys([*korean, *english]), **options)
    used = {piece for story in stories for piece in both.tokenize(story, split_special_tokens=True)}
    return WordPieceTokenizer([piece for piece in both.vocab if piece in used or piece in SPECIAL], **options)


def main():
    torch.set_num_threads(1)  # the matrices are small, and the result is the same whatever else is running
    torch.manual_seed(0)
    stories = [*ambiguous_stories("ko", 4000, seed=1), *ambiguous_stories("en", 4000, seed=2)]
    tokenizer = shared_tokenizer(stories)
    vocabulary = Vocabulary(tokenizer.vocab)
    embedding = nn.Embedding(len(tokenizer.vocab), SIZE["hidden_size"])
    encoder = Encoder(**SIZE, dropout=0.0, attention_dropout=0.0)
    for parameter in [*embedding.parameters(), *encoder.parameters()]:
        if parameter.ndim == 2:
            nn.init.normal_(parameter, std=0.08)
    model = nn.ModuleDict(dict(embedding=embedding, encoder=encoder))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    encoded = [tokenizer.encode(story, split_special_tokens=True).ids for story in stories]
    shuffle, generator = random.Random(0), torch.Generator().manual_seed(0)
    log = []
    for step in range(1, STEPS + 1):
        ids = pad(shuffle.sample(encoded, BATCH), vocabulary.pad_id)  # (batch, n)
        hidden_ids, labels = mask_tokens(ids, vocabulary, generator=generator)
        vectors, _ = encoder(embedding(hidden_ids), attention_mask=ids != vocabulary.pad_id)
        chosen = labels != IGNORE_INDEX
        logits = vectors[chosen] @ embedding.weight.T / SIZE["hidden_size"] ** 0.5  # (gaps, tokens)
        loss = F.cross_entropy(logits, labels[chosen])
        learning_rate = 2e-3 * min(step / 100, 1 - (step - 1) / STEPS)
        optimise(model, optimizer, loss, learning_rate, clip=math.inf)
        if step % 100 == 0:
            log.append(f"step {step:5}  loss {loss.item():.3f}")
            print(log[-1], flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    tokenizer.save(FOLDER)
    write_file(FOLDER / "encoder.safetensors", safetensors.torch.save(dict(model.state_dict())))
    write_file(FOLDER / "training.log", ("\n".join(log) + "\n").encode())


if __name__ == "__main__":
    main()
