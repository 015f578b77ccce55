"""What `halluc data` does."""
