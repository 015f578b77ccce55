"""The `halluc` command, the workflows behind it, and the inspector."""
