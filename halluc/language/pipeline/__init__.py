"""The embedded spaCy pipeline: `parser` runs it, `tree` holds its parse, `training` rebuilds it."""
