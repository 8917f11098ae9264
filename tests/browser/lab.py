"""JupyterLab as a learner sees it: open a notebook, run cells, press a button, move a slider, see the result.

Everything goes through the page, by mouse and keyboard, with the settings that a learner finds. With those,
JupyterLab 4.6 puts every cell into the page, a few at a time while it loads (its "contentVisibility" mode).
`open` waits for the last of them, and from then on a cell out of view is found like any other. Only the inner
text of a cell out of view is empty: ask for `text_content()`, as Playwright's `to_have_text` does.
"""

import json
import re
from urllib.parse import quote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

START = 120_000  # milliseconds for a page or a kernel to start on a slow machine
NUMBERED = re.compile(r"^\[\d+\]:?$")
PROMPT = ".jp-InputArea-prompt"
TROUBLE = (
    ".jp-OutputArea [data-mime-type='application/vnd.jupyter.stderr'],"
    ".jp-OutputArea [data-mime-type='application/vnd.jupyter.error'],"
    ".jupyter-widgets-error-widget"
)
LOADING = "Loading widget..."
TROUBLE_TEXT = re.compile(rf"Error displaying widget|{re.escape(LOADING)}|Javascript Error")


def is_local(url):
    """Whether a request stays on this machine; `data:` and `blob:` never leave the page."""
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost")


class Lab:
    """One browser window on the server. `page` is Playwright's page, for what has no method here."""

    def __init__(self, context, server, screenshots, test_name):
        self.server = server
        self.outside_requests = []
        self.console_errors = []
        self._screenshots = screenshots
        self._test_name = test_name
        context.on("request", lambda request: self._record(request.url))
        self.page = context.new_page()
        self.page.on("websocket", lambda socket: self._record(socket.url))
        self.page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        self.page.on("console", self._record_message)
        self.page.on("dialog", lambda dialog: dialog.accept())  # "Leave site?", where something is not saved
        self.notebook = self.page.locator(".jp-NotebookPanel:visible")
        self.cells = self.notebook.locator(".jp-CodeCell")

    def _record(self, url):
        if not is_local(url):
            self.outside_requests.append(url)

    def _record_message(self, message):
        if message.type == "error":
            self.console_errors.append(message.text)

    # The notebook as a whole

    def open(self, notebook_name, reset=True):
        """Open a notebook and wait for its kernel. `reset` forgets which tabs were open before."""
        query = ("reset&" if reset else "") + f"token={self.server.token}"
        self.page.goto(f"{self.server.url}/lab/tree/{quote(notebook_name)}?{query}", timeout=START)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=START)
        expect(self.notebook).to_be_visible(timeout=START)
        cells = json.loads((self.server.root / notebook_name).read_text(encoding="utf-8"))["cells"]
        expect(self.notebook.locator(".jp-Cell")).to_have_count(max(1, len(cells)), timeout=START)
        self._wait_for_idle(START)

    def menu(self, menu, item):
        """Choose an item of the menu bar, such as "Run" and "Run All Cells"."""
        self.page.locator(".lm-MenuBar-itemLabel").get_by_text(menu, exact=True).click()
        label = self.page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True)
        label.click()
        expect(label).to_have_count(0)

    def choose_theme(self, name):
        """Choose a theme by the menu, such as "JupyterLab Dark"."""
        self.page.locator(".lm-MenuBar-itemLabel").get_by_text("Settings", exact=True).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text("Theme", exact=True).hover()
        self.page.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True).click()
        expect(self.page.locator(f"body[data-jp-theme-name='{name}']")).to_have_count(1)

    def run_all(self, timeout=600_000):
        """Run every cell and wait until none is waiting. After an error in one, the later ones do not run."""
        cells = self.cells.filter(has=self.page.locator(".cm-line", has_text=re.compile(r"\S")))
        self._forget_prompts(cells)
        self.menu("Run", "Run All Cells")
        expect(cells.locator(PROMPT).get_by_text("not run", exact=True)).to_have_count(0)
        expect(self.cells.locator(PROMPT).get_by_text("[*]")).to_have_count(0, timeout=timeout)
        self._wait_for_idle(timeout)

    def restart_kernel(self):
        """Restart the kernel by the menu and wait for the new one."""
        self.menu("Kernel", "Restart Kernel…")
        with self.page.expect_response(re.compile(r"/api/kernels/[^/]+/restart"), timeout=START):
            self.page.locator(".jp-Dialog").locator(".jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)
        self._wait_for_idle(START)

    def save(self):
        """Save the notebook by the menu and wait until the server has written it."""
        with self.page.expect_response(
            lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url
        ) as written:
            self.menu("File", "Save Notebook")
        assert written.value.ok, f"not saved: {written.value.status} {written.value.url}"

    def widget_errors(self):
        """What went wrong, to be seen on the page: widgets that did not appear, tracebacks, stderr.

        An error in the function behind a button shows in JupyterLab's log alone; the log is opened where it
        has something. An anywidget that fails in the browser shows nothing: look at `console_errors` as well.
        """
        outputs = self.notebook.locator(".jp-OutputArea-output")
        loading = outputs.get_by_text(LOADING, exact=True)
        try:
            expect(loading).to_have_count(0)
        except AssertionError:
            pass  # still loading after all this time: it is listed below
        found = self.notebook.locator(TROUBLE).or_(outputs.filter(has_text=TROUBLE_TEXT))
        log = self.page.locator(".jp-LogConsoleStatusItem:visible")
        if log.count():
            log.click()
            messages = self.page.locator(".jp-LogConsolePanel .jp-OutputArea-output")
            expect(messages).not_to_have_count(0)
            found = found.or_(messages)
        return [text.strip() for text in found.all_text_contents()]

    def accessibility_problems(self):
        """What axe finds in the outputs, one line for each rule that an element breaks.

        Outputs alone: the page around them is JupyterLab's. What is not in view has no colours to measure, so
        all are laid out first.
        """
        self.page.add_style_tag(content=".jp-Cell { content-visibility: visible !important }")
        found = Axe().run(self.page, context={"include": [[".jp-NotebookPanel .jp-Cell-outputArea"]]})
        return [
            f"{each['impact']} {each['id']}: {each['help']}: {node['html'][:200]}"
            for each in found.response["violations"]
            for node in each["nodes"]
        ]

    def screenshot(self, name, target=None, picture=None):
        """Keep a picture of the window as build/screenshots/<test>-<name>.png; returns where.

        target: a locator to have in the middle; scrolled to twice, since that may change its height
        picture: keep the target alone as build/pictures/<picture>.png, too, for the README
        """
        for _ in range(2 if target else 0):
            target.evaluate("node => node.scrollIntoView({ block: 'center' })")
            expect(target).to_be_in_viewport()
        path = self._screenshots / f"{self._test_name}-{name}.png"
        self.page.screenshot(path=path)
        if picture:
            target.screenshot(path=self._screenshots.parent / "pictures" / f"{picture}.png")
        return path

    # One cell

    def cell(self, text):
        """The code cell whose source contains `text`, which has to stand on one line of it."""
        source = self.page.locator(".jp-InputArea-editor", has_text=re.compile(re.escape(text)))
        return self.cells.filter(has=source)

    def output(self, text):
        """What is shown below the code cell whose source contains `text`."""
        return self.cell(text).locator(".jp-Cell-outputArea")

    def card(self, text):
        """The card of an exercise, a prediction or a training below the code cell that contains `text`."""
        return self.output(text).locator(".course-card")

    def replace_cell_source(self, contains, new_source):
        """Put `new_source` in the place of a cell's source, as if it was pasted."""
        self.cell(contains).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(new_source)
        written = self.notebook.locator(".jp-mod-active .cm-line")
        expect(written).to_have_text(new_source.split("\n"))
        assert written.all_text_contents() == new_source.split("\n"), "JupyterLab changed the indentation"

    def run_cell(self, contains, timeout=120_000):
        """Run one cell from the keyboard and wait until it has a number. Returns the cell."""
        cell = self.cell(contains)
        self._forget_prompts(cell)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        expect(cell.locator(PROMPT)).to_have_text(NUMBERED, timeout=timeout)
        self._wait_for_idle(timeout)
        return cell

    # Widgets

    def button(self, within, name):
        """The button whose label contains `name`, inside the locator `within`, such as an output."""
        return within.get_by_role("button", name=name)

    def sliders(self, within):
        """The handles of all sliders inside `within`: those of ipywidgets and those of plain HTML."""
        return within.locator(".noUi-handle, input[type=range]")

    def move_slider(self, slider, key="ArrowRight"):
        """Move one slider by one step, as the keyboard does."""
        slider.focus()
        slider.press(key)

    def tab_to(self, target):
        """Walk to `target` with the Tab key; forty presses have to be enough."""
        for _ in range(40):
            self.page.keyboard.press("Tab")
            if target.evaluate("node => node === document.activeElement"):
                return
        raise AssertionError("forty presses of Tab do not lead there")

    # How the methods above know that something is done

    def _wait_for_idle(self, timeout):
        """Wait for the status bar. The circle in the toolbar says "idle" even before there is a kernel."""
        status = self.page.locator("#jp-main-statusbar [title^='Change kernel for']:visible")
        expect(status).to_have_text(re.compile(r"\| Idle$"), timeout=timeout)

    def _forget_prompts(self, cells):
        """Write "not run" where the cells' numbers stand. Running overwrites it, so a number is a new one."""
        script = "prompts => prompts.forEach(prompt => { prompt.textContent = 'not run'; })"
        cells.locator(PROMPT).evaluate_all(script)
