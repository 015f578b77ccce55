"""An example of a package that adds to halluc: one module each for a metric, a decoding, a reviser."""
