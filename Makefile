# `make demo` and `make test` are all one needs; each makes .venv when it is missing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lint docs clean install
.DEFAULT_GOAL := demo

install: $(READY)

# torch is named with its version first: unpinned, it may bring gigabytes of CUDA packages.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("halluc needs Python 3.11 or later; try make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check $$(grep '^torch==' constraints.txt)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[models,inspector,train,dev]'
	@touch $@

demo: $(READY)
	$(BIN)/halluc demo

test: $(READY)
	$(BIN)/pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_notebook.py
	$(BIN)/zensical build --clean --strict

clean:
	rm -rf .venv .cache build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
