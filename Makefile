# Everything a developer and CI runs. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := $(CURDIR)/bin
GOBIN_DIR := $(or $(shell go env GOBIN),$(shell go env GOPATH)/bin)
BINDIR ?= $(GOBIN_DIR)
PLUGINS := $(notdir $(wildcard plugins/byoos-source-*))
FUZZTIME ?= 2000x

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: build
build: ## build the host and its plugins into bin/
	mkdir -p "$(BIN)/plugins"
	go build -o "$(BIN)/" ./cmd/kubectl-byoos
	go build -o "$(BIN)/plugins/" $(PLUGINS:%=./plugins/%)

.PHONY: install
install: build ## install the host and its plugins into BINDIR (default: Go's bin folder), below DESTDIR
	mkdir -p "$(DESTDIR)$(BINDIR)/plugins"
	install -m 0755 "$(BIN)/kubectl-byoos" "$(DESTDIR)$(BINDIR)/kubectl-byoos"
	for p in $(PLUGINS); do install -m 0755 "$(BIN)/plugins/$$p" "$(DESTDIR)$(BINDIR)/plugins/$$p"; done

.PHONY: example
example: ## render pack values from a manifest that Packer wrote
	mkdir -p "$(BIN)/plugins"
	go build -o "$(BIN)/" ./cmd/kubectl-byoos
	go build -o "$(BIN)/plugins/" ./plugins/byoos-source-packer
	"$(BIN)/kubectl-byoos" render -f examples/packer-aws/byoos.yaml

.PHONY: test
test: ## run all tests
	go test -timeout 25m ./...

.PHONY: race
race: ## run the tests of concurrent code with the race detector; -short leaves out further cases of one kind
	CGO_ENABLED=1 go test -race -short -timeout 25m ./plugins/sdk/... ./internal/source/... ./internal/pipeline/... ./internal/palette/... ./plugins/byoos-source-aws/... ./plugins/byoos-source-azure/internal/... ./plugins/byoos-source-oci/internal/...
	CGO_ENABLED=1 go test -race -short -timeout 25m -run '^Test(Gallery|Replication|SeveralPlaces|VerifyOfManySourcesAsksOnce|Canaries|Clouds|Locations|Judge|NewestFirst|MetadataServiceRefuses)' ./plugins/byoos-source-azure # what asks in parallel: the rest asks the whole program, many times

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (2000x: inputs, 1m: time)
	./hack/fuzz.sh $(FUZZTIME)

.PHONY: mutate
mutate: ## say which changed operators no unit test notices: in PACKAGES or all of docs/testing.md, or in lines changed SINCE a commit
	go run ./tools/mutants $(if $(SINCE),-since "$(SINCE)") $(PACKAGES)

.PHONY: removals
removals: ## leave out N pieces of PACKAGES, chosen by SEED, and say whose loss no unit test notices
	go run ./tools/removals -seed $(or $(SEED),1) -n $(or $(N),30) $(PACKAGES)

.PHONY: generate
generate: $(BIN)/buf ## write the generated code and reference pages
	PATH=$(BIN):$$PATH buf generate
	go generate ./...

.PHONY: lint
lint: $(BIN)/buf $(BIN)/golangci-lint ## vet, golangci-lint, buf lint and breaking
	go vet ./...
	$(BIN)/golangci-lint run ./...
	PATH=$(BIN):$$PATH buf lint
	./hack/breaking.sh $(BIN)/buf

.PHONY: bench
bench: build ## measure speed and memory; docs/benchmarks.md explains the figures
	./hack/bench.sh

.PHONY: dist
dist: $(BIN)/validate-krew-manifest ## make what a release of VERSION ships, for PLATFORMS alone where set; docs/releasing.md
	./hack/dist.sh $(VERSION) $(PLATFORMS)
	$(BIN)/validate-krew-manifest -manifest dist/byoos.yaml -skip-install

.PHONY: release-proto
release-proto: $(BIN)/buf ## write down the protocol of a release, for buf breaking
	./hack/breaking.sh $(BIN)/buf --release

.PHONY: ci
ci: ## all that a change must pass
	./.ci/run

# A tool has a module of its own, so its dependencies stay out of ours.
$(BIN)/buf: tools/buf/go.mod
	go build -modfile=tools/buf/go.mod -o $@ github.com/bufbuild/buf/cmd/buf

$(BIN)/validate-krew-manifest: tools/krew/go.mod
	go build -modfile=tools/krew/go.mod -o $@ sigs.k8s.io/krew/cmd/validate-krew-manifest

$(BIN)/golangci-lint: tools/golangci-lint/go.mod
	go build -modfile=tools/golangci-lint/go.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
