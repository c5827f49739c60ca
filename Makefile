# Headgate. `make` alone lists what there is to make.
# A clean clone needs Python 3.11, make and CA certificates; everything else goes into .venv.

.DEFAULT_GOAL := help
.PHONY: help demo test quick crash long sftp broker fuzz model test-15 check bench docs components venv lock schema
MAKEFLAGS += --no-print-directory

# The first Python that is new enough; `make PYTHON=/path/to/python …` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
BIN := .venv/bin
# Processes that share the tests: one more than there are cores, since a test often waits for its database.
JOBS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: venv ## the main job: the life of one dollar, then the console on 127.0.0.1 (Ctrl-C ends it)
	@$(BIN)/headgate demo

test: venv ## every test, on the embedded PostgreSQL; with CI=true it fails below the coverage thresholds
ifeq ($(CI),true)
	@rm -f .coverage .coverage.* coverage.json
	@$(PYTEST) --cov --cov-report=json:coverage.json --cov-report=
	@$(BIN)/python scripts/coverage_gate.py coverage.json
else
	@$(PYTEST)
endif

quick: venv ## the quick tests, in less than 90 s
	@$(PYTEST) -m "not slow" --books module

crash: venv ## kill -9 of client and server at 200 points of the demo's story (CRASH_POINTS=n for another number)
	@$(PYTEST) tests/crash --crash-points $(or $(CRASH_POINTS),200)

long: venv ## the tests that take the better part of a minute each: benchmarks measured once, banks that err, long ways of the clock
	@$(PYTEST) -m long --long

sftp: venv ## the payroll of docs/howto/payroll-over-sftp.md with all its 10,000 people (EMPLOYEES=n)
	@$(PYTEST) tests/docs/test_payroll_over_sftp.py --long --employees $(or $(EMPLOYEES),10000)

broker: venv ## RabbitMQ, one node and a cluster of three, killed under load, and the pipeline over one that is killed and emptied (needs: make components)
	@$(BIN)/python -m pytest tests/messaging/test_broker_killed.py tests/messaging/test_chaos.py --broker-nodes 1 --broker-nodes 3

fuzz: venv ## every parser under bytes that went wrong, guided by what they reach (SECONDS=n for each, SEED=n to search the same way again; Linux x86-64, Python < 3.13)
	@$(BIN)/python scripts/fuzz.py --seconds $(or $(SECONDS),60) --seed $(or $(SEED),0)

model: venv ## the book and the payments against their models, 2,000 and 200 random histories (HISTORIES=n), and every planted bug
	@$(PYTEST) tests/ledger/model tests/ledger/test_planted_bugs.py tests/payments/model tests/payments/test_planted_bugs.py \
		--histories $(or $(HISTORIES),2000)

test-15: venv ## every test on Debian's PostgreSQL 15, the oldest that is supported (needs: make components)
	@test -x /usr/lib/postgresql/15/bin/postgres || { echo "PostgreSQL 15 is missing: make components"; exit 1; }
	@HEADGATE_TEST_PG=15 $(PYTEST) --ignore tests/crash --books module

check: venv ## lint, format, types and floors: what CI holds
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: venv ## run the benchmarks that benchmarks/ holds
	@found=0; for file in benchmarks/*.py; do \
		[ -e "$$file" ] || continue; found=1; echo "== $$file"; $(BIN)/python "$$file" || exit 1; \
	done; [ $$found = 1 ] || echo "benchmarks/ holds none"

docs: venv schema ## write what is generated: docs/reference/commands.md and migrations/schema.sql
	@$(BIN)/python scripts/write_commands.py

schema: venv ## write migrations/schema.sql from what the migrations make
	@$(BIN)/python scripts/write_schema.py

components: ## install the real components that the tests use (Debian): PostgreSQL 15, PgBouncer, OpenSSH, Chromium, RabbitMQ
	@scripts/components.sh

venv: ## build .venv with .venv/bin/headgate from the hash-locked requirements
	@$(PYTHON) scripts/make_venv.py

lock: ## resolve pyproject.toml anew into requirements.lock (maintainers; needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--group dev pyproject.toml -o requirements.lock
