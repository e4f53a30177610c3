# The commands of SchoolPlatform. `make` alone lists them.
PYTHON ?= python3
IN_VENV := .venv/bin/python

help:            ## list the commands
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

setup:           ## install what is locked, build contracts, browser files and translations
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found: install Python 3.11 to 3.13, or name one: make setup PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -m rig.setup

demo: setup      ## run everything on http://127.0.0.1:8000 until Ctrl-C (DEMO_PORT=… for another port)
	@exec $(IN_VENV) -m rig.demo

test: setup      ## run every test there is (ORDER=random shuffles them, SEED=… repeats that; ARGS=… goes to pytest)
	@exec $(IN_VENV) -m rig.test ORDER=$(ORDER) SEED=$(SEED) $(ARGS)

lint: setup      ## style, layers, types, dead code, packages and templates: what make test does first
	@exec $(IN_VENV) -m rig.lint

sizes:           ## lines per file and function by layer, and per template
	@$(PYTHON) bin/sizes.py

graph: setup     ## write who imports whom into docs/architecture.md anew
	@$(IN_VENV) -m bin.import_graph

faults: setup    ## break the chain pipeline by seeds, then broken builds (N=300 SEED=1; SEED=7 alone replays one)
	@exec $(IN_VENV) -m tests.faults.run N=$(N) SEED=$(SEED)

mutants: setup   ## which mistakes in the code of money and chain no test would notice (ONLY=ledger for an area, SHOW=1 tells them)
	@exec $(IN_VENV) -m tests.mutants.run ONLY=$(ONLY) JOBS=$(JOBS) MOST=$(MOST) FRESH=$(FRESH) SHOW=$(SHOW)

bench: setup     ## measure, and compare with the targets (ONLY=sse for a part)
	@exec $(IN_VENV) -m bench.run $(ONLY)

explain: setup   ## EXPLAIN what pages and jobs ask among 100,000 rows of each kind
	@exec $(IN_VENV) -m bench.explain

buy: setup       ## drive a browser through sign-up, purchase and lesson in the running demo
	@exec $(IN_VENV) -m tests.e2e.buy

play-economy: setup  ## play the token economy in the running demo, whose clock it moves on by a month
	@exec $(IN_VENV) -m tests.e2e.play_economy

play-desk: setup ## decide about payouts in the running demo, as two admins, and move its clock on by a month
	@exec $(IN_VENV) -m tests.e2e.play_desk

pictures: setup  ## write a picture of every page to var/pictures, moving the demo's clock on by a month
	@exec $(IN_VENV) -m tests.e2e.pictures

flask: setup     ## run a command of the application in the demo's environment: make flask CMD="audit"
	@exec .venv/bin/flask -e var/demo/worker.env $(CMD)

translations: setup  ## bring the catalogues up to date with what the application says
	@exec $(IN_VENV) -m rig.translations

lock: setup      ## write the locks of the Python packages anew
	@exec $(IN_VENV) -m rig.lock

sbom:            ## list every locked package, as CycloneDX
	@$(PYTHON) bin/sbom.py
.PHONY: sbom

clean:           ## remove the demo's data and what set-up made
	@$(PYTHON) -m rig.clean

.PHONY: help setup demo test lint sizes graph faults mutants bench explain buy play-economy play-desk pictures flask translations lock clean
