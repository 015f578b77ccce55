# `make demo` and `make test` are all one needs; each makes .venv when it is missing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# The same with the newest versions that pyproject.toml allows, without constraints.txt: `make
# demo-newest test-newest`.
NEWEST := .venv-newest/bin
NEWEST_READY := .venv-newest/.ready
# And with the lowest ones.
LOWEST := .venv-lowest/bin
LOWEST_READY := .venv-lowest/.ready
EXTRAS := [models,inspector,train,dev]
# Bytecode is written when a module is first imported, and most of what is installed never is.
PIP_INSTALL := pip install --quiet --disable-pip-version-check --no-compile
# Each test process computes with one thread: more would wait for each other.
PYTEST := OMP_NUM_THREADS=1

.PHONY: demo demo-newest test test-newest test-lowest fuzz wheel lint docs clean install
.DEFAULT_GOAL := demo

install: $(READY)

# torch is named with its version first: unpinned, it may bring gigabytes of CUDA packages.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("halluc needs Python 3.11 or later; try make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/$(PIP_INSTALL) $$(grep '^torch==' constraints.txt)
	$(BIN)/$(PIP_INSTALL) -c constraints.txt -e '.$(EXTRAS)'
	@touch $@

$(NEWEST_READY): pyproject.toml
	$(PYTHON) -m venv .venv-newest
	$(NEWEST)/$(PIP_INSTALL) $$(grep '^torch==' constraints.txt)
	$(NEWEST)/$(PIP_INSTALL) -e '.$(EXTRAS)'
	@touch $@

$(LOWEST_READY): pyproject.toml .ci/lowest.py
	$(PYTHON) -m venv .venv-lowest
	$(LOWEST)/$(PIP_INSTALL) $$(grep '^torch==' constraints.txt)
	$(PYTHON) .ci/lowest.py > .venv-lowest/lowest.txt
	$(LOWEST)/$(PIP_INSTALL) -c .venv-lowest/lowest.txt -e '.[models,openai,inspector,train]'
	@touch $@

demo: $(READY)
	$(BIN)/halluc demo

test: $(READY)
	$(PYTEST) $(BIN)/pytest --numprocesses auto --dist loadgroup --durations 10

demo-newest: $(NEWEST_READY)
	rm -rf .venv-newest/demo
	$(NEWEST)/halluc demo --scenes 8 -o .venv-newest/demo

test-newest: $(NEWEST_READY)
	$(PYTEST) $(NEWEST)/pytest --numprocesses auto --dist loadgroup tests/halluc/mllm tests/mitigation/inprocess

test-lowest: $(LOWEST_READY)
	rm -rf .venv-lowest/demo
	$(LOWEST)/halluc doctor
	$(LOWEST)/halluc demo --scenes 8 -o .venv-lowest/demo
	$(LOWEST)/halluc report .venv-lowest/demo/captions-greedy -o .venv-lowest/page.html

# Readers of strangers' bytes, tried a hundred times as often as in the tests; about ten minutes.
fuzz: $(READY)
	HALLUC_HYPOTHESIS=fuzz $(PYTEST) $(BIN)/pytest --numprocesses auto --timeout 3600 tests/test_fuzz.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_notebook.py
	$(BIN)/zensical build --clean --strict

# The same bytes from the same commit: what is dated has the commit's date.
wheel: $(READY)
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf .venv .venv-newest .venv-lowest .cache build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
