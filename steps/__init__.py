"""What the sentences of the features mean, one module per subject; `features/README.md` lists them all.

A step parses, makes one call, and claims one thing. It does not loop, wait or run commands: that is the library's work.
"""
