# Two commands matter: `make run` and `make test`. Both set the machine up first.
PYTHON ?= python3
PORT ?= 8321
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SYSTEM := 'chromium|chromium-browser' 'libzbar0|libzbar0t64'

.PHONY: run test lint verify crash bench matrix docs setup system clean help

help:
	@echo "make run      serve the demo site on http://127.0.0.1:$(PORT) (PORT=... changes it)"
	@echo "make test     lint, types, layers and every test"
	@echo "make verify   every path of every shipped blueprint"
	@echo "make crash    aimed kills and power cuts, up to an hour"
	@echo "make bench    the table of numbers, against its anchors"
	@echo "make docs     the installer's reference, from the schemas"
	@echo "make matrix   requirements and the tests that show them"

run: $(READY)
	@$(BIN)/hub run config/demo --twin --port $(PORT)

test: $(READY) system lint
	$(BIN)/pytest -q -n 2 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

verify: $(READY)
	$(BIN)/hub verify blueprints --out .verify

crash: $(READY)
	$(BIN)/python tests/crash/campaign.py

bench: $(READY)
	$(BIN)/python tests/bench/bench.py

matrix: $(READY)
	@$(BIN)/pytest -q --collect-only --matrix

docs: $(READY)
	@$(BIN)/python docs/write_reference.py

setup: $(READY)

# A virtual environment with everything that the demo and the tests import.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || sh docs/system-packages.sh python3-venv
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[camera,nfc,dev]'
	@touch $@

# Chromium for the browser tests, libzbar0 as the second code reader: installed as root, else named.
system:
	@sh docs/system-packages.sh --optional $(SYSTEM)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .bench .crash config/demo/var
