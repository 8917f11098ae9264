"""What every run of the tests shares: no network, the same examples each time, and cells that stay quiet."""

import os
import signal
import tempfile

import hypothesis
import pytest
import torch

os.environ["HF_HUB_OFFLINE"] = "1"  # a library that wants to fetch something must say so at once
# The progress of whoever runs the tests is their own; a notebook is checked as by one who has solved nothing.
PROGRESS = tempfile.TemporaryDirectory(prefix="course-progress-")
os.environ["COURSE_PROGRESS"] = PROGRESS.name
os.environ["COURSE_ORDER_SEED"] = "1"  # the cards of the notebooks' outputs, as in scripts/run_notebooks.py

# A job in the background of a shell starts deaf to interrupts, and some tests interrupt themselves.
signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("course", derandomize=True, deadline=None)
hypothesis.settings.load_profile("course")


@pytest.fixture
def store(tmp_path):
    """The one store of the classroom, in a fresh folder."""
    from course_lib.classroom.judging.store import STORE  # not above: notebooks are checked without it

    STORE.use(tmp_path / "my_course")
    yield STORE
    STORE.use(PROGRESS.name)


class QuietCells:
    """A notebook cell that writes to stderr fails: for nbval itself a warning is no error."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        result = yield
        for output in getattr(item, "test_outputs", None) or []:
            if output.output_type == "stream" and output.name == "stderr":
                pytest.fail(f"the cell wrote to stderr:\n{output.text}", pytrace=False)
        return result


@pytest.fixture(scope="module")
def one_core():
    """For small matrices, which are quicker on one core than on several that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def pytest_configure(config):
    config.pluginmanager.register(QuietCells())  # a hook of this file itself would see tests/ only
