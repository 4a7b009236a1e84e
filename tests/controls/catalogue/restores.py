"""What lets a restore believe, forget or cost what it should not."""

from __future__ import annotations

from tests.controls.catalogue.edits import PREPARED
from tests.controls.sabotage import Bundle, Edit, Sabotage

RESTORES = Bundle(
    name="restores",
    prepared=PREPARED,
    sabotages=(
        Sabotage(
            name="fetched-anew",
            breaks="A restore fetches what is there already.",
            edits=(
                Edit(
                    "ethinfra/snapshot/assembly.py",
                    "if target.before > chunk.offset and self._is_there(target, chunk):",
                    "if target.before < 0 and self._is_there(target, chunk):",
                ),
            ),
            fails={"A restore over an older copy fetches only what differs": "fetched"},
        ),
        Sabotage(
            name="believed-bytes",
            breaks="What comes from the registry is not compared with its digest.",
            edits=(
                Edit(
                    "ethinfra/snapshot/chunks.py",
                    "    if hashlib.sha256(data).digest() != chunk.raw:\n",
                    "    if chunk.size < 0:\n",
                ),
            ),
            fails={"A snapshot with a wrong digest is refused, and the one before it is used": "restored"},
        ),
        Sabotage(
            name="marked-first",
            breaks="The mark that a restore is complete is written before its files are.",
            edits=(
                Edit(
                    "ethinfra/snapshot/restore.py",
                    "    make_directories(directory, config)\n",
                    "    make_directories(directory, config)\n"
                    "    about = config.description\n"
                    "    said = (about.block.number, about.block.hash, about.client.name, about.network.name)\n"
                    "    early = Marker(snapshot.digest, snapshot.id, *said, datetime.now(UTC))\n"
                    "    markers.write_marker(directory, early)\n",
                ),
            ),
            fails={
                "The mark of a complete restore is written last": "is None",
                "The registry stays away during a restore": "is None",
            },
        ),
        Sabotage(
            name="room-unasked",
            breaks="Whether a restore fits is found out by the disk.",
            edits=(Edit("ethinfra/snapshot/space.py", "    if needed > free:\n", "    if needed < 0:\n"),),
            fails={"The disk is full during a restore": "bytes free"},
        ),
        Sabotage(
            name="gives-up-at-once",
            breaks="A registry that does not answer is not asked again.",
            edits=(
                Edit(
                    "ethinfra/registry/transport.py",
                    "        self.patience = patience\n",
                    "        self.patience = 0 * patience\n",
                ),
            ),
            fails={"The registry goes down during a restore": "registry"},
        ),
        Sabotage(
            name="cache-unused",
            breaks="A serve node's restore knows of no chunk cache.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/pod_restore.py",
                    " if plan.cache else None,",
                    " if not plan.cache else None,",
                ),
            ),
            fails={"What the Kubernetes node has already is not fetched again": "== 0"},
        ),
    ),
    untouched=("A snapshot with a flipped bit is refused, and the one before it is used",),
)
