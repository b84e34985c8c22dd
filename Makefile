# Kortverk. `make help` lists the targets.
SHELL := /usr/bin/env bash
GO ?= go
TOOL := $(GO) tool -modfile=tools/go.mod
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.DEFAULT_GOAL := help
.PHONY: help run build test unit e2e check generate css features mutate soak failover keep-release fuzz bench overload release clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

build: ## build bin/kortverk
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w -X main.version=$(VERSION)' -o bin/kortverk ./cmd/kortverk

run: build ## build and start the whole world on this machine; needs only Go
	./bin/kortverk dev

test: ## install what is missing, then run every test there is; prints seconds per stage
	@scripts/test.sh

unit: ## the tests that need only Go (PostgreSQL and browser tests say that they skip)
	$(GO) test ./...

e2e: ## only the browser journeys; pictures of the pages go to var/screens
	@scripts/test.sh e2e

check: ## formatting, vet, staticcheck, generated files
	@scripts/check.sh

generate: ## make the generated files again: templ, states, configuration reference
	$(TOOL) templ generate -path internal -log-level=error
	$(GO) generate ./...
	@T="$$($(GO) run ./cmd/kortverk config reference)" && export T && f=docs/operations/configuration.md && \
	  awk '/<!-- end/{p=0} !p{print} /<!-- begin/{print ENVIRON["T"]; p=1}' $$f > $$f.new && mv $$f.new $$f

css: ## build the style sheet again (needs node and npm; the built file is committed)
	tools/css/build.sh

features: ## rows of docs/features.md and the tests that show them
	@$(GO) run ./scripts/features

soak: ## kill the server 500 times on each database (KV_KILLS, KV_SEED; about half an hour; needs PostgreSQL)
	@source scripts/postgres.sh && KV_REQUIRE=1 KV_KILLS=$${KV_KILLS:-500} $(GO) test -count=1 -v -timeout 3h -run 'TestKills|TestPoints' ./test/kill

failover: ## take PostgreSQL's primary away 20 times under load, and print the gaps (KV_FAILOVERS; needs PostgreSQL)
	@KV_REQUIRE=1 KV_FAILOVERS=$${KV_FAILOVERS:-20} $(GO) test -count=1 -v -timeout 2h -run TestFailover ./test/nodes | grep -E 'failover|_test.go|^(---|ok|FAIL|panic)'

keep-release: ## keep the database of the release that is built now, for the upgrade tests (NAME=schema10; needs PostgreSQL)
	@test -n "$(NAME)" && source scripts/postgres.sh && KV_REQUIRE=1 KV_KEEP_RELEASE=$(CURDIR)/test/upgrade/testdata/$(NAME) $(GO) test -count=1 -timeout 20m -run TestKeepRelease ./test/upgrade

mutate: ## take every guard of an UPDATE away, one at a time, and see that a test fails (an hour or more; ONLY=regexp)
	@bash -c 'source scripts/postgres.sh && nice $(GO) run ./scripts/mutate -only "$(ONLY)"'

fuzz: ## every fuzz target for a while (FUZZTIME=1m)
	@scripts/fuzz.sh

bench: ## measure against bare baselines with a million cards, into docs/performance.md (KV_BENCH_CARDS=10000 for a look)
	@$(GO) build -o bin/bench ./test/bench && ./bin/bench

overload: ## the long form of the overload tests: ten times the load for a minute, 10,000 connections, 200 stops
	@bash -c 'source scripts/postgres.sh && KV_LONG=1 KV_REQUIRE=1 $(GO) test -count=1 -v -timeout 60m ./test/overload'

release: ## a stripped binary for each platform in dist/
	@for p in linux/amd64 linux/arm64 darwin/arm64 windows/amd64; do \
	  os=$${p%/*}; arch=$${p#*/}; ext=; [ $$os = windows ] && ext=.exe; echo $$p; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags='-s -w -X main.version=$(VERSION)' -o dist/kortverk-$$os-$$arch$$ext ./cmd/kortverk || exit 1; done

clean: ## remove what was built and the sandbox world
	rm -rf bin dist var
