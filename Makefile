# The only commands anyone must know. `make` alone lists them.
SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SUITE ?= evals/suites/auction/smoke.yaml
WORKERS ?= 2
SEED := --scale small --seed 7 --url sqlite:///var/auction.db
LIVE := sqlite:///var/live.db

# A stamp carries the checksum of what it was made from: an unchanged checkout installs nothing, whatever its file times.
sum = $(shell cat $(1) pyproject.toml 2>/dev/null | cksum | tr -d ' ')
APP := $(VENV)/.app-$(call sum,requirements/app.txt)
DEV := $(VENV)/.dev-$(call sum,requirements/dev.txt)

say = @printf '\033[1m%s\033[0m\n' "$(1)"
ifneq ($(NO_COLOR)$(CI),)
say = @printf '%s\n' "$(1)"
endif

.PHONY: help setup demo auction seed test coverage test-bigquery fuzz lint types imports eval bench bench-guard bench-engines bench-model bench-offline bench-pipeline bench-evals bench-core bench-app docs requirements clean

help: ## List the commands
	@printf '\n  nl2sql: ask your own database in plain English\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
	  printf '  make %-14s %s\n' "$$name" "$$text"; done
	@printf '\n  Another Python: make demo PYTHON=python3.12\n\n'

setup: $(APP) ## Prepare .venv with what the product needs
	@echo "$(VENV) is ready."

demo: $(APP) var/auction.db ## Start the app on a seeded auction database (needs no key)
	@exec $(BIN)/python -m streamlit_app $(ARGS)

# A database of its own: what is bid and closed here changes no answer of the demo. Either program's end ends both.
auction: $(APP) var/live.db ## Try the auction itself: pages, API and worker, with listings that are open now
	@$(BIN)/auction-core worker --url $(LIVE) --publisher stdout --health-port 0 & worker=$$!; \
	  $(BIN)/auction-core serve --url $(LIVE) $(ARGS) & serve=$$!; \
	  trap 'kill $$serve $$worker 2>/dev/null; wait; exit 0' INT TERM; \
	  wait $$serve; code=$$?; kill $$worker 2>/dev/null; wait; exit $$code

seed: $(APP) ## Write the small auction database again
	@$(BIN)/auction-core seed $(SEED) --force

test: $(DEV) ## Run every test (ARGS='-k guard' narrows)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

# Apart from `test`: watching every line takes half as long again.
coverage: $(DEV) ## Run every test, and list the lines that none of them reaches
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=term $(ARGS)

test-bigquery: $(DEV) ## Run the BigQuery tests that need no tables against a real project (NL2SQL_TEST_BIGQUERY=bigquery://project/dataset)
	@test -n "$(NL2SQL_TEST_BIGQUERY)" || { \
	  echo "Name a dataset: make test-bigquery NL2SQL_TEST_BIGQUERY=bigquery://project/dataset" >&2; exit 2; }
	@NL2SQL_TEST_BIGQUERY="$(NL2SQL_TEST_BIGQUERY)" $(BIN)/python -m pytest tests/integration/engines/bigquery/test_either.py $(ARGS)

fuzz: $(DEV) ## Try 200,000 strange statements on the guard and the databases behind it (ARGS='--seed 7')
	@$(BIN)/python -m tests.fuzz $(ARGS)

lint: $(DEV) ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEV) ## Check types strictly
	@$(BIN)/mypy

imports: $(DEV) ## Check who may import whom
	@$(BIN)/lint-imports --no-logo

eval: $(APP) ## Score the answers on a suite of questions (SUITE=path)
	@$(BIN)/nl2sql eval run $(SUITE) --max-wrong 0 $(ARGS)

bench: $(APP) var/auction.db ## Measure answers, cache, guard and seeding
	@$(BIN)/python benches/run.py $(ARGS)

bench-guard: $(DEV) ## Measure what the guard costs: its checks, and its derived tables on each database at hand
	@$(BIN)/python -m benches.guard
	@$(BIN)/python -m benches.guard_engines $(ARGS)

bench-engines: $(DEV) var/auction.db ## Measure fetching from each database at hand, cached answers and many users at once
	@$(BIN)/python -m benches.engines $(ARGS)

bench-model: $(DEV) ## Measure a semantic model of 300 datasets: loading it, its joins and its words
	@$(BIN)/python -m benches.model $(ARGS)

bench-offline: $(DEV) ## Measure the offline writer: reading questions and writing their SQL
	@$(BIN)/python -m benches.offline $(ARGS)

bench-pipeline: $(DEV) ## Measure what a question costs beside its model and its database, with up to 1,000 tables
	@$(BIN)/python -m benches.pipeline $(ARGS)

bench-evals: $(DEV) ## Measure a run of recorded answers on six databases: its time and its memory
	@$(BIN)/python -m benches.evals $(ARGS)

bench-core: $(DEV) ## Measure placing bids on MariaDB or MySQL beside a raw row lock and Django's (ARGS=--all: other engines too)
	@$(BIN)/python -m benches.core $(ARGS)

bench-app: $(DEV) ## Measure the app: twenty people who ask at once, and what one person waits for in a browser
	@$(BIN)/python -m benches.app $(ARGS)

docs: $(DEV) ## Write the generated parts of docs/ again
	@$(BIN)/python docs/generate.py

requirements: $(DEV) ## Pin all dependencies again from pyproject.toml
	@$(call pin,dev)
	@grep -v -- '--hash' requirements/dev.txt | sed 's/ \\$$//' >$(VENV)/dev-pins.txt
	@$(call pin,app) --extra backend --constraint $(VENV)/dev-pins.txt
	@sed -i '/^    #   -c /d' requirements/app.txt

clean: ## Remove what was built: .venv, caches, var
	@rm -rf $(VENV) var build dist htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

var/auction.db: | $(APP)
	$(call say,Seeding a small auction database)
	@mkdir -p var
	@$(BIN)/auction-core seed $(SEED)

var/live.db: | $(APP)
	$(call say,Seeding an auction that goes on today)
	@mkdir -p var
	@$(BIN)/auction-core seed --as-of yesterday --url $(LIVE)

$(APP): | $(BIN)/pip
	$(call say,Installing what the product needs (about a minute))
	@$(call install,app)
	@rm -f $(VENV)/.app-*; touch $@

# dev.txt pins all of app.txt and more, so that what satisfies it satisfies both: app.txt is pinned within it.
$(DEV): | $(BIN)/pip
	$(call say,Installing what the product and its tests need (about a minute))
	@$(call install,dev)
	@rm -f $(VENV)/.app-* $(VENV)/.dev-*; touch $(APP) $@

define pin
$(BIN)/uv pip compile pyproject.toml requirements/build.in --extra $(1) --universal --python-version 3.11 \
  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet $(ARGS) \
  --output-file requirements/$(1).txt
endef

define install
$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt \
  && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endef

$(BIN)/pip:
	@$(PYTHON) -c '' 2>/dev/null || { \
	  echo "There is no Python called $(PYTHON). Install Python 3.11 or newer, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "This needs Python 3.11 or newer; $(PYTHON) is " \
	  + sys.version.split()[0] + ". Install a newer one, or name it: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(call say,Making $(VENV))
	@$(PYTHON) -m venv $(VENV)
