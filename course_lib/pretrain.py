"""Week 5: pre-training from the shell, alone or under torchrun. `python -m course_lib.pretrain --help`"""

import argparse
import gc
import json
import os
from itertools import islice

import torch
from torch import distributed
from tqdm import tqdm

from course_lib.bert import BertForMaskedLM
from course_lib.checkpoint import load_tokenizer, save_model
from course_lib.corpus import TOWNS, Batches, Examples, corpus_texts, tokenized
from course_lib.ladder import evaluate, ladder, mask_for_evaluation, told_twice
from course_lib.masking import Vocabulary
from course_lib.pretrain_arguments import arguments, config_of, training_of, vocabulary_size
from course_lib.pretraining import (
    PreTraining,
    load_checkpoint,
    rank_and_world_size,
    save_checkpoint,
)
from course_lib.randomness import Draws
from course_lib.run_settings import Metrics, errors_in_words, record
from course_lib.town import Town
from course_lib.wordpiece import WordPieceTokenizer
from course_lib.wordpiece_training import train_wordpiece

HELD_OUT = 1000  # texts in front, kept for measuring; a town may tell one of them again
TOWN_TEXTS = 20_000  # stories from which a vocabulary is trained
TOKENIZER_TEXT = 20_000_000  # characters from which a vocabulary is trained
SAMPLE = 100_000  # training texts that are counted for the ladder


def prepare(args, warn):
    """Tokenizer and examples of the corpus: made once, then read from --out."""
    folder = args.out / "corpus"
    if args.resume:
        return load_tokenizer(folder), Examples(folder / "train"), Examples(folder / "held_out")
    stream = corpus_texts(args.corpus, warn)
    count = sum(1 for _ in islice(stream(), HELD_OUT + 1))
    if count <= HELD_OUT:
        raise ValueError(
            f"{args.corpus} holds {count} texts, and {HELD_OUT:,} are held out: give more than {HELD_OUT:,}; "
            f"in a file, blank lines separate them"
        )
    tokenizer = train_tokenizer(args.corpus, args.vocab_size, stream)
    tokenizer.save(folder)
    held_out = tokenized(islice(stream(), HELD_OUT), tokenizer, args.max_length)
    held_out = Examples.write(folder / "held_out", islice(held_out, HELD_OUT))
    texts = tqdm(islice(stream(), HELD_OUT, None), desc="reading", unit=" texts", mininterval=0.5)
    return tokenizer, Examples.write(folder / "train", tokenized(texts, tokenizer, args.max_length)), held_out


def train_tokenizer(corpus, vocab_size, stream):
    """A tokenizer from the first texts of the corpus; that of both towns knows the tokens of each."""
    options = dict(lowercase=True, strip_accents=False)  # accents off would tear Hangul apart
    size = vocabulary_size(corpus, vocab_size)
    if corpus == "town":
        stream_of = {name: corpus_texts(name) for name in TOWNS}
        both = [train_tokenizer(name, None, stream).vocab for name, stream in stream_of.items()]
        return WordPieceTokenizer(dict.fromkeys(piece for vocab in both for piece in vocab), **options)
    # The ratio keeps Korean nouns and particles apart; on other text frequency makes shorter texts (week 3).
    rule = "ratio" if corpus == "town-ko" else "frequency"
    texts = islice(stream(), TOWN_TEXTS) if corpus in TOWNS else stream()
    return WordPieceTokenizer(train_wordpiece(upto(texts, TOKENIZER_TEXT), size, rule, **options), **options)


def upto(texts, characters):
    """The first texts, as far as they hold `characters` together."""
    for text in texts:
        yield text
        characters -= len(text)
        if characters <= 0:
            return


def train(args):
    """A whole run: its texts, model and steps. The first process measures, writes and says how it goes."""
    is_first = rank_and_world_size()[0] == 0
    tokenizer, examples, held_out = prepared(args, is_first)
    run = new_run(args, tokenizer, examples)
    if args.resume:
        load_checkpoint(run, args.out, warn=tqdm.write)
    if not is_first:
        for _ in run:
            pass  # its share of every step
        return
    if run.done() >= 1:
        tqdm.write("This run has come to its end: to train on, give a larger --steps or --minutes.")
    gaps = mask_for_evaluation(held_out.read(range(len(held_out))), run.vocabulary)
    take_steps(args, run, tokenizer, gaps, rungs_of(args.corpus, tokenizer, gaps, examples))
    save_model(run.model, args.out, tokenizer)


def prepared(args, is_first):
    """What `prepare` gives. The other processes wait, and read what the first one has written."""
    if is_first:
        record(args)
        found = prepare(args, tqdm.write)
    if distributed.is_initialized():
        distributed.barrier()
    return found if is_first else prepare(argparse.Namespace(**(vars(args) | dict(resume=True))), tqdm.write)


def new_run(args, tokenizer, examples):
    """The PreTraining of these settings, at its first step."""
    device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"
    vocabulary = Vocabulary(tokenizer.vocab)
    with Draws(args.seed):
        model = BertForMaskedLM(config_of(vars(args), len(tokenizer.vocab))).to(device)
    batches = Batches(examples, args.batch_size, vocabulary.pad_id, args.seed)
    return PreTraining(model, batches, vocabulary, training_of(vars(args)))


def take_steps(args, run, tokenizer, gaps, rungs):
    """Train to the end; say how it goes, measure and keep, as often as the settings want."""
    metrics = Metrics(args.out / "metrics.jsonl", run.step)
    total = args.steps or round(60 * args.minutes)
    unit = "step" if args.steps else "s"
    with tqdm(total=total, initial=min(total, progress(run)), unit=unit) as bar:
        for state in run:
            finished = run.done() >= 1
            bar.update(min(total, progress(run)) - bar.n)
            if state.step % 10 == 0:
                speed = f"{state.tokens / state.seconds:,.0f} tokens/s"
                bar.set_postfix_str(f"loss {state.loss:.3f}, {rung_below(state.loss, rungs)}, {speed}")
            if state.step % args.evaluate_every == 0 or finished:
                loss, accuracy = evaluate(run.model, gaps, run.vocabulary)
                metrics.add(vars(state) | dict(held_out_loss=loss, held_out_accuracy=accuracy, rungs=rungs))
                passed = rung_below(loss, rungs)
                tqdm.write(f"step {state.step}: held-out loss {loss:.4f}, accuracy {accuracy:.4f}, {passed}")
            if state.step % args.checkpoint_every == 0 or finished:
                save_checkpoint(run, tokenizer, args.out)


def rungs_of(corpus, tokenizer, gaps, examples):
    """The ladder for these gaps. Where many held-out texts are training texts, too, a sentence says so; a
    town is small and may tell a story again.
    """
    town = Town(corpus[-2:], tokenizer) if corpus in TOWNS else None
    sample = examples.read(range(min(len(examples), SAMPLE)))
    if corpus not in (*TOWNS, "town") and (sentence := told_twice(gaps, sample, Vocabulary(tokenizer.vocab))):
        tqdm.write(sentence)
    return ladder(tokenizer.vocab, gaps, town, sample)


def progress(run):
    return run.step if run.training.steps else int(run.seconds)


def rung_below(loss, rungs):
    """Which rung of the ladder the loss has passed, in words."""
    passed = [name for name, nats in sorted(rungs.items(), key=lambda item: item[1]) if loss < nats]
    return f"below {passed[0]} {rungs[passed[0]]:.3f}" if passed else "above the ladder"


OLD_RUNGS = {"entropy of the pieces": "entropy of the tokens"}  # what earlier versions called them


def read_metrics(path):
    """The evaluations in a metrics.jsonl, as dicts: those of an earlier version with the names of today."""
    evaluations = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for each in evaluations:
        each["rungs"] = {OLD_RUNGS.get(name, name): nats for name, nats in each["rungs"].items()}
    return evaluations


def join_processes():
    """Meet the others that torchrun has started. NCCL exchanges what is on the GPUs, Gloo what is not."""
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("cpu:gloo,cuda:nccl")
    else:
        distributed.init_process_group("gloo")


def main(argv=None):
    args = arguments(argv)
    if "WORLD_SIZE" in os.environ:
        join_processes()
    try:
        with errors_in_words(args.out):
            train(args)
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
            gc.collect()  # ends the group's threads now: DistributedDataParallel, a cycle, still holds them


if __name__ == "__main__":
    main()
