"""What others can run to check Graft's speed: each script prints a table and keeps it in `benchmarks/results`."""
