@layer:ethereum @needs:fast-chain @disruptive
Feature: A registry that is down does not touch what runs

  The registry is asked when something starts for the first time, and when a snapshot moves. Its own updates, and its failures, are
  no reason for anything else to stop.

  @req:REG-03.running @req:REG-03.cached
  Scenario: Nodes serve on, and a pod starts whose image is there
    Given an artifact in the registry
    When the registry is stopped
    Then every sync node is ready and follows the head all the same
    And a pod whose image the Kubernetes node has starts
    When the registry is started again
    Then the artifact is pulled with its digest
