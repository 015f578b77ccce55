"""Where the work runs: in this process, or on the workers of a Ray cluster."""
