"""Week 7: models on disk, in the format and under the names that everybody uses.

A folder holds config.json, model.safetensors and, with a tokenizer, its three files. Other programs open it,
and folders published by others open here. Nothing is ever unpickled: loading a file cannot run code.
"""

import json
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from course_lib.bert import BertConfig, BertForMaskedLM, BertForPreTraining, BertModel
from course_lib.files import write_file
from course_lib.wordpiece import WordPieceTokenizer

# Our name of each module → its published name, or names where we compute several maps in one product. {n}:
# the layer.
ENCODER_NAMES = {
    "embeddings.word_embeddings": "embeddings.word_embeddings",
    "embeddings.position_embeddings": "embeddings.position_embeddings",
    "embeddings.token_type_embeddings": "embeddings.token_type_embeddings",
    "embeddings.layer_norm": "embeddings.LayerNorm",
    "pooler": "pooler.dense",
}
LAYER_NAMES = {
    "encoder.layers.{n}.attention.query_key_value": (
        "encoder.layer.{n}.attention.self.query",
        "encoder.layer.{n}.attention.self.key",
        "encoder.layer.{n}.attention.self.value",
    ),
    "encoder.layers.{n}.attention.output": "encoder.layer.{n}.attention.output.dense",
    "encoder.layers.{n}.attention_norm": "encoder.layer.{n}.attention.output.LayerNorm",
    "encoder.layers.{n}.feed_forward.expand": "encoder.layer.{n}.intermediate.dense",
    "encoder.layers.{n}.feed_forward.contract": "encoder.layer.{n}.output.dense",
    "encoder.layers.{n}.feed_forward_norm": "encoder.layer.{n}.output.LayerNorm",
}
HEAD_NAMES = {
    "lm_head.dense": "cls.predictions.transform.dense",
    "lm_head.layer_norm": "cls.predictions.transform.LayerNorm",
    "lm_head": "cls.predictions",  # its own parameter is the bias
    "next_sentence": "cls.seq_relationship",
    "classifier": "classifier",  # the heads of week 8
    "qa_outputs": "qa_outputs",
}
# Published tensors that repeat what others say: position numbers, and the decoder, which is tied.
POSITION_IDS = "embeddings.position_ids"
TIED = {
    "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
    "cls.predictions.decoder.bias": "cls.predictions.bias",
}


def published_names(name):
    """The published names of the tensor that we call `name`, in the order in which we join them.

    >>> published_names("bert.encoder.layers.3.attention.output.bias")
    ['bert.encoder.layer.3.attention.output.dense.bias']

    ValueError where no published BERT has such a tensor.
    """
    prefix = "bert." if name.startswith("bert.") else ""
    module, parameter = name.removeprefix(prefix).rsplit(".", 1)
    numbers = [part for part in module.split(".") if part.isdigit()]
    general = ".".join("{n}" if part.isdigit() else part for part in module.split("."))
    theirs = (ENCODER_NAMES | LAYER_NAMES | HEAD_NAMES).get(general)
    if theirs is None:
        raise ValueError(f"the published format has no name for {name}")
    theirs = (theirs,) if isinstance(theirs, str) else theirs
    layer = numbers[0] if numbers else ""
    return [f"{prefix}{their.format(n=layer)}.{parameter}" for their in theirs]


def to_published(state):
    """Our tensors {name: tensor} under the published names."""
    published = {}
    for name, tensor in state.items():
        names = published_names(name)
        for their, part in zip(names, tensor.chunk(len(names)), strict=True):
            published[their] = part.contiguous()
    return published


def from_published(model, published):
    """Copy published tensors into `model`, a BertModel or one with a head.

    ValueError names a head that is missing, or the first ten tensors that are missing, have the wrong shape,
    say what this BERT cannot follow, or have no place in any BERT. Heads that `model` lacks are left out.
    """
    published = {modern_name(name): tensor for name, tensor in published.items()}
    is_bare = isinstance(model, BertModel)
    if is_bare and any(name.startswith("bert.") for name in published):
        published = {name.removeprefix("bert."): tensor for name, tensor in published.items()}
    check_heads(model, published)
    problems, sources, used = [], {}, set()
    for name, parameter in model.state_dict().items():
        names = published_names(name)
        used.update(names)
        missing = [their for their in names if their not in published]
        if missing:
            problems += [f"missing: {their}" for their in missing]
            continue
        shape = (parameter.shape[0] // len(names), *parameter.shape[1:])
        wrong = [their for their in names if published[their].shape != shape]
        problems += [
            f"{their} has the shape {tuple(published[their].shape)}, expected {shape}" for their in wrong
        ]
        sources[name] = [published[their] for their in names]
    problems += contradictions(published, used)
    heads = ("cls.", "classifier.", "qa_outputs.", "pooler.", "bert.pooler.")
    extra = [name for name in published if name not in used and name.removeprefix("bert.") != POSITION_IDS]
    problems += [f"no place for: {name}" for name in extra if not name.startswith(heads)]
    if problems:
        more = f"\n  … and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise ValueError("these weights do not fit the model:\n  " + "\n  ".join(problems[:10]) + more)
    for name, tensor in model.state_dict().items():
        tensor.copy_(torch.cat(sources[name]))  # one after the other: no second copy of the whole model
    return model


def check_heads(model, published):
    """ValueError where a head of `model` is not among the published tensors at all."""
    for ours in ("lm_head", "next_sentence", "classifier", "qa_outputs"):
        theirs = HEAD_NAMES[ours]
        if getattr(model, ours, None) is not None and not any(name.startswith(theirs) for name in published):
            raise ValueError(
                f"these weights lack the head of a {type(model).__name__}, published as {theirs}: they are "
                "from a BERT without it. load_model(folder, BertModel) takes the encoder alone. To put it "
                "below a new head, not trained yet, make the model and call from_published(model.bert, "
                "read_safetensors(file))"
            )


def contradictions(published, used):
    """Where tensors that only repeat others say something else, in words.

    used: the names of those that the model reads
    """
    for name, original in TIED.items():
        if name in published and original in used and original in published:
            if not torch.equal(published[name].float(), published[original].float()):
                yield f"{name} differs from {original}; in this BERT the two are one (tied)"
    for prefix in ("", "bert."):
        positions = published.get(prefix + POSITION_IDS)
        if positions is not None and positions.flatten().tolist() != list(range(positions.numel())):
            yield f"{prefix + POSITION_IDS} is not 0, 1, 2, …: this BERT numbers positions in their order"


def modern_name(name):
    """The first published files called a LayerNorm's weight and bias gamma and beta."""
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def save_model(model, folder, tokenizer=None):
    """Write `model` (and `tokenizer`) to `folder`: config.json, model.safetensors, and the tokenizer's
    files.

    What is written is loaded again as the same model. ValueError names what the published format cannot hold,
    before anything is written.
    """
    kind = type(model)
    if kind is BertForPreTraining and model.next_sentence is None:
        kind = BertForMaskedLM  # the name of what it is without the second task
    check_as_made(model, kind)
    config = {"architectures": [kind.__name__]} | model.config.to_dict()
    if label_head(kind):  # their number is that of their names
        config["id2label"] = {str(number): name for number, name in enumerate(model.label_names)}
        config["label2id"] = {name: number for number, name in enumerate(model.label_names)}
    tensors = safetensors.torch.save(to_published(model.state_dict()), metadata={"format": "pt"})
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / "config.json", json.dumps(config, indent=2).encode() + b"\n")
    write_file(folder / "model.safetensors", tensors)
    if tokenizer is not None:
        tokenizer.save(folder)


def check_as_made(model, kind):
    """ValueError where `model` is not what `kind` makes of its config: config.json says no more than that."""
    if kind not in MODEL_CLASSES and "label_head" not in vars(kind):  # of its own, not inherited
        known = ", ".join(each.__name__ for each in MODEL_CLASSES)
        raise ValueError(f"a folder can hold a {known} or a class of tasks.py; got a {kind.__name__}")
    options = {}
    if head := label_head(kind):
        options["num_labels"] = getattr(getattr(model, head), "out_features", 1)
        options["label_names"] = model.label_names
    if kind is BertModel:
        options["pooler"] = model.pooler is not None
    with torch.device("meta"):  # shapes only: no memory, and nothing is drawn
        made = kind(model.config, **options)
    if changes := list(alterations(model, made)):
        more = f", … and {len(changes) - 3} more" if len(changes) > 3 else ""
        raise ValueError(
            f"the published format cannot hold this {kind.__name__}: {', '.join(changes[:3])}{more}. Nothing "
            "was written. Keep its model.state_dict() with safetensors.torch.save_file, and load that into a "
            "model that was altered in the same way"
        )


def alterations(model, made):
    """In what `model` differs from `made`, the same model fresh from its constructor, in words."""
    ours, theirs = dict(model.named_modules()), dict(made.named_modules())
    for name, module in ours.items():
        other = theirs.get(name)
        if other is None:
            continue  # what it brings is new, below
        if name and type(module) is not type(other):
            yield f"{name} is of the class {type(module).__name__}, not {type(other).__name__}"
            continue
        found = settings(module)
        for key, wanted in settings(other).items():
            if found.get(key) != wanted:
                yield f"{f'{name}.{key}'.lstrip('.')} is {found.get(key)}, not {wanted}"
    yield from (f"{name} is missing" for name in theirs if name not in ours)
    known = made.state_dict()
    yield from (f"{name} is new" for name in model.state_dict() if name not in known)


def settings(module):
    """What decides how a module computes, but for the values of its weights: {name: number or shape}."""
    values = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, (int, float, tuple)) and not name.startswith("_")
    }
    for name in ("training", "fused", "label_names"):  # dropout on or off; speed; words
        values.pop(name, None)
    shapes = {name: tuple(parameter.shape) for name, parameter in module.named_parameters(recurse=False)}
    return values | shapes | {"forward": "its own" if "forward" in vars(module) else "that of its class"}


def load_model(folder, kind=None, fused=True):
    """A model from a folder that `save_model` wrote or that somebody published, in float32, ready to answer
    (no dropout).

    kind: BertModel, BertForMaskedLM, …; a class of `tasks.py` has to be given, of the others config.json
    says which it is. ValueError and FileNotFoundError name the file, and say what is wrong with it.
    """
    config_file, weights_file = Path(folder) / "config.json", Path(folder) / "model.safetensors"
    config = BertConfig.from_file(existing(config_file))
    tensors = read_safetensors(existing(weights_file))
    settings = json.loads(config_file.read_text(encoding="utf-8"))
    saved_as = (settings.get("architectures") or ["BertModel"])[0]
    if kind is None:
        known = {each.__name__: each for each in MODEL_CLASSES}
        if saved_as not in known:
            raise ValueError(
                f"{config_file}: architectures is {saved_as!r}, known are {', '.join(known)}; a class of "
                "tasks.py has to be given, as in load_model(folder, BertForSequenceClassification)"
            )
        kind = known[saved_as]
    options = {}
    head = label_head(kind)
    if head and f"{head}.bias" in tensors:
        if saved_as != kind.__name__ and saved_as.endswith("Classification"):  # their heads have one name
            raise ValueError(f"{config_file}: this is a {saved_as}, not a {kind.__name__}: load it as it is")
        options["num_labels"] = len(tensors[f"{head}.bias"])
        options["label_names"] = label_names(settings, options["num_labels"], config_file)
    if kind is BertModel:  # a file that was trained to fill gaps alone has no pooler
        options["pooler"] = any("pooler.dense" in name for name in tensors)
    try:
        return from_published(kind(config, fused=fused, **options), tensors).eval()
    except ValueError as error:
        raise ValueError(f"{weights_file}: {error}") from error


MODEL_CLASSES = (BertModel, BertForMaskedLM, BertForPreTraining)  # a class of week 8 has a label_head


def label_head(kind):
    """The module of a class that has a row for each label; None where labels have no names."""
    return getattr(kind, "label_head", None)


def label_names(settings, num_labels, file):
    """The names that config.json gives to the labels, in the order of their numbers; None without any."""
    names = settings.get("id2label") or {}
    numbers = [str(number) for number in range(num_labels)]
    if names and (sorted(names) != sorted(numbers) or len(set(names.values())) < num_labels):
        wanted = f"a name of its own to each of the labels 0 to {num_labels - 1}, the rows of the weights"
        raise ValueError(f"{file}: id2label must give {wanted}; got {names!r:.80}")
    return [str(names[number]) for number in numbers] if names else None


def load_tokenizer(folder):
    """The tokenizer of a folder that `save_model` wrote or that somebody published."""
    for name in ("vocab.txt", "tokenizer_config.json"):
        existing(Path(folder) / name)
    return WordPieceTokenizer.from_folder(folder)


def read_safetensors(path):
    """{name: tensor} from a .safetensors file. ValueError where it is cut short, damaged or something
    else.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            # Copied, one by one: while tensors lie in the file itself, Windows lets nobody replace it.
            return {name: file.get_tensor(name).clone() for name in file.keys()}
    except (safetensors.SafetensorError, KeyError) as error:
        raise ValueError(
            f"{path} is not a sound safetensors file ({error}): copy it again, or use an earlier checkpoint"
        ) from error


def existing(path):
    if path.is_file():
        return path
    message = f"there is no {path.name} in {path.parent}: is this the folder of a saved BERT?"
    if path.name == "model.safetensors" and any(path.parent.glob("*.bin")):
        message = (
            f"{path.parent} has its weights in a .bin file, a pickle, which can run code when it is opened "
            f"and is therefore not opened here; get the same model with a {path.name}"
        )
    raise FileNotFoundError(message)
