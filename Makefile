# Two commands: `make demo` and `make test`. Everything else is for those who work on the house.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
ENVIRONMENT = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")' \
	&& $(PYTHON) -I gateway/environment.py
# These two steer the set-up alone; the programs below would not know them.
RUN = env -u ISTHMUS_TORCH -u ISTHMUS_TORCH_INDEX .venv/bin
# The suite is made for two: more of them take more memory and are hardly faster (tests/conftest.py).
TEST_PROCESSES ?= 2

.PHONY: demo test serve doctor lint types rooms check lock clean

demo:  ## Send a phantom study through the imaging journey (ARGS=--once ends by itself)
	@$(ENVIRONMENT) imaging language speech
	@$(RUN)/isthmus demo $(ARGS)

test:  ## Run the whole test suite
	@$(ENVIRONMENT) imaging language speech dev
	@$(RUN)/pytest -n $(TEST_PROCESSES) $(ARGS)

serve:  ## Run the gateway on ./isthmus-data
	@$(ENVIRONMENT) imaging language speech
	@$(RUN)/isthmus serve $(ARGS)

doctor:  ## Explain ports, disk, models, what is off and why
	@$(ENVIRONMENT) imaging language speech
	@$(RUN)/isthmus doctor $(ARGS)

lint:  ## Style
	@$(ENVIRONMENT) imaging language speech dev
	@$(RUN)/ruff check
	@$(RUN)/ruff format --check

types:  ## Types
	@$(ENVIRONMENT) imaging language speech dev
	@$(RUN)/mypy

rooms:  ## Import contract
	@$(ENVIRONMENT) imaging language speech dev
	@$(RUN)/lint-imports

check: lint types rooms test  ## All gates

lock:  ## Write constraints.txt and constraints.json anew (needs uv in .venv)
	@$(ENVIRONMENT) imaging language speech dev
	@$(RUN)/python .ci/lock.py

clean:  ## Remove the environment and the caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
