"""Container images: what is built, from what, and how the same input gives the same digest.

The *catalogue* (`docker/images.yaml`) lists the images under their upstream names. A *recipe* is a folder of `docker/`
with a Dockerfile. An image's *content key* is the digest of all that goes into it; an *archive* is the built image as
one OCI layout in a tar file, kept in the cache under that key.

- `catalogue`  the images and what each is made of
- `content`    the build context of an image, and its content key
- `debian`     files of Debian packages as a root file system
- `wheels`     packages of PyPI, by the project's own lock
- `release`    upstream's release files, compared with the lock
- `secrets`    what may be in no image, no manifest and no commit
- `builder`    runs buildah or docker on a context
- `layout`     archives: written and read, byte for byte the same every time
- `store`      the cache of archives; builds what is missing
- `push`       archives into a registry
- `sbom`       what is in an archive, as a bill of materials
- `lock`       which bytes the names of images and files stand for; `relock` asks who publishes them
"""

from ethinfra.images.catalogue import Image, Where, catalogue, find_image
from ethinfra.images.store import Archive, archive_of, node_archives

__all__ = ["Archive", "Image", "Where", "archive_of", "catalogue", "find_image", "node_archives"]
