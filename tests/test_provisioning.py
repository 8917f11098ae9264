"""One list of dependencies, one set of tested versions, and a set-up that repairs itself."""

import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import venv
from collections import namedtuple
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYTHONS = ["3.10.0", "3.11.2", "3.11.7", "3.12.1", "3.13.0"]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def listed(key):
    """The strings of one list in pyproject.toml; tomllib would need Python 3.11."""
    block = re.search(rf"^{key} = \[(.*?)^\]", PYPROJECT, re.DOTALL | re.MULTILINE).group(1)
    return re.findall(r'"(.+?)"', block)


DEPENDENCIES = [Requirement(line) for line in listed("dependencies") + listed("reference") + listed("test")]
REQUIRES_PYTHON = SpecifierSet(re.search(r'^requires-python = "(.+)"', PYPROJECT, re.MULTILINE).group(1))
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
PINS = [Requirement(line) for line in CONSTRAINTS if line and not line.startswith("#")]


def pinned(python):
    """Package → the pins that apply under one version of Python."""
    environment = {"python_full_version": python, "python_version": ".".join(python.split(".")[:2])}
    pins = {}
    for pin in PINS:
        if pin.marker is None or pin.marker.evaluate(environment):
            pins.setdefault(canonicalize_name(pin.name), []).append(str(pin.specifier))
    return pins


# One list, three files


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_has_one_pin_in_its_range(python):
    pins = pinned(python)
    for dependency in DEPENDENCIES:
        (pin,) = pins[canonicalize_name(dependency.name)]
        assert dependency.specifier.contains(pin.removeprefix("==")), f"{dependency} against {pin}"


@pytest.mark.parametrize("python", PYTHONS)
def test_no_package_has_two_pins(python):
    assert not {name: pins for name, pins in pinned(python).items() if len(pins) > 1}


def test_pins_are_exact_public_versions():
    exact = re.compile(r"==[0-9][0-9a-z.]*")
    assert not [str(pin) for pin in PINS if pin.url or not exact.fullmatch(str(pin.specifier))]


def test_whatever_a_dependency_brings_is_pinned():
    pins, seen, queue = pinned(sys.version.split()[0]), set(), list(DEPENDENCIES)
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if (name, *requirement.extras) in seen:
            continue
        seen.add((name, *requirement.extras))
        assert name in pins, f"constraints.txt has no pin for {name}"
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            extras = [{"extra": extra} for extra in requirement.extras or [""]]
            if needed.marker is None or any(needed.marker.evaluate(extra) for extra in extras):
                queue.append(needed)


def test_installed_versions_are_the_pinned_ones():
    pins = pinned(sys.version.split()[0])
    for dependency in DEPENDENCIES:
        version = importlib.metadata.version(dependency.name).partition("+")[0]
        assert pins[canonicalize_name(dependency.name)] == [f"=={version}"]


def test_conda_installs_the_project_and_no_list_of_its_own():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, section = environment["dependencies"]
    assert REQUIRES_PYTHON.contains(python.removeprefix("python=") + ".0")
    assert pip == "pip"
    assert section == {"pip": ["-c constraints.txt", "-e .[reference]"]}


def test_ruff_and_provisioning_know_the_oldest_python():
    assert REQUIRES_PYTHON == SpecifierSet(">=3.10")
    assert 'target-version = "py310"' in PYPROJECT
    assert load_script().OLDEST == (3, 10)


# make


def run(command, **settings):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **settings, encoding="utf-8")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_make_alone_names_every_target():
    shown = run(["make", "--no-print-directory"]).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: help (.*)", makefile, re.MULTILINE).group(1).split()
    assert [line.split()[1] for line in shown.splitlines()] == targets
    assert max(map(len, shown.splitlines())) <= 80  # one line each in a narrow terminal, too


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_missing_python_gets_a_message():
    answer = run(["make", "lab", "PYTHON=no-such-python"])
    assert answer.returncode != 0
    assert answer.stderr.startswith("no-such-python was not found. Install Python 3.10 or newer.")


# scripts/provision.py, on a small folder of its own: nothing is downloaded


def load_script(root=None):
    spec = importlib.util.spec_from_file_location("provision", ROOT / "scripts" / "provision.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    if root is not None:
        script.ROOT, script.VENV = root, root / ".venv"
        script.PYTHON, script.STAMP = script.VENV / "bin" / "python", script.VENV / script.STAMP.name
    return script


PIP = """
import os, sys
if __name__ == "__main__":
    with open("pip-calls", "a") as calls:
        print(*sys.argv[1:], file=calls)
    if os.path.exists("pip-fails"):
        print("Collecting torch")
        sys.exit("ERROR: Could not install: [Errno 28] No space left on device")
"""


@pytest.fixture
def house(tmp_path):
    """A folder with a Hangul name; its .venv holds a stand-in for pip and one package."""
    root = (tmp_path / "한글 폴더").resolve()
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (root / "constraints.txt").write_text("torch==1\n", encoding="utf-8")
    script = load_script(root)

    def make_venv(_what, command, _lock):
        venv.create(script.VENV, symlinks=True)
        (site,) = script.VENV.glob("lib/python*/site-packages")
        (site / "pip.py").write_text(PIP, encoding="utf-8")
        (site / "thing.py").write_text("x = 1\n", encoding="utf-8")
        (site / "thing-1.dist-info").mkdir()
        (site / "thing-1.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: thing\nVersion: 1\n", encoding="utf-8"
        )
        (site / "thing-1.dist-info" / "RECORD").write_text(
            "thing.py,,6\nthing-1.dist-info/RECORD,,\n", encoding="utf-8"
        )
        return site

    def run_or_make(what, command, lock, real=script.run):
        (make_venv if "venv" in command else real)(what, command, lock)

    script.run, script.NEEDED_GB = run_or_make, {"": 0, "test": 0}
    site = make_venv(None, None, None)

    def provision(extra=""):
        with open(root / "pyproject.toml", encoding="utf-8") as lock:
            script.provision(extra, lock)
        calls = root / "pip-calls"
        lines = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return lines

    return namedtuple("House", "root script site provision")(root, script, site, provision)


def test_second_call_does_nothing(house):
    assert house.provision()[0].endswith("-c constraints.txt -e .[reference]")
    assert house.provision() == []


def test_extra_is_added_once_and_covers_the_base(house):
    house.provision()
    assert house.provision("test")[0].endswith("-e .[reference,test]")
    assert house.provision("test") == house.provision() == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_list_is_installed(house, name):
    house.provision()
    with open(house.root / name, "a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert len(house.provision()) == 1


def break_nothing(house):
    pass


def cut_a_file_short(house):
    (house.site / "thing.py").write_text("x", encoding="utf-8")


def lose_a_file(house):
    (house.site / "thing.py").unlink()


def lose_the_list_of_files(house):
    (house.site / "thing-1.dist-info" / "RECORD").unlink()


def leave_a_replaced_package(house):
    (house.site / "~hing").mkdir()


def lose_pip(house):
    (house.site / "pip.py").unlink()


def lose_python(house):
    house.script.PYTHON.unlink()


@pytest.mark.parametrize(
    ("damage", "sound"),
    [
        (break_nothing, True),
        (cut_a_file_short, False),
        (lose_a_file, False),
        (lose_the_list_of_files, False),
        (leave_a_replaced_package, False),
        (lose_pip, False),
        (lose_python, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_interrupted_installation_is_built_again(house, damage, sound):
    (house.site / "kept").touch()
    damage(house)
    house.provision()
    assert (house.site / "kept").exists() == sound
    assert house.script.is_sound()


def test_moved_folder_is_built_again(house):
    house.provision()
    stamp = json.loads(house.script.STAMP.read_text(encoding="utf-8"))
    house.script.STAMP.write_text(json.dumps({**stamp, "root": "/elsewhere"}), encoding="utf-8")
    (house.site / "kept").touch()
    assert len(house.provision()) == 1
    assert not (house.site / "kept").exists()


def test_failed_extra_leaves_the_base_usable(house):
    house.provision()
    (house.root / "pip-fails").touch()
    with pytest.raises(house.script.Problem):
        house.provision("test")
    (house.root / "pip-calls").unlink()
    assert house.provision() == []


def test_full_disk_gets_a_message(house):
    (house.root / "pip-fails").touch()
    with pytest.raises(house.script.Problem) as problem:
        house.provision()
    assert str(problem.value).splitlines() == [
        "Installing failed:",
        "ERROR: Could not install: [Errno 28] No space left on device",
        "The disk is full. Make room, then give the same command again.",
    ]


def installed(name):
    """A file that the course's installation has copied to where Jupyter looks."""
    return json.loads((Path(sys.prefix) / name).read_text(encoding="utf-8"))


def test_jupyterlab_asks_nothing_and_looks_for_no_newer_version():
    overrides = installed("share/jupyter/lab/settings/overrides.d/bert_course.json")
    settings = overrides["@jupyterlab/apputils-extension:notification"]
    assert settings == {"fetchNews": "false", "checkForUpdates": False}


def test_the_server_of_jupyter_loads_what_saves_still_forms():
    config = installed("etc/jupyter/jupyter_server_config.d/bert_course.json")
    (module,) = config["ServerApp"]["jpserver_extensions"]
    assert importlib.util.find_spec(module)


def test_a_folder_that_cannot_be_written_to_is_named(house, monkeypatch):
    monkeypatch.setattr(house.script.os, "access", lambda path, mode: path != house.root)
    with pytest.raises(house.script.Problem, match="cannot be written to. Copy the course"):
        house.provision()


def test_too_little_space_is_said_before_starting(house):
    with pytest.raises(house.script.Problem, match="needs 1000000 GB of disk space"):
        house.script.check_space(1_000_000)


def test_old_python_gets_a_message(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    script = load_script()
    with pytest.raises(script.Problem, match="needs Python 3.10 or newer"):
        script.check_python()


def test_missing_venv_gets_a_message(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    script = load_script()
    with pytest.raises(script.Problem, match=r"sudo apt install python3\.\d+-venv"):
        script.check_python()


def test_course_is_installed_from_this_folder(tmp_path):
    found = "import course_lib; print(course_lib.__file__)"
    shown = subprocess.run(
        [sys.executable, "-c", found], capture_output=True, text=True, cwd=tmp_path, encoding="utf-8"
    )
    assert Path(shown.stdout.strip()) == ROOT / "course_lib" / "__init__.py"
