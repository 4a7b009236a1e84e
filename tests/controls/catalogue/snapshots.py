"""What lets a snapshot be less than it says, or cost more."""

from __future__ import annotations

from tests.controls.catalogue.edits import PREPARED
from tests.controls.sabotage import Bundle, Edit, Sabotage

SNAPSHOTS = Bundle(
    name="snapshots",
    prepared=PREPARED,
    sabotages=(
        Sabotage(
            name="proved-unseen",
            breaks="A candidate is promoted without a look at the node that was started from it.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/promote.py",
                    "            must_be_the_recorded_node(rpc, run, within=place.plan.job_plan.test_seconds)\n",
                    "            pass\n",
                ),
            ),
            fails={
                "What does not start a node is not promoted: all of its data is lost": "assert not True",
                "What does not start a node is not promoted: its newest table loses its end": "assert not True",
            },
        ),
        Sabotage(
            name="sent-anew",
            breaks="A push reads and sends everything, whatever the registry has.",
            edits=(
                Edit(
                    "ethinfra/snapshot/push.py",
                    "        if parent is not None:\n            for _, chunk in parent.config.chunks():\n",
                    "        if parent is not None:\n            for _, chunk in ():\n",
                ),
                Edit(
                    "ethinfra/snapshot/push.py",
                    "        if parent is None or not volume or parent.volume != volume",
                    "        if True or parent is None or not volume or parent.volume != volume",
                ),
                Edit(
                    "ethinfra/snapshot/push.py",
                    "            if self._store.blob_size(digest) != len(stored.data):\n",
                    "            if stored.data:\n",
                ),
            ),
            fails={"A second snapshot sends little": "it sent what the first one has"},
        ),
        Sabotage(
            name="two-at-once",
            breaks="A job believes that every lease is its own.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/lease.py",
                    "        while not self._acquired():\n",
                    "        while not self._acquired() and self._lost:\n",
                ),
            ),
            fails={"Two jobs never run on one volume": "another run works on"},
        ),
        Sabotage(
            name="held-for-ever",
            breaks="The hold of a job that was killed does not expire.",
            edits=(
                Edit("ethinfra/probe/hold.py", "        if untouched > patience:\n", "        if untouched > 86400:\n"),
            ),
            fails={
                'A job that is killed in phase "copy" leaves the last good snapshot, and the node runs again': "ready",
            },
        ),
        Sabotage(
            name="age-unasked",
            breaks="Old snapshots are removed by their number alone.",
            edits=(
                Edit(
                    "ethinfra/snapshot/retention.py",
                    "        if age < policy.age:\n",
                    "        if age < 0 * policy.age:\n",
                ),
            ),
            fails={"Retention by age": "=="},
        ),
        Sabotage(
            name="nobody-is-asked",
            breaks="Old snapshots are removed whatever pods stand on.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/prune.py",
                    "used = in_use(cluster, plan, patience=patience)",
                    "used: set[str] = set()",
                ),
            ),
            fails={
                "Retention by count": "==",
                "Nothing goes while a pod does not say what it was restored from": "assert not True",
            },
        ),
    ),
    untouched=("What would go is shown first",),
)

#: On a cluster of its own: with it no snapshot is promoted, which most scenarios begin with.
COPIED_ALIVE = Bundle(
    name="copied-alive",
    prepared=PREPARED,
    sabotages=(
        Sabotage(
            name="copied-alive",
            breaks="The database is copied while its client writes to it, and the client stops afterwards.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/take.py",
                    "        _stop(taking)\n        begun = time.monotonic()\n        try:\n"
                    "            _HOW[taking.job.method](taking)\n",
                    "        begun = time.monotonic()\n        try:\n"
                    "            _HOW[taking.job.method](taking)\n            _stop(taking)\n",
                ),
            ),
            fails={
                "A snapshot of a live node is of one moment, says what it is, and is promoted after a node has started "
                "from it": "promoted nothing",
            },
        ),
    ),
    untouched=("Only the job that pushes has an account that may",),
)
