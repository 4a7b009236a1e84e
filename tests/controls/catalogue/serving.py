"""What lets serve nodes start, answer and stop otherwise than they should."""

from __future__ import annotations

from tests.controls.catalogue.edits import CHART, GETH, PREPARED
from tests.controls.sabotage import Bundle, Edit, Sabotage

SERVING = Bundle(
    name="serving",
    prepared=PREPARED,
    sabotages=(
        Sabotage(
            name="nothing-restored",
            breaks="A serve node starts with an empty volume.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/commands.py",
                    "        restore(plan, _store(plan), options.data)\n    except",
                    "        say(str(plan.client))\n    except",
                ),
            ),
            fails={
                "A serve node has its data from the newest snapshot, and is ready at the head only": "was restored",
            },
        ),
        Sabotage(
            name="no-drain",
            breaks="Nodes stop as soon as they are told to.",
            edits=(Edit(f"{CHART}/templates/_serve.tpl", "{{- with .node.drainSeconds -}}", '{{- with "" -}}'),),
            fails={
                "From one replica to three and back under load": "failed of",
                "While one replica is held for its snapshot, the Service answers through the other": "failed of",
            },
        ),
        Sabotage(
            name="no-limits",
            breaks="geth is told no limit on batches.",
            edits=(
                Edit(
                    GETH,
                    "          - --rpc.batch-request-limit={{ .node.rpc.limits.batchRequests | int64 }}\n",
                    "",
                ),
            ),
            fails={"Batches beyond the limit are refused, those within it are answered": "batch"},
        ),
        Sabotage(
            name="always-pulled",
            breaks="A pod pulls its image though the node has it.",
            edits=(Edit("ethinfra/trial/pods.py", '"imagePullPolicy": "IfNotPresent"', '"imagePullPolicy": "Always"'),),
            fails={"Nodes serve on, and a pod starts whose image is there": "runs"},
        ),
    ),
    untouched=("A client of the serve nodes' Service for WebSocket receives each head once and in order",),
)
