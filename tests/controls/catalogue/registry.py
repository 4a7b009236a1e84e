"""What breaks the registry, and what is in it."""

from __future__ import annotations

from tests.controls.catalogue.edits import PREPARED
from tests.controls.sabotage import Bundle, Edit, Sabotage

REGISTRY = Bundle(
    name="registry",
    prepared=PREPARED,
    sabotages=(
        Sabotage(
            name="puller-writes",
            breaks="The gateway takes writes from the pull account, too.",
            edits=(
                Edit("charts/registry/files/nginx.conf", "default push.htpasswd;", "default all.htpasswd;"),
                Edit("charts/registry/files/nginx.conf", '        "1:pull" 1;\n', ""),
            ),
            fails={
                "the pull account may push: forbidden": "'allowed' == 'forbidden'",
                "the pull account may delete: forbidden": "'allowed' == 'forbidden'",
            },
        ),
        Sabotage(
            name="anonymous",
            breaks="The registry's API asks nobody for an account.",
            edits=(
                Edit(
                    "charts/registry/files/nginx.conf",
                    "        location /v2/ {\n",
                    "        location /v2/ {\n            auth_basic off;\n",
                ),
            ),
            fails={
                "nobody may pull: unauthorized": "'allowed' == 'unauthorized'",
                "nobody may push: unauthorized": "'allowed' == 'unauthorized'",
            },
        ),
        Sabotage(
            name="open-page",
            breaks="The management page is shown without a login.",
            edits=(
                Edit(
                    "charts/registry/files/nginx.conf",
                    "        location /ui/ {\n",
                    "        location /ui/ {\n            auth_basic off;\n",
                ),
            ),
            fails={"The management page is shown after a login only": "200 == 401"},
        ),
        Sabotage(
            name="wrong-usage",
            breaks="What is reported as usage is another folder than the stored bytes.",
            edits=(
                Edit(
                    "charts/registry/files/nginx.conf",
                    "alias /var/lib/registry/docker/registry/v2/blobs/;",
                    "alias /var/lib/registry/docker/registry/v2/repositories/;",
                ),
            ),
            fails={
                "What is stored is listed with its size": ">= (1 * 1048576)",
                "Space of what was deleted is given back, and what is still tagged stays": "before the collection",
            },
        ),
        Sabotage(
            name="memory-only",
            breaks="The registry's volume is as old as its pod.",
            edits=(
                Edit(
                    "charts/registry/templates/statefulset.yaml",
                    "        - name: run\n          emptyDir:",
                    "        - name: data\n          emptyDir: {}\n        - name: run\n          emptyDir:",
                ),
                Edit(
                    "charts/registry/templates/statefulset.yaml",
                    "  volumeClaimTemplates:\n    - apiVersion: v1\n      kind: PersistentVolumeClaim\n"
                    "      metadata:\n        name: data\n",
                    "  volumeClaimTemplates:\n    - apiVersion: v1\n      kind: PersistentVolumeClaim\n"
                    "      metadata:\n        name: unused\n",
                ),
            ),
            fails={"Content survives a restart of the registry": "status 404"},
        ),
        Sabotage(
            name="no-mirror",
            breaks="Nodes are not told to pull through the registry.",
            edits=(
                Edit(
                    "helmfiles/local-registry.helmfile.yaml.gotmpl",
                    "args: [registry, mirror, --env, {{ .Environment.Name }}]",
                    "args: [--help]",
                ),
            ),
            fails={"A pod's image under its upstream name comes from the registry": "Pull"},
        ),
        Sabotage(
            name="unsaid-growth",
            breaks="Storage classes leave it to a default whether volumes can grow.",
            edits=(
                Edit(
                    "charts/infrastructure/templates/storage/storageclass.yaml",
                    "allowVolumeExpansion: {{ $class.allowVolumeExpansion }}\n",
                    "",
                ),
            ),
            fails={
                "Storage classes state what happens to data and whether volumes can grow": "allowVolumeExpansion",
            },
        ),
        Sabotage(
            name="version-only",
            breaks="Images are pushed by their version alone.",
            edits=(
                Edit(
                    "ethinfra/images/store.py",
                    'return (self.image.tag, f"{self.image.tag}-g{commit}") if commit else (self.image.tag,)',
                    "return (self.image.tag,)",
                ),
            ),
            fails={
                "A pushed image is there by its version and by its commit, and is pulled as it was built": (
                    "tells a commit"
                ),
            },
        ),
    ),
    untouched=(
        "the push account may push: allowed",
        "the push account may pull: allowed",
        "the pull account may pull: allowed",
        "Every binary of the toolchain is the one that was recorded when it was built",
        "The machine carries one link of the cluster and none of its rules",
    ),
)
