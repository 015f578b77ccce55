"""What `halluc train` does, one module a command."""
