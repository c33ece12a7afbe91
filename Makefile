# steadfetch: `make demo` shows it, `make test` checks it. Both install what they need.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## lists the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: demo
demo: build ## chats in the terminal through faults, then serves the page
	@node web/demo.mjs

.PHONY: test
test: lint test-go test-js test-transparency test-browser test-module ## everything that guards a change

.PHONY: test-module
test-module:
	@if [ "$${CI:-}" = true ]; then $(MAKE) --no-print-directory check-wasm; \
	else echo "not run: make check-wasm, which builds the module's compiler (CI=true runs it)"; fi

.PHONY: build
build: npm ## builds the npm package
	@npm run --silent build

.PHONY: npm
npm:
	@.ci/setup npm

.PHONY: lint
lint: npm lint-go ## formatting, linters, types, generated files
	npm run --silent lint
	npm run --silent build
	npm run --silent typecheck

.PHONY: lint-go
lint-go:
	go run mvdan.cc/gofumpt@v0.12.0 -l . | tee /dev/stderr | (! grep -q .)
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 $$(go list ./... | grep -v /guest$$)
	GOOS=wasip1 GOARCH=wasm go vet ./wasm/guest

.PHONY: test-go
test-go: ## the Go packages, natively and through the module on wazero
	go test ./...
	cd retry/transport/sdktest && go test ./...

.PHONY: test-js
test-js: build ## the npm package in Node.js, with the real SDKs
	npm run --silent test -w jsbridge

.PHONY: test-transparency
test-transparency: build ## healthy and foreign traffic, through fetch and through createFetch side by side
	node hosttest/install.mjs transparency
	node --test --test-force-exit --test-concurrency=2 --test-reporter=spec hosttest/transparency/*.test.mjs

.PHONY: test-browser
test-browser: build ## the page and the SDKs in Chromium
	.ci/setup chromium
	npm run --silent test -w web

.PHONY: wasm
wasm: ## builds wasm/steadfetch.wasm again, the same bytes from the same sources
	wasm/build.sh

.PHONY: wasm-go
wasm-go: ## builds the core with Go's own compiler into wasm/build, for init(): wasip1.wasm, and js.wasm with its wasm_exec.js
	@mkdir -p wasm/build
	GOOS=wasip1 GOARCH=wasm go build -ldflags='-s -w' -buildmode=c-shared -o wasm/build/wasip1.wasm ./wasm/guest
	GOOS=js GOARCH=wasm go build -ldflags='-s -w' -o wasm/build/js.wasm ./wasm/guest
	@cp "$$(go env GOROOT)/lib/wasm/wasm_exec.js" wasm/build

.PHONY: check-wasm
check-wasm: ## fails if the committed module is not what its sources make
	@fresh=$$(mktemp); trap 'rm -f "$$fresh"' EXIT; \
	wasm/build.sh -o "$$fresh" >/dev/null; \
	cmp "$$fresh" wasm/steadfetch.wasm || { echo "wasm/steadfetch.wasm is stale: run make wasm and commit it" >&2; exit 1; }; \
	echo "wasm/steadfetch.wasm is what its sources make"

.PHONY: size
size: npm ## what a page pays, as a table for the README
	@npm run --silent size -w jsbridge

.PHONY: tables
tables: npm ## writes the tables of make size and make storm into README.md and RATIONALE.md
	@node hosttest/docs/tables.mjs

.PHONY: corpus
corpus: ## how many real errors the classifier decides rightly, beside its peers
	@go test ./classify -run Corpus -count=1 -v | grep -v '^=== \|^--- \|^PASS\|^ok'

.PHONY: faults
faults: build ## every fault, in every protocol and place, met by every client, as one table
	@cd hosttest/faults && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm install --no-save --silent --no-audit --no-fund; }
	@lines=$$(mktemp); trap 'rm -f "$$lines"' EXIT; \
	STEADFETCH_FAULTS_OUT="$$lines" go test ./retry/transport -run '^TestFaults$$' -count=1 | grep -v '^ok' | tail -n 20 >&2 || true; \
	node hosttest/faults/faults.mjs "$$lines"

test-all: faults

.PHONY: bench
bench: build ## measures the package beside its peers, and prints ratios (about two minutes)
	@node hosttest/install.mjs bench
	@node hosttest/bench/bench.mjs

.PHONY: storm
storm: ## many clients at a limit, on a fake clock: time and requests in vain, ours beside others' formulas
	@go run ./hosttest/storm

.PHONY: load
load: build ## ten thousand requests at a limit in Node.js and Go, beside a loop by hand
	node hosttest/load/load.mjs
	STEADFETCH_ALL=1 go test ./hosttest/load -count=1 -v | grep -v '^=== '

.PHONY: fuzz
fuzz: ## a minute of every fuzz test
	@for pkg in $$(go list ./...); do \
		for name in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$name"; go test -run '^$$' -fuzz "^$$name\$$" -fuzztime 60s -fuzzminimizetime 10x $$pkg; \
		done; \
	done

.PHONY: fmt
fmt: npm ## formats everything
	go run mvdan.cc/gofumpt@v0.12.0 -w .
	npm run --silent format

.PHONY: test-all
test-all: test test-docs test-runtimes test-sdks test-bundlers test-apps ## make test, and every example, runtime, SDK and bundler

.PHONY: test-runtimes
test-runtimes: build ## the packed package in Node.js, Deno, Bun, workerd, browsers, wazero
	.ci/setup chromium firefox webkit
	node hosttest/install.mjs runtimes
	node --test --test-reporter=spec hosttest/runtimes/runtimes.test.mjs

.PHONY: test-sdks
test-sdks: build ## the SDKs with the packed package, in Node.js 20 and the newest, and Chromium
	.ci/setup chromium
	node hosttest/install.mjs runtimes sdks
	node --test --test-reporter=spec hosttest/sdks/sdks.test.mjs
	hosttest/runtimes/node_modules/.bin/node --test --test-reporter=spec hosttest/sdks/sdks.test.mjs

.PHONY: test-bundlers
test-bundlers: build ## the packed package through every bundler, loaded in Chromium or Node.js
	.ci/setup chromium
	node hosttest/install.mjs bundlers
	node --test --test-reporter=spec hosttest/bundlers/bundlers.test.mjs

.PHONY: test-apps
test-apps: build ## the applications in examples, fresh, in Chromium; Jest and vitest (a build of Next.js takes a minute)
	.ci/setup chromium
	node hosttest/install.mjs apps testrunners
	cd hosttest/testrunners && node_modules/.bin/jest && node_modules/.bin/vitest run
	node --test --test-reporter=spec hosttest/apps/apps.test.mjs

.PHONY: test-docs
test-docs: build ## every code block of the READMEs, as it is written
	.ci/setup chromium
	node hosttest/install.mjs runtimes docs
	node --test --test-reporter=spec hosttest/docs/docs.test.mjs
