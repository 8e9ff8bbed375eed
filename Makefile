# `make run` and `make test` are all a newcomer needs; each sets up what it needs, once.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PAGE   := gateway/server/explorer_assets/index.html
BENCH  := .venv-bench
PEERS  := benchmarks/peers/node_modules/.ready
# Without bytecode, which some environments turn off, the hundred processes of the tests would each
# compile all modules, and each run the tests.
unexport PYTHONDONTWRITEBYTECODE

WALLET := examples/wallet
PAGE_SOURCES := $(wildcard explorer/package.json explorer/package-lock.json explorer/*.html explorer/*.ts explorer/src/* explorer/src/*/* docs/*.md)

.PHONY: help run example test coverage setup check fix verify bench fleet lock dist sbom image pin-images image-check explorer clean

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

run: setup explorer ## the gateway on its embedded sandbox; SANDBOX_PORT=8002 is another port, AUTH=1 asks for tokens
	@$(BIN)/promotion-gateway dev $(if $(SANDBOX_PORT),--sandbox-port $(SANDBOX_PORT)) $(if $(AUTH),--auth)

test: setup      ## the tests (Python only, under three minutes)
	@$(BIN)/pytest -n auto --dist worksteal

coverage: setup  ## the tests, and which lines none of them has run
	@$(BIN)/pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered

setup: $(READY)  ## .venv from the hashed lock

check: setup     ## lint, types, layers, the schema file, the generated documents and the manifests; reads only
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/promotion-gateway schema --check
	@$(BIN)/python .ci/schema_changes.py
	@$(BIN)/promotion-gateway docs --check
	@$(BIN)/pytest -q --no-header tests/test_layers.py tests/deploy/test_kubernetes.py

fix: setup       ## repair what a machine can repair, write schema.graphql and the generated documents
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/promotion-gateway schema
	@$(BIN)/promotion-gateway docs
	@sed -n '1,/^spec:/p' $(RULE) >$(RULE).new
	@sed 's/^./  &/' deploy/monitoring/rules.yaml >>$(RULE).new
	@mv $(RULE).new $(RULE)

RULE := deploy/kubernetes/components/prometheus-operator/prometheusrule.yaml

verify: setup explorer ## what needs a browser, npm clients, Prometheus or long runs (under thirty minutes)
	@cd explorer && npm run --silent check
	@$(BIN)/pytest -m 'verify and not alone' --timeout=600 -n 2 --dist loadfile
	@$(BIN)/pytest -m 'verify and alone' --timeout=600
	@$(BIN)/pytest -m 'hypothesis and not verify' --hypothesis-profile=thorough -n auto --dist worksteal

example: setup $(WALLET)/node_modules/.ready ## the wallet of examples/wallet on the sandbox, at http://localhost:5173
	@$(BIN)/promotion-gateway dev & gateway=$$!; trap "kill $$gateway" EXIT INT TERM; \
	  cd $(WALLET) && npm run --silent dev

$(WALLET)/node_modules/.ready: $(WALLET)/package-lock.json
	@command -v npm >/dev/null 2>&1 || { echo "the example needs node 20 or later with npm: apt-get install nodejs npm"; exit 1; }
	cd $(WALLET) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

bench: $(BENCH)/.ready $(PEERS) ## speed beside other servers, some 20 minutes; ROUNDS=1 SECONDS=3 is quick, WRITE=1 keeps it
	@$(BENCH)/bin/python benchmarks/bench.py --rounds $(ROUNDS) --seconds $(SECONDS) $(if $(WRITE),--write)

fleet: setup     ## replicas, nginx and Valkey: rollout, crash, outages, quota, throughput (ten minutes; needs nginx, wrk)
	@$(BIN)/python benchmarks/fleet.py
	@$(BIN)/python benchmarks/fleet_scale.py --seconds $(SECONDS)

ROUNDS  ?= 3
SECONDS ?= 5

# What is measured has the image's packages, and httpx-aiohttp for the pass-through beside it.
$(BENCH)/.ready: deploy/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say make PYTHON=...")'
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/requirements.lock
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check 'httpx-aiohttp>=0.2,<0.3'
	@touch $@

$(PEERS): benchmarks/peers/package.json benchmarks/peers/package-lock.json
	@command -v npm >/dev/null 2>&1 || { echo "the benchmark needs node 20 or later with npm: apt-get install nodejs npm"; exit 1; }
	cd benchmarks/peers && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# What is made of a commit has its time and is always the same; outside a clone, hatchling's own.
EPOCH = $(shell git log -1 --format=%ct 2>/dev/null || echo 1580601600)

dist: setup explorer ## the wheel and the source distribution, the same bytes for a commit, and the bill of materials
	@SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python -m hatchling build -d dist
	@$(MAKE) --no-print-directory sbom

sbom: setup      ## dist/sbom.cdx.json: what the gateway consists of (the image's own lists its system, too)
	@$(BIN)/uv venv --quiet --clear dist/.environment
	@$(BIN)/uv pip install --quiet --python dist/.environment --require-hashes -r deploy/requirements.lock
	@SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python deploy/sbom.py --interpreter dist/.environment/bin/python \
	  --output dist/sbom.cdx.json
	@rm -rf dist/.environment

# The engine that is there; another one, or a registry's name: make image ENGINE=podman IMAGE=…
ENGINE  ?= $(firstword $(foreach engine,docker podman buildah,$(if $(shell command -v $(engine)),$(engine))) docker)
IMAGE   ?= promotion-gateway
VERSION  = $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml)
SOURCE  ?= https://git.example/promotion-gateway

image:           ## the image, labelled with version and commit; SOURCE=https://… is where its sources are
	@$(PYTHON) deploy/pin_images.py --check || echo "warning: a release needs digests (docs/releasing.md)" >&2
	$(ENGINE) build -f deploy/Dockerfile -t $(IMAGE):$(VERSION) --build-arg VERSION=$(VERSION) \
	  --build-arg REVISION=$(shell git describe --always --abbrev=40 --dirty --exclude '*') \
	  --build-arg SOURCE=$(SOURCE) --build-arg SOURCE_DATE_EPOCH=$(EPOCH) .

pin-images:      ## pin the base images and those of compose and Kubernetes by digest; needs skopeo and registries
	@$(PYTHON) deploy/pin_images.py

image-check: setup ## build the image without an engine, run it read-only, query it; needs root, buildah and others
	@$(if $(filter 0,$(shell id -u)),,sudo) env PYTHONDONTWRITEBYTECODE=1 \
	  IMAGE_CHECK_OPTIONAL=$(IMAGE_CHECK_OPTIONAL) $(BIN)/pytest -p no:cacheprovider -m image tests/deploy/test_image.py

explorer:        ## the GraphiQL page, where npm is there
	@if command -v npm >/dev/null 2>&1; then $(MAKE) --no-print-directory $(PAGE); \
	else echo "npm is missing: /graphql shows a plain page instead of GraphiQL"; fi

$(PAGE): $(PAGE_SOURCES)
	cd explorer && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	@touch $(PAGE)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

lock: setup      ## resolve the locks anew: all of it for developers, the runtime and the build for the image, the clients of make verify
	$(BIN)/uv pip compile $(LOCK) --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCK) --extra otel pyproject.toml -o deploy/requirements.lock
	$(BIN)/uv pip compile $(LOCK) --group build -o deploy/build-requirements.lock
	$(BIN)/uv pip compile $(LOCK) --group clients -o tests/clients/requirements.lock

# Extras stay: some pips take the newest of what is asked for with an extra, and find it unpinned.
LOCK := --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

clean:           ## remove what was built
	rm -rf $(VENV) $(BENCH) dist explorer/node_modules benchmarks/peers/node_modules tests/clients/node_modules tests/clients/documents/__generated__ tests/audit/node_modules $(WALLET)/node_modules $(WALLET)/dist $(WALLET)/src/gql gateway/server/explorer_assets .mypy_cache .ruff_cache .pytest_cache .coverage
