# Makes what it needs by itself: `make zoom CONFIG=configs/seahorse.yaml` works on a fresh machine.
PYTHON ?= python3
CONFIG ?= configs/seahorse.yaml
ARGS ?=
# Of a Dask cluster that counts the rows: tcp://pi0:8786, or local-cluster.
SCHEDULER ?=
# What counts: cpu, gpu, auto or numpy, whatever the config says.
DEVICE ?=
# The virtual environment, and whether the newest of all dependencies go in instead of the locked.
VENV ?= .venv
NEWEST ?=
BIN := $(VENV)/bin
# Messages then name targets.
RUN := MANDELZOOM_BY_MAKE=1 $(BIN)/python -m pipeline

BY_DEVICE = $(if $(DEVICE),--device $(call quoted,DEVICE))
GPU_WANTED = $(if $(filter gpu auto,$(DEVICE)),$(GPU_READY))

# A name as one word of the shell, whatever is in it: spaces, quotes, dollar signs.
quoted = '$(subst ','\'',$(value $(1)))'
ONE := $(call quoted,CONFIG)
# For zoom, many configs where CONFIG is no name itself and one of its words is.
MANY = set -- $(ONE); test -e "$$1" || for word in $(WORDS); do \
	    test -e "$$word" && { set -- $(WORDS); break; }; done
WORDS := $(foreach word,$(value CONFIG),'$(subst ','\'',$(word))')

# A stamp each, so that installing happens once, and again only when the dependencies change.
READY := $(VENV)/.ready
DASK_READY := $(VENV)/.dask-ready
PAGES_READY := $(VENV)/.pages-ready
GPU_READY := $(VENV)/.gpu-ready
DEV_READY := $(VENV)/.dev-ready

.DEFAULT_GOAL := help
.PHONY: needs-config needs-file needs-scheduler help setup setup-dask setup-gpu devices scheduler worker zoom recolour palette still preview export player plan find discover import watch explore schema gallery bench test test-all test-interpreted test-uncompiled test-latest compile fuzz lock lint docs docs-serve format benchmark clean

help: ## list the targets
	@echo "make TARGET [CONFIG=configs/NAME.yaml] [ARGS=\"…\"]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
	    while IFS='|' read -r target text; do printf '%-14s%s\n' "$$target" "$$text"; done

setup: $(READY) ## make .venv and install what rendering needs; the others do it by themselves

setup-dask: $(DASK_READY) ## also install what a cluster needs

setup-gpu: $(GPU_READY) ## also install what a graphics processor needs: DEVICE=gpu, render.device: gpu

devices: $(GPU_READY) ## test and measure the graphics processors of this machine
	@$(RUN) devices $(ARGS)

scheduler: $(DASK_READY) ## the scheduler of a cluster, on one of its machines
	$(BIN)/dask scheduler $(ARGS)

# Those that a container lends; and a Mac has no nproc.
CORES = $$($(BIN)/python -c "from pipeline.system.machine import usable_cores; print(usable_cores())")
# A process for every four cores: each takes some 190 MB, whatever its threads.
worker: PROCESSES = $$(( ($(CORES) + 3) / 4 ))
worker: needs-scheduler $(DASK_READY) ## have this machine count for a cluster: SCHEDULER=tcp://pi0:8786
	$(BIN)/dask worker $(call quoted,SCHEDULER) --nworkers $(PROCESSES) --nthreads $$(( $(CORES) / $(PROCESSES) )) --no-dashboard $(ARGS)

zoom: needs-config $(if $(SCHEDULER),$(DASK_READY),$(READY)) $(GPU_WANTED) ## the video of CONFIG, or what is missing of it; of many: CONFIG="a.yaml b.yaml"
	@$(MANY); $(RUN) zoom "$$@" $(if $(SCHEDULER),--scheduler $(call quoted,SCHEDULER)) $(BY_DEVICE) $(ARGS)

recolour: needs-config $(READY) ## the video of CONFIG again, from stored counts alone
	@$(RUN) recolour $(ONE) $(ARGS)

palette: needs-config $(READY) ## one PNG of the zoom in many looks, each with the YAML that gives it
	@$(RUN) palette $(ONE) $(ARGS)

still: needs-config $(READY) $(GPU_WANTED) ## one frame as PNG; ARGS="--frame 90" or "--time 3"
	@$(RUN) still $(ONE) $(BY_DEVICE) $(ARGS)

preview: needs-config $(READY) $(GPU_WANTED) ## the video of CONFIG small and quick
	@$(RUN) preview $(ONE) $(BY_DEVICE) $(ARGS)

export: needs-config $(READY) ## the bands of CONFIG as OpenEXR files, for zoomasm and compositors
	@$(RUN) export $(ONE) $(ARGS)

player: needs-config $(READY) ## one page in which the zoom is scrubbed and zoomed by hand, offline
	@$(RUN) player $(ONE) $(ARGS)

plan: needs-config $(READY) $(GPU_WANTED) ## check CONFIG, and say what a render would take
	@$(RUN) plan $(ONE) $(BY_DEVICE) $(ARGS)

find: needs-config $(READY) ## the minibrots and spirals of CONFIG's last view; ARGS="--write configs/found.yaml"
	@$(RUN) find $(ONE) $(ARGS)

discover: $(READY) ## proposals of zooms, with a sheet in output/discover; ARGS="--seed 7 --depth 1e-40"
	@$(RUN) discover $(ARGS)

import: needs-file $(READY) ## a config from a location of another program: FILE=place.kfr
	@$(RUN) import $(call quoted,FILE) $(ARGS)

explore: $(PAGES_READY) $(GPU_WANTED) ## a page to find a place, look at it, and film the way there; CONFIG is a config to begin with
	@$(RUN) explore $(if $(filter command environment,$(origin CONFIG)),$(ONE)) $(BY_DEVICE) $(ARGS)

watch: needs-config $(PAGES_READY) ## serve the status page; ARGS="--address 0.0.0.0:8000" for the local network
	@$(RUN) watch $(ONE) $(ARGS)

schema: $(READY) ## renew configs/schema.json, with which editors complete and explain the YAML
	@$(RUN) schema --to configs/schema.json $(ARGS)

gallery: $(patsubst %.yaml,%.rebuilt,$(wildcard docs/gallery/*.yaml)) ## the stills of the README, from their configs

# Never there, so always made.
docs/gallery/%.rebuilt: docs/gallery/%.yaml $(READY)
	@$(RUN) still $< --output output/gallery --to output/gallery/$*.jpg $(ARGS)
	@cp output/gallery/$*.jpg docs/gallery/$*.jpg

bench: $(READY) ## the article's table on this machine
	@$(RUN) bench $(ARGS)

# Compiling takes a minute of one core. What needs no compiled kernels goes on beside it.
FIRST = $(MAKE) --no-print-directory -j 2 $(if $(filter output-sync,$(.FEATURES)),-O) compile lint test-interpreted test-uncompiled
UNCOMPILED = tests/docs/test_site.py tests/fuzz tests/project tests/timeline tests/video
# Whole files to each process, so that what a file's tests share is made once.
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
# More than two cores: tests that start processes mostly wait for them.
JOBS ?= 4

# Many processes read the same sources: three times as fast when compiled, whatever the shell says.
test test-all test-interpreted test-uncompiled: export PYTHONDONTWRITEBYTECODE =

test: $(DEV_READY) ## lint, and the tests: some minutes
	$(FIRST)
	$(PYTEST) -m "not slow" $(addprefix --ignore=,$(UNCOMPILED)) $(ARGS)

test-all: $(DEV_READY) ## all tests, the slow ones too
	$(FIRST)
	$(PYTEST) $(addprefix --ignore=,$(UNCOMPILED)) $(ARGS)
	$(BIN)/python -m pytest -m slow $(UNCOMPILED) $(ARGS)

compile: $(DEV_READY)
	@$(BIN)/python -c "from pipeline.workers.compiling import compile_missing; compile_missing(tracing=True)"
	@$(BIN)/python -m tests.late_kernels

test-interpreted: $(DEV_READY)
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -m "not slow" tests/kernels --cov=pipeline.kernels --cov-report=term-missing $(ARGS)

test-uncompiled: $(DEV_READY)
	$(BIN)/python -m pytest -m "not slow" $(UNCOMPILED) $(ARGS)

fuzz: $(DEV_READY) ## read damaged configs, palettes and locations: SECONDS=3600, SEED=7
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED)) $(ARGS)

lint: $(DEV_READY) ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The reference of keys is written anew first; the pages are in docs/_build/html.
docs: $(DEV_READY) ## the documentation as a site; warnings are errors
	$(BIN)/python docs/tools/config_keys.py
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html $(ARGS)
	@echo "docs/_build/html/index.html"

docs-serve: docs ## the same, served at http://127.0.0.1:8001
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory docs/_build/html 8001

format: $(DEV_READY) ## bring the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(DEV_READY) ## how fast the parts are, as ratios of one run
	$(BIN)/python -m pytest benchmarks --benchmark-only $(ARGS)

# Asked before anything is installed.
needs-config:
	@test -n $(ONE) || { echo "say which: make $(firstword $(MAKECMDGOALS)) CONFIG=configs/seahorse.yaml"; exit 2; }

needs-file:
	@test -n $(call quoted,FILE) || { echo "say which: make import FILE=place.kfr, or FILE=video.mp4 of a video made here"; exit 2; }

needs-scheduler:
	@test -n $(call quoted,SCHEDULER) || { echo "say where: make worker SCHEDULER=tcp://pi0:8786"; exit 2; }

clean: export CLEANED = $(NAME)
clean: ## remove what was made of a config: make clean NAME=seahorse
	@test -n "$$CLEANED" || { echo "say which: make clean NAME=seahorse removes what was made of seahorse.yaml"; exit 2; }
	@test -x $(BIN)/python || { echo "nothing was made here: there is no $(BIN)"; exit 2; }
	@$(RUN) clean $(ARGS) -- "$$CLEANED"

test-latest: ## make test with the newest dependencies, in .venv-latest
	rm -rf .venv-latest
	$(MAKE) test VENV=.venv-latest NEWEST=yes

lock: ## renew requirements/*.txt, what make installs: versions and hashes
	test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv; }
	echo "setuptools>=77" > .venv-lock/build.in
	$(LOCK) --upgrade --extra dask --extra explore --extra gpu --extra docs --extra dev -o requirements/dev.txt
	$(LOCK) --upgrade -c requirements/dev.txt --extra dask -o requirements/dask.txt
	$(LOCK) --upgrade -c requirements/dev.txt --extra explore -o requirements/explore.txt
	$(LOCK) --upgrade -c requirements/dev.txt --extra gpu -o requirements/gpu.txt
	$(LOCK) --upgrade -c requirements/dev.txt -o requirements/run.txt

# One resolution for every processor and Python; what builds the package is locked, too.
LOCK = .venv-lock/bin/uv pip compile pyproject.toml .venv-lock/build.in --quiet --universal \
    --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"

# $(call install,EXTRA): what requirements/EXTRA.txt locks. 32-bit Arm has its wheels from piwheels,
# and a Python newer than the lock wheels that it does not know: both take what pyproject.toml admits.
# The lock constrains, too: without that, pip 23 takes the newest of a package wanted with an extra.
COMMA := ,
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
define install
	@if test -z "$(NEWEST)" && $(BIN)/python -c 'import platform, sys; sys.exit(sys.version_info >= (3, 15) \
	    or platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"))'; then \
	    echo "installing requirements/$(1).txt into $(VENV)"; \
	    $(PIP) --require-hashes -c requirements/$(1).txt -r requirements/$(1).txt && $(PIP) --no-deps --no-build-isolation -e .; \
	else \
	    echo "installing the newest that pyproject.toml admits into $(VENV)"; \
	    $(PIP) --upgrade -e "$(if $(filter run,$(1)),.,.[$(1)$(if $(filter dev,$(1)),$(COMMA)docs)])"; \
	fi
	@touch $@
endef

$(READY): pyproject.toml requirements/run.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "python3-venv is missing: sudo apt install python3-venv"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(call install,run)

$(DASK_READY): $(READY) requirements/dask.txt
	$(call install,dask)

$(PAGES_READY): $(READY) requirements/explore.txt
	$(call install,explore)

$(GPU_READY): $(READY) requirements/gpu.txt
	$(call install,gpu)

$(DEV_READY): $(READY) requirements/dev.txt
	$(call install,dev)
