// The management page: what the registry holds, from its own interface. The browser sends the login of this page along.
"use strict";

const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const element = (id) => document.getElementById(id);

async function ask(path, options = {}) {
  const answer = await fetch(path, { credentials: "same-origin", ...options });
  if (!answer.ok) {
    throw new Error(`${options.method ?? "GET"} ${path}: ${answer.status}`);
  }
  return answer;
}

// Lists come in pages; the next one is named in a Link header.
async function pages(path, key) {
  const found = [];
  for (let next = path; next; ) {
    const answer = await ask(next);
    found.push(...((await answer.json())[key] ?? []));
    const link = (answer.headers.get("Link") ?? "").match(/<([^>]+)>;\s*rel="?next/);
    next = link ? new URL(link[1], location.origin).pathname + new URL(link[1], location.origin).search : null;
  }
  return found;
}

// Every blob that a manifest needs, by digest, itself included.
async function blobs(repository, reference) {
  const answer = await ask(`/v2/${repository}/manifests/${reference}`, { headers: { Accept: MANIFESTS } });
  const digest = answer.headers.get("Docker-Content-Digest");
  const text = await answer.text();
  const manifest = JSON.parse(text);
  const found = new Map([[digest, new Blob([text]).size]]);
  for (const part of [manifest.config, ...(manifest.layers ?? [])]) {
    if (part) {
      found.set(part.digest, part.size);
    }
  }
  for (const child of manifest.manifests ?? []) {
    for (const [name, size] of (await blobs(repository, child.digest)).found) {
      found.set(name, size);
    }
  }
  return { digest, found };
}

// The registry's own files: sha256/<two digits>/<digest>/data.
async function stored() {
  const list = async (path) => {
    const answer = await fetch(`/-/storage/${path}`, { credentials: "same-origin" });
    return answer.ok ? answer.json() : [];
  };
  let total = 0;
  for (const prefix of await list("sha256/")) {
    const digests = await list(`sha256/${prefix.name}/`);
    const files = await Promise.all(digests.map((one) => list(`sha256/${prefix.name}/${one.name}/`)));
    total += files.flat().reduce((sum, file) => sum + (file.size ?? 0), 0);
  }
  return total;
}

const sum = (sizes) => [...sizes.values()].reduce((total, size) => total + size, 0);

function human(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  return `${bytes.toFixed(unit ? 1 : 0)} ${units[unit]}`;
}

function row(repository, tag, image) {
  const line = document.createElement("tr");
  for (const text of [repository, tag, human(sum(image.found)), image.digest]) {
    line.insertCell().textContent = text;
  }
  const remove = document.createElement("button");
  remove.textContent = "delete";
  remove.addEventListener("click", async () => {
    if (!confirm(`Delete ${repository}:${tag}? Every tag of ${image.digest} goes with it.`)) {
      return;
    }
    try {
      await ask(`/v2/${repository}/manifests/${image.digest}`, { method: "DELETE" });
      await show();
    } catch (refused) {
      element("message").textContent = `Not deleted: ${refused.message}`;
    }
  });
  line.insertCell().append(remove);
  return line;
}

async function show() {
  const rows = [];
  const referenced = new Map();
  const repositories = await pages("/v2/_catalog?n=100", "repositories");
  let used = 0;
  for (const repository of repositories) {
    const tags = await pages(`/v2/${repository}/tags/list?n=100`, "tags");
    used += tags.length ? 1 : 0;
    for (const tag of tags.sort()) {
      const image = await blobs(repository, tag);
      image.found.forEach((size, digest) => referenced.set(digest, size));
      rows.push(row(repository, tag, image));
    }
  }
  const disk = await stored();
  element("images").replaceChildren(...rows);
  element("repositories").textContent = used;
  element("tags").textContent = rows.length;
  element("referenced").textContent = human(sum(referenced));
  element("stored").textContent = human(disk);
  element("collectable").textContent = human(Math.max(disk - sum(referenced), 0));
  element("message").textContent = "";
}

show().catch((failure) => {
  element("message").textContent = `The registry did not answer as expected: ${failure.message}`;
});
