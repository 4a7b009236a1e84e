"""Databases of an execution client as a real chain leaves them, of any size: what snapshots are measured on.

A real geth makes them. This program is its consensus client: it signs transactions, has geth build and insert a block
of them, and says by the Engine API what is head and what is final, so that geth moves final blocks into its freezer.
The chain is the same for the same seed and size, block by block; the files that geth keeps it in are not, because its
compactions run beside.

    contract   the contract that all payments go to
    content    what stands in each block, by seed and number
    signing    transactions as bytes
    client     geth, and the Engine API
    data       a made database: `ensure` one, let it `grow`
    measure    how large it is, and how well it compresses

By hand: `python -m benchmarks.chain_data --size 2GiB`.
"""

from benchmarks.chain_data.data import ChainData, ensure
from benchmarks.chain_data.measure import Report

__all__ = ["ChainData", "Report", "ensure"]
