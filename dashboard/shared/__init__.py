"""What several pages show: stepper, states of runs, texts, bars, background jobs."""
