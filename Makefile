# bypuls: everything a developer or a first visitor types. `make help` lists it.
# Needs GNU make and Python 3.11 or newer; works as root or not and from any folder name.

SHELL := /bin/sh
.SHELLFLAGS := -euc
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help setup opendsm run test soak plants bench lint texts pictures lock clean

PYTHON ?=
ARGS ?=
PY := .venv/bin/python

# Where it is set (in many containers), every process compiles the libraries anew: the platform starts three times slower.
unexport PYTHONDONTWRITEBYTECODE

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s  %s\n", $$1, $$2 }' Makefile
	echo
	echo 'Arguments go in ARGS: make run ARGS="--port 9000", make test ARGS="tests/wire -x".'
	echo 'Another Python: make setup PYTHON=python3.12.'

# .venv/ready holds what .venv was made from and where: other contents or a moved folder make it again.
setup: ## make .venv ready (called by the others; does nothing when it is)
	@want="$$(cat pyproject.toml requirements.lock | cksum) $$(pwd)"
	if [ -f .venv/ready ] && [ "$$(cat .venv/ready)" = "$$want" ] && $(PY) -c '' 2>/dev/null; then exit 0; fi
	python=''
	for candidate in $(if $(PYTHON),'$(PYTHON)',python3 python3.13 python3.12 python3.11); do
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
			python=$$(command -v "$$candidate")
			break
		fi
	done
	if [ -z "$$python" ]; then
		asked='$(or $(PYTHON),python3)'
		found=$$("$$asked" --version 2>&1) || found='not there'
		echo "bypuls needs Python 3.11 or newer; $$asked is: $$found." >&2
		echo 'Debian 12, Ubuntu 24.04 and later have it: apt install python3 python3-venv' >&2
		echo 'A Python elsewhere is named like this: make setup PYTHON=/path/to/python3.12' >&2
		exit 1
	fi
	echo "Making .venv with $$("$$python" --version) …"
	rm -rf .venv
	if "$$python" -c 'import ensurepip' 2>/dev/null; then
		"$$python" -m venv .venv
		pip() { $(PY) -m pip "$$@"; }
	elif "$$python" -m pip --python "$$python" --version >/dev/null 2>&1; then
		"$$python" -m venv --without-pip .venv
		pip() { "$$python" -m pip --python $(PY) "$$@"; }
	else
		echo 'This Python comes without pip and ensurepip. On Debian and Ubuntu: apt install python3-venv' >&2
		echo "(for a Python beside the system's, say python3.12: apt install python3.12-venv). Then the same command again." >&2
		exit 1
	fi
	# uv, of the locked version, does in seconds what takes pip half a minute. It reads no pip settings (a mirror,
	# say), so where it fails pip goes on alone.
	awk '/^[^ ]/ { uv = /^uv==/ } uv' requirements.lock > .venv/uv.txt
	if pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement .venv/uv.txt &&
		$(PY) -m uv pip install --quiet --python $(PY) --no-deps --require-hashes --requirement requirements.lock; then
		:
	else
		echo 'uv could not install the libraries; pip does it now, more slowly …'
		pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	fi
	pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	echo "$$want" > .venv/ready
	echo '.venv is ready.'

# The .venv's libraries stay as they are: both locks have the same versions.
opendsm: setup ## add OpenDSM to .venv, for reports with --model opendsm-hourly (x86_64 alone)
	@if [ "$$(uname -m)" != x86_64 ]; then
		echo "OpenDSM needs libraries that have wheels for x86_64 alone; this machine is $$(uname -m)." >&2
		exit 1
	fi
	echo 'Adding OpenDSM to .venv …'
	$(PY) -m uv pip install --quiet --python $(PY) --no-deps --only-binary :all: --require-hashes \
		--requirement requirements-opendsm.lock ||
		$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
			--requirement requirements-opendsm.lock
	echo 'OpenDSM is there.'

run: setup ## the whole platform on this machine, with a simulated town; Ctrl-C ends it
	@exec .venv/bin/bypuls up $(ARGS)

test: setup ## the tests; against mosquitto, influxd and Chromium where these are present
	@exec $(PY) -m pytest -n auto $(ARGS)

soak: setup ## the long tests
	@exec $(PY) -m pytest -m slow $(ARGS)

plants: setup ## show that the reliability tests can fail: with each planted fault they turn red
	@exec $(PY) tests/reliability/plants.py $(ARGS)

bench: setup ## measured speeds beside their goals
	@exec $(PY) bench/run.py $(ARGS)

lint: setup ## style, formatting and types
	@$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

texts: setup ## bring the catalogues of translations up to the templates and compile them
	@exec $(PY) .ci/texts

pictures: setup ## take the guides' pictures anew, of the demo that runs (ARGS=http://127.0.0.1:9000 for another)
	@exec $(PY) tests/guide_pictures.py $(ARGS)

lock: setup ## write both lock files anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@compile() {
		$(PY) -m uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock' "$$@" $(ARGS)
	}
	compile --extra edge --extra han --extra server --extra sim --extra parquet --extra postgres --extra dev \
		--output-file requirements.lock
	compile --extra opendsm --constraint requirements.lock --only-binary :all: --output-file requirements-opendsm.lock

clean: ## remove what can be made again (not the readings in data/, nor .cache/)
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis test-artefacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
