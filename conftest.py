"""Where pytest starts: the harness' own plugins, named in the root so that they are known before options are read.

Steps and the fixtures of their subjects are loaded by `fixtures.run`, where features or live tests are selected.
"""

pytest_plugins = [
    "fixtures.options",
    "fixtures.run",
    "fixtures.collect",
    "fixtures.tracing",
    "fixtures.recording",
    "fixtures.cluster",
    "fixtures.layers",
    "fixtures.heads",
    "fixtures.scenario",
    "fixtures.evidence",
    "fixtures.finish",
]
