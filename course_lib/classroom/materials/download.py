"""The one place of the course that may use the network, and only where a reader asks for it."""

from pathlib import Path

from huggingface_hub import snapshot_download

FILES = ["config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json"]


def download(name):
    """The folder of a published BERT, fetched once and kept; None, and the reason in print, where that fails.

    name: as in "google-bert/bert-base-uncased". Weights come as safetensors alone: a pickle is not fetched.
    """
    try:
        return Path(snapshot_download(name, allow_patterns=FILES))
    except (OSError, ValueError) as error:  # no network, no such model
        print(f"{name} could not be fetched ({type(error).__name__}). Everything else goes on without it.")
        return None
