# The project's verbs. Each is a thin call of `ethinfra` or pytest in the project's own environment.
#   make            lists them
#   make up ENV=staging

ENV ?= local
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Bytes of the lock decide whether the environment is current, not its age.
STAMP := $(VENV)/.installed-$(shell cat requirements.lock pyproject.toml | sha256sum | cut -c1-16)

.DEFAULT_GOAL := help
.PHONY: help setup tools images up status kubeconfig env registry render deploy validate drift down certify certificate test static unit smoke controls soak mutants written golden network bench \
	lint lock clean

help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'
	@echo "  ENV=local|staging|production (now: $(ENV)); KEEP=1 leaves what certify booted"

$(STAMP):
	@scripts/install-dependencies.sh --python-only

setup: $(STAMP) ## Python environment, Debian packages
	@scripts/install-dependencies.sh --system-only

tools: setup ## Build every binary that is missing (first time: about half an hour)
	@$(BIN)/ethinfra tools install

images: tools ## Build the container images that are missing
	@$(BIN)/ethinfra images build

up: tools ## Boot the cluster and deploy all layers; it stays
	@$(BIN)/ethinfra up --env $(ENV) $(ARGS)

kubeconfig: $(STAMP) ## Where the cluster's kubeconfig is
	@$(BIN)/ethinfra kubeconfig --env $(ENV) $(ARGS)

env: $(STAMP) ## Check an environment's file, and whether this machine can run it
	@$(BIN)/ethinfra env check $(ENV) $(ARGS)

registry: $(STAMP) ## What the cluster's registry holds
	@$(BIN)/ethinfra registry list --env $(ENV) $(ARGS)

network: $(STAMP) ## The networks that nodes can follow; NETWORK=name checks one of them
	@$(BIN)/ethinfra network $(if $(NETWORK),check $(NETWORK),list) $(ARGS)

written: tools ## Write every page and rendering that is made from other files, for the review of a change
	@$(BIN)/python -m fixtures.vocabulary && $(BIN)/python -m tests.controls.table
	@$(BIN)/ethinfra values write && $(BIN)/ethinfra golden write

golden: tools ## Write down what every environment renders, for the review of a change
	@$(BIN)/ethinfra golden write

render: $(STAMP) ## Print the manifests of an environment; needs no cluster
	@$(BIN)/ethinfra render --env $(ENV) $(ARGS)

status: $(STAMP) ## What runs, and whether it is healthy
	@$(BIN)/ethinfra status --env $(ENV) $(ARGS)

deploy: $(STAMP) ## Apply the layers to a cluster that runs
	@$(BIN)/ethinfra deploy --env $(ENV) $(ARGS)

validate: $(STAMP) ## Run every layer's own health check
	@$(BIN)/ethinfra validate --env $(ENV) $(ARGS)

drift: $(STAMP) ## Show where the cluster differs from the charts
	@$(BIN)/ethinfra drift --env $(ENV) $(ARGS)

down: $(STAMP) ## Remove the cluster and everything it left on this machine
	@$(BIN)/ethinfra down --env $(ENV) $(ARGS)

certify: tools ## Run every scenario on a real cluster and write the certificate
	@$(BIN)/pytest features/ --env $(ENV) $(if $(KEEP),--keep) $(ARGS)

certificate: $(STAMP) ## Check the newest certificate again, offline; another: CERTIFICATE=file
	@$(BIN)/ethinfra certificate verify $(or $(CERTIFICATE),$(lastword $(sort $(wildcard reports/*/certificate.json)))) $(ARGS)

test: lint static unit smoke ## Style, what is rendered, the project's own tests, then the live smoke scenarios

static: tools ## The scenarios about what is rendered: no cluster, less than a minute
	@$(BIN)/pytest features/static --env $(ENV) -n 2 $(ARGS)

unit: tools ## Tests of the project's own code: no cluster, fast
	@$(BIN)/pytest tests/ -n 3 --dist loadfile $(ARGS)

smoke: tools ## The scenarios tagged @smoke, on a real cluster
	@$(BIN)/pytest features/ --env $(ENV) -m smoke $(if $(KEEP),--keep) $(ARGS)

controls: tools ## Break the live deployment on purpose; every scenario that claims to notice must fail
	@$(BIN)/pytest tests/controls -m live --env $(ENV) $(ARGS)

soak: tools ## Kill anything at any time while snapshots are taken; KILLS=50, SEED to repeat a run
	@$(BIN)/python -m tests.soak --env $(ENV) --kills $(or $(KILLS),50) $(if $(SEED),--seed $(SEED)) $(ARGS)

mutants: tools ## Edit charts and values carelessly, one edit at a time; a static check must notice each
	@$(BIN)/python -m tests.mutants

bench: tools ## Measure the figures of benchmarks/README.md
	@$(BIN)/python -m benchmarks $(ARGS)

lint: $(STAMP) ## Style and types of the sources, and the list of steps
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy --no-error-summary
	@$(BIN)/python -m fixtures.vocabulary --check

lock: $(STAMP) ## Resolve the Python dependencies again
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --all-extras pyproject.toml -o requirements.lock

clean: ## Remove the Python environment and the reports
	rm -rf $(VENV) reports
