# `make run` opens Graft, `make test` runs every test. Both make .venv themselves, again only when pyproject.toml or setup.py changed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check clean

run: .venv/.run
	$(BIN)/graft

test: .venv/.test
	$(BIN)/python -m pytest

check: .venv/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_faces.py

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
