"""Make .venv and install the course into it: `python3 scripts/provision.py [test]`. Needs Python alone.

A second call returns at once. An interrupted call is repaired by the next one: what is sound is kept, and
anything else is built again from nothing.
"""

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import fcntl
except ImportError:
    sys.exit("On Windows, set the course up with conda: see README.md.")

OLDEST = (3, 10)
NEWEST_TESTED = (3, 13)
NEEDED_GB = {"": 2.2, "test": 2.7}

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "course-ready.json"  # written last, so that it exists only where everything does


class Problem(Exception):
    """Something the reader has to put right; shown as a message, without a traceback."""


def fingerprint():
    """Changes when the lists of dependencies change."""
    lists = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"\0".join(lists)).hexdigest()


def read_stamp():
    """What the last complete installation wrote, or an empty dict."""
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_stamp(extras):
    part = STAMP.with_suffix(".part")
    stamp = {"root": str(ROOT), "fingerprint": fingerprint(), "extras": extras}
    part.write_text(json.dumps(stamp), encoding="utf-8")
    os.replace(part, STAMP)


def is_sound():
    """Whether .venv has a Python, a pip, and every file of every package it lists, whole."""
    probe = f"import pip, sys; sys.exit(sys.version_info < {OLDEST})"
    try:
        if subprocess.run([PYTHON, "-c", probe], stderr=subprocess.DEVNULL).returncode:
            return False
        for site in VENV.glob("lib/python*/site-packages"):
            if any(site.glob("~*")):  # pip renames what it is about to replace
                return False
            for package in site.glob("*.dist-info"):
                with open(package / "RECORD", newline="", encoding="utf-8") as record:  # written last
                    for name, _, size in csv.reader(record):
                        if size and (site / name).stat().st_size != int(size):
                            return False
    except OSError:  # whatever is not there
        return False
    return True


def check_python():
    if sys.version_info < OLDEST:
        raise Problem(
            f"The course needs Python {OLDEST[0]}.{OLDEST[1]} or newer; {sys.executable} is "
            f"{sys.version.split()[0]}.\nIf a newer one is installed, name it: make lab PYTHON=python3.12"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise Problem(
            f"{sys.executable} cannot make virtual environments.\n"
            f"On Debian and Ubuntu: sudo apt install python{version}-venv"
        ) from None


def check_space(needed):
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < needed:
        raise Problem(f"The course needs {needed} GB of disk space; {free:.1f} GB is free in {ROOT}.")


def run(what, command, lock):
    """Run a command, showing only what it is at; where it fails, its own words for why."""
    lines = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=[lock.fileno()],  # a child that outlives us keeps the next call waiting
    ) as process:
        for line in process.stdout:
            lines.append(line.rstrip())
            if sys.stdout.isatty():
                width = shutil.get_terminal_size().columns - 1
                print(f"\r{line.strip()[:width]:{width}}", end="", flush=True)
    if sys.stdout.isatty() and lines:
        print("\r" + " " * (shutil.get_terminal_size().columns - 1), end="\r")
    if process.returncode == 0:
        return
    lines = [line.strip() for line in lines if "subprocess-exited-with-error" not in line]
    errors = [line for line in lines if line.lower().startswith("error: ")] or lines[-10:]
    hints = []
    if any("No space left" in line for line in lines) or shutil.disk_usage(ROOT).free < 50e6:
        hints.append("The disk is full. Make room, then give the same command again.")
    elif any("(from versions: none)" in line for line in lines):
        hints.append("Is there a network? Installing needs it; give the same command again when there is.")
    if sys.version_info[:2] > NEWEST_TESTED:
        hints.append("The newest Python this was tested with is {}.{}.".format(*NEWEST_TESTED))
    raise Problem("\n".join([f"{what} failed:", *errors, *hints]))


def provision(extra, lock):
    stamp = read_stamp()
    moved = stamp.get("root", str(ROOT)) != str(
        ROOT
    )  # a virtual environment holds its own path in many places
    ready = not moved and stamp.get("fingerprint") == fingerprint() and PYTHON.exists()
    extras = stamp["extras"] if ready else []
    if ready and extra in ["", *extras]:
        return
    check_python()
    if not os.access(ROOT, os.W_OK):
        raise Problem(
            f"{ROOT} cannot be written to. Copy the course to a folder of your own, and give the same "
            "command there."
        )
    if moved or not is_sound():
        ready = False
        if VENV.is_symlink():
            VENV.unlink()
        shutil.rmtree(VENV, ignore_errors=True)
        check_space(NEEDED_GB[extra])
        print(f"Making .venv with Python {sys.version.split()[0]} …", flush=True)
        run("Making .venv", [sys.executable, "-m", "venv", str(VENV)], lock)
    STAMP.unlink(missing_ok=True)
    print("Installing what the course needs; the first time this takes some minutes …", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    try:
        run(
            "Installing",
            [*pip, "-c", "constraints.txt", "-e", f".[reference,{extra}]" if extra else ".[reference]"],
            lock,
        )
    except Problem:
        if ready and is_sound():  # what worked before still does
            write_stamp(extras)
        raise
    write_stamp([*extras, extra] if extra else extras)


def main():
    extra = sys.argv[1] if len(sys.argv) > 1 else ""
    with open(ROOT / "pyproject.toml", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another make is at work in this folder; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            provision(extra, lock)
        except Problem as problem:
            sys.exit(f"\n{problem}\n")
        except OSError as error:
            sys.exit(f"\n{error}\n")
        except KeyboardInterrupt:
            sys.exit("\nStopped. The same command goes on from here.\n")


if __name__ == "__main__":
    main()
