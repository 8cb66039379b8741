# `make test` is what CI runs and needs nothing prepared: it installs its tools through the package
# registries. Each part of it is a target of its own as well.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

FUZZTIME  ?= 60s # of all fuzz targets together
BENCHTIME ?= 1s
GOLANGCI  := v2.15.0
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.7

.PHONY: help build test lint fuzz bench load attacks hostile faults faults-short e2e pictures web generate backends examples deploy oro oro-storm \
        fmt tools node_modules hygiene prose vet unit memory web-check site generated conformance packaging release release-check clean

help: ## say what there is
	@grep -hE '^[a-z0-9_-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9_-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

build: ## bin/tidings, statically linked
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/tidings ./cmd/tidings

test: ## everything that CI checks, with a summary
	@.ci/test

lint: ## formatting and golangci-lint, all modules
	@.ci/lint $(GOLANGCI)

fmt: ## format all Go files
	@.ci/lint $(GOLANGCI) fmt

vet: ## go vet, all modules; and the main one compiles on other systems
	@.ci/modules go vet ./...
	@go run ./.ci/portable windows darwin freebsd

# The race detector needs cgo, which .ci/test turns off elsewhere. Without symbol tables, tests link faster.
RACE := CGO_ENABLED=1 go test -race -ldflags '-s -w' -timeout 20m

unit: ## go test -race, all modules but backends, deploy, oro, conformance, faults, hostile and packaging, and what depends on sockets once more with the portable ones
	@.ci/modules bash -c "go list ./... | grep -vE '/test/(backends|conformance|deploy|faults|hostile|oro|packaging)$$' | xargs -r env $(RACE)"
	TIDINGS_TEST_SOCKETS=portable $(RACE) ./internal/netpoll/... ./internal/transport/... ./internal/server/...
	@.ci/uring

memory: ## the tests of what is allocated, and of what a reload changes, which cannot run with the race detector
	go test -run TestAReloadAppliesOrNamesEveryKey ./internal/server/
	@.ci/alloc-tests

fuzz: ## each fuzz target for its share of FUZZTIME
	@.ci/fuzz $(FUZZTIME)

bench: ## benchmarks, without tests
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

load: ## measure Tidings and its peers side by side, and write docs/benchmarks.md
	cd test/load && go run .

web: node_modules ## build the browser parts that the binary embeds (web/dist)
	npm --prefix web run build

web-check: node_modules ## types and unit tests of the browser parts
	npm --prefix web run check
	npm --prefix web test

site: node_modules ## the documentation as a website, in site/dist
	npm --prefix site run build

generate: web ## make all generated files anew
	go generate ./...

generated: node_modules ## prove that the generated files are fresh
	@.ci/generated

attacks: ## the short form of make hostile, as a test
	go test -count=1 -timeout 15m ./test/hostile/

hostile: build ## attack a server as strangers and users can, for about half an hour
	go run ./test/hostile -tidings bin/tidings -times 10

faults-short: ## the short form of make faults, as a test
	go test -count=1 -timeout 15m -v ./test/faults/

faults: build ## kill, cut off, fill and corrupt a server under load, and look for anything that is lost
	go run ./test/faults -tidings bin/tidings

e2e: web build ## the demo in a real Chromium
	@.ci/e2e

pictures: build node_modules ## take docs/images from the demo in a Chromium
	TIDINGS_BINARY=$(CURDIR)/bin/tidings npm --prefix test/e2e run pictures

backends: ## the clients for backends, each in its language, against the real server
	go test -count=1 -v ./test/backends/ | grep -vE '^ *(=== |--- PASS)'

deploy: ## the files of deploy/, each with the program that it is for
	go test -count=1 -v ./test/deploy/ | grep -vE '^ *(=== |--- PASS)'

oro: node_modules ## an application of OroPlatform: its backend in PHP, its pages in a Chromium
	go test -count=1 -v -timeout 20m ./test/oro/ | grep -vE '^ *(=== |--- PASS)'

oro-storm: ## 5,000 pages of OroPlatform, and a restart of their server: some five minutes, and the figures of docs/oro.md
	ORO_PAGES=5000 go test -count=1 -v -timeout 30m -run TestAStormOfPages ./test/oro/

examples: build ## start the example applications and their server, and print the addresses
	@go run ./examples/orders/start

conformance: node_modules ## other projects' clients against the server
	$(RACE) -count=1 -v ./test/conformance/

hygiene: ## nothing in the repository belongs to one machine only
	@.ci/hygiene

prose: ## the English of comments, as far as a machine can check it
	@go run ./.ci/prose

tools: ## what the tests need beside Go and Node.js, as far as it can be installed
	@.ci/tools

# One stamp for each lock file: a folder is installed anew when its lock has changed.
LOCKS  := $(filter-out %/node_modules/%,$(wildcard web/package-lock.json site/package-lock.json test/*/package-lock.json))
STAMPS := $(LOCKS:package-lock.json=node_modules/.installed)

node_modules: $(STAMPS)

%/node_modules/.installed: %/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer"; exit 1; }
	npm ci --prefix $* --no-audit --no-fund --loglevel=error
	@touch $@

packaging: ## Dockerfile, compose file, Helm chart and workflows, with the parsers of those who read them
	cd test/packaging && go test -count=1 ./...
	go run $(ACTIONLINT)

release: ## archives, packages, chart, lists of modules and checksums of VERSION=x.y.z for all systems, in dist/
	@go run ./.ci/release "$(VERSION)"

release-check: ## a release can be made, is the same twice, and can be installed: the deb, and with go install
	@.ci/release-check

clean: ## remove what was built and installed
	rm -rf bin dist site/dist site/node_modules web/node_modules test/*/node_modules
