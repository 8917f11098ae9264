"""What two processes do for test_pretraining.py: torchrun --nproc-per-node 2 tests/two_processes.py OPTION …

First the command with these options; then steps in which one of them, or both, have nothing to learn from.
"""

import safetensors.torch
import torch

from course_lib import pretrain
from course_lib.bert import BertConfig, BertForMaskedLM
from course_lib.files import write_file
from course_lib.masking import Vocabulary
from course_lib.pretraining import PreTraining, Training, rank_and_world_size
from course_lib.wordpiece import SPECIAL

PIECES = [*SPECIAL, *"abcde"]
KNOWN, UNKNOWN = [2, 6, 7, 8, 9, 3], [2, 1, 1, 1, 1, 3]  # all that is known can be hidden, [UNK] cannot
BATCHES = [
    [KNOWN, UNKNOWN, KNOWN, UNKNOWN],  # the second process, which takes every other text, has no gap
    [UNKNOWN] * 4,  # no one has
    [KNOWN],  # the second has no text
    [UNKNOWN, KNOWN, UNKNOWN, KNOWN],  # the first has no gap
]


def train_with_holes():
    """The losses of four steps, and the parameters behind them."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(PIECES),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=8,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    training = Training(steps=len(BATCHES), learning_rate=0.01, warmup=1)
    batches = [torch.tensor(each) for each in BATCHES]
    run = PreTraining(BertForMaskedLM(config), batches, Vocabulary(PIECES), training)
    return [state.loss for state in run], run.model.state_dict()


def train_both(args):
    """Both, one after the other, before the command lets the processes part."""
    train(args)
    losses, parameters = train_with_holes()
    content = safetensors.torch.save(parameters | {"losses": torch.tensor(losses)})
    write_file(args.out / f"holes-{rank_and_world_size()[0]}.safetensors", content)


if __name__ == "__main__":
    train = pretrain.train
    pretrain.train = train_both
    pretrain.main()
