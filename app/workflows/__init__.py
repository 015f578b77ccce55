"""What each command does, in a module of the same name.

Workflows take plain arguments and a progress callback. They are called by the command line, by the
Python API and by the inspector, and know nothing of terminals or browsers.
"""
