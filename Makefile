# Each target makes .venv on first use; nothing else to know. Another Python: make lab PYTHON=python3.12
PYTHON ?= python3
# Files that are tested at a time, each on one core.
JOBS ?= 2
VENV := .venv/bin/python
PROVISION := @command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.10 or newer." >&2; exit 1; }; \
	"$(PYTHON)" scripts/provision.py
export JUPYTER_PREFER_ENV_PATH := 1
# A thread of torch that waits gives its core back soon. Beside other busy programs that is many times faster.
export GOMP_SPINCOUNT := 1000

.PHONY: help lab test test-browser notebooks pictures bench fuzz clean
.SILENT:

help:
	echo "make lab           open the course in JupyterLab (JUPYTER_ARGS=… adds flags)"
	echo "make test          check the whole repository: style, unit tests, every notebook"
	echo "make test-browser  the notebooks in a real JupyterLab in a real Chromium"
	echo "make notebooks     run the notebooks and keep the outputs (ONLY=02: one week; ONLY=ko/02: in Korean)"
	echo "make pictures      take the README's pictures anew, in the browser"
	echo "make bench         speed and memory against other implementations"
	echo "make fuzz          our tokenizer against the library's on a million strings"
	echo "make clean         remove .venv and caches; your work stays"

lab:
	$(PROVISION)
	$(VENV) -m jupyterlab --ServerApp.root_dir=notebooks $(JUPYTER_ARGS)

test:
	$(PROVISION) test
	$(VENV) -m ruff check
	$(VENV) -m ruff format --check
	OMP_NUM_THREADS=1 $(VENV) -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder

test-browser:
	$(PROVISION) test
	COURSE_BROWSER=1 $(VENV) -m pytest -q -n $(JOBS) --dist loadfile tests/browser

notebooks:
	$(PROVISION) test
	$(VENV) scripts/run_notebooks.py $(ONLY)

pictures:
	$(PROVISION) test
	COURSE_BROWSER=1 $(VENV) -m pytest -q tests/browser -k "week_02 or week_03 or week_07"
	cp build/pictures/*.png notebooks/images/

bench:
	$(PROVISION) test
	$(VENV) -m benchmarks

fuzz:
	$(PROVISION) test
	$(VENV) benchmarks/fuzz_wordpiece.py --count 1000000

clean:
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
