# `make help` lists what there is. A fresh machine needs Python 3.11 or newer, GNU make and a network.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
PYTEST_ARGS ?=
# The end-to-end tests watch the clock and run by themselves. A selection may leave one of the two runs empty (exit 5).
NONE_SELECTED := $(if $(PYTEST_ARGS),|| [ $$? -eq 5 ])
VENV := .venv
BIN := $(VENV)/bin

# Python finds gen/ without a variable: `.venv/bin/python -m services.meetings check` works as it stands.
SEE_GEN = $(BIN)/python -c 'import pathlib, sysconfig; \
	pathlib.Path(sysconfig.get_path("purelib"), "zoomslack.pth").write_text(str(pathlib.Path("gen").resolve()) + "\n")'

# A stamp names the lock file it was installed from, by content: changing the lock installs again.
digest = $(shell cksum < requirements/$(1).txt | tr -d ' ')
RUNTIME := $(VENV)/.runtime-$(call digest,runtime)
DEV := $(VENV)/.dev-$(call digest,dev)
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	--only-binary :all:

export PYTHONPATH := gen:.
TYPED := client mesh zoom_api services simulators tests tools

.PHONY: certs help run test lint verify generate baseline api-docs manifests dashboards lock pictures bench image image-test clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNTIME) ## Run everything in this terminal; simulators stand in for Slack and Zoom.
	@exec $(BIN)/python -m services $(RUN_ARGS)

test: $(DEV) ## Run the unit, integration, contract, end-to-end and browser tests. PYTEST_ARGS="-k meetings" selects.
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/unit tests/integration tests/contract tests/examples $(PYTEST_ARGS) $(NONE_SELECTED)
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/e2e tests/browser $(PYTEST_ARGS) $(NONE_SELECTED)

lint: $(DEV) ## Check style, types, the import rules and the protos, also against those of main.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	MYPYPATH=gen $(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports
	$(BIN)/python tools/generate.py --lint
	$(BIN)/python -m tools.breaking

verify: $(DEV) ## Check what is generated, the chart, the alerts, and list what the contract tests cover.
	$(BIN)/python tools/generate.py --check
	$(BIN)/python -m tools.api_docs --check
	$(BIN)/python tools/features.py --check
	$(BIN)/python tools/guide.py --check
	$(BIN)/python tools/chart.py --check
	$(BIN)/python -m tools.dashboards --check
	$(BIN)/python tools/verify.py
	$(BIN)/python -m tests.contract
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/deploy

generate: $(DEV) ## Write gen/ from protos/ and client/.
	$(BIN)/python tools/generate.py

baseline: $(DEV) ## Add to protos/baseline.binpb what protos/ promise anew; refuses where they break a promise.
	$(BIN)/python -m tools.breaking --write

api-docs: $(DEV) ## Write docs/api.md from protos/.
	$(BIN)/python -m tools.api_docs

manifests: $(DEV) ## Write what is made from the Helm chart: its README, the plain manifests, its snapshots.
	$(BIN)/python tools/chart.py

dashboards: $(DEV) ## Write Grafana's dashboards, and the chart's copies of them and of the alerts.
	$(BIN)/python -m tools.dashboards

lock: $(DEV) ## Resolve the dependencies anew. Needs a network.
	for name in runtime dev; do \
		$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
			--no-emit-index-url --no-emit-find-links --output-file requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

pictures: $(DEV) ## Take the pictures of the docs anew, and make the guide's pages. Needs Chromium.
	$(BIN)/python -m tools.pictures
	$(BIN)/python tools/guide.py

certs: $(RUNTIME) ## Make a development authority and a certificate for each service in var/certs.
	@$(BIN)/python tools/make_certs.py var/certs

bench: $(RUNTIME) ## Load the system that `make run` started, for a few seconds.
	@$(BIN)/python -m tests.load.bench $(BENCH_ARGS)

image: ## Build the container image with buildah, podman or docker. IMAGE_ARGS="--base … --source …" changes it.
	@$(PYTHON) tools/image.py $(IMAGE_ARGS)

image-test: $(DEV) ## Build the image and run the whole chart from it. Root on Linux with podman; deploy/docker/README.md.
	ZOOMSLACK_REQUIRE_CONTAINERS=1 $(BIN)/python -m pytest tests/image $(PYTEST_ARGS)

clean: ## Remove the virtual environment, the caches and the data of `make run`.
	rm -rf $(VENV) var build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "venv is missing: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }

$(RUNTIME): | $(BIN)/python
	@echo "Installing what running needs…"
	@$(PIP_INSTALL) -r requirements/runtime.txt
	@$(SEE_GEN)
	@rm -f $(VENV)/.runtime-* && touch $@

# The development lock holds everything of the runtime one.
$(DEV): | $(BIN)/python
	@echo "Installing what developing needs…"
	@$(PIP_INSTALL) -r requirements/dev.txt
	@$(SEE_GEN)
	@rm -f $(VENV)/.runtime-* $(VENV)/.dev-* && touch $@ $(RUNTIME)
