@layer:ethereum @needs:fast-chain @snapshot
Feature: Snapshots share content

  A chain's database is mostly files that are never rewritten. A later snapshot sends, and a restore fetches, what is new and
  little more, so that both cost what happened since and not what the chain is.

  @req:SNAP-02.upload @disruptive
  Scenario: A second snapshot sends little
    Given 8 MB of a chain that a geth node has in files which are never written again
    And a snapshot of that node
    And 4 blocks later
    When another snapshot of the same node is taken
    Then it sent less than a third of what is stored of it, and nothing of what the first one has

  @req:SNAP-02.download
  Scenario: A restore over an older copy fetches only what differs
    Given two promoted snapshots in a repository of their own, the newer one of data that has grown
    And a volume on which the older one is restored
    When the newer one is restored over it
    Then it fetched what has grown, and nothing that the older one has
    And the volume has every file of the newer one, and no other

  @req:SNAP-02.cached @needs:reflink
  Scenario: What the Kubernetes node has already is not fetched again
    Given a promoted snapshot that was restored through the chunk cache of a Kubernetes node
    When the same snapshot is restored there to another empty volume
    Then nothing was fetched from the registry
    And the volume shares its blocks with the cache
