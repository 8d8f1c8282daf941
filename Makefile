# Go alone builds, runs and tests everything. Targets are listed by `make`.

.DEFAULT_GOAL := help
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X main.version=$(VERSION))
PLUGINS := $(notdir $(patsubst %/,%,$(dir $(wildcard plugins/*/main.go))))

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

.PHONY: run
run: build ## Build everything and run the demonstration on 127.0.0.1:8080
	@exec ./bin/afara dev

.PHONY: build
build: ## Build the engine, the sandbox and all connectors into ./bin
	@mkdir -p bin $(PLUGINS:%=bin/plugins/%)
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...
	@set -e; for name in $(PLUGINS); do \
		$(GO) build -trimpath -ldflags '-s -w' -o bin/plugins/$$name/$$name ./plugins/$$name; \
		cp plugins/$$name/manifest.json bin/plugins/$$name/manifest.json; \
	done
