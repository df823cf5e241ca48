# Each target sets up what it needs: `make run` and `make test` are enough on a fresh machine.

python := .venv/bin/python
pip := $(python) -m pip --quiet --quiet --disable-pip-version-check
installed := .venv/installed

# What is typed after `make run` goes to the command line as it is: make run region=saverne seeds=5
given = $(foreach key,$(filter-out ARGS PYTHON,$(.VARIABLES)),$(if $(findstring command line,$(origin $(key))),'$(key)=$(subst ','\'',$($(key)))'))

.DEFAULT_GOAL := help
.PHONY: help setup run test bench lint lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(installed)  ## make .venv with the pinned packages; again only when they change

$(installed): requirements.txt pyproject.toml
	@$(python) -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null \
		|| { python=$$(.ci/find-python) && "$$python" -m venv --clear .venv; }
	@echo "Setting up .venv from requirements.txt (the first time this needs the network and some minutes)"
	@$(pip) install --require-hashes --requirement requirements.txt
	@$(pip) install --no-deps --no-build-isolation --editable .
	@touch $@

run: $(installed)  ## simulate; add what differs: make run region=saverne seeds=5, or ARGS="..."
	@$(python) -m experiments.run $(ARGS) $(given)

test: $(installed)  ## keep the promises
	@$(python) -m pytest -q -n auto --dist loadfile $(ARGS)

bench: $(installed)  ## measure speed and memory; the last line is one JSON object
	@$(python) -m experiments.bench $(ARGS)

lint: $(installed)  ## ruff, mypy and the floors
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	.venv/bin/lint-imports --no-logo

lock: $(installed)  ## pin the newest packages pyproject.toml allows, with their hashes, in requirements.txt
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes \
		--no-annotate --no-header --group dev pyproject.toml --output-file requirements.txt

clean:  ## remove the environment and every cache, never results
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
