# Dropcut. Needs Python 3.11 to 3.14 and make, nothing else: no AWS account, no Docker, no API key.

PYTHON ?= python3
ARGS   ?=
TEST   ?=
VERB   ?=
EVENT  ?=

# What you give the demo reaches it as it stands: make itself would read a `$`. Given and empty is not the same as not given.
given   = $(if $(filter-out undefined,$(origin $(1))),$(eval export DROPCUT_DEMO_$(1) := $$(value $(1))))
$(foreach name,CLIP PROMPT SIDECAR,$(call given,$(name)))

DEV    := .workshop/dev/bin
SOURCE := layers/core/dropcut $(wildcard functions localcloud checks tests benchmarks dropcut_cli)
SUITES := $(wildcard tests/unit tests/contract tests/integration tests/e2e)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo up test check lint template statemachine fresh faults volume fuzz hostile mutants dev invoke walk debug format requirements schemas setup clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  PYTHON=python3.12 starts with that one, DROPCUT_PYTHON=python3.12 also builds with it; ARGS="..." goes to demo, up, test, walk, faults, volume, fuzz, hostile, mutants.'

demo: setup ## one edit from drop to delivery, on this machine: [CLIP=my.mp4] [PROMPT="..."] [SIDECAR=my.json]
	@$(DEV)/python -m localcloud demo $(ARGS)

up: setup ## leave the embedded cloud standing, for `aws s3 cp` (Ctrl-C ends it)
	@$(DEV)/python -m localcloud up $(ARGS)

test: setup ## all tests, the fast ones first; or one: TEST=tests/e2e/test_names.py
	@$(DEV)/python -m pytest $(if $(TEST),$(TEST),-n 3 --dist loadfile --no-loadscope-reorder $(SUITES)) $(ARGS)

check: lint template test ## everything that must hold before a push

lint: setup ## style and types
	$(DEV)/ruff check $(SOURCE)
	$(DEV)/ruff format --check $(SOURCE)
	$(DEV)/mypy $(SOURCE)

template: setup ## cfn-lint, on the SAM template and on what it becomes
	$(DEV)/python -m checks.template

statemachine: setup ## targets, defaults, timeouts and error names of the state machine; a test holds them too
	$(DEV)/python -m checks.statemachine

fresh: setup ## generated files are what their sources say; tests hold that too
	$(DEV)/python -m checks.requirements
	$(DEV)/python -m checks.schemas

faults: setup ## the fault campaign: real edits, a fault each, and the score: [ARGS=--help]
	@$(DEV)/python -m tests.faults $(ARGS)

volume: setup ## 300 pairs dropped at once are 300 outputs, paid once each: [ARGS="--pairs 200 --concurrency 10"]
	@$(DEV)/python -m tests.volume $(ARGS)

fuzz: setup ## strangers' text by the thousand against what reads it: [ARGS="--minutes 60"]
	@$(DEV)/python -m tests.fuzz $(ARGS)

hostile: setup ## drop every clip of the corpus of hostile ones, bombs of 200 MB among them: [ARGS=--help]
	@$(DEV)/python -m tests.hostile --check $(ARGS)

mutants: setup ## break the money path in one place at a time; a test must notice each: [ARGS="--only ID"]
	@$(DEV)/python -m checks.mutants $(ARGS)

dev: setup ## the workshop for an editor: its interpreter, the real SAM CLI, a debugger
	@"$(PYTHON)" -m localcloud.workshop --for-editors

invoke: setup ## one handler with its sample event, against fakes: VERB=poll_edit [EVENT=my.json]
	@$(DEV)/python -m tests.fakes invoke $(VERB) $(EVENT)

walk: setup ## the state machine alone, against fakes: [ARGS=--help]
	@$(DEV)/python -m tests.fakes walk $(ARGS)

debug: setup ## an e2e test that waits in a handler for your debugger: VERB=poll_edit TEST=tests/e2e/test_names.py
	@$(DEV)/python -m tests.e2e.debugging $(VERB) $(TEST)

format: setup ## put the code into its one layout
	$(DEV)/ruff check --fix $(SOURCE)
	$(DEV)/ruff format $(SOURCE)

requirements: setup ## lock the newest versions that the sources allow
	$(DEV)/python -m checks.requirements --write

schemas: setup ## publish schemas/*.json from the models
	$(DEV)/python -m checks.schemas --write

setup: ## make or bring up to date what the other targets run on
	@command -v "$(PYTHON)" >/dev/null || { echo 'No $(PYTHON) on PATH. Install Python 3.11 to 3.14, or name one: make PYTHON=/path/to/python3.13' >&2; exit 1; }
	@test "$$("$(PYTHON)" -c 'print(6 * 7)' 2>/dev/null)" = 42 || { echo '$(PYTHON) does not run as a Python. Name one that does: make PYTHON=python3.13' >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.version_info >= (3, 11) or sys.exit("This is Python %d.%d; Dropcut needs 3.11 to 3.14. Name another one: make PYTHON=python3.13" % sys.version_info[:2])'
	@"$(PYTHON)" -m localcloud.workshop

clean: ## remove everything that was made here
	rm -rf .workshop .aws-sam demo-output edited .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
