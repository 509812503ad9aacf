# Needs Go and a C compiler (DuckDB is linked in).

DATA ?= data/demo

.DEFAULT_GOAL := help
.PHONY: help build test demo bench soak run ci clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/spendbridge
	go build -o bin/spendbridge ./cmd/spendbridge

test: ## run all tests with the race detector
	GORACE=atexit_sleep_ms=0 go test -race -timeout 30m ./...

demo: build ## run the whole job on invented data in DATA (data/demo); again, and nothing is posted twice
	bin/spendbridge demo --dir $(DATA)

bench: ## measure what a run costs, against a bare DuckDB statement
	go test -run '^$$' -bench Targets -benchtime 1x ./cmd/spendbridge

soak: ## run the long tests: kills, faults, years of schedule
	SPENDBRIDGE_SOAK=1 GORACE=atexit_sleep_ms=0 go test -race -timeout 4h ./...

run: build ## run the job of spendbridge.yaml
	bin/spendbridge run

ci: ## run what CI runs
	.ci/run

clean: ## remove what build and demo made
	rm -rf bin data/demo
