# Thin lines only: what a command does stands in the file it calls.
PYTHON ?= python3
WORKERS ?= 2
BIN = .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test lint bench load i18n pictures dev browser

help:  ## this list
	@sed -n 's/^\([a-z0-9]*\):[a-z ]*## /  make \1 - /p' Makefile

run:  ## set everything up and serve it at http://127.0.0.1:8000
	@$(PYTHON) run.py

test: dev lint browser  ## install what the tests need and run them all
	@$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term:skip-covered

lint: dev  ## style, types, templates, words
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/djlint --quiet --lint admin_app/templates
	@$(BIN)/python -m admin_app.catalogue --check

bench:  ## the speed of each main task (SCALE=0.01: 10,000 customers, under two minutes)
	@$(PYTHON) run.py --prepare-dev >&2
	@$(BIN)/python -m bench

load: dev  ## fifty people at work for ten minutes, and whether anything is lost
	@$(BIN)/python -m bench.load

i18n: dev  ## collect and compile the words of every language
	@$(BIN)/python -m admin_app.catalogue

pictures: dev browser  ## the pictures of the README
	@$(BIN)/python -m docs.pictures

dev:
	@$(PYTHON) run.py --prepare-dev

browser: dev
	@$(BIN)/python -m tests.chromium
