# Everything that a developer, a curious user and CI do: `make help`.

PYTHON ?= python3
VENV ?= .venv
# A running JACK server for `make demo`; empty: a private one is started.
SERVER ?=
# Further arguments for pytest.
ARGS ?=
# How many tests are run at a time.  More than one: as root, on Linux.
JOBS ?= 1

BIN := $(VENV)/bin
SPHINX := $(BIN)/python -m sphinx -n -W --keep-going -q
PYTEST_JOBS := $(if $(filter-out 1,$(JOBS)),\
    --dist=worksteal --tx='$(JOBS)*popen//python=tests/isolated')
SUDO := $(shell test "$$(id -u)" = 0 || echo sudo)
APT_GET := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get
APT_INSTALL := $(APT_GET) install --yes --no-install-recommends

# Of the programs: jack_lsp and its like, which the tests drive clients with,
# are part of Debian's jackd2 up to version 12 and a package of their own later.
# A recording of a human voice, for `make demo`, comes with alsa-utils.  The
# pictures of the documentation are drawn by Graphviz.
SOUND := /usr/share/sounds/alsa/Front_Center.wav
PACKAGES := jackd2 libsndfile1 alsa-utils graphviz
FILES := $(SOUND)
# With a C compiler and JACK's headers, the declarations are compared with
# them, and native callbacks are tested with C: in CI, always.
ifdef CI
PACKAGES += gcc libc6-dev libjack-jackd2-dev
FILES += /usr/bin/gcc /usr/include/jack/jack.h
# A second kind of Python, for `make test-all`; and ip, for `JOBS=2`.
PACKAGES += pypy3 iproute2
FILES += /usr/bin/pypy3 /sbin/ip
endif

.PHONY: help deps venv demo test test-all servers soak lint types docs links
.PHONY: dist bench clean

help:
	@echo 'make demo    play a sound through a JACK server of its own'
	@echo '             (SERVER=default: through the one that is running)'
	@echo 'make test    run the tests (ARGS="-k name" for some of them)'
	@echo '             (ARGS=--server=jack1, pipewire, ...: with that server)'
	@echo '             (JOBS=2: two at a time, as root)'
	@echo 'make test-all  run them with each Python that is there (nox)'
	@echo 'make servers unpack JACK 1 and PipeWire, for the tests (Debian)'
	@echo 'make soak    load a server for half an hour (ARGS=churn: a part of it)'
	@echo 'make lint    check the style with ruff'
	@echo 'make types   check the types with mypy'
	@echo 'make docs    build the documentation and run its examples'
	@echo 'make links   visit each link of the documentation'
	@echo 'make dist    build and check the packages for PyPI'
	@echo 'make bench   measure the speed beside others (ARGS=--quick: in 2 min)'
	@echo 'make deps    install JACK when it is missing (apt)'
	@echo 'make venv    make a Python environment for the examples, $(VENV)'
	@echo 'make clean   remove all that was made'

deps:
	@if command -v jackd && command -v jack_lsp && command -v dot \
	        && ls $(FILES) 2>&1; then \
	    exit 0; \
	elif ! command -v apt-get; then \
	    echo 'Please install JACK 2 and its tools first: see README.rst' >&2; \
	    exit 1; \
	fi >/dev/null; \
	set -e; \
	$(APT_GET) update; \
	tools=$$(apt-cache pkgnames jack-example-tools); \
	$(APT_INSTALL) $(PACKAGES) $$tools

venv: $(VENV)/.test

demo: deps $(VENV)/.test
	$(BIN)/python tools/demo.py $(if $(SERVER),--server '$(SERVER)')

test: deps $(VENV)/.test
	PATH="$(abspath $(BIN)):$$PATH" python -m pytest $(PYTEST_JOBS) $(ARGS)

test-all: deps $(VENV)/.matrix
	$(BIN)/nox -- $(PYTEST_JOBS) $(ARGS)

servers: .servers/.made

soak: deps $(VENV)/.test
	$(BIN)/python tools/soak.py $(ARGS)

lint: $(VENV)/.lint
	$(BIN)/ruff check

types: $(VENV)/.lint
	$(BIN)/mypy

docs: deps $(VENV)/.docs
	$(SPHINX) -b html doc doc/_build/html
	$(SPHINX) -b coverage doc doc/_build/coverage
	$(BIN)/python tools/with_server.py \
	    $(SPHINX) -b doctest -t server doc doc/_build/doctest
	@echo 'Now open doc/_build/html/index.html'

# Not in CI: that other people's sites are up is not ours to promise.
links: deps $(VENV)/.docs
	$(SPHINX) -b linkcheck doc doc/_build/linkcheck

dist: $(VENV)/.dist
	rm -rf build dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

# The client in C, with which it is compared as well, is left out when there
# is no compiler, or none of JACK's headers (Debian's libjack-jackd2-dev).
bench: deps $(VENV)/.bench
	$(BIN)/python benchmarks/run.py \
	    $(VENV)/peer/bin/python $(VENV)/old/bin/python \
	    $(VENV)/ours/bin/python $(ARGS)

clean:
	rm -rf $(VENV) .nox .servers build dist doc/_build *.egg-info demo.wav
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# Each of these files says that a set of packages is installed, so that only
# the first run has to wait for it.

.servers/.made: tests/fetch_servers
	tests/fetch_servers .servers || \
	    { $(APT_GET) update && tests/fetch_servers .servers; }
	touch $@

$(VENV)/.made:
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { $(APT_GET) update && $(APT_INSTALL) python3-venv; }
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml setup.py
	$(BIN)/python -m pip install -q -e '.[NumPy,test]'
	touch $@

$(VENV)/.lint: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install -q -e '.[lint]'
	touch $@

$(VENV)/.docs: $(VENV)/.test doc/requirements.txt
	$(BIN)/python -m pip install -q -r doc/requirements.txt
	touch $@

$(VENV)/.dist: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install -q -e '.[dist]'
	touch $@

$(VENV)/.matrix: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install -q -e '.[matrix]'
	touch $@

# Ours is installed as users have it: its declarations are parsed in advance.
$(VENV)/.bench: $(VENV)/.made pyproject.toml setup.py jack.py
	$(PYTHON) -m venv $(VENV)/peer
	$(VENV)/peer/bin/python -m pip install -q JACK-Client==0.5.7 numpy
	$(PYTHON) -m venv $(VENV)/old
	$(VENV)/old/bin/python -m pip install -q JACK-Client==0.4.2
	$(PYTHON) -m venv $(VENV)/ours
	$(VENV)/ours/bin/python -m pip install -q '.[NumPy]'
	$(VENV)/ours/bin/python -m pip install -q --force-reinstall --no-deps .
	touch $@
