# make demo     an environment, the package with its pictures, and the main example
# make warmup   compile what trainings run on ahead of the first one (else each part when it is first needed)
# make test     an environment, the package with its tools, and all tests
# make lint     ruff and mypy
# make bench    the tables of benchmarks/
# make versus   whole trainings and functions beside torch, JAX, Keras, NumPy and Numba, which it installs
# make mutants  mutation testing (hours; see docs/mutation.md): make mutants MUTANTS="--module ops/shape --sample 50"
#
# Everything goes into $(VENV); `make clean` takes it away. Choose a Python with PYTHON=python3.12.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check install --quiet
OUTPUT ?= two_circles_output

.PHONY: demo warmup test lint bench versus mutants golden clean

demo: $(VENV)/viz.installed
	$(BIN)/python examples/two_circles.py --output $(OUTPUT)
	@echo "Trainings of other models start at once after: make warmup"

warmup: $(VENV)/viz.installed
	$(BIN)/python -m tinygrad_edu.warmup

test: $(VENV)/dev.installed
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

lint: $(VENV)/dev.installed
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

bench: $(VENV)/dev.installed
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/optimizers.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/layers.py
	$(BIN)/python benchmarks/two_circles_seeds.py
	$(BIN)/python benchmarks/tutorials.py

versus: $(VENV)/bench.installed
	$(BIN)/python benchmarks/versus.py
	$(BIN)/python benchmarks/functions.py

mutants: $(VENV)/mutation.installed
	$(BIN)/python benchmarks/mutants.py $(MUTANTS)

clean:
	rm -rf $(VENV) $(OUTPUT) .pytest_cache .hypothesis .mypy_cache .ruff_cache .mutants

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "tinygrad_edu expects Python >= 3.11, got `$(PYTHON) --version`. Try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/%.installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) --editable '.[$*]'
	@touch $@
