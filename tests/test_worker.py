"""Whatever a learner's code does, the check answers in words, and the next check works."""

import signal
import subprocess
import sys
import threading

import psutil
import pytest

from course_lib.classroom import check
from course_lib.classroom.kinds import find
from course_lib.classroom.worker import Worker

RIGHT = "return vectors.mean(dim=0)"


def answer(body):
    """The verdict on exercise 0.2 for a function with this body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return check("0.2", f"def average_vector(vectors):\n{lines}")


SAID = {
    "a loop without end": ("while True: pass", "Stopped after 5 seconds"),
    "a loop that catches everything": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "Stopped after 5 seconds",
    ),
    "a call that waits": ("import time\ntime.sleep(1000)", "Stopped after 5 seconds"),
    "a native call that keeps Python itself waiting": (
        "return sum(range(10**12))",
        "Stopped after 5 seconds",
    ),
    "a tensor larger than memory": ("return torch.ones(10**11)", "more memory than there is"),
    "a list larger than memory": ("x = [0] * 10**11", "more memory than there is"),
    "memory eaten bit by bit": ("x = []\nwhile True: x.append(torch.ones(10**6))", "memory"),
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
    "another shape": ("return vectors.mean(dim=0)[:1]", "must have the shape (3,); yours has (1,)"),
    "nan": ("return vectors.mean(dim=0) * float('nan')", "nan in your result"),
    "other numbers": ("return vectors.mean(dim=0) + 1", "the numbers are not"),
}


@pytest.mark.parametrize("case", SAID)
def test_it_is_said_in_words_and_the_next_answer_passes(case):
    body, words = SAID[case]
    verdict = answer(body)
    assert verdict.status == "failed" and words in verdict.message
    assert answer(RIGHT).passed


def test_a_function_that_remembers_is_noticed():
    calls = 1 + len(list(find("0.2").cases())) + 1  # to see what it prints, in each case, and the first again
    source = "seen = []\ndef average_vector(vectors):\n    seen.append(1)\n"
    source += f"    return vectors.mean(dim=0) * (len(seen) < {calls})"
    assert check("0.2", source).status == "failed"


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
        "from course_lib.classroom.worker import WORKER\n"
        "if __name__ == '__main__':\n"
        "    WORKER.check('0.2', '')\n"
        "    print(WORKER.process.pid, flush=True)\n"
        '    WORKER.connection.send_bytes(b\'["0.2", "while True: pass"]\')\n'
        "    import os; os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    worker = psutil.Process(int(done.stdout)) if psutil.pid_exists(int(done.stdout)) else None
    if worker is not None:
        worker.wait(timeout=20)
