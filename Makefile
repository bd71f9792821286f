# Thin: each target installs what is missing, builds with CMake, and runs one program or one script.
.DEFAULT_GOAL := help
.PHONY: help run test demo build install lint bench fuzz test-kafka threads seeds soak coverage clean

JOBS ?= $(shell nproc)
ORDERS ?=
KAFKA ?=
CHAOS ?=
PORT ?=
HTTP_PORT ?=
DATA ?=
FUZZ_SECONDS ?= 600
SOAK_SECONDS ?= 600
SEED ?=
PREFIX ?= /usr/local

# Where the demo is: ports, and a folder that stays.
PLACE = $(if $(PORT),--port $(PORT)) $(if $(HTTP_PORT),--http-port $(HTTP_PORT)) $(if $(DATA),--data $(DATA))

help: ## this list
	@echo 'weir: event-driven microservices in C'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo 'Variables of run and demo: PORT=N of the broker, HTTP_PORT=N of the gateway, DATA=DIR that stays'
	@echo 'Variables of demo: ORDERS=FILE (.csv or .csv.xz), KAFKA=host:port, CHAOS=1'

build: ## the release build, in build/release
	@tools/install_packages run
	@cmake --preset release >build-release.log 2>&1 && rm build-release.log || { cat build-release.log; rm build-release.log; exit 1; }
	@cmake --build --preset release -j $(JOBS)

install: build ## weir, libweir and its headers below PREFIX (/usr/local)
	@cmake --install build/release --prefix $(PREFIX)
	@if [ "$$(id -u)" = 0 ] && [ -z "$(DESTDIR)" ]; then ldconfig; fi # so that programs find libweir.so at once

run: build ## broker and eight services at a rate a person can watch, until Ctrl-C
	@build/release/bin/weir demo --live $(PLACE)

demo: build ## a bounded number of orders as fast as they go, then a summary and its invariants
	@build/release/bin/weir demo $(PLACE) $(if $(ORDERS),--orders $(ORDERS)) $(if $(KAFKA),--kafka $(KAFKA)) $(if $(CHAOS),--chaos)

test: ## unit tests under ASan and UBSan, then other people's clients against the broker
	@tools/install_packages run test
	@JOBS=$(JOBS) tools/run_tests

threads: ## the tests of rooms that have threads, under ThreadSanitizer
	@tools/install_packages run test
	@JOBS=$(JOBS) tools/run_tests threads

seeds: ## the tests that draw from a seed, with a new one (SEED=N repeats a run)
	@tools/install_packages run test
	@JOBS=$(JOBS) SEED=$(SEED) tools/run_tests seeds

soak: ## the same again and again for SOAK_SECONDS (600)
	@tools/install_packages run test
	@JOBS=$(JOBS) SOAK_SECONDS=$(SOAK_SECONDS) tools/run_tests soak

coverage: ## which lines of each room the unit tests reach
	@tools/install_packages run test
	@JOBS=$(JOBS) tools/coverage

test-kafka: build ## the demo and the client tests on Apache Kafka (from Maven Central, Java 17)
	@tools/install_packages run test
	@tests/kafka/run

lint: ## floors, format, clang-tidy
	@tools/install_packages run test
	@JOBS=$(JOBS) tools/lint

fuzz: ## every decoder for FUZZ_SECONDS (600) under ASan and UBSan
	@tools/install_packages run test
	@JOBS=$(JOBS) tools/fuzz $(FUZZ_SECONDS)

bench: build ## start, memory and throughput of this machine
	@tools/bench

clean: ## removes build/
	@rm -rf build
