"""Tests in a real browser: Chromium on a real JupyterLab. They run with COURSE_BROWSER=1 only.

    COURSE_BROWSER=1 .venv/bin/python -m pytest -q tests/browser

A test takes the fixture `lab` (see lab.py). It starts with the notebooks as they are in the repository, with
no progress of a learner and no kernel, and it fails where the page asks anything of another machine.
"""

import os
import re
import shutil
from pathlib import Path

import pytest
from lab import Lab
from lab_server import Server
from playwright.sync_api import expect, sync_playwright

HERE = Path(__file__).resolve().parent
SCREENSHOTS = HERE.parents[1] / "build" / "screenshots"
TIMEOUT = 90_000  # milliseconds; two busy cores need long for what is usually there in one second
OUTCOME = pytest.StashKey()

HOW_TO_GET_CHROMIUM = """The browser tests need Chromium or Google Chrome, and neither is on the PATH.
  Debian:        sudo apt install chromium fonts-nanum
  Ubuntu:        sudo snap install chromium && sudo apt install fonts-nanum
  Fedora:        sudo dnf install chromium google-noto-sans-cjk-fonts
  macOS:         install Google Chrome, then put a link named google-chrome to
                 "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" into a folder of your PATH"""


def pytest_collection_modifyitems(config, items):
    """Leave this folder out of an ordinary run: it takes minutes and a browser."""
    if os.environ.get("COURSE_BROWSER") == "1":
        return
    here = [item for item in items if HERE in item.path.parents]
    if here:
        config.hook.pytest_deselected(items=here)
        items[:] = [item for item in items if HERE not in item.path.parents]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep how the test itself ended, for the fixture that takes a picture of a failure."""
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report
    return report


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests. It resolves no name and reaches no machine but this one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None and os.environ.get("CI"):
        pytest.fail(HOW_TO_GET_CHROMIUM, pytrace=False)
    if program is None:
        pytest.skip(HOW_TO_GET_CHROMIUM)
    alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=[alone, "--no-proxy-server"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(browser, tmp_path_factory):
    """One JupyterLab for all tests. It asks for `browser` so that none is started where no browser is."""
    server = Server(tmp_path_factory.mktemp("lab"))
    try:
        server.wait_until_it_answers()
        yield server
    finally:
        server.stop()


@pytest.fixture
def lab(request, browser, server):
    """A fresh browser window on a fresh copy of the course. See lab.py for what it can do."""
    server.restore()
    context = browser.new_context(viewport={"width": 1366, "height": 900}, locale="en-US")
    context.set_default_timeout(TIMEOUT)
    name = re.sub(r"[^\w-]+", "-", request.node.name).strip("-")
    (SCREENSHOTS / f"{name}-failed.png").unlink(missing_ok=True)  # of an earlier run
    lab = Lab(context, server, SCREENSHOTS, name)
    yield lab
    report = request.node.stash.get(OUTCOME, None)
    try:
        if lab.outside_requests or (report is not None and report.failed):
            lab.screenshot("failed")
    finally:
        context.close()
        server.stop_kernels()
    if lab.outside_requests:
        asked = "\n".join(lab.outside_requests)
        pytest.fail(f"the page asked something of another machine:\n{asked}", pytrace=False)
