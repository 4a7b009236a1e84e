"""Where pytest starts: the harness' own plugins, which have to be named in the root to be known before options are read.

Steps and the fixtures of their subjects are loaded by `fixtures.run`, and only where features or live tests are selected.
"""

pytest_plugins = [
    "fixtures.options",
    "fixtures.run",
    "fixtures.collect",
    "fixtures.tracing",
    "fixtures.recording",
    "fixtures.cluster",
    "fixtures.layers",
    "fixtures.scenario",
    "fixtures.evidence",
    "fixtures.finish",
]
