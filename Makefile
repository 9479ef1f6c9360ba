# Two commands: `make book` and `make test`. `make help` lists the others.
#
# Everything is called as `.venv/bin/python -m ...`: scripts of a virtual environment do not run
# from every path (a long one, or one with spaces), modules do.

PYTHON ?= python3
# Where to get torch from, if not from pip's usual index: make book TORCH_INDEX=<address of an index>
TORCH_INDEX ?=
PORT ?= 8000
# Who may read what `make serve` shows: 127.0.0.1 this machine, 0.0.0.0 the whole room
HOST ?= 127.0.0.1
REPO ?=

PY := .venv/bin/python
PIP := $(PY) -m pip install
TORCH := $(shell sed -n 's/^\(torch==[0-9.]*\).*/\1/p' constraints.txt)
JUPYTER_BOOK := $(PY) -c 'from jupyter_book.cli.main import main; main()'

.PHONY: help env book test portable serve lab notebooks students slides handouts bundle explorer lint publish-as clean
.DEFAULT_GOAL := help

help: ## list the commands
	@echo "make COMMAND [PYTHON=python3.12] [TORCH_INDEX=...]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

env: .venv/.installed ## make the virtual environment .venv with the tested versions

book: env ## build the book into _build/html
	@# A failed build is taken away whole: the next one would skip the pages that warned.
	$(JUPYTER_BOOK) build . --toc book/_toc.yml -W -n --keep-going \
	    || { rm -rf _build/html _build/.doctrees; exit 1; }
	@echo "Open _build/html/index.html, or run: make serve"

test: env ## run every test (unit, notebooks, book, browser, lint)
	$(PY) -m pytest

portable: env ## run every chapter as other processors would; an hour on two cores
	$(PY) tools/portable.py

serve: book ## build the book and serve it on localhost (PORT=8000), or to a room: HOST=0.0.0.0
	@echo "The book is at http://localhost:$(PORT)/ (stop with Ctrl-C)"
	$(PY) -m http.server $(PORT) --bind $(HOST) --directory _build/html

lab: .venv/.lab ## open the chapters in JupyterLab
	$(PY) -m jupyterlab notebooks

notebooks: env ## run every chapter in a fresh kernel and store its outputs
	$(PY) tools/notebooks.py run

students: env ## copies of the chapters for students (no solutions) and for the teacher (notes)
	$(PY) tools/students.py

slides: env ## slides of every chapter into _build/slides, offline
	$(PY) tools/slides.py

handouts: env ## handouts of one page and forms, as PDF, into _build/handouts (needs Chromium)
	$(PY) tools/handouts.py

bundle: book students ## the course in one folder, with wheels, for a room without a network
	$(PIP) --quiet uv
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(PY) tools/bundle.py

explorer: ## bundle the live figures' JavaScript anew (needs node; only for those who change it)
	cd nav_utils/browser/source && npm ci --no-audit --no-fund && npm run build

lint: env ## style, format and types
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

publish-as: env ## write the repository's address everywhere: make publish-as REPO=owner/name
	$(PY) tools/publish_as.py "$(REPO)"

clean: ## remove the built book, the caches and the virtual environment
	rm -rf .venv _build build dist *.egg-info
	rm -rf nav_utils/browser/source/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .jupyter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. While it is being installed it holds the file .incomplete; an interrupted
# install leaves that file behind, and the next run starts afresh. .installed holds the folder
# that it was installed for, so that a copied or moved project installs itself again.
ifneq ($(shell cat .venv/.installed 2>/dev/null),$(shell pwd -P))
.PHONY: .venv/.installed
endif

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; here = "Python %d.%d" % (v[0], v[1]); \
	v < (3, 11) and sys.exit("This project needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is " + here \
	+ ".\nInstall a newer one and name it, for example: make $(MAKECMDGOALS) PYTHON=python3.12"); \
	v >= (3, 14) and sys.stderr.write("Warning: tested with Python 3.11 to 3.13, not with " + here + ".\n")'
	@if [ -e .venv/.incomplete ] || ! $(PY) -c '' 2>/dev/null; then rm -rf .venv; fi
	@mkdir -p .venv && rm -f .venv/.installed .venv/.lab && touch .venv/.incomplete
	[ -x $(PY) ] || $(PYTHON) -m venv .venv
	$(PIP) --no-deps $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(PIP) -c constraints.txt -e '.[course,book,test]'
	@rm .venv/.incomplete && pwd -P > $@

.venv/.lab: .venv/.installed
	$(PIP) -c constraints.txt -e '.[lab]'
	@touch $@
