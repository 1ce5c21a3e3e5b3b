# The two commands are `make run` and `make test`; both prepare everything on a fresh machine.
PYTHON ?= python3
PORT ?= 8000
DATA ?=
SOAK ?=
ARCHITECTURE ?= arm64
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CONTRACT := $(VENV)-contract
BUILD := $(VENV)-build
E2E := build/e2e
SCAN := $(VENV)-scan

.PHONY: help run test long explore soak docs check package scan contract e2e bench format clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(READY): requirements.txt requirements-dev.txt
	@echo "Preparing $(VENV) (once, about a minute) …"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one with PYTHON=…") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

$(CONTRACT)/.ready: requirements-contract.txt $(READY)
	@echo "Preparing $(CONTRACT) (once, half a minute) …"
	@$(BIN)/python -m venv $(CONTRACT)
	@$(CONTRACT)/bin/pip install --quiet --quiet --disable-pip-version-check --requirement requirements-contract.txt
	@echo '*' > $(CONTRACT)/.gitignore
	@touch $@

$(BUILD)/.ready: requirements-build.txt $(READY)
	@echo "Preparing $(BUILD) (once, half a minute) …"
	@$(BIN)/python -m venv $(BUILD)
	@$(BUILD)/bin/pip install --quiet --quiet --no-compile --disable-pip-version-check --requirement requirements-build.txt
	@echo '*' > $(BUILD)/.gitignore
	@touch $@

$(SCAN)/.ready: requirements-scan.txt $(READY)
	@echo "Preparing $(SCAN) (once, a minute) …"
	@$(BIN)/python -m venv $(SCAN)
	@$(SCAN)/bin/pip install --quiet --quiet --no-compile --disable-pip-version-check --requirement requirements-scan.txt
	@echo '*' > $(SCAN)/.gitignore
	@touch $@

run: $(READY) ## start the whole system on http://127.0.0.1:8000 (PORT=…; DATA=… is a directory that keeps the data)
	@$(BIN)/python -m infra.local --port $(PORT) $(if $(DATA),--data "$(DATA)")

test: $(READY) $(BUILD)/.ready ## run every test but what takes minutes by itself (make long)
	@$(BIN)/python -m pytest

long: $(READY) ## the tests that take minutes each: a real log replayed day by day, its findings held against its audit
	@$(BIN)/python -m pytest -n 0 -m long

explore: $(READY) ## the property tests with two thousand new examples each
	@$(BIN)/python -m pytest --hypothesis-profile=explore tests/domain

soak: $(READY) ## three thousand schedules of clients, as many scenarios of the stream, nine planted bugs found (docs/proof.md)
	@$(BIN)/python -m tests.faults.soak $(SOAK)

docs: $(READY) ## write docs/openapi.json and docs/reference/ from what code and data declare
	@$(BIN)/python -m infra.reference write

check: $(READY) ## lint, format, types, and whether the generated documents are what the sources say
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m infra.reference check

package: $(BUILD)/.ready ## build/template.json and build/functions.zip, the same bytes each time (ARCHITECTURE=x86_64 for the other)
	@$(BIN)/python -m infra.build --architecture $(ARCHITECTURE)

scan: $(SCAN)/.ready package ## ask checkov about the template (a minute; what it is not asked: infra/build/checkov.yaml)
	@$(SCAN)/bin/checkov --config-file infra/build/checkov.yaml --file build/template.json

# What the machine itself can run, whatever ARCHITECTURE is deployed.
$(E2E)/functions.zip: $(BUILD)/.ready $(shell find app.py chalicelib infra .chalice requirements.txt -type f ! -name '*.pyc')
	@$(BIN)/python -m infra.build --architecture $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64) --into $(E2E)

e2e: $(CONTRACT)/.ready $(E2E)/functions.zip ## stand the packaged stack up on ministack and take cases from intake to index (five minutes)
	@E2E_MINISTACK=$(CONTRACT)/bin/python E2E_PACKAGE=$(E2E) $(BIN)/python -m pytest -n 0 -vv -rx tests/e2e

contract: $(CONTRACT)/.ready ## hold a second, independent engine against the checks that ours passes
	@CONTRACT_MINISTACK=$(CONTRACT)/bin/python $(BIN)/python -m pytest -n 0 tests/contract

bench: $(READY) ## measure what a request costs beside what it stands on (five minutes; docs/performance.md)
	@$(BIN)/python -m tests.bench

format: $(READY) ## let ruff put the code in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## remove everything that was built
	@rm -rf $(VENV) $(CONTRACT) $(BUILD) $(SCAN) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
