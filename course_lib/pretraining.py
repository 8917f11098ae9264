"""Week 5: pre-training. One loop, used from a notebook as an iterator and from the shell as a command.

    python -m course_lib.pretrain --corpus town-ko --minutes 5 --out my_bert

Everything drawn at random in a step (its texts, its gaps, its dropout) depends on the seed and the number of
the step alone. So a run that was stopped, even by force, goes on as if nothing had happened.
"""

import hashlib
import json
import math
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import clip_grad_norm_

from course_lib.bert import IGNORE_INDEX, BertForMaskedLM
from course_lib.checkpoint import load_model, read_safetensors, save_model, write_file
from course_lib.corpus import NEXT_SEED, in_place, new_folder
from course_lib.ladder import at_rest
from course_lib.masking import mask_tokens
from course_lib.randomness import Draws

SEEDS = 2**32  # that a run can have: times NEXT_SEED they stay below 2**63, the most that torch can take


@dataclass(frozen=True)
class Training:
    """The settings of a run.

    steps: None trains for `minutes` instead
    learning_rate: the rate rises to it on one line, over `warmup` steps; it falls on another, from it to 0,
    over the whole run. The lower line counts, so it is not quite reached: with 200 of 2,000 steps for
    warm-up, 91 % of it is
    mask_shares: of the chosen tokens, those that become [MASK], random, or stay
    whole_word: choose whole words instead of single tokens
    clip: the longest gradient that is followed as it is; a longer one is shortened to it
    """

    steps: int | None = None
    minutes: float | None = None
    batch_size: int = 128
    learning_rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.01
    mask_probability: float = 0.15
    mask_shares: tuple = (0.8, 0.1, 0.1)
    whole_word: bool = False
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self):
        if (self.steps is None) == (self.minutes is None):
            raise ValueError("give either steps or minutes, not both and not neither")
        for name in ("steps", "minutes", "batch_size", "learning_rate", "warmup", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {value!r}")
        if not 0 <= self.seed < SEEDS:
            raise ValueError(f"seed must be from 0 to {SEEDS - 1:,}, got {self.seed!r}")
        for name in ("steps", "batch_size", "warmup", "seed"):
            value = getattr(self, name)
            if value is not None and value != int(value):
                raise ValueError(f"{name} must be a whole number, got {value!r}")
        if not 0 < self.mask_probability <= 1:
            raise ValueError(f"mask_probability must be above 0 and at most 1, got {self.mask_probability!r}")

    def learning_rate_at(self, step, done):
        """Linear warm-up, then linear decay to 0. done: the share of the run that is over, from 0 to 1."""
        return self.learning_rate * min((step + 1) / self.warmup, 1.0 - done)


@dataclass
class State:
    """Where a run is. loss: of this step's batch, nats per hidden token; tokens: read so far; seconds: of
    training
    """

    step: int
    loss: float
    learning_rate: float
    tokens: int
    seconds: float


class PreTraining:
    """A model in training: iterate over it to train, one State a step; stop when you like and go on later.

    batches: indexed by step, gives (batch, n) ids; the same for every process, each trains on its share
    """

    def __init__(self, model, batches, vocabulary, training):
        self.model, self.batches, self.vocabulary, self.training = model, batches, vocabulary, training
        self.device = next(model.parameters()).device
        self.parallel = DistributedDataParallel(model) if distributed.is_initialized() else model
        self.optimizer = make_optimizer(model, training)
        self.step, self.tokens, self.seconds = 0, 0, 0.0

    def done(self):
        """The share of the run that is over."""
        if self.training.steps is not None:
            return self.step / self.training.steps
        return self.seconds / (60 * self.training.minutes)

    def __iter__(self):
        while (done := self.done()) < 1:
            began = time.perf_counter()
            learning_rate = self.training.learning_rate_at(self.step, done)
            loss, tokens = self.train_step(learning_rate)
            self.step += 1
            self.tokens += tokens
            self.seconds += mean_over_ranks(time.perf_counter() - began)
            yield State(self.step, loss, learning_rate, self.tokens, self.seconds)

    def train_step(self, learning_rate):
        """Hide, guess, compare, improve. Returns the loss and the number of tokens read, over all
        processes.
        """
        input_ids = self.batches[self.step]  # (batch, n)
        generator = torch.Generator().manual_seed(self.training.seed * NEXT_SEED + self.step)
        masked_ids, labels = mask_tokens(
            input_ids,
            self.vocabulary,
            self.training.mask_probability,
            self.training.mask_shares,
            self.training.whole_word,
            generator=generator,
        )
        tokens = (input_ids != self.vocabulary.pad_id).sum().item()
        total = (labels != IGNORE_INDEX).sum().item()  # counted before the batch is shared out
        rank, processes = rank_and_world_size()
        masked_ids, labels = (share[rank::processes].to(self.device) for share in (masked_ids, labels))
        attention_mask = None  # most batches hold texts of one length and need none
        if (masked_ids == self.vocabulary.pad_id).any():
            attention_mask = masked_ids != self.vocabulary.pad_id
        count = (labels != IGNORE_INDEX).sum().item()
        given = dict(attention_mask=attention_mask, labels=labels, masked_only=True)
        dropout = Draws((self.training.seed * NEXT_SEED + self.step) * processes + rank)
        with dropout:  # whoever asks the model meanwhile waits for the end of the step
            self.model.train()
            with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
                output = self.parallel(masked_ids, **given)
            # Each process knows the mean over its own gaps; weighted like this, their average is the mean
            # over all.
            loss = output.loss * count * processes / max(total, 1)  # a batch without a gap teaches nothing
            optimise(self.model, self.optimizer, loss, learning_rate, self.training.clip)
        return mean_over_ranks(loss.detach()), tokens

    def progress(self):
        """Where the run is, for JSON."""
        return dict(step=self.step, tokens=self.tokens, seconds=self.seconds, training=asdict(self.training))

    def state(self):
        """{name: tensor}: what the optimiser remembers."""
        return memory_of(self.model, self.optimizer)

    def load_state(self, tensors):
        """Take over what `state` gave."""
        load_memory(self.model, self.optimizer, tensors)


def make_optimizer(model, training):
    """AdamW; biases and LayerNorms are not pulled towards 0. Loshchilov and Hutter 2019, algorithm 2.

    β₁ = 0.9 and ε = 1e-8 are torch's defaults, from Kingma and Ba 2015, algorithm 1. β₂ = 0.98 is that of
    Vaswani et al. 2017, section 5.3: how large gradients are is remembered over some 50 steps. With 0.999,
    the default, it would be 1,000, and a short run is over by then.
    """
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    groups = [
        dict(params=matrices, weight_decay=training.weight_decay),
        dict(params=others, weight_decay=0.0),
    ]
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.98), fused=True)


def memory_of(model, optimizer):
    """{name: tensor}: what the optimiser remembers of each parameter."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    return {
        f"{names[parameter]}/{key}": tensor
        for parameter, memory in optimizer.state.items()
        for key, tensor in memory.items()
    }


def load_memory(model, optimizer, tensors):
    """Take over what `memory_of` gave."""
    for name, parameter in model.named_parameters():
        keys = [key for key in tensors if key.rpartition("/")[0] == name]
        # All of it, the number of steps too, lies where the parameter lies: fused AdamW wants it there.
        optimizer.state[parameter] = {
            key.rpartition("/")[2]: tensors[key].to(parameter.device) for key in keys
        }


def optimise(model, optimizer, loss, learning_rate, clip):
    """One step: the gradients of `loss`, together cut down to the length `clip`, move the weights."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.zero_grad()
    loss.backward()
    clip_grad_norm_(model.parameters(), clip)
    optimizer.step()


def rank_and_world_size():
    """(number of this process, number of all processes); (0, 1) without torchrun."""
    if distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def mean_over_ranks(value):
    """The mean of a number over all processes, so that all decide alike."""
    if not distributed.is_initialized():
        return float(value)
    mean = torch.as_tensor(value, dtype=torch.float64, device="cpu").clone()
    distributed.all_reduce(mean)
    return mean.item() / distributed.get_world_size()


# -- kept on disk

KEPT = 2  # checkpoints: the newest, and one more in case it is damaged


def save_checkpoint(run, tokenizer, out):
    """Write out/checkpoint-STEP under another name first, so that what has the name is whole."""
    folder = Path(out) / f"checkpoint-{run.step:08d}"
    with at_rest(run.model), new_folder(folder) as partial:
        save_model(run.model, partial, tokenizer)
        write_file(partial / "optimizer.safetensors", safetensors.torch.save(run.state()))
        sums = {file.name: digest(file) for file in sorted(partial.iterdir())}
        progress = run.progress() | dict(sha256=sums)
        write_file(partial / "training.json", json.dumps(progress, indent=2).encode())
    # Only what is older: a newer one is damaged, or of somebody who trained on from here.
    older = [each for each in checkpoints(out) if each.name < folder.name]
    for each in older[KEPT - 1 :]:
        shutil.rmtree(each)
    return folder


def checkpoints(out):
    """The folders of complete checkpoints, the newest first."""
    found = [*Path(out).glob("checkpoint-????????"), *Path(out).glob("checkpoint-????????.old")]
    places = {in_place(path.with_suffix("")) for path in found if path.is_dir()}
    return sorted(places, reverse=True)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Checkpoint:
    """A checkpoint that was read. progress: what training.json says   memory: the optimiser's, by name"""

    folder: Path
    progress: dict
    model: torch.nn.Module
    memory: dict


def read_checkpoint(out, warn=print, kind=BertForMaskedLM):
    """The newest sound checkpoint in `out`, of a model of the class `kind`; damaged ones are named and passed
    over. ValueError where none is sound.
    """
    for folder in checkpoints(out):
        try:
            progress = json.loads((folder / "training.json").read_text(encoding="utf-8"))
            for name, wanted in progress["sha256"].items():
                if digest(folder / name) != wanted:
                    raise ValueError(f"{name} is damaged")
            if folder.stem != f"checkpoint-{progress['step']:08d}":
                raise ValueError("training.json is damaged")
            model = load_model(folder, kind)
            return Checkpoint(folder, progress, model, read_safetensors(folder / "optimizer.safetensors"))
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            warn(f"{folder} cannot be used ({error}) and is passed over.")
    raise ValueError(f"{out} holds no sound checkpoint to resume from")


def load_checkpoint(run, out, warn=print):
    """Continue `run` from the newest sound checkpoint in `out`, see `read_checkpoint`; returns its folder.

    ValueError where it is of a model with another config.
    """
    kept = read_checkpoint(out, warn)
    for name, wanted in vars(run.model.config).items():
        found = getattr(kept.model.config, name)
        if found != wanted:
            raise ValueError(
                f"{kept.folder} holds a model with {name} = {found}, and this run has {wanted}: go on with "
                "the options of the first run, or name another folder"
            )
    resume(run, kept)
    return kept.folder


def resume(run, checkpoint):
    """Continue `run` where the checkpoint, of a model with the same config, was made."""
    run.model.load_state_dict(checkpoint.model.state_dict())
    run.load_state(checkpoint.memory)
    run.step, run.tokens, run.seconds = (checkpoint.progress[name] for name in ("step", "tokens", "seconds"))


if __name__ == "__main__":
    raise SystemExit("the command is course_lib.pretrain: python -m course_lib.pretrain --help")
