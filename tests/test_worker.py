"""Whatever a learner's code does, the check answers in words, and the next check works."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from course_lib.classroom import check
from course_lib.classroom.exercises.base import find
from course_lib.classroom.judging import checking
from course_lib.classroom.judging.worker import Worker, judged

RIGHT = "return vectors.mean(dim=0)"


LESS_PATIENT = Worker(time_limit=2.0)
MORE_PATIENT = Worker(time_limit=60.0)  # on a slow machine it takes seconds to fill the memory


def answer(body, worker=LESS_PATIENT):
    """The verdict on exercise 0.2 for a function with this body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return worker.check("0.2", f"def average_vector(vectors):\n{lines}")


SAID = {
    "a loop without end": ("while True: pass", "Stopped after 2 seconds"),
    "a loop that catches everything": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "Stopped after 2 seconds",
    ),
    "a call that waits": ("import time\ntime.sleep(1000)", "Stopped after 2 seconds"),
    "a native call that keeps Python itself waiting": (
        "return sum(range(10**12))",
        "Stopped after 2 seconds",
    ),
    "a tensor larger than memory": ("return torch.ones(10**11)", "more memory than there is"),
    "a list larger than memory": ("x = [0] * 10**11", "more memory than there is"),
    "input": ("return input('number? ')", "input() waits for a person"),
    "exit": ("exit()", "ends the program"),
    "sys.exit": ("import sys\nsys.exit(1)", "ends the program"),
    "the process ended": ("import os\nos._exit(0)", "ended the Python process"),
    "the process crashed": ("import ctypes\nctypes.string_at(0)", "ended the Python process"),
    "a million lines printed": ("for i in range(10**6): print(i)\n" + RIGHT, "more than 10,000 lines"),
    "an exception": ("return 1 / 0", "ZeroDivisionError: division by zero. Line 2: `return 1 / 0`"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "a recursion without end": ("return average_vector(vectors)", "calls itself without end"),
    "an unknown name": ("return averge(vectors)", "name 'averge' is not defined"),
    "its argument changed": (
        "vectors += 1\nvectors -= 1.5\n" + RIGHT,
        "changes its argument vectors in place",
    ),
    "the seed set": ("torch.manual_seed(0)\n" + RIGHT, "global random state"),
    "a random number drawn": ("torch.rand(1)\n" + RIGHT, "global random state"),
    "nothing returned": ("vectors.mean(dim=0)", "returns None"),
    "a number": ("return 3", "must be a tensor; yours is of the type int"),
    "a list": ("return vectors.mean(dim=0).tolist()", "must be a tensor; yours is of the type list"),
    "another dtype": ("return vectors.mean(dim=0).double()", "dtype torch.float32; yours has torch.float64"),
    "another shape": ("return vectors.sum()[None]", "must have the shape (3,); yours has (1,)"),
    "nan": ("return vectors.mean(dim=0) * float('nan')", "nan in your result"),
    "other numbers": ("return vectors.mean(dim=0) + 1", "the wanted one plus 1"),
    "other numbers of no known relation": ("return vectors.std(dim=0, correction=0)", "the numbers are not"),
    "a set of mixed types": ("return {1, 'a'}", "must be a tensor; yours is of the type set"),
    "a dict of tensors": ("return {'a': vectors}", "must be a tensor; yours is of the type dict"),
    "an object that cannot be shown": (
        "class Odd:\n    def __repr__(self): raise ValueError\nreturn Odd()",
        "yours is of the type answer.Odd",
    ),
    "an object that refuses to be compared": (
        "class Odd:\n    def __eq__(self, other): raise ValueError\nreturn Odd()",
        "yours is of the type answer.Odd",
    ),
    "a list that holds itself": ("x = []\nx.append(x)\nreturn x", "calls itself without end"),
    "an error that cannot be said": (
        "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd()",
        "stopped with Odd",
    ),
    "an error that comes only on a later call": (
        "global calls\ncalls = globals().get('calls', 0) + 1\n"
        f"if calls > 1: raise TypeError('no more')\n{RIGHT}",
        "what does it remember",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_it_is_said_in_words_and_the_next_answer_passes(case):
    body, words = SAID[case]
    verdict = answer(body)
    assert verdict.status == "failed" and words in verdict.message
    assert answer(RIGHT).passed


def test_memory_eaten_bit_by_bit_is_refused():
    verdict = answer("x = []\nwhile True: x.append(torch.ones(10**6))", MORE_PATIENT)
    assert verdict.status == "failed" and "more memory than" in verdict.message
    assert answer(RIGHT, MORE_PATIENT).passed


REMEMBERING = {
    "a last call that is another one": (
        "0.2",
        "seen = []\ndef average_vector(vectors):\n    seen.append(1)\n"
        f"    return vectors.mean(dim=0) * (len(seen) < {2 + len(list(find('0.2').cases()))})",
    ),
    "a result kept for ever": (
        "0.2",
        "kept = []\ndef average_vector(vectors):\n    if not kept: kept.append(vectors.mean(dim=0))\n"
        "    return kept[0]",
    ),
    "a Counter outside of the function": (
        "3.3",
        "pairs = Counter()\ndef count_pairs(split, counts):\n"
        "    for word, pieces in split.items():\n"
        "        for pair in zip(pieces, pieces[1:]):\n            pairs[pair] += counts[word]\n"
        "    return pairs",
    ),
}


@pytest.mark.parametrize("case", REMEMBERING)
def test_a_function_that_remembers_is_told_so(case):
    verdict = check(*REMEMBERING[case])
    assert verdict.status == "failed" and "what does it remember" in verdict.message


# -- a verdict depends on the answer alone, whatever was judged before

POISON = {
    "no gradients": "torch.set_grad_enabled(False)",
    "another dtype": "torch.set_default_dtype(torch.float64)",
    "the random state": "torch.manual_seed(7)",
    "torch's softmax": "torch.softmax = torch.Tensor.softmax = lambda *a, **k: torch.zeros(())",
    "a function of Python": "import builtins; builtins.len = lambda each: 7",
    "an exported variable": "import os; os.environ['OMP_NUM_THREADS'] = 'x'",
    "the working directory": "import os, tempfile; os.chdir(tempfile.mkdtemp())",
    "the exercise itself": "import course_lib.classroom.judging.observing as o; o.same = lambda *a: True",
}
WEIGHTS = "def attention_weights(query, key, mask=None):\n    scores = query @ key.transpose(-2, -1)\n"
WEIGHTS += "    scores = scores / query.shape[-1] ** 0.5\n"
WEIGHTS += "    if mask is not None: scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)\n"
WEIGHTS += "    return scores.softmax(dim=-1)"


@pytest.fixture(scope="module", params=[True, False], ids=["forked", "each in a process of its own"])
def worker(request):
    """Both ways to have a fresh process. The second one serves systems that cannot fork."""
    if request.param and sys.platform != "linux":
        pytest.skip("only Linux forks")
    worker = Worker(time_limit=2.0, forks=request.param)
    yield worker
    worker.stop()


@pytest.mark.parametrize("poison", POISON)
def test_no_answer_changes_the_verdict_on_the_next(worker, poison):
    if not worker.forks and poison not in ("no gradients", "torch's softmax"):
        pytest.skip("seconds for each start; whoever ends with its process takes everything along")
    body = f"    {POISON[poison]}\n    {RIGHT}\n"
    worker.check("0.2", f"import torch\n{POISON[poison]}\ndef average_vector(vectors):\n{body}")
    assert worker.check("2.2", WEIGHTS).passed
    assert "no gradient comes back" in worker.check("2.2", WEIGHTS + ".detach()").message


def test_an_endless_answer_is_stopped_and_the_next_one_judged(worker):
    endless = worker.check("0.2", "def average_vector(vectors):\n    while True: pass\n")
    assert "Stopped after 2 seconds" in endless.message
    assert worker.check("0.2", f"def average_vector(vectors):\n    {RIGHT}\n").passed


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell who waits for a core")
def test_a_busy_machine_makes_a_check_slower_and_not_wrong():
    """One core for the answer and four programs that never rest: it gets a fifth of the time."""
    worker = Worker(time_limit=1.0)
    right = f"def average_vector(vectors):\n    {RIGHT}\n"
    worker.check("0.2", right)
    core = min(os.sched_getaffinity(0))
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        for process in [worker.process, *busy]:
            os.sched_setaffinity(process.pid, {core})
        computing = "import time\ndef average_vector(vectors):\n"
        computing += "    if vectors.shape == (1, 4):\n        until = time.process_time() + 0.25\n"
        computing += f"        while time.process_time() < until: pass\n    {RIGHT}\n"
        began = time.monotonic()
        verdict = worker.check("0.2", computing)
        assert time.monotonic() - began > worker.time_limit  # it was really kept waiting
    finally:
        for process in busy:
            process.kill()
            process.wait()
        worker.stop()
    assert verdict.passed, verdict.message


def test_a_script_without_a_main_guard_can_check(tmp_path):
    script = tmp_path / "exported.py"
    lines = [
        "from course_lib.classroom import check",
        f"right = 'def average_vector(vectors):\\n    {RIGHT}\\n'",
    ]
    script.write_text("\n".join([*lines, "print(check('0.2', right).status)"]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, encoding="utf-8"
    )
    assert (done.stdout.strip(), done.stderr) == ("passed", "")


def test_an_error_of_the_check_itself_is_not_the_learners(monkeypatch):
    monkeypatch.setattr(checking, "judge", lambda *_: 1 / 0)
    reply = json.loads(judged("0.2", "def average_vector(vectors): ..."))
    assert "a fault of the course" in reply["verdict"]["message"]


def test_what_is_printed_is_shown_once_and_cut():
    assert answer(f"print('here')\n{RIGHT}").printed == "here\n"
    assert "(9,000 lines in all)" in answer(f"for i in range(9000): print(i)\n{RIGHT}").printed


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def average_vector(vectors):\n    return (vectors.mean(dim=0)", "Python cannot read line 2"),
        ("def other(vectors):\n    return vectors", "defines no function called average_vector"),
        (
            "def average_vector(rows):\n    return rows.mean(dim=0)",
            "parameters must be (vectors); yours are (rows)",
        ),
        ("import sys\nsys.exit()\ndef average_vector(vectors):\n    return vectors", "ends the program"),
    ],
)
def test_a_cell_that_cannot_be_called_is_explained(source, words):
    verdict = check("0.2", source)
    assert verdict.status == "failed" and words in verdict.message


def test_an_interrupt_while_waiting_does_not_leave_an_answer_for_the_next_question():
    worker = Worker()
    right = "def average_vector(vectors):\n    return vectors.mean(dim=0)\n"
    assert worker.check("0.2", right).passed
    threading.Timer(0.4, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        worker.check("0.2", "import time\n" + right.replace("return", "time.sleep(0.15); return"))
    assert worker.check("0.2", right.replace("mean", "sum")).mistake == "only_added"
    worker.stop()


def test_the_process_ends_when_its_notebook_is_gone():
    script = (
        "from course_lib.classroom.judging.worker import WORKER\n"
        "if __name__ == '__main__':\n"
        "    WORKER.check('0.2', '')\n"
        "    print(WORKER.process.pid, flush=True)\n"
        "    import os, threading\n"
        "    threading.Timer(0.5, os.kill, (os.getpid(), 9)).start()\n"
        "    WORKER.check('0.2', 'while True: pass')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, encoding="utf-8"
    )
    worker = psutil.Process(int(done.stdout)) if psutil.pid_exists(int(done.stdout)) else None
    if worker is not None:
        worker.wait(timeout=20)
