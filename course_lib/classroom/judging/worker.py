"""A fresh process for each answer, so that nothing it does can hurt the notebook or the next answer.

A loop without end, a library call that never comes back, exit(), a tensor larger than the memory: the process
is ended, and the verdict says why. On Linux one process imports torch once, judges nothing itself and forks a
child for each answer. Elsewhere a process judges a single answer, and the next one is started ahead.
"""

import atexit
import builtins
import gc
import json
import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from functools import partial

import psutil

from course_lib.classroom.exercises.base import FAILED, Verdict, find

TIME_LIMIT = 5.0  # seconds that one check may compute or sleep; the checks of the course take under 2
PATIENCE = 60.0  # seconds for one check where the system does not tell who sleeps and who waits for a core
START_LIMIT = 120.0  # seconds for a new process to import torch, on a slow disk
MEMORY_LIMIT = 1_500_000_000  # bytes beyond what the process holds before the check
OUT_OF_MEMORY = 77  # exit code of a process that ended itself for its memory
LOOK_EVERY = 0.02  # seconds
IS_LINUX = sys.platform == "linux"

READY = b"ready\n"
# Not by multiprocessing: it would run a learner's script a second time where that has no main guard.
BEGIN = """
import json, sys
path, forks = json.loads(sys.argv[1])
sys.path[:] = path
from course_lib.classroom.judging import worker
worker.serve(forks)
"""


class Worker:
    """Judges one answer at a time. What is slow about a process, importing torch, is done ahead.

    forks: whether children are forked (Linux alone) or each answer gets a process of its own
    """

    def __init__(self, time_limit=TIME_LIMIT, forks=IS_LINUX):
        self.time_limit, self.forks = time_limit, forks
        self.process = None
        self.lock = threading.Lock()
        atexit.register(self.stop)

    def start(self):
        """Start the process without waiting for it."""
        if self.process is not None:
            return
        # “Interrupt kernel” goes to all processes of a kernel, and is not for this one.
        apart = {"start_new_session": True}
        if os.name == "nt":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self.complaints = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-c", BEGIN, json.dumps([sys.path, self.forks])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            **apart,
        )
        self.replies, self.ready = queue.Queue(), False
        threading.Thread(target=pass_on, args=(self.process.stdout, self.replies), daemon=True).start()

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.complaints.close()
            self.process = None

    def check(self, exercise_id, source):
        """The Verdict on an answer; where its process was stopped or died, one that says so."""
        with self.lock:
            self.start()
            try:
                self.wait_until_ready()
                reply = self.ask(exercise_id, source)
            except BaseException:  # an interrupt too: the process would give this answer to the next question
                self.stop()
                raise
            if not self.forks or self.process.poll() is not None:
                self.stop()
            self.start()  # so that the next check need not wait
        if "verdict" in reply:
            return Verdict(**reply["verdict"])
        reason = why_stopped(reply["stopped"], self.time_limit)
        return Verdict(FAILED, f"{reason} The notebook and your progress are unharmed.")

    def wait_until_ready(self):
        """RuntimeError where the process does not even start, with what it said last."""
        until = time.monotonic() + START_LIMIT
        while not self.ready:
            try:
                self.ready = self.replies.get(timeout=0.2) == READY
                failed = not self.ready
            except queue.Empty:
                failed = time.monotonic() > until
            if failed:
                self.complaints.seek(0)
                said = self.complaints.read().decode(errors="replace").strip().splitlines()
                raise RuntimeError(
                    "the process that checks answers does not start: restart the kernel"
                    + (f" (it said: {said[-1]})" if said else "")
                )

    def ask(self, exercise_id, source):
        """{"verdict": {…}}, or {"stopped": why} where there is none."""
        try:
            self.process.stdin.write(json.dumps([exercise_id, source, self.time_limit]).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:  # the process is gone
            return {"stopped": "ended"}
        if not self.forks:
            process = psutil.Process(self.process.pid)
            if reason := watch(process, partial(has_come, self.replies), self.time_limit):
                return {"stopped": reason}
        while not has_come(self.replies, 0.2):
            pass  # in short turns, or an interrupt would not be heard on Windows
        reply = self.replies.get()
        if reply:
            return json.loads(reply)
        out_of_memory = self.process.wait() == OUT_OF_MEMORY
        return {"stopped": "memory" if out_of_memory else "ended"}


def pass_on(stream, replies):
    """What a thread does: every line of a process, and at its end an empty one, into a queue."""
    with stream:
        for line in stream:
            replies.put(line)
    replies.put(b"")


def has_come(replies, seconds):
    """Is there a line, at the latest after so many seconds? It stays in the queue."""
    until = time.monotonic() + seconds
    while replies.empty() and time.monotonic() < until:
        time.sleep(0.002)
    return not replies.empty()


def why_stopped(reason, time_limit):
    if reason == "time":
        return (
            f"Stopped after {time_limit:g} seconds: your code does not end, or waits inside a library call. "
            "Look at each loop: what makes it stop?"
        )
    if reason == "memory":
        limit = f"{MEMORY_LIMIT / 1e9:.1f} GB"
        return f"Stopped: your code asks for more memory than {limit}. Which tensor is so large?"
    return "Your code ended the Python process it ran in. Return a value instead."


def watch(process, answered, time_limit):
    """None as soon as `answered(seconds)` is true; else the reason for which the process was killed.

    Counted is the time in which it computes or sleeps. What it spends waiting for a core on a busy machine
    does not count: that makes a check slower, and never wrong.
    """
    began, asleep, computed_before, memory_before = time.monotonic(), 0.0, None, None
    while not answered(LOOK_EVERY):
        try:
            with process.oneshot():
                computed = sum(process.cpu_times()[:2])
                memory, status = process.memory_info().rss, process.status()
        except psutil.NoSuchProcess:
            return None
        if computed_before is None:
            computed_before, memory_before = computed, memory
        if memory > memory_before + MEMORY_LIMIT:
            process.kill()
            return "memory"
        asleep += LOOK_EVERY if status == psutil.STATUS_SLEEPING else 0.0
        impatient = not IS_LINUX and time.monotonic() - began > PATIENCE
        if computed - computed_before + asleep > time_limit or impatient:
            process.kill()
            return "time"
    return None


WORKER = Worker()

# -- in the other process


def serve(forks):
    """Answer the questions that come in, until the notebook is gone."""
    import torch

    notebook = os.getppid()
    # What a library prints past Python, or a last traceback, is not for the notebook: it reads our replies.
    questions, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    builtins.input = no_input
    torch.set_num_threads(1)  # small tensors; two kernels side by side must not fight for the cores
    find("0.1")  # imports the exercises, and all that they need
    replies.write(READY)
    for line in questions:
        if forks:
            replies.write(judged_by_child(*json.loads(line), notebook))
        else:
            threading.Thread(target=end_with, args=(questions,), daemon=True).start()
            replies.write(judged(*json.loads(line)[:2]))


def end_with(questions):
    """What a thread does: when the notebook is gone, its end of the pipe is, too."""
    questions.read()
    os._exit(0)


def judged_by_child(exercise_id, source, time_limit, notebook):
    """The reply of a child that judges this one answer."""
    gc.freeze()  # its first collection of garbage would copy all that it shares with us
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        limit_memory()
        os.write(writing, judged(exercise_id, source))
        os._exit(0)
    os.close(writing)
    process, reply = psutil.Process(child), b""

    def answered(seconds):
        nonlocal reply
        if os.getppid() != notebook:
            end_group(child)
            os._exit(0)
        while not reply.endswith(b"\n") and select.select([reading], [], [], seconds)[0]:
            part = os.read(reading, 65536)
            if not part:
                return True
            reply += part
        return reply.endswith(b"\n")

    reason = watch(process, answered, time_limit)
    end_group(child)
    _, status = os.waitpid(child, 0)
    os.close(reading)
    if reply.endswith(b"\n"):
        return reply
    out_of_memory = os.WIFEXITED(status) and os.WEXITSTATUS(status) == OUT_OF_MEMORY
    return json.dumps({"stopped": reason or ("memory" if out_of_memory else "ended")}).encode() + b"\n"


def end_group(child):
    """Kill a child and whatever it has started."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has no group yet, or has ended by itself


def judged(exercise_id, source):
    """A reply, as bytes, by this process itself."""
    from course_lib.classroom.judging.checking import check_code
    from course_lib.classroom.judging.diagnosis import words_of
    from course_lib.classroom.markdown import plain

    me = os.getpid()
    try:
        verdict = check_code(find(exercise_id), source)
    except MemoryError:  # in the check itself, because the answer holds all there is
        os._exit(OUT_OF_MEMORY)
    except Exception as error:
        verdict = Verdict(
            FAILED,
            f"The check itself stopped with {type(error).__name__}: {plain(words_of(error))}. That is a "
            "fault of the course, not of your answer. Please report it, together with your answer.",
        )
    if os.getpid() != me:  # a process that the answer has forked came back here, too
        os._exit(0)
    return json.dumps({"verdict": asdict(verdict)}).encode() + b"\n"


def no_input(prompt=""):
    raise RuntimeError(
        "input() waits for a person, but a check calls your function many times: use its parameters"
    )


def limit_memory():
    """Refuse memory beyond the limit where the system can. Everywhere else, `watch` ends the process."""
    import resource

    most = psutil.Process().memory_info().vms + MEMORY_LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
