#!/usr/bin/env bash
# Every fuzz target of the tree, FUZZTIME each (default one minute), at low
# priority: make fuzz. Arguments are packages to keep to: scripts/fuzz.sh
# internal/web internal/photo. A finding ends the run with what fails; its input
# is kept under the package's testdata/fuzz, where every later test tries it.
set -euo pipefail
cd "$(dirname "$0")/.."
count=0
for f in $(git ls-files "${@:-.}" | grep '_test\.go$' | xargs grep -l '^func Fuzz'); do
  for t in $(grep -oE '^func Fuzz[A-Za-z0-9_]*' "$f" | cut -d' ' -f2); do
    echo "== $(dirname "$f") $t"
    nice go test -run '^$' -fuzz "^$t\$" -fuzztime "${FUZZTIME:-1m}" "./$(dirname "$f")"
    count=$((count + 1))
  done
done
echo "$count targets, ${FUZZTIME:-1m} each: nothing found"
