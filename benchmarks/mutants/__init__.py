"""Deliberate faults in the code, one at a time, and which of them no test notices: python -m benchmarks.mutants."""
