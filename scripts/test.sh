#!/usr/bin/env bash
# Runs everything, or only the stages named as arguments: unit, e2e, faults, check.
# Nothing is left out: what is missing on the machine is installed through the
# system's packages, or named. Prints the seconds of each stage.
set -euo pipefail
cd "$(dirname "$0")/.."
stages=${*:-unit e2e faults check}
report=""
total=$SECONDS

stage() { # name, command...
  local name=$1 start=$SECONDS; shift
  echo "== $name"
  if ! "$@"; then
    echo "== $name FAILED after $((SECONDS - start)) s"; exit 1
  fi
  report+=$(printf '%6d s  %s' $((SECONDS - start)) "$name")$'\n'
}

# Drawing and judging pictures is arithmetic on one goroutine: the race detector
# would find nothing there and takes ten times as long.
pictures='/internal/(photo|artwork|cast)$'
unit() {
  KV_REQUIRE=1 go test -race -shuffle=on -timeout 20m $(go list ./... | grep -v /test/ | grep -vE "$pictures") &&
    go test -shuffle=on -timeout 20m $(go list ./... | grep -E "$pictures")
}
# The program is built once for all packages that run it.
programs() {
  mkdir -p var/test && go build -o var/test/kortverk ./cmd/kortverk &&
    go build -tags failpoint -o var/test/kortverk-failpoint ./cmd/kortverk &&
    export KV_BINARY=$PWD/var/test/kortverk KV_BINARY_FAILPOINT=$PWD/var/test/kortverk-failpoint
}
e2e() { programs && KV_REQUIRE=1 go test -count=1 -timeout 20m ./test/e2e/...; }
# Crashes, races, limits: against the real binary, or against the services on both engines. They wait more than they compute.
faults() { programs && KV_REQUIRE=1 go test -count=1 -p 3 -timeout 20m $(go list ./test/... | grep -v /test/e2e); }

need="cc postgres chromium"
stage "what the tests need" scripts/need.sh $need
source scripts/postgres.sh   # one server for all packages; stopped when this script ends
for s in $stages; do
  case $s in
    unit)  stage "unit and store tests, both engines, race detector" unit ;;
    e2e)   stage "journeys in a real browser, both engines" e2e ;;
    faults) stage "faults: kills, races, failing neighbours, limits" faults ;;
    check) stage "formatting, vet, staticcheck, generated files" scripts/check.sh ;;
    *) echo "unknown stage: $s (unit, e2e, faults, check)"; exit 2 ;;
  esac
done
echo
echo "seconds per stage"
printf '%s' "$report"
printf '%6d s  in all\n' $((SECONDS - total))
