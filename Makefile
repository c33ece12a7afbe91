# steadfetch: `make demo` shows it, `make test` checks it. Both install what they need.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## lists the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: demo
demo: build ## chats in the terminal through faults, with and without steadfetch, and serves the page
	@node web/demo.mjs

.PHONY: test
test: test-computing test-timing test-module ## everything that guards a change

# Two parts at a time. A part prints when it has ended (not with the make of macOS); after a failure no other begins.
together := $(MAKE) --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.PHONY: test-computing
test-computing:
	@$(together) lint-go lint-js test-js test-go-built test-repo

# Some of these tests measure how soon bytes arrive, so nothing that computes runs beside them. (-o: just built.)
.PHONY: test-timing
test-timing: build
	@$(together) -o build test-browser test-transparency

# Some tests in Go run the package.
.PHONY: test-go-built
test-go-built: build
	@$(MAKE) --no-print-directory test-go

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
lint: lint-go lint-js ## formatting, linters, types, generated files

.PHONY: reference
reference: npm ## writes the tables of docs/reference.md from the comments in the sources
	node hosttest/docs/reference.mjs

.PHONY: lint-go
lint-go:
	go run mvdan.cc/gofumpt@v0.12.0 -l . | tee /dev/stderr | (! grep -q .)
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 $$(go list ./... | grep -v /guest$$)
	GOOS=wasip1 GOARCH=wasm go vet ./wasm/guest

# The build has checked the types of jsbridge/src.
.PHONY: lint-js
lint-js: build
	npm run --silent lint
	npm run --silent check:types -w jsbridge
	node_modules/.bin/tsc -p jsbridge/test --noEmit
	cd jsbridge && ../node_modules/.bin/typedoc --skipErrorChecking
	node hosttest/docs/reference.mjs --check
	node .ci/licences.mjs --check

.PHONY: test-go
test-go: ## the Go packages, natively and through the module on wazero
	go test -vet=off ./... # lint-go vets
	cd retry/transport/sdktest && go test ./...

.PHONY: test-js
test-js: build ## the npm package in Node.js, with the real SDKs
	npm run --silent test -w jsbridge -- --built

.PHONY: test-transparency
test-transparency: build ## healthy and foreign traffic, through fetch and through createFetch side by side
	node hosttest/install.mjs transparency
	node --test --test-force-exit --test-concurrency=2 --test-reporter=spec hosttest/transparency/*.test.mjs

.PHONY: test-browser
test-browser: build ## the vectors and the SDKs in Chromium
	.ci/setup chromium
	npm run --silent test -w web

.PHONY: test-page
test-page: build ## the page, <retry-status> and two tabs as a visitor uses them, in Chromium, Firefox and WebKit: with real waits it takes minutes
	.ci/setup chromium firefox webkit
	npm run --silent test:visitor -w web

.PHONY: picture
picture: build ## makes web/picture.gif, the README's, from the page itself
	.ci/setup chromium
	@node web/picture.mjs

.PHONY: test-repo
test-repo: ## the release, and that everything that pages and workflows name exists
	node --test --test-reporter=spec hosttest/repo/*.test.mjs

.PHONY: release
release: build ## shows what a release would be: make release VERSION=0.2.0 [WRITE=yes]
	@node .ci/release.mjs "$(VERSION)" $(if $(filter yes,$(WRITE)),--write)

.PHONY: licences
licences: npm ## writes docs/licences.md
	node .ci/licences.mjs

.PHONY: audit
audit: ## go.mod is tidy, and the locked npm packages have no known holes
	@for folder in $$(git ls-files '*go.mod' | xargs -n1 dirname); do (cd "$$folder" && go mod tidy -diff) || { echo "$$folder: run go mod tidy" >&2; exit 1; }; done
	npm audit --omit=dev

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
tables: npm ## writes the tables of make size, make peers and make storm into README.md and RATIONALE.md
	@node hosttest/docs/tables.mjs

.PHONY: corpus
corpus: ## how many real errors the classifier decides rightly, beside its peers
	@go test ./classify -run Corpus -count=1 -v | grep -v '^=== \|^--- \|^PASS\|^ok'

# BODY goes through the environment as it is: it has quotes and dollars.
.PHONY: explain
explain: export EXPLAIN_BODY := $(value BODY)
explain: ## how an error is classified, and by which phrase: make explain STATUS=429 PROVIDER=openai BODY='...'
	@go run ./hosttest/explain -status "$(or $(STATUS),0)" -provider "$(PROVIDER)" "$$EXPLAIN_BODY"

.PHONY: faults
faults: build ## every fault, in every protocol and place, met by every client, as one table
	@cd hosttest/faults && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm install --no-save --silent --no-audit --no-fund; }
	@lines=$$(mktemp); trap 'rm -f "$$lines"' EXIT; \
	STEADFETCH_FAULTS_OUT="$$lines" go test ./retry/transport -run '^TestFaults$$' -count=1 | grep -v '^ok' | tail -n 20 >&2 || true; \
	node hosttest/faults/faults.mjs "$$lines"

.PHONY: peers
peers: build ## how other clients handle faults, with their defaults: a table for the README
	@cd hosttest/faults && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm install --no-save --silent --no-audit --no-fund; }
	@node hosttest/faults/peers.mjs

test-all: faults

.PHONY: bench
bench: build ## measures the package beside its peers, and prints ratios (about two minutes)
	@node hosttest/install.mjs bench
	@node hosttest/bench/bench.mjs
	@node jsbridge/bench/react.mjs

.PHONY: storm
storm: ## many clients at a limit, on a fake clock: time and wasted requests, ours beside others' formulas
	@go run ./hosttest/storm

.PHONY: load
load: build ## ten thousand requests at a limit in Node.js and Go, beside a loop by hand
	@failed=0; node hosttest/load/load.mjs || failed=1; \
	STEADFETCH_ALL=1 go test ./hosttest/load -count=1 -v | grep -v '^=== ' || failed=1; exit $$failed

STREAMS ?= 100000
.PHONY: soak
soak: build ## seeded chaos: STREAMS streams of every protocol through createFetch, stream() and Go, byte for byte
	go test ./hosttest/soak -count=1 -timeout 2h -v -streams $(STREAMS) | grep -v '^=== '

# What several goroutines do at once. With the race detector the chaos is slower, so there is less of it.
.PHONY: race
race: ## the Go packages that are concurrent, under the race detector
	go test -race -count=1 ./retry/... ./wasm
	go test -race -count=1 ./hosttest/soak -streams 800 -run 'Go$$|Transport$$'

test-all: race

N ?= 1000000
.PHONY: differential
differential: build ## N random calls to every build of the engine: Go, wazero, Node.js, plain JavaScript, Go's own builds
	go test ./hosttest/differential -count=1 -timeout 4h -v -every -cases $(N) | grep -v '^=== '

.PHONY: sha256
sha256: build ## of the module, wherever it is
	@node hosttest/sha256.mjs

FUZZTIME ?= 60s
.PHONY: fuzz
fuzz: ## every fuzz test for FUZZTIME (60s)
	@for pkg in $$(go list ./...); do \
		for name in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$name"; go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
		done; \
	done

.PHONY: fmt
fmt: npm ## formats everything
	go run mvdan.cc/gofumpt@v0.12.0 -w .
	npm run --silent format

.PHONY: test-all
test-all: test test-builds test-page test-docs test-runtimes test-sdks test-bundlers test-apps ## make test, and the page, every vector on Go's own builds, every example, runtime, SDK and bundler

.PHONY: test-builds
test-builds: ## every vector on the core as Go's own compiler builds it; make test plays one in five
	STEADFETCH_ALL=1 go test ./hosttest -count=1 -run BuiltByGo

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
test-docs: build ## every code block of the pages, and the examples, as they are written
	.ci/setup chromium
	node hosttest/install.mjs runtimes docs
	node --test --test-reporter=spec hosttest/docs/docs.test.mjs hosttest/docs/examples.test.mjs
