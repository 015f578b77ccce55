from checkpoints import checkpoint  # noqa: F401
