PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help install train test test-faults format check docs bench published network fuzz mutants clean

help:     ## list these targets
	@sed -n 's/^\([a-z-]*\): *.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: $(VENV)/installed  ## create .venv and install nnfang, with turbo if this Python can have it

train: install  ## the paper's experiment: 784-128-64-10 on MNIST, batch size 1, 20 epochs
	$(BIN)/nnfang train --epochs 20

test: $(VENV)/developing check  ## formatting, lint, types, tests
	$(BIN)/python -m pytest -n auto

test-faults: $(VENV)/developing  ## let each file operation fail, be interrupted or be the last; a hundred kills; half an hour
	KILLS=100 FAULTS=all $(BIN)/python -m pytest -n auto tests/faults tests/commands/test_faults.py \
	    tests/runs/test_together.py

format: $(VENV)/developing  ## put the code into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: $(VENV)/developing  ## formatting, lint and types, without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(VENV)/developing  ## rewrite what the documentation shows where the program has changed
	$(BIN)/python -m tests.documentation
	$(BIN)/python -m benchmarks.terminal

bench: $(VENV)/developing  ## nnfang and whichever of its peers are installed, side by side
	$(BIN)/python -m benchmarks

published: $(VENV)/developing  ## train the configs of published networks, three seeds each: the table in docs/accuracy.md; three hours
	$(BIN)/python -m benchmarks.published

network: install  ## train the bundled network again, on MNIST; seven minutes
	$(BIN)/nnfang train -c configs/paper-distorted.yaml -o runs/bundled --force
	$(BIN)/nnfang export -m runs/bundled --force nnfang/runs/networks/digits.npz

fuzz: $(VENV)/developing  ## damaged files for every reader, a minute each; SECONDS=600 for longer
	$(BIN)/python -m benchmarks.fuzzing --seconds $(or $(SECONDS),60) $(TARGETS)

mutants: $(VENV)/developing  ## faults put into a copy of the code, and which no test notices; COUNT=150 takes hours
	$(BIN)/python -m benchmarks.mutants --count $(or $(COUNT),20)

clean:    ## remove .venv and everything that was built or cached here, but not runs/
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/pyvenv.cfg pyproject.toml
	$(INSTALL) --only-binary numba,llvmlite --editable '.[turbo]' || { echo \
	  "numba has no wheels for this Python: nnfang is installed without it, and trains more slowly"; \
	  $(INSTALL) --editable .; }
	touch $@

$(VENV)/developing: $(VENV)/pyvenv.cfg pyproject.toml
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/installed
