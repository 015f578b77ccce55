"""An example of a package that adds a metric, a decoding and a reviser to halluc."""
