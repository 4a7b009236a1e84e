"""What the project promises about time and memory, measured on the real thing: `python -m benchmarks`.

A *figure* is one line of the issue's table, with its limit. A *trial* measures figures that can be had on the same
cluster, and keeps a *sample* each time. The *result* is what all trials kept, with the machine that they ran on.

- `figures`   the figures and the trials that measure them
- `life`      trials: a cluster from its boot to its removal, of one node and of three
- `tools`     trial: every tool family from nothing
- `certify`   trial: all scenarios, or the newest record of them
- `floor`     the least that a boot can take: etcd and the API server alone, in the same run
- `load`      what a cluster's own processes take while nobody asks for anything
- `steps`     progress that remembers how long each step took
- `machine`   where it ran, and whether that machine was quiet
- `result`    the arithmetic: median, spread, ratio to the limit, change; the stored file
- `table`     the result for people
"""
