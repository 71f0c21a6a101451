# Makes what it needs by itself: `make zoom CONFIG=configs/seahorse.yaml` works on a fresh machine.
PYTHON ?= python3
CONFIG ?= configs/seahorse.yaml
ARGS ?=
# Of a Dask cluster that counts the rows: tcp://pi0:8786, or local-cluster.
SCHEDULER ?=
BIN := .venv/bin
RUN := $(BIN)/python -m pipeline

# A stamp each, so that installing happens once, and again only when the dependencies change.
READY := .venv/.ready
DASK_READY := .venv/.dask-ready
DEV_READY := .venv/.dev-ready

.DEFAULT_GOAL := help
.PHONY: help setup setup-dask scheduler worker zoom recolour palette still preview export plan import watch gallery bench test test-all lint format benchmark clean

help: ## list the targets
	@echo "make TARGET [CONFIG=configs/NAME.yaml] [ARGS=\"…\"]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
	    while IFS='|' read -r target text; do printf '%-14s%s\n' "$$target" "$$text"; done

setup: $(READY) ## make .venv and install what rendering needs; the others do it by themselves

setup-dask: $(DASK_READY) ## also install what a cluster needs

scheduler: $(DASK_READY) ## the scheduler of a cluster, on one of its machines
	$(BIN)/dask scheduler $(ARGS)

# A process for every four cores: each takes some 190 MB, whatever its threads.
worker: PROCESSES = $$(( ($$(nproc) + 3) / 4 ))
worker: $(DASK_READY) ## have this machine count for a cluster: SCHEDULER=tcp://pi0:8786
	@test -n "$(SCHEDULER)" || { echo "say where: make worker SCHEDULER=tcp://pi0:8786"; exit 2; }
	$(BIN)/dask worker $(SCHEDULER) --nworkers $(PROCESSES) --nthreads $$(( $$(nproc) / $(PROCESSES) )) --no-dashboard $(ARGS)

zoom: $(if $(SCHEDULER),$(DASK_READY),$(READY)) ## the video of CONFIG, or what is missing of it; of many: CONFIG="a.yaml b.yaml"
	@$(RUN) zoom $(CONFIG) $(if $(SCHEDULER),--scheduler $(SCHEDULER)) $(ARGS)

recolour: $(READY) ## the video of CONFIG again, from stored counts alone
	@$(RUN) recolour $(CONFIG) $(ARGS)

palette: $(READY) ## one PNG of the zoom in many looks, each with the YAML that gives it
	@$(RUN) palette $(CONFIG) $(ARGS)

still: $(READY) ## one frame as PNG; ARGS="--frame 90" or "--time 3"
	@$(RUN) still $(CONFIG) $(ARGS)

preview: $(READY) ## the video of CONFIG small and quick
	@$(RUN) preview $(CONFIG) $(ARGS)

export: $(READY) ## the bands of CONFIG as OpenEXR files, for zoomasm and compositors
	@$(RUN) export $(CONFIG) $(ARGS)

plan: $(READY) ## check CONFIG, and say what a render would take
	@$(RUN) plan $(CONFIG) $(ARGS)

import: $(READY) ## a config from a location of another program: FILE=place.kfr
	@$(RUN) import "$(FILE)" $(ARGS)

watch: $(READY) ## serve the status page; ARGS="--address 0.0.0.0:8000" for the local network
	@$(RUN) watch $(CONFIG) $(ARGS)

gallery: $(patsubst %.yaml,%.rebuilt,$(wildcard docs/gallery/*.yaml)) ## the stills of the README, from their configs

# Never there, so always made.
docs/gallery/%.rebuilt: docs/gallery/%.yaml $(READY)
	@$(RUN) still $< --output output/gallery --to docs/gallery/$*.jpg $(ARGS)

bench: $(READY) ## the article's table on this machine
	@$(RUN) bench $(ARGS)

test: lint ## lint, and the tests: some minutes
	$(BIN)/python -m pytest -m "not slow" $(ARGS)
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -m "not slow" tests/kernels --cov=pipeline.kernels --cov-report=term-missing $(ARGS)

test-all: lint ## all tests, the slow ones too
	$(BIN)/python -m pytest $(ARGS)
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -m "not slow" tests/kernels --cov=pipeline.kernels --cov-report=term-missing $(ARGS)

lint: $(DEV_READY) ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_READY) ## bring the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(DEV_READY) ## how fast the parts are, as ratios of one run
	$(BIN)/python -m pytest benchmarks --benchmark-only $(ARGS)

clean: ## remove what was made of a config: make clean NAME=seahorse
	@test -n "$(NAME)" || { echo "say which: make clean NAME=seahorse removes output/seahorse*"; exit 2; }
	rm -rf "output/$(NAME)" output/"$(NAME)".* output/"$(NAME)"-[0-9]*.png "output/$(NAME)-frames" "output/$(NAME)-exr" "output/$(NAME)-palettes.png" output/"$(NAME)"-preview*

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "python3-venv is missing: sudo apt install python3-venv"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(DASK_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dask]"
	@touch $@

$(DEV_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@
