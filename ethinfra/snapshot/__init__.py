"""Snapshots of a node's database in any OCI registry: made once, restored by difference, proved before they are
promoted.

An execution client's database is mostly files that never change once they are written. A *snapshot* is one moment of
it: a *config* (which chain, block, client, owner; every file with its chunks), and *chunks* (runs of bytes of one file,
each stored as a *layer* under the digest of its content). Chunks that the snapshot before had are not stored again, and
a restore fetches only those that the directory and the node's *cache* do not have.

A snapshot is pushed as a *candidate*. A node that was started from it alone proves it; then it is *promoted*, and
`latest` moves to it. Whoever restores takes the newest promoted one, and the one before if that is damaged. When all is
in place, and not before, the directory gets a *marker*.

True at every moment, also right after a crash:

- a tag leads to a stored manifest, a manifest only to stored chunks; stored bytes never change;
- a directory with a marker held exactly the snapshot's files when the marker was written.

Where to find what:

    the nouns            model (config, files, chunks), ids, paths, selection (which files)
    their written form   document (a config), manifest (what a registry keeps), chunks (layers)
    where they are       store (what a store must do), registry_store, layout_store (a directory), listing, reader
    what is done         push, restore (with assembly, space, directory, cache, marker), verify, promote, retention
    what must fit        compatibility, plan
    around it            progress, access (which registry, whose credentials), errors, parallel, whole (reads, writes)
    as typed             arguments (the command line), verbs (what each does), __main__ (exit codes)
    in a cluster         job

`docs/snapshot-format.md` is the format, for whoever writes another reader. Beyond the standard library this package
needs urllib3 and zstandard, and of this project only `ethinfra.errors` and `ethinfra.registry`'s client.
"""
