"""One step of masked-LM training, ours and transformers', as functions that return how much they read."""

from dataclasses import dataclass

import torch
import transformers
from torch.nn.utils import clip_grad_norm_

from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.masking import Vocabulary, mask_tokens
from course_lib.pretraining import PreTraining, Training
from course_lib.wordpiece import SPECIAL

transformers.logging.set_verbosity_error()


@dataclass(frozen=True)
class Size:
    """How large the model and its batches are."""

    hidden_size: int
    layers: int
    heads: int
    vocab_size: int
    max_length: int
    batch_size: int

    def settings(self):
        """The settings of a config, by names that both sides know. No dropout on either side."""
        return dict(
            vocab_size=self.vocab_size,
            hidden_size=self.hidden_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            intermediate_size=4 * self.hidden_size,
            max_position_embeddings=self.max_length,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )


def middle_size(length):
    """The size at which texts of one length are measured."""
    return Size(hidden_size=256, layers=4, heads=4, vocab_size=8000, max_length=length, batch_size=32)


def numbered_vocabulary(size):
    """A vocabulary whose tokens have no meaning: the special ones, then numbers."""
    return Vocabulary([*SPECIAL, *map(str, range(size.vocab_size - len(SPECIAL)))])


def full_batches(size, count):
    """`count` batches of random texts that all have the greatest length: (count, batch, max_length) ids."""
    generator = torch.Generator().manual_seed(0)
    shape = (count, size.batch_size, size.max_length)
    ids = torch.randint(len(SPECIAL), size.vocab_size, shape, generator=generator)
    ids[..., 0], ids[..., -1] = SPECIAL.index("[CLS]"), SPECIAL.index("[SEP]")
    return ids


def our_step(size, batches, vocabulary):
    """The step of course_lib.pretraining: logits for the gaps alone, fused attention and optimiser."""
    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig(**size.settings()))
    run = PreTraining(model, batches, vocabulary, Training(steps=1_000_000, batch_size=size.batch_size))

    def step():
        _, tokens = run.train_step(run.training.learning_rate)
        run.step += 1
        return tokens

    return step


def their_step(size, batches, vocabulary):
    """transformers.BertForMaskedLM trained in the usual way: logits everywhere, torch's AdamW as it comes."""
    torch.manual_seed(0)
    model = transformers.BertForMaskedLM(transformers.BertConfig(**size.settings())).train()
    optimizer = torch.optim.AdamW(model.parameters())
    batches = iter(batches)
    generator = torch.Generator()
    done = 0

    def step():
        nonlocal done
        input_ids = next(batches)  # (batch, n)
        attention_mask = input_ids != vocabulary.pad_id
        # Seeded like ours: step by step the same gaps in the same batch.
        masked_ids, labels = mask_tokens(input_ids, vocabulary, generator=generator.manual_seed(done))
        output = model(input_ids=masked_ids, attention_mask=attention_mask.long(), labels=labels)
        optimizer.zero_grad()
        output.loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        done += 1
        return attention_mask.sum().item()

    return step


def repeated(step, times):
    """A function that makes `times` steps and returns how many tokens they read."""
    return lambda: sum(step() for _ in range(times))
