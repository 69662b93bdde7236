# `make` alone lists the targets. `make demo` and `make test` are all a newcomer needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help setup demo test check proof bench bench-docs docs lock clean

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
SIZE ?= M
STATE ?= sqlite
JOBS ?= 2

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## make .venv with everything in it, at pinned versions

$(READY): requirements/dev.txt pyproject.toml scripts/setup.sh
	@bash scripts/setup.sh $(VENV)
	touch $@

demo: setup ## a synthetic municipality: two days into OneRoster CSV; trash and back in itslearning; one plan over all sources
	@$(PY) scripts/demo.py

test: setup ## every test, with a short slice of the long proofs
	@$(PY) -m pytest -n $(JOBS) -m "(not proof or slice) and not in_full"

check: setup ## lint, types, architecture
	@$(VENV)/bin/ruff check -q
	$(VENV)/bin/ruff format -q --check
	$(VENV)/bin/mypy --no-error-summary
	$(VENV)/bin/lint-imports --no-cache > /tmp/rostersync-imports.$$$$ 2>&1 || { cat /tmp/rostersync-imports.$$$$; exit 1; }
	rm -f /tmp/rostersync-imports.$$$$

proof: setup ## the long seeded proofs: kills, mutations, a whole school year
	@ROSTERSYNC_PROOF=full $(PY) -m pytest -n $(JOBS) -m proof

bench: setup ## what a night costs, beside others (SIZE=S|M|L|XL STATE=sqlite|postgresql|both ROWS=first,again KEEP=dir)
	@$(PY) -m benchmarks --size $(SIZE) --state $(STATE) $(if $(ROWS),--rows $(ROWS)) $(if $(KEEP),--keep $(KEEP))

bench-docs: setup ## write the measured figures and their chart into docs/
	@$(PY) -m benchmarks --draw

docs: setup ## write docs/reference/ anew from the code
	@$(PY) scripts/reference.py

lock: setup ## pin the newest versions that pyproject.toml allows, with hashes
	@$(VENV)/bin/pip install -q pip-tools
	CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/bin/pip-compile -q --upgrade --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
	  --extra dev -o requirements/dev.txt pyproject.toml

clean: ## remove what was made here
	@rm -rf $(VENV) demo dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
