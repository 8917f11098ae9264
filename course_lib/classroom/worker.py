"""A second Python process in which learners' code is run, so that nothing it does can hurt the notebook.

A loop without end, a library call that never comes back, exit(), a tensor larger than the memory: the process
is ended, the verdict says why, and the next check gets a new process. It works alike on Linux, macOS and
Windows.
"""

import atexit
import builtins
import contextlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from dataclasses import asdict

import psutil

from course_lib.classroom.kinds import FAILED, Verdict, find

TIME_LIMIT = 5.0  # seconds for one check; the checks of the course take under 2
START_LIMIT = 120.0  # seconds for a new process to import torch, on a slow disk
MEMORY_LIMIT = 1_500_000_000  # bytes beyond what the process holds before the check
OUT_OF_MEMORY = 77  # exit code of a process that ended itself for its memory


@contextlib.contextmanager
def no_interrupts():
    """A process started inside does not hear “interrupt kernel”, which goes to all processes of a kernel."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say so
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Worker:
    """One process at a time, started ahead of the first check and again after one had to be ended."""

    def __init__(self):
        self.process = self.connection = None
        self.ready = False
        self.lock = threading.Lock()
        atexit.register(self.stop)

    def start(self):
        """Start the process without waiting for it."""
        if self.process is None:
            context = multiprocessing.get_context("spawn")
            self.connection, other = context.Pipe()
            self.process = context.Process(target=serve, args=(other,), daemon=True, name="course-worker")
            with no_interrupts():
                self.process.start()
            other.close()
            self.ready = False

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.connection.close()
            self.process = self.connection = None

    def check(self, exercise_id, source):
        """The Verdict on an answer; after TIME_LIMIT seconds, or a process that died, one that says so."""
        with self.lock:
            self.start()
            try:
                verdict = self.ask(exercise_id, source)
            except BaseException:  # an interrupt too: the process would give this answer to the next question
                self.stop()
                raise
            self.start()  # so that the next check need not wait
            return verdict

    def ask(self, exercise_id, source):
        """One question and its answer. RuntimeError where the process does not even start."""
        try:
            if not self.ready:
                if not self.connection.poll(START_LIMIT):
                    raise RuntimeError("the process that checks answers does not start: restart the kernel")
                self.connection.recv_bytes()
                self.ready = True
            self.connection.send_bytes(json.dumps([exercise_id, source]).encode())
            if self.connection.poll(TIME_LIMIT):
                return Verdict(**json.loads(self.connection.recv_bytes()))
            reason = (
                f"Stopped after {TIME_LIMIT:.0f} seconds: your code does not end, or waits inside a library "
                "call. Look at each loop: what makes it stop?"
            )
        except (EOFError, OSError):  # the process is gone
            self.process.join(timeout=5)
            reason = "Your code ended the Python process it ran in. Return a value instead."
            if self.process.exitcode == OUT_OF_MEMORY:
                limit = f"{MEMORY_LIMIT / 1e9:.1f} GB"
                reason = f"Stopped: your code asks for more memory than {limit}. Which tensor is so large?"
        self.stop()
        return Verdict(FAILED, f"{reason} The notebook and your progress are unharmed.")


WORKER = Worker()


def serve(connection):
    """The worker's side: judge one answer after the other until the notebook is gone."""
    import torch

    from course_lib.classroom.checking import check_code

    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (
        0,
        1,
        2,
    ):  # what a library prints past Python, or a last traceback, is not for the notebook
        os.dup2(nowhere, stream)
    builtins.input = no_input
    torch.set_num_threads(1)  # small tensors; two kernels side by side must not fight for the cores
    limit_memory()
    connection.send_bytes(b"ready")
    while True:
        try:
            exercise_id, source = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            verdict = check_code(find(exercise_id), source)
        except MemoryError:  # in the check itself, because the answer holds all there is
            os._exit(OUT_OF_MEMORY)
        connection.send_bytes(json.dumps(asdict(verdict)).encode())


def no_input(prompt=""):
    raise RuntimeError(
        "input() waits for a person, but a check calls your function many times: use its parameters"
    )


def limit_memory():
    """Refuse memory beyond the limit where the system can (Linux), and watch it everywhere.

    The watch also ends the process when its notebook is gone: an endless loop would go on for ever.
    """
    process = psutil.Process()
    allowed = process.memory_info().rss + MEMORY_LIMIT
    if sys.platform == "linux":
        import resource

        most = process.memory_info().vms + MEMORY_LIMIT
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    notebook = multiprocessing.parent_process()

    def watch():
        while notebook.is_alive():
            if process.memory_info().rss > allowed:
                os._exit(OUT_OF_MEMORY)
            time.sleep(0.02)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
