# The two commands of a newcomer are `make run` and `make test`; `make help` lists the rest.

.DEFAULT_GOAL := help
.PHONY: help run test check chaos bench setup lock clean openapi

BIN := .venv/bin
MINUTES ?= 10

# The tests start many processes: without compiled modules each would compile all of them anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

run: ## set up what is missing and serve the demo on GRIDPATROL_PORT (8000), data under GRIDPATROL_HOME (./var)
	@bin/setup run
	@$(BIN)/gridpatrol demo

setup: ## set up what is missing, the development tools included
	@bin/setup test

test: setup ## check, then run all tests on a throw-away PostgreSQL with PostGIS
	@$(MAKE) --no-print-directory check
	@echo "== pytest"
	@$(BIN)/gridpatrol testdb -- $(BIN)/pytest -n 2 --ignore=tests/chaos/test_short.py $(PYTEST_ARGS)
	@$(if $(PYTEST_ARGS),,echo "== chaos" && $(BIN)/pytest tests/chaos/test_short.py)

check: setup ## linters, types, layers, dependencies, migrations, the committed interface description
	@bin/check

chaos: setup ## phones in a bad network, everything killed again and again for MINUTES (10); a report of what was lost
	@PYTHONPATH=examples/phone $(BIN)/python -m tests.chaos --minutes $(MINUTES) $(CHAOS_ARGS)

bench: setup ## measure, beside pgbench on the same database
	@$(BIN)/gridpatrol testdb -- $(BIN)/python -m bench $(BENCH_ARGS)

openapi: setup ## write openapi/openapi.json
	@$(BIN)/gridpatrol openapi

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: ## resolve all dependencies anew (needs uv); locks hold names, versions and hashes only
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
	echo hatchling | $(COMPILE) - -c requirements-dev.lock -o requirements-build.lock
	echo 'moto[server]' | $(COMPILE) - -o requirements-s3.lock # apart: it wants older releases of what we use

clean: ## remove what can be made again (.venv, .venv-s3, caches); the data under ./var stay
	rm -rf .venv .venv-s3 dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
