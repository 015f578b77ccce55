"""What `halluc analyse` does."""
