"""The doors of the house: the `halluc` command and the inspector."""
