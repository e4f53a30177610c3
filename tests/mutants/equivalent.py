"""Mutants that no test can tell from the code, read one by one: (path, function, what stands there, what the mutant says instead): why."""

EQUIVALENT = {}
