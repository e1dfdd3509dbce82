# `make paper` regenerates the study on the built-in twin, `make test` tests this checkout.
# never the Python of .venv, also where that is active: setting up deletes it
OUTSIDE := PATH="$$(printf %s "$$PATH" | tr : '\n' | grep -vxF '$(CURDIR)/.venv/bin' | paste -sd :)"
PYTHON ?= $(shell $(OUTSIDE); command -v python3.11 || command -v python3.12 || echo python3)
BIN := .venv/bin
READY := .venv/.ready
# whole files by turns on the cores there are, those of the workflow first: what a file's tests share is made once
PYTEST := $(BIN)/python -m pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

QUICK := $(addprefix tests/,study io learning media scores sources stages)

.DEFAULT_GOAL := help
.PHONY: help paper tables test quick test-long setup check mutants docs lock report clean remove

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

paper: $(READY) ## every table and figure of the study, on the built-in simulated twin
	@$(BIN)/overheard run twin

tables: $(READY) ## every table and most figures from the reference run in git; nothing is trained
	@$(BIN)/overheard reference twin

test: $(READY) ## the tests
	@$(PYTEST)

quick: $(READY) ## the tests of core and stages: no workflow, no lineage; a minute
	@$(PYTEST) -m "not long and not workflow" $(QUICK)

test-long: $(READY) ## the tests, and those that take many minutes
	@$(PYTEST) -m "long or not long"

setup: $(READY) ## .venv alone: 6 GB on Linux, about three minutes

# the lock decides; the project itself is installed in place
$(READY): requirements.lock pyproject.toml
	@echo "setting up .venv from requirements.lock (about three minutes, 6 GB; once)"
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 12) else "error: $(PYTHON) is Python %d.%d, expected 3.11 or 3.12; make PYTHON=/path/to/python3.11" % sys.version_info[:2])'
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

check: $(READY) ## style, types and architecture: half a minute
	@$(BIN)/ruff check src tests benchmarks tools
	@$(BIN)/ruff format --check src tests benchmarks tools
	@$(BIN)/snakefmt --check workflow
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/test_architecture.py

mutants: $(READY) ## change the core's code in small ways, and count the changes that its tests notice: ten minutes
	@$(BIN)/python tools/mutants.py

docs: $(READY) ## docs/configuration.md, docs/switches.md, tables of docs/claims.md, pictures of the structure
	@$(BIN)/python tools/configuration.py
	@$(BIN)/python tools/protocols.py
	@$(BIN)/python tools/reproduced.py
	@$(BIN)/python tools/architecture.py
	@$(BIN)/python tools/claims.py

lock: ## requirements.lock and environment.yml from pyproject.toml (needs uv)
	@$(PYTHON) tools/lock.py

report: $(READY) ## Snakemake's HTML report of the twin's study
	@$(BIN)/overheard report twin

clean: $(READY) ## what the twin's study takes on disk, and how to delete it
	@$(BIN)/overheard clean twin

remove: ## delete .venv, results, ablations, store, logs and checkpoints
	rm -rf .venv results ablations store logs checkpoints .snakemake
