# Everything a fresh machine with Python 3.11 or later needs. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NPM := scripts/with-node npm
WEB_SOURCES := $(shell find web/src web/public web/*.html web/*.ts web/*.js web/*.json -type f 2>/dev/null)

.PHONY: help run run-sample pictures build test lint types unit integration interop e2e test-web test-heavy bench lock wheel clean

help: ## what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: build ## build all, serve a hub on an embedded database, print the link
	$(BIN)/hub serve $(ARGS)

run-sample: build ## the same with people, threads and documents to try
	$(BIN)/hub serve --sample $(ARGS)

build: $(VENV)/.ready hub/static/index.html ## the Python environment and the browser client

$(VENV)/.ready: requirements/hub.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/hub.txt -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

web/node_modules/.ready: web/package.json web/package-lock.json | $(VENV)/.ready
	cd web && ../$(NPM) ci --no-audit --no-fund
	touch $@

hub/static/index.html: web/node_modules/.ready $(WEB_SOURCES)
	cd web && ../$(NPM) run --silent build

tests/interop/node_modules/.ready: tests/interop/package.json tests/interop/package-lock.json | $(VENV)/.ready
	cd tests/interop && ../../$(NPM) ci --no-audit --no-fund
	touch $@

# Genuine programs in Python, which bring libraries that would take the place of ours.
tests/interop/.venv/.ready: requirements/peers.txt
	$(PYTHON) -m venv tests/interop/.venv
	tests/interop/.venv/bin/python -m pip --disable-pip-version-check --quiet install \
		--require-hashes -r requirements/peers.txt
	touch $@

PEERS := tests/interop/node_modules/.ready tests/interop/.venv/.ready

test: build $(PEERS) ## lint, types, the whole suite and the browser tests
	scripts/require-chromium
	scripts/require-bubblewrap
	scripts/require-services
	scripts/test

lint: $(VENV)/.ready ## ruff
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: build ## mypy --strict and svelte-check
	$(BIN)/mypy
	cd web && ../$(NPM) run --silent check

unit: build ## tests that need no browser
	scripts/require-bubblewrap
	$(BIN)/python -m pytest -q tests/unit tests/wire tests/integration tests/interop -m "not heavy"

e2e: build ## the browser tests
	scripts/require-chromium
	$(BIN)/python -m pytest -q tests/e2e -m "not heavy"

test-web: web/node_modules/.ready ## vitest
	cd web && ../$(NPM) run --silent test

test-heavy: build $(PEERS) ## what is too heavy for every run; K=name picks
	scripts/require-chromium
	scripts/require-office
	$(BIN)/python -m pytest -q -s tests -m heavy $(if $(K),-k "$(K)") --timeout 3600

bench/node_modules/.ready: bench/package.json bench/package-lock.json | $(VENV)/.ready
	cd bench && ../$(NPM) ci --no-audit --no-fund
	touch $@

bench: build bench/node_modules/.ready ## the figures, side by side with peers
	$(BIN)/python -m bench typing
	$(BIN)/python -m bench ingest
	$(BIN)/python -m bench post
	$(BIN)/python -m bench memory
	$(BIN)/python -m bench files
	$(BIN)/python -m bench beside --clients 10
	$(BIN)/python -m bench many
	$(BIN)/python -m bench processes
	$(BIN)/python -m bench calls
	$(BIN)/python -m bench client

wheel: build ## dist/*.whl with the built client in it
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

pictures: build ## the README's pictures, anew
	scripts/require-chromium
	$(BIN)/python scripts/pictures.py

lock: $(VENV)/.ready ## pin and hash the requirements anew, without addresses
	scripts/lock

clean: ## remove what was built (never a hub's data)
	rm -rf hub/static dist web/node_modules tests/interop/node_modules tests/interop/.venv bench/node_modules $(VENV) .tools
