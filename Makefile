# make demo and make test need git, make and Python >= 3.11; everything else they install into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint bench mutants fuzz soak screenshot wheel clean

demo: $(VENV)/.run
	@$(BIN)/timmy-tui demo

# Everything is compiled once, on two cores: each of four test processes then collects in 5 s of CPU instead of 15, and
# each of the thousand programs that tests start begins 0.25 s of CPU sooner. What that prints, pytest says again.
# mypy is a test, which begins first. Files in their order: xdist would begin with those of many short tests, and wait at
# the end for one of few long ones.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.dev $(VENV)/.engine
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@{ $(BIN)/python -m compileall -q -j 2 timmy_tui; \
		for half in 'tests/[a-d]*/' 'tests/[e-z]*/'; do $(BIN)/pytest --collect-only -q $$half & done; wait; } > /dev/null 2>&1
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m bench

# Faults put into the core one at a time, within an hour. Its tools get an environment of their own. SEED=… repeats a sample.
mutants: VENV := .venv-mutants
mutants: BIN := .venv-mutants/bin
mutants: .venv-mutants/.run
	$(BIN)/python -m bench.mutants $(if $(SEED),--seed $(SEED)) $(OPTIONS)

# Inputs that nobody wrote, MINUTES of CPU time for each fuzzer. OPTIONS="--only URLs --seed 7"; see bench/README.md.
fuzz: MINUTES ?= 2
fuzz: $(VENV)/.dev
	$(BIN)/python -m bench.fuzz --minutes $(MINUTES) $(OPTIONS)

# The real dashboard for MINUTES, while everything goes wrong at once.
soak: MINUTES ?= 10
soak: $(VENV)/.dev
	$(BIN)/python -m bench.soak --minutes $(MINUTES) $(OPTIONS)

# The live screen at three sizes, with a regression in it, in every theme, and a film of a flip; PNG where rsvg-convert
# (librsvg2-bin) is. Whatever terminal this is typed into, the pictures have blocks and colours.
SHOT := --scenario regression --turns 120 --seed 3
screenshot: export LC_ALL := C.UTF-8
screenshot: export TERM := xterm-256color
screenshot: export NO_COLOR :=
# The theme that somebody chose on this machine is no picture's.
screenshot: export XDG_STATE_HOME := $(abspath $(VENV))/.pictures
screenshot: $(VENV)/.run
	$(BIN)/timmy-tui screenshot --size 80x24 $(SHOT) docs/live-80x24.svg
	$(BIN)/timmy-tui screenshot --size 120x30 $(SHOT) docs/live.svg
	$(BIN)/timmy-tui screenshot --size 200x50 $(SHOT) docs/live-200x50.svg
	$(BIN)/python -m bench.dashboard.theme_pictures docs/themes
	$(BIN)/python -m bench.dashboard.film docs/flip.svg
	@if command -v rsvg-convert >/dev/null; then \
		for name in live-80x24 live live-200x50; do rsvg-convert -o docs/$$name.png docs/$$name.svg || exit 1; done; \
	else echo "no PNG: rsvg-convert (librsvg2-bin) is not installed"; fi

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf $(VENV) .venv-mutants dist build

# uv where it is present (and reaches its index), python -m venv and pip where not.
define install
	@if command -v uv >/dev/null 2>&1 \
		&& uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" $(VENV) \
		&& uv pip install --quiet --python $(BIN)/python -c constraints.txt -e "$(1)"; then :; \
	else \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")' \
		&& $(PYTHON) -m venv $(VENV) \
		&& $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e "$(1)"; \
	fi
	@touch $@
endef

$(VENV)/.run: pyproject.toml constraints.txt
	$(call install,.)

$(VENV)/.dev: pyproject.toml constraints.txt
	$(call install,.[dev])
	@touch $(VENV)/.run

# A real llama.cpp engine for some tests, where its wheel fits this machine. Without it they are skipped and say so.
$(VENV)/.engine: $(VENV)/.dev
	@{ command -v uv >/dev/null 2>&1 \
		&& uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[engine]"; } \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[engine]" \
	|| echo "The tests with a real engine are skipped: its wheel does not fit here, or no index has it."
	@touch $@

.venv-mutants/.run: pyproject.toml constraints.txt
	$(call install,.[mutants])
