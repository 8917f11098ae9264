"""Week 8: fine-tuning from the shell. `python -m course_lib.finetune --help`"""

import re

import torch
from tqdm import tqdm

from course_lib.bert import IGNORE_INDEX, BertModel
from course_lib.checkpoint import load_model, load_tokenizer, save_model
from course_lib.files import named
from course_lib.finetune_arguments import arguments, training_of
from course_lib.finetune_data import check_names, encode_row, first_tokens, is_lost, label_names, read_rows
from course_lib.finetuning import (
    FineTuningRun,
    ask,
    classify,
    head_on,
    mean_over_labels,
    steps_per_epoch,
    tag,
)
from course_lib.pretraining import read_checkpoint, save_checkpoint
from course_lib.run_settings import Metrics, errors_in_words, record
from course_lib.spans import OUTSIDE, answer_f1, best_span, exact_match, span_f1, spans_of_tags
from course_lib.tasks import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)

MODELS = {
    "sequence": BertForSequenceClassification,
    "pairs": BertForSequenceClassification,
    "tokens": BertForTokenClassification,
    "answers": BertForQuestionAnswering,
}
LONGEST_ANSWER = 30  # tokens


# -- measuring: each function returns {name of a measure: number}, for Encodeds of the test file


def class_scores(model, test):
    """accuracy: the share of right answers   balanced_accuracy: the mean of that share over all classes"""
    answers = classify(model, [each.example for each in test])
    labels = torch.tensor([each.example.label for each in test])
    shares = dict(accuracy=(answers == labels).double().mean().item())
    return shares | dict(balanced_accuracy=mean_over_labels(answers, labels))


def tag_scores(model, test):
    """accuracy: the share of right tags, of all tokens with a label

    span_f1: as `spans.span_f1`, where the tags say how spans begin and go on (BIO)
    """
    answers = tag(model, [each.example for each in test])
    pairs = [
        (answer, label)
        for given, each in zip(answers, test, strict=True)
        for answer, label in zip(given, each.example.label, strict=True)
        if label != IGNORE_INDEX
    ]
    shares = dict(accuracy=sum(answer == label for answer, label in pairs) / max(1, len(pairs)))
    if all(name == OUTSIDE or re.fullmatch("[BI]-.+", name) for name in model.label_names):
        true = [true_spans(each) for each in test]
        found = [found_spans(given, each, model.label_names) for given, each in zip(answers, test)]
        shares["span_f1"] = span_f1(true, found)
    return shares


def true_spans(encoded):
    """The spans that the file marks, those behind a cut too: (start, end, kind) in characters."""
    marked = encoded.row.label
    if not marked.by_word:
        return marked.parts
    return spans_of_tags([tag for *_, tag in marked.parts], [place for *place, _ in marked.parts])


def found_spans(labels, encoded, names):
    """The spans that a model marks. labels: its label of each token"""
    places = encoded.offsets
    if encoded.row.label.by_word:  # the first token of a word speaks for all of it
        places = [word[:2] if word else (0, 0) for word in first_tokens(encoded.offsets, encoded.row)]
    return spans_of_tags([names[label] for label in labels], places)


def answer_scores(model, test):
    """exact_match, f1: the means of `spans.exact_match` and `spans.answer_f1` over all questions"""
    wanted = [each.row.second[slice(*each.row.label)] if each.row.label else None for each in test]
    language = "ko" if any(re.search("[가-힣]", answer or "") for answer in wanted) else "en"
    found = answers_of(model, test)
    exact = [exact_match(true, answer) for true, answer in zip(wanted, found, strict=True)]
    shared = [answer_f1(true, answer, language) for true, answer in zip(wanted, found, strict=True)]
    return dict(exact_match=sum(exact) / len(test), f1=sum(shared) / len(test))


def answers_of(model, test):
    """What the model answers to each question: a text, or None where it finds no answer."""
    logits = ask(
        model,
        [each.example for each in test],
        lambda output: torch.stack([output.start_logits, output.end_logits], dim=1),  # (batch, 2, n)
    )
    answers = []
    for (starts, ends), (example, row, offsets, _) in zip(logits, test, strict=True):
        length = len(example.input_ids)
        allowed = [segment == 1 for segment in example.token_type_ids]
        allowed[-1] = False  # the [SEP] behind the context
        span = best_span(starts[:length].tolist(), ends[:length].tolist(), allowed, LONGEST_ANSWER)
        answers.append(None if span is None else row.second[offsets[span[0]][0] : offsets[span[1]][1]])
    return answers


SCORES = {
    BertForSequenceClassification: class_scores,
    BertForTokenClassification: tag_scores,
    BertForQuestionAnswering: answer_scores,
}


# -- a run


def prepare(args, tokenizer):
    """(examples to learn from, those to be measured by, names of labels): Encodeds, and None for answers."""
    rows, test_rows = read_rows(args.train, args.task), read_rows(args.test, args.task)
    names = None
    if args.task != "answers":
        names = label_names(rows)
        check_names(test_rows, names, args.test, args.train)
    encoded = []
    for path, part in ((args.train, rows), (args.test, test_rows)):
        part = tqdm(part, desc="reading", unit=" examples", mininterval=0.5, leave=False)
        encoded.append([encode_row(row, names, tokenizer, args.max_length) for row in part])
        say_what_is_cut(path, encoded[-1], args.max_length)
    return *encoded, names


def say_what_is_cut(path, encoded, max_length):
    if cut := sum(each.is_cut for each in encoded):
        tqdm.write(f"{path}: {cut} of {len(encoded)} examples have more than {max_length} tokens and are cut")
    if lost := sum(is_lost(each) for each in encoded):
        tqdm.write(f"{path}: of {lost} the answer is cut off; to learn from, they have none")


def new_run(args, examples, names, kept):
    """The FineTuningRun of these settings: at its first step, or where the Checkpoint `kept` was made."""
    kind = MODELS[args.task]
    steps = args.steps or args.epochs * steps_per_epoch(len(examples), args.batch_size)
    training = training_of(vars(args), steps)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if kept is None:
        pretrained = load_model(named(args.model), BertModel)
        model = head_on(pretrained, kind, seed=args.seed, label_names=names)
        return FineTuningRun(model.to(device), examples, training)
    run = FineTuningRun(kept.model.to(device), examples, training)
    run.load_state(kept.memory)
    run.step = kept.progress["step"]
    return run


def train(args):
    """A whole run: its examples, model and steps. After each epoch it measures, and keeps a checkpoint."""
    kept = read_checkpoint(args.out, tqdm.write, MODELS[args.task]) if args.resume else None
    tokenizer = load_tokenizer(kept.folder if kept else named(args.model))
    learn, test, names = prepare(args, tokenizer)
    run = new_run(args, [each.example for each in learn], names, kept)
    record(args)
    if run.step >= run.settings.steps:
        tqdm.write("This run has come to its end.")
    take_steps(run, test, tokenizer, args.out)
    save_model(run.model, args.out, tokenizer)


def take_steps(run, test, tokenizer, out):
    """Train to the end. loss: in the bar that of a step, in metrics.jsonl the mean since the line before"""
    metrics, losses = Metrics(out / "metrics.jsonl", run.step), []
    with tqdm(total=run.settings.steps, initial=run.step, unit="step") as bar:
        for loss in run:
            losses.append(loss)
            bar.update()
            bar.set_postfix_str(f"loss {loss:.3f}")
            if run.step % run.per_epoch == 0 or run.step == run.settings.steps:
                found = SCORES[type(run.model)](run.model, test)
                epoch = run.step / run.per_epoch
                metrics.add(dict(step=run.step, epoch=epoch, loss=sum(losses) / len(losses)) | found)
                words = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in found.items())
                tqdm.write(f"epoch {epoch:g}: {words}")
                save_checkpoint(run, tokenizer, out)
                losses = []


def main(argv=None):
    args = arguments(argv)
    with errors_in_words(args.out):
        train(args)


if __name__ == "__main__":
    main()
