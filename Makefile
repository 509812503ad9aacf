# Needs Go and a C compiler (DuckDB is linked in).

DATA ?= data/demo

.DEFAULT_GOAL := help
.PHONY: help build test test-store test-lake demo readers starters readers-bucket bench soak run dist test-package ci clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/spendbridge
	go build -trimpath -ldflags '-X main.release=$(VERSION)' -o bin/spendbridge ./cmd/spendbridge

test: build ## run all tests with the race detector; programs that they start are bin/spendbridge
	SPENDBRIDGE_TEST_PROGRAM=$(CURDIR)/bin/spendbridge GORACE=atexit_sleep_ms=0 go test -race -timeout 30m ./...

test-store: ## run the tests of the store on a bucket of a server that is installed and started for them
	.ci/store

test-lake: ## run the tests of the lake beside a PostgreSQL that is installed and started for them
	.ci/lake

demo: build ## run the whole job on invented data in DATA (data/demo); again, and nothing is posted twice
	bin/spendbridge demo --dir $(DATA)

readers: demo ## read the demo's snapshot with Spark, Polars and every other engine, or with ENGINES; needs Python and Java
	python3 schemas/parquet/readers.py --packages bin/readers $(DATA) $(ENGINES)

starters: demo ## run the starters for analysts on the demo's copy: dbt and a page of SQL; needs Python
	.ci/starters $(DATA)/spend.duckdb

readers-bucket: demo ## read it from a bucket with each of them: .ci/store make readers-bucket
	python3 schemas/parquet/readers.py --packages bin/readers --bucket bin/spendbridge $(DATA) $(ENGINES)

bench: ## measure what a run costs, against a bare DuckDB statement
	go test -run '^$$' -bench Targets -benchtime 1x ./cmd/spendbridge

soak: ## run the long tests: kills, faults, years of schedule, stories on lakes; and first runs of 1 and 3 million records
	SPENDBRIDGE_SOAK=1 GORACE=atexit_sleep_ms=0 go test -race -timeout 4h ./...
	SPENDBRIDGE_TEST_EVERYTHING_ON_LAKE=1 .ci/lake go test -count=1 -timeout 4h ./etl/transform ./etl/extract
	SPENDBRIDGE_SOAK=1 .ci/lake
	go test -run '^$$' -bench Volume -benchtime 1x -timeout 4h ./cmd/spendbridge

run: build ## run the job of spendbridge.yaml
	bin/spendbridge run

dist: ## build archives, packages and images into dist/, as VERSION (v1.2.3), for ARCH (amd64 arm64); as root on Debian
	ARCH="$(ARCH)" VERSION="$(VERSION)" .ci/dist

test-package: ## install, upgrade and remove the package on this machine, as root
	.ci/package

ci: ## run what CI runs
	.ci/run

clean: ## remove what build and demo made
	rm -rf bin dist data/demo
