# Go alone builds, runs and tests everything: `make` lists the targets. What a
# target needs beyond Go it says, and fetches in the version pinned here.

.DEFAULT_GOAL := help
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X main.version=$(VERSION))
PLUGINS := $(patsubst plugins/%/main.go,%,$(wildcard plugins/*/main.go))
GENERATED := sdk/connectorpb sdk/node/afara README.md docs/events.md docs/reference

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

.PHONY: run
run: build ## Build everything and run the demonstration on 127.0.0.1:8080
	@exec ./bin/afara dev

.PHONY: build
build: ## Build the engine, the sandbox and all connectors into ./bin
	@mkdir -p $(PLUGINS:%=bin/plugins/%)
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...
	@set -e; for name in $(PLUGINS); do \
		echo "$(GO) build -o bin/plugins/$$name/$$name ./plugins/$$name"; \
		$(GO) build -trimpath -ldflags '-s -w' -o bin/plugins/$$name/$$name ./plugins/$$name; \
		cp plugins/$$name/manifest.json bin/plugins/$$name/manifest.json; \
	done

.PHONY: test
test: ## Run all tests; without Redis or PostgreSQL their tests are skipped aloud
	@$(GO) test ./...; status=$$?; .ci/skips; exit $$status

.PHONY: race
race: ## Run all tests with the race detector
	$(GO) test -race -timeout 30m ./...

.PHONY: check
check: format vet lint generated race vulnerabilities ## Everything that CI wants: format, lint, generated code, race, vulnerabilities

.PHONY: format
format:
	@unformatted=$$(gofmt -l cmd docs engine plugins schemas sdk); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; fi

.PHONY: vet
vet:
	$(GO) vet ./...
	$(GO) vet -tags afara_failpoints ./...

.PHONY: lint
lint:
	@if command -v staticcheck >/dev/null; then staticcheck ./...; else $(GO) run $(STATICCHECK) ./...; fi
	@if command -v golangci-lint >/dev/null; then golangci-lint run ./...; else $(GO) run $(GOLANGCI) run ./...; fi

.PHONY: generate
generate: ## Write generated code, and the README's table of settings, anew
	$(GO) generate ./...
	$(GO) test ./cmd/afara -run TestReadmeShowsTheSettings -update

.PHONY: generated
generated:
	@before=$$(git hash-object $$(git ls-files $(GENERATED))); $(MAKE) --no-print-directory generate; \
	after=$$(git hash-object $$(git ls-files $(GENERATED))); \
	if [ "$$before" != "$$after" ]; then echo "generated files were out of date: commit what make generate wrote"; git diff --stat -- $(GENERATED); exit 1; fi

# The database of vulnerabilities is on the network: where it cannot be reached
# nothing is proved, and that is said; findings fail.
.PHONY: vulnerabilities
vulnerabilities:
	@if command -v govulncheck >/dev/null; then .ci/vulnerabilities govulncheck ./...; else .ci/vulnerabilities $(GO) run $(GOVULNCHECK) ./...; fi

.PHONY: authors
authors: ## Walk docs/connectors.md: new connectors in Go and Node that conform
	@.ci/authors

.PHONY: bench
bench: build ## Measure the parts, then the whole way of an invoice
	$(GO) test -run '^$$' -bench . -benchmem ./...
	./bin/afara bench invoices
