# Two commands do all the set-up: `make demo` and `make test`. Needs Python 3.11+ and make, nothing else.

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
WORKERS ?= 2
DEMO ?= --report build/demo.json

.PHONY: demo test lint types unit serve fix bench bench-full soak lock generate clean help

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found. Install it, or say where it is: make PYTHON=/path/to/python $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: requirements.txt pyproject.toml | $(VENV)/made
	@echo "Installing the hashed requirements into $(VENV) (once)"
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/development: requirements-dev.txt $(VENV)/runtime
	@echo "Installing the hashed development requirements into $(VENV) (once)"
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-dev.txt
	@touch $@

# the published JavaScript connector that tests/interop drives; without npm those tests say what is missing
$(VENV)/connectors: tests/interop/package-lock.json | $(VENV)/made
	@if command -v npm >/dev/null 2>&1; then \
		echo "Installing the connectors of tests/interop (once)" && cd tests/interop && npm ci --silent --no-audit --no-fund --ignore-scripts; fi
	@touch $@

# Apache Kafka's jars, from which tests start brokers; without Java and Maven those tests say what is missing
$(VENV)/kafka: deploy/kafka/pom.xml | $(VENV)/made
	@if command -v java >/dev/null 2>&1 && command -v mvn >/dev/null 2>&1; then \
		echo "Fetching Apache Kafka for the tests (once)" && rm -rf $(VENV)/kafka-libs && \
		mvn -B -q -f deploy/kafka/pom.xml package -Dlibraries=$(CURDIR)/$(VENV)/kafka-libs && touch $@; fi

demo: $(VENV)/runtime ## one month, end to end, to a reconciled run
	@mkdir -p build
	@$(BIN)/amana demo $(DEMO)

serve: $(VENV)/runtime ## the hub on port 8460
	@$(BIN)/amana serve --port 8460

test: lint types unit ## lint, types and all tests

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/development
	$(BIN)/mypy

unit: $(VENV)/development $(VENV)/connectors $(VENV)/kafka
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile tests

fix: $(VENV)/development ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(VENV)/development ## contracts and generated pages
	$(BIN)/python -m schemas.generate
	$(BIN)/python -m hub.pages

bench: $(VENV)/development $(VENV)/kafka ## ratios in about ten minutes, to bench.json
	$(BIN)/python -m tests.bench.run

bench-full: $(VENV)/development $(VENV)/kafka ## the same at full sizes
	$(BIN)/python -m tests.bench.run --full

soak: $(VENV)/development $(VENV)/kafka ## long kill loops, power cuts and fuzzing
	AMANA_TEST_SOAK=1 $(BIN)/python -m pytest -n $(WORKERS) --timeout 7200 tests/faults tests/properties tests/laws

lock: $(VENV)/development ## compile the hashed requirements anew
	@for f in requirements requirements-dev; do \
		$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate $$f.in -o $$f.txt; done

clean: ## forget what was built
	rm -rf build tests/interop/node_modules $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
