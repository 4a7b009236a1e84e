"""What a run proved, and how anybody can check it again.

A *requirement* is a row of `features/requirements.yaml`, split into *clauses*; a *scenario* names the clauses that it
proves. A *run record* (`run.json`) holds what happened: scenarios, steps, layers, heads, digests of evidence. The
*certificate* (`certificate.json`) is computed from the record and from nothing else, so it can be computed again.

    statuses      the seven outcomes, and how scenarios make a clause, clauses a row, rows a verdict
    requirements  rows and clauses
    features      `.feature` files as data
    trace         does every scenario name a clause, does every step have one definition
    record        events that workers append, and the record that they are merged into
    coverage      from the record to rows and verdict
    subject       what was tested: revision, versions, cluster, manifests, chain
    issue         certificate, report, JUnit and checksums of a run
    verify        the same again, offline, from the files alone
    evidence      what is collected when a scenario fails
    picture       heads over time and the layers with their times, as SVG
"""
