# `make run` and `make test` are all that a newcomer needs; both do the whole set-up first.
SHELL := /bin/bash
BIN := .venv/bin
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

.PHONY: help setup run unit test alone idle saboteurs hunt lint render catalogue bench soak clean
help: ## list what there is
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## everything that the others need (quick when nothing changed)
	@ci/setup

run: setup ## decide whether kube-proxy 1.37.2 passes, in iptables and nftables mode (10 to 16 min)
	@$(BIN)/gauntlet run --profile gate

unit: ## the tests that need no root, no cluster and no built program (2 min)
	@ci/setup python
	$(BIN)/pytest tests/unit -m 'not cluster' -n auto --dist loadfile

test: lint ## lint, then the project's own tests
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target alone idle
	$(BIN)/pytest tests/cluster $(ALONE:%=--ignore=%) -n 2 --dist loadfile --timeout=1200 --durations=20

# No other cluster beside them: what a busy machine loses is a reason for "may not", and an experiment whose control
# window is not clean finds no saboteur. They wait for most of their time.
ALONE := tests/cluster/upgrade tests/cluster/test_saboteurs.py
alone:
	$(BIN)/pytest $(ALONE) --timeout=1200 --durations=20

idle:
	ci/idle $(BIN)/pytest tests/unit tests/programs -n auto --dist loadfile --timeout=1200

lint: setup ## ruff, mypy --strict, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

render: setup ## write experiments/ anew from the scenarios beside the faults
	@$(BIN)/python -m gauntlet.faults.chaos.rendering

catalogue: setup ## write docs/catalogue.md and docs/known-defects.md anew
	@$(BIN)/python -m fixtures.catalogue_page
	@$(BIN)/python -m gauntlet.report.known_defects_page

saboteurs: setup ## try what the suites must catch, into docs/saboteurs.md (PART=2/5: a fifth; ONLY=name)
	@$(BIN)/python -m tests.saboteurs $(if $(PART),--part $(PART)) $(if $(ONLY),--only $(ONLY))

hunt: setup ## have the state machine find saboteurs by itself, into docs/saboteurs.md (ONLY=name)
	@$(BIN)/python -m tests.saboteurs.hunting $(if $(ONLY),--only $(ONLY))

bench: setup ## measure speed and precision into docs/benchmarks.md (PARTS=catalogue: the cases alone; upgrade: how well an outage is known; watch --watch-for=20m: what one costs)
	$(BIN)/python -m bench $(PARTS)

soak: setup ## run a profile N times and keep the ledger of its alarms, docs/soak.md (PROFILE=gate, LOAD=1, MODES=ipvs, ARGS='-k udp')
	$(BIN)/python -m bench.soak $(or $(N),10) --profile $(or $(PROFILE),conformance) $(if $(MODES),--modes $(MODES)) $(if $(LOAD),--load) -- $(ARGS)

clean: ## remove what set-up and runs put into this folder (not the cache of binaries)
	rm -rf .venv build results .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
