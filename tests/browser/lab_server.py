"""A JupyterLab server of its own for the browser tests, apart from whatever the developer has set up."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
NOT_COPIED = shutil.ignore_patterns("my_course", ".ipynb_checkpoints")
START_SECONDS = 180  # the first start after an installation compiles every module
# No question about news when the page opens. Everything else is as a learner finds it.
SETTINGS = {"apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}


class Server:
    """JupyterLab over a copy of `notebooks/` in `folder`, with settings and user folders of its own."""

    def __init__(self, folder):
        self.root = folder / "notebooks"
        self.token = secrets.token_hex(16)
        self._home = folder / "jupyter"
        for name, values in SETTINGS.items():
            file = self._home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.restore()
        self._process = self._start()

    @property
    def pid(self):
        """The number of the server's process, the parent of every kernel."""
        return self._process.pid

    def restore(self):
        """Notebooks as in the repository and no learner's progress: how every test begins."""
        shutil.rmtree(self.root / "my_course", ignore_errors=True)
        shutil.copytree(NOTEBOOKS, self.root, ignore=NOT_COPIED, dirs_exist_ok=True)

    def _start(self):
        own = ("JUPYTER", "COURSE_")  # the settings and the progress of whoever runs the tests
        environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        environment |= {
            "COURSE_ORDER_SEED": "1",  # the same cards on every picture
            "JUPYTER_PREFER_ENV_PATH": "1",
            "JUPYTER_CONFIG_DIR": str(self._home / "config"),
            "JUPYTER_DATA_DIR": str(self._home / "data"),
            "JUPYTERLAB_SETTINGS_DIR": str(self._home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self._home / "workspaces"),
            "IPYTHONDIR": str(self._home / "ipython"),
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--ServerApp.root_dir={self.root}", f"--IdentityProvider.token={self.token}"]
        command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"]
        with self.log.open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def request(self, path, method="GET"):
        """One call of Jupyter's own interface, such as `api/sessions`; returns what it answers."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/{path}", method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def wait_until_it_answers(self):
        """Return once `/api` answers; a server that ends or stays silent shows the end of its log."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                return self.request("api")
            except OSError:  # not listening yet
                time.sleep(0.2)
        raise RuntimeError(
            f"JupyterLab did not start. Its log ends:\n{self.log.read_text(encoding='utf-8')[-3000:]}"
        )

    def stop_kernels(self):
        """End every kernel, so that the next test finds none and the memory is free."""
        for session in self.request("api/sessions"):
            try:
                self.request(f"api/sessions/{session['id']}", "DELETE")
            except urllib.error.HTTPError as error:
                if error.code not in (404, 410):  # it is gone already: as wanted
                    raise

    def stop(self):
        """End the server, which ends its kernels; one that does not react is killed."""
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
