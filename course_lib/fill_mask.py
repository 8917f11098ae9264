"""Week 5: ask a trained BERT. `python -m course_lib.fill_mask FOLDER "나는 [MASK]에 가서 빵을 샀다."`"""

import argparse
import sys

import torch

from course_lib.bert import BertForMaskedLM
from course_lib.checkpoint import load_model, load_tokenizer
from course_lib.files import composed
from course_lib.ladder import at_rest


@torch.no_grad()
def fill_mask(model, tokenizer, text, top=5):
    """For each [MASK] of the text, in order: the `top` likeliest tokens, as [(token, probability), …].

    Text right behind a [MASK] is read as the rest of the hidden word: [MASK]에 is [MASK] ##에.
    """
    if not 1 <= top <= len(tokenizer.vocab):
        raise ValueError(f"top must be from 1 to {len(tokenizer.vocab)}, the number of tokens, got {top}")
    encoding = tokenizer.encode(composed(text), continue_masks=True)
    gaps = [position for position, token in enumerate(encoding.tokens) if token == "[MASK]"]
    if not gaps:
        raise ValueError(f"there is no [MASK] in {text!r}: write [MASK] where a word is to be guessed")
    device = next(model.parameters()).device
    with at_rest(model):
        logits = model(torch.tensor([encoding.ids], device=device)).logits[0, gaps]  # (gaps, vocab_size)
    probabilities, pieces = logits.softmax(dim=-1).topk(top, dim=-1)
    return [
        [(tokenizer.vocab[piece], probability) for piece, probability in zip(ids, values, strict=True)]
        for ids, values in zip(pieces.tolist(), probabilities.tolist(), strict=True)
    ]


def main():
    parser = argparse.ArgumentParser("python -m course_lib.fill_mask", description="Fill the gaps in a text.")
    parser.add_argument("folder", help="a folder written by course_lib.pretrain, or a published BERT")
    parser.add_argument("text", help="a text with one or more [MASK]")
    parser.add_argument("--top", type=int, default=5)
    args = parser.parse_args()
    try:
        model, tokenizer = load_model(args.folder, BertForMaskedLM), load_tokenizer(args.folder)
        answers = fill_mask(model, tokenizer, args.text, args.top)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"{error}")
    for number, answer in enumerate(answers, 1):
        print(f"gap {number}")
        for piece, probability in answer:
            print(f"  {probability:6.1%}  {piece}")


if __name__ == "__main__":
    main()
