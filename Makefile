# `make run` opens Graft, `make test` runs every test. Each makes .venv itself, again only when what it installs changed.
PYTHON ?= python3
BIN := .venv/bin
# A worker more than there are cores; tests/conftest.py says why, which tests stay together and which begin first.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadgroup

.PHONY: run test test-fast check format clean

run: .venv/.run
	$(BIN)/graft

test: .venv/.test
	$(PYTEST)

# What a change is most likely to break, in under two minutes.
test-fast: .venv/.test
	$(PYTEST) -m "not slow and not browser"

check: .venv/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_faces.py tests/test_words.py

format: .venv/.check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/.made:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Graft needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	touch $@

.venv/.run: pyproject.toml setup.py | .venv/.made
	$(BIN)/python -m pip install --editable .
	touch $@

# Playwright's own browser only where none is installed and it can be had; the tests say so when there is none.
.venv/.test: pyproject.toml setup.py | .venv/.made
	$(BIN)/python -m pip install --editable ".[test]"
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
		|| test -n "$$GRAFT_BROWSER" || $(BIN)/playwright install chromium || true
	touch $@

.venv/.check: pyproject.toml setup.py | .venv/.made
	$(BIN)/python -m pip install --editable ".[test,check]"
	touch $@

clean:
	rm -rf .venv build *.egg-info
