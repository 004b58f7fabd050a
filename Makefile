# Everything starts from Python >= 3.11 and make; the rest is installed into .venv by the first target that needs it.
#   make            what there is
#   make report     from nothing to the page to open; what is finished is not done again
VENV := .venv
PY := $(VENV)/bin/python
HTML := book/_build/html
INSTALLED := $(VENV)/.installed

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

# What `make campaign` trains, and where: see book/cluster.md.
PROFILE ?= local
SET = $(if $(EXPERIMENT),'experiment=$(EXPERIMENT)') $(if $(SEEDS),'seeds=$(SEEDS)') $(if $(SHARD),shard=$(SHARD)) $(if $(TOGETHER),together=$(TOGETHER)) \
  $(if $(DEVICE),device=$(DEVICE)) $(if $(ENGINE),engine=$(ENGINE))
EXTRA = $(firstword $(foreach extra,slurm lsf,$(if $(filter $(extra)%,$(PROFILE)),$(extra))) grid)

# What `make versions` tests with: the lower bounds of pyproject.toml.
WITH ?= torch==2.4.* numpy==1.26.* pandas==2.2.*

.PHONY: help report campaign test quick versions book check pdf lab browser clean
.DELETE_ON_ERROR:

help:                      ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' $(MAKEFILE_LIST) | expand -t 16

$(INSTALLED): requirements.lock pyproject.toml tools/ipython_kernel_config.py
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed and none was found; install one, or name it: make PYTHON=/path/to/python" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) cannot make virtual environments; on Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 2; }
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(PY) tools/install.py requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p $(VENV)/etc/ipython && cp tools/ipython_kernel_config.py $(VENV)/etc/ipython/
	@touch $@

report: $(INSTALLED)       ## install, train Table 1, execute the notebooks, build the book
	@echo "1 of 3: Table 1, five networks with 100 seeds each: 3 to 10 minutes of two cores, after a minute of compiling"
	@$(PY) -m nalu train ten_parameters --repeat
	@echo "2 of 3: the notebooks that are out of date; none, unless something was changed"
	@$(PY) -m nalu report
	@echo "3 of 3: the book, from the executed notebooks: usually 2 minutes"
	@$(VENV)/bin/jupyter-book build --quiet book/ > /dev/null
	@echo
	@$(PY) -m nalu results ten_parameters --repeated
	@echo "open $(CURDIR)/$(HTML)/index.html; Table 1 is notebooks/experiments/ten_parameters.html beside it"

$(VENV)/.grid $(VENV)/.slurm $(VENV)/.lsf $(VENV)/.pdf: $(VENV)/.%: $(INSTALLED)
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --no-build-isolation --editable '.[$*]'
	@touch $@

campaign: $(VENV)/.$(EXTRA) ## train all that has no results; DRY=1 EXPERIMENT="operations ranges" SEEDS=0-9 TOGETHER=1 DEVICE=cuda PROFILE=slurm-gpu
	$(VENV)/bin/snakemake --workflow-profile profiles/$(PROFILE) $(if $(DRY),--dry-run --quiet rules reason progress host) $(if $(CORES),--cores $(CORES)) $(if $(strip $(SET)),--config $(SET))

test: $(INSTALLED)         ## install and run the tests
	$(PY) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

quick: $(INSTALLED)        ## run the tests that take minutes at most: none that compiles, trains or executes notebooks
	$(PY) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder -m "not slow"

ifneq ($(shell cat $(VENV)-versions/.installed 2>/dev/null),$(WITH))
.PHONY: $(VENV)-versions/.installed
endif
$(VENV)-versions/.installed: pyproject.toml requirements.lock
	@$(PYTHON) -m venv --clear $(VENV)-versions
	@$(VENV)-versions/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint requirements.lock pytest pytest-xdist
	@$(VENV)-versions/bin/python -m pip install --quiet --no-compile --disable-pip-version-check scipy $(WITH)
	@echo '$(WITH)' > $@

versions: $(VENV)-versions/.installed ## test units, models and the reference engine with the oldest PyTorch, or with WITH="torch numpy pandas" of your choice
	$(VENV)-versions/bin/python -c 'import numpy, torch; print("with torch", torch.__version__, "and numpy", numpy.__version__)'
	$(VENV)-versions/bin/python -m pytest -q -m "not slow" -p no:cacheprovider --numprocesses auto $(wildcard tests/test_units*.py) $(addprefix tests/test_,models.py sparsity.py solution.py use_it.py)
	$(VENV)-versions/bin/python -m pytest -q -p no:cacheprovider --numprocesses auto -k "not _no_" tests/test_training.py

book: $(INSTALLED)         ## build the book from nothing, a warning is an error
	rm -rf book/_build book/notebooks
	$(VENV)/bin/jupyter-book build -W --keep-going -n book/
	@echo "open $(CURDIR)/$(HTML)/index.html"

check: book                ## strict book, then every link in it, and no output in the source notebooks
	$(PY) tools/check_links.py $(HTML)
	find notebooks -name '*.ipynb' -exec $(VENV)/bin/nbstripout --keep-id --verify {} +

pdf: $(VENV)/.pdf           ## print the built book into one PDF with Chromium; make book or make report comes first
	$(PY) tools/make_pdf.py $(HTML) book/_build/book.pdf

lab: $(INSTALLED)          ## open the notebooks in JupyterLab
	$(VENV)/bin/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB) notebooks/start_here.ipynb

browser:                   ## open every page of the built book in chromium; needs node, npm i playwright-core, chromium
	node tools/check_pages.mjs $(HTML)
	node tools/check_pages.mjs --dark --width 390 $(HTML)

clean:                     ## remove the environment and the built book, keep all results
	rm -rf $(VENV) $(VENV)-versions book/_build book/notebooks
