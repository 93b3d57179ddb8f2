#!/usr/bin/env bash
# Runs the README's own test command in a fresh virtual environment, the tests marked `ci`, lint and types, then the
# wheel in another.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export AUXTASK_CACHE="$folder/cache"

python3 -m venv "$folder/venv"
source "$folder/venv/bin/activate"
command=$(grep -E '^pip install -c constraints.txt -e "\.\[test\]" && pytest' README.md)
echo "+ $command"
bash -c "$command"
# What takes too long for every run: launches, many architectures, whole real data sets, the wheel.
pytest -m ci

pip install -q -c constraints.txt -e ".[dev,docs]"
ruff check .
ruff format --check .
mypy
python -m zensical build --strict

# The committed tables come out of the committed runs, byte for byte.
python scripts/make_tables.py results/runs.tar.xz "$folder/tables"
diff -r results/tables "$folder/tables"

pip wheel -q --no-deps --wheel-dir "$folder/wheel" .
deactivate

python3 -m venv "$folder/plain"
source "$folder/plain/bin/activate"
pip install -q -c constraints.txt "$folder"/wheel/auxtask-*.whl
cd "$folder"
python -m auxtask.train aux=rtm trainer.max_steps=20 paths.runs="$folder/runs"
echo "the wheel runs on its own, outside $root"
