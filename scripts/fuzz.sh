#!/usr/bin/env bash
# Every fuzz target of the tree, FUZZTIME each (default one minute).
set -euo pipefail
cd "$(dirname "$0")/.."
for f in $(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do
  for t in $(grep -oE '^func Fuzz[A-Za-z0-9_]*' "$f" | cut -d' ' -f2); do
    echo "== $(dirname "$f") $t"
    go test -run '^$' -fuzz "^$t\$" -fuzztime "${FUZZTIME:-1m}" "./$(dirname "$f")"
  done
done
