#!/usr/bin/env bash
# Formatting, vet, staticcheck, and that generated files are what their sources make.
set -euo pipefail
cd "$(dirname "$0")/.."
tool() { go tool -modfile=tools/go.mod "$@"; }

bad=$(tool gofumpt -l $(git ls-files '*.go' | grep -v '_templ\.go$'))
[ -z "$bad" ] || { printf 'not formatted by gofumpt:\n%s\n' "$bad"; exit 1; }
go vet ./...
tool staticcheck ./...

before=$(git status --porcelain)
make --no-print-directory -s generate
after=$(git status --porcelain)
[ "$before" = "$after" ] || { echo "generated files differ from their sources; run make generate:"; git status --short; exit 1; }
echo "check: well"
