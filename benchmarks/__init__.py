"""One command for each claim: `make bench-NAME [DATA=folder]`; docs/benchmarks.md explains it."""
