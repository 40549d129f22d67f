"""Valid files, damaged at random, until the time is up: python -m benchmarks.fuzzing."""
