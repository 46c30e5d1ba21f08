# make repro PROFILE=small   everything: scenes, channels, trainings, evaluation; in runs/small, unless params.yaml is that profile
# make repro PROFILE=smoke   the same in minutes, on tiny sizes; in runs/smoke
# make repro                 params.yaml as it stands; in a clone the profile study, most of a day
# make specialist NAME=access   a specialist model: its trainings, measurements and report (PROFILE=smoke in runs/smoke, in minutes)
# make test                  format, types and tests
# make soak                  every fault of tests/faults: about half an hour on two cores; writes reports/benchmarks/reliability.json
# make docs                  the site in site/, which opens from disk: tour, reference, notebooks, every page
# make sbom                  docs/sbom.cdx.json: every package with version and licence
# make audit                 known vulnerabilities of these versions; needs the network

PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PROFILE ?=
NAME ?=

.PHONY: install repro specialist test soak ui docs sbom audit clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) not found; install Python 3.11, or name another: make PYTHON=python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

repro: install
	@$(BIN)/cscsanet repro $(if $(PROFILE),--profile $(PROFILE))

specialist: install
	@test -f "specialists/$(NAME)/dvc.yaml" || { echo "error: specialist '$(NAME)': there is none of that name; choose one: make specialist NAME=$(notdir $(wildcard specialists/*))" >&2; exit 1; }
	@$(BIN)/cscsanet repro --specialist $(NAME) $(if $(PROFILE),--profile $(PROFILE))

test: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@# The type checker takes a minute of one core, so it runs beside the tests.
	@$(BIN)/mypy > $(VENV)/types.log 2>&1 & types=$$!; \
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --durations 10 --durations-min 1; tests=$$?; \
	wait $$types; types=$$?; cat $(VENV)/types.log; exit $$((tests + types))

# FINISHED_PROJECT=folder takes a project whose smoke pipeline ran with these sources, instead of running it first.
soak: install
	@mkdir -p scratch; rm -f scratch/fault-rows.jsonl
	@PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 FAULT_ROWS="$(CURDIR)/scratch/fault-rows.jsonl" $(BIN)/pytest -n 2 -m soak tests/faults; tests=$$?; \
	$(BIN)/python tests/faults/records.py scratch/fault-rows.jsonl; exit $$tests

ui: install
	$(BIN)/cscsanet ui

# --strict: a broken link, or a page outside of the navigation, fails. With --quiet it would not: warnings are not counted then.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "site/index.html"

sbom: install
	$(BIN)/python docs/build/sbom.py

# In an environment of its own, which is no part of the project. --strict: what cannot be looked up fails the audit.
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	build/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict --progress-spinner off

clean:
	rm -rf data/scenes data/split data/channels data/measurements data/assumptions data/specialists models scratch runs
