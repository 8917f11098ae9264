"""Weights that others published, in our code: the reference's numbers and the reference's ids."""

import random

import pytest
import torch
import transformers
from tokenizers import Tokenizer

from course_lib.bert import BertModel
from course_lib.checkpoint import load_model, load_tokenizer
from course_lib.classroom.materials.published import PACKAGE, published_folder
from course_lib.corpus import pad
from course_lib.documentation import documented_functions
from course_lib.similarity import encode, most_similar, sentence_vectors
from course_lib.town import Town


@pytest.fixture(scope="module")
def published():
    return load_model(published_folder(), BertModel), load_tokenizer(published_folder())


@pytest.fixture(scope="module")
def texts():
    """Descriptions of functions, stories in two languages, and what a keyboard gives."""
    described = random.Random(0).sample(sorted(documented_functions().values()), 150)
    told = [story for language in ("ko", "en") for story in Town(language).stories(30, seed=0)]
    return [
        *described,
        *told,
        "def f(x):\n\treturn x ** 2  # 제곱",
        "C9H8O4 → 2-acetoxybenzoic acid",
        "東京 café ﬁn",
    ]


@pytest.mark.parametrize("fused", [True, False])
def test_published_weights_give_the_references_numbers(texts, fused):
    ours, tokenizer = (
        load_model(published_folder(), BertModel, fused=fused),
        load_tokenizer(published_folder()),
    )
    theirs = transformers.BertModel.from_pretrained(published_folder()).eval()
    with torch.no_grad():
        for start in range(0, len(texts), 20):
            ids = pad(encode(texts[start : start + 20], tokenizer, 64), 0)
            real = ids != 0
            got, wanted = ours(ids, attention_mask=real), theirs(ids, attention_mask=real.long())
            torch.testing.assert_close(
                got.last_hidden_state[real], wanted.last_hidden_state[real], atol=1e-5, rtol=0
            )
            torch.testing.assert_close(got.pooler_output, wanted.pooler_output, atol=1e-5, rtol=0)


def test_published_vocabulary_gives_the_references_ids(published, texts):
    theirs = Tokenizer.from_file(str(published_folder() / "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()
    for text in texts:
        assert published[1].encode(text).ids == theirs.encode(text).ids


def test_sentence_vectors_are_those_of_the_reference_library(published, texts):
    from sentence_transformers import SentenceTransformer

    wanted = SentenceTransformer(str(published_folder()), device="cpu").encode(texts, convert_to_tensor=True)
    got = torch.nn.functional.normalize(sentence_vectors(*published, texts, max_length=256), dim=-1)
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def test_sentence_vectors_do_not_depend_on_their_company(published, texts):
    together = sentence_vectors(*published, texts[:30], batch_size=8)
    alone = torch.cat([sentence_vectors(*published, [text]) for text in texts[:30]])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_the_nearest_have_the_largest_cosines(published, texts):
    vectors = sentence_vectors(*published, texts)
    cosines = torch.nn.functional.cosine_similarity(vectors, vectors[3:4])
    assert most_similar(vectors[3], vectors, 5).tolist() == cosines.argsort(descending=True)[:5].tolist()


def test_a_missing_encoder_is_said_with_what_to_do(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == PACKAGE else 1 / 0)
    with pytest.raises(FileNotFoundError, match="`make lab` brings it"):
        published_folder()
