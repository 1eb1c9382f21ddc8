# Needs GNU make and Python 3.11 or newer with venv; everything else comes into .venv.
# PORT and VAR_DIR choose where `make run` listens and keeps its data: make run PORT=8001 VAR_DIR=/srv/second
# TRACKER=1 runs a look-alike of Yandex Tracker beside the demo, and mirrors the incidents in it.

PYTHON := .venv/bin/python
# Tests wait for servers more than they compute. JOBS=0 runs them in this process, for a debugger.
JOBS := 4

.PHONY: help setup setup-dev run test test-slow lint lock screens

help:
	@echo "make run    start Dispatch with everything it needs, and a demo when no mailbox is configured"
	@echo "make run TRACKER=1  the same, with the incidents mirrored in a look-alike of Yandex Tracker"
	@echo "make test   run the tests; ARGS=... goes to pytest, JOBS=N at once"
	@echo "make test-slow  the tests that live through hours or swallow 150 MB"
	@echo "make lint   check style, types, imports, migrations and translations"
	@echo "make setup  only install what 'make run' needs"
	@echo "make screens  take the pictures of docs/screens; ARGS=\"card desk\" takes these only"
	@echo "make lock   renew the lock files from pyproject.toml"

setup:
	@python=$$(sh tools/find-python) && exec "$$python" tools/setup.py run

setup-dev:
	@python=$$(sh tools/find-python) && exec "$$python" tools/setup.py dev

# Ends with this make, even if that is killed: nobody would be left to stop it.
run: export DISPATCH_TIED_TO_PARENT = 1
run: setup
	@$(PYTHON) manage.py up

# Idle processes take over from busy ones: browser tests are slow and stand together.
test: setup-dev
	@$(PYTHON) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

test-slow: setup-dev
	@$(PYTHON) -m pytest -n $(JOBS) -m slow $(ARGS)

lint: setup-dev
	@$(PYTHON) tools/lint.py

screens: setup-dev
	@$(PYTHON) tools/screens.py $(ARGS)

lock: setup-dev
	@$(PYTHON) -m uv pip compile --quiet --upgrade --universal --generate-hashes pyproject.toml -o requirements.lock
	@$(PYTHON) -m uv pip compile --quiet --upgrade --universal --generate-hashes pyproject.toml --group dev -o requirements-dev.lock
