#!/bin/sh
# All figures of an NVIDIA GPU, in at most eight minutes: sh benchmarks/gpu.sh [--results]
# First that the engine gives its memory back; then the engine beside bare vLLM, and training as a share of the peak.
# The LLM and the encoder have random weights of real sizes: no hub is asked. A part that fails does not stop the others.
cd "$(dirname "$0")/.." || exit 2
python=${PYTHON:-.venv/bin/python}
"$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' ||
  { echo "gpu.sh: needs an NVIDIA GPU, and torch of $python sees none" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=""

part() { # seconds that it may take, name, command
  limit=$1 name=$2
  shift 2
  echo
  echo "$name: $*"
  timeout "$limit" "$@" || failed="$failed $name ($?)"
}

part 60 llm "$python" benchmarks/shapes.py 0.5B "$folder/llm"
part 100 memory_test "$python" -m pytest -q tests/gpu/test_engine_memory.py
part 90 memory "$python" benchmarks/gpu.py --model "$folder/llm" --repeats 1 "$@"
part 130 engine "$python" benchmarks/synthesis.py --model "$folder/llm" --beside bare --tables rates,stages --rows 1000 \
  --repeats 2 "$@" task=reviews llm.max_tokens=64 llm.truncated=keep loop.tries=1
part 100 training "$python" benchmarks/training.py --device cuda --size distilbert --shapes rte --rows 4096 \
  --padded-rows 512 --repeats 2 "$@"
[ -z "$failed" ] || { echo "gpu.sh: failed, with their exit codes:$failed" >&2; exit 1; }
