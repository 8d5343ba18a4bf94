# `make demo` and `make test` do all set-up themselves. Paths are relative and quoted: a checkout may have spaces in its path.

VENV ?= .venv
PYTHON ?=
export VENV PYTHON
# where it is set, each of the many short processes of a test would compile every module anew
unexport PYTHONDONTWRITEBYTECODE

# tests wait half of their time: as many at once as keep all cores busy
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) * 5 / 2 )))

bin = "$(VENV)"/bin
on = $(filter-out 0 no false,$(1))

.PHONY: help demo test check format lint types layers test-slow explore proof bench picture pictures accept-looks lock clean ready ready-dev

help:
	@echo "make demo    watch a scripted project run in coord (HEADLESS=1: without the screen; KEEP=DIR: keep its files)"
	@echo "make test    run the tests"
	@echo "make check   everything a change has to pass: format, lint, types, layers, tests"
	@echo "make proof   kill everything everywhere, and write docs/crashes.md from what was found (20 minutes)"
	@echo "make explore  look for examples that break a rule, ten times as many as the tests try, new ones each time"
	@echo "make bench   measure the speed against what the machine can do at best"
	@echo "make pictures  take pictures of every screen and form (NAMES=\"main review\": only of those)"
	@echo "make accept-looks  take how the screens look now for how they are meant to look, after make pictures or a failed test"
	@echo "make clean   remove the virtual environment and the caches"

ready:
	@sh .ci/setup run

ready-dev:
	@sh .ci/setup dev

demo: ready
	@$(bin)/coord demo $(if $(call on,$(HEADLESS)),--headless) $(if $(KEEP),--keep "$(KEEP)")

# each of them takes a row of files at first, so that what a file makes once is made once, and then from whoever has most left
test: ready-dev
	@$(bin)/python -m pytest -n $(WORKERS) --dist worksteal

# their files are on the disk, those of `make test` in memory where there is room: see tests/conftest.py
test-slow: ready-dev
	@TMPDIR="$${TMPDIR:-/tmp}" $(bin)/python -m pytest -n $(WORKERS) --dist worksteal -m slow

# Kill all that the crash tests kill, and write docs/crashes.md from it. COORD_CRASH_POINTS=N: N times as many points.
proof: ready-dev
	@$(bin)/python -m docs.proof

# Look for examples that no run has had yet: every test of Hypothesis, ten times as many as `make test` tries.
explore: ready-dev
	@COORD_TEST_EXPLORE=1 $(bin)/python -m pytest -n $(WORKERS) --dist worksteal -m hypothesis

check: format lint types layers test

format: ready-dev
	@$(bin)/ruff format --check

lint: ready-dev
	@$(bin)/ruff check

types: ready-dev
	@$(bin)/mypy

layers: ready-dev
	@$(bin)/lint-imports

bench: ready-dev
	@$(bin)/python -m bench

# Take the README's picture again, from the running demo.
picture: ready-dev
	@$(bin)/python -m docs.picture

# Take a picture of every screen and every form, into build/pictures/index.html. NAMES="main review": only of those.
pictures: ready-dev
	@PYTHONPATH=tests $(bin)/python -m docs.pictures $(NAMES)

# After a look at what changed: keep how the screens look now as what tests/tui/test_looks.py compares with.
accept-looks: ready-dev
	@$(bin)/python -m pytest -q -n 0 tests/tui/test_looks.py --snapshot-update

# Resolve again for all platforms, after a version in pyproject.toml changed. Needs uv.
lock:
	uv pip compile --universal --quiet --generate-hashes --no-annotate --no-header pyproject.toml --group build -o requirements.lock
	uv pip compile --universal --quiet --generate-hashes --no-annotate --no-header pyproject.toml --group build --group dev -o requirements-dev.lock

clean:
	rm -rf "$(VENV)" build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
