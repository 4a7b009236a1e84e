@layer:local-registry
Feature: A registry inside the cluster

  Nodes pull everything through it under the upstream names, so that the same values work where a cluster has no way
  out. It is the only source of images and later of snapshots: who may write to it decides what runs.

  @smoke @req:REG-01.list @req:REG-01.usage
  Scenario: What is stored is listed with its size
    When an artifact of 1 MiB is pushed with the push account
    Then the list of repositories names it
    And the reported usage grows by at least 1 MiB

  @req:REG-01.gc @disruptive
  Scenario: Space of what was deleted is given back, and what is still tagged stays
    Given an artifact of 4 MiB was pushed, and another one that stays
    When the tag of the first is deleted and garbage is collected
    Then the reported usage shrinks by at least 4 MiB
    And the artifact that stays is still pulled with its digest

  @smoke @req:REG-01.accounts
  Scenario Outline: <account> may <action>: <answer>
    When <account> tries to <action> an artifact
    Then the registry's answer is "<answer>"

    Examples:
      | account          | action | answer       |
      | the push account | push   | allowed      |
      | the push account | pull   | allowed      |
      | the pull account | pull   | allowed      |
      | the pull account | push   | forbidden    |
      | the pull account | delete | forbidden    |
      | nobody           | pull   | unauthorized |
      | nobody           | push   | unauthorized |

  @req:REG-01.ui
  Scenario: The management page is shown after a login only
    Then the management page asks for a login
    And the management page is shown to the pull account

  @smoke @req:REG-02.mirror @needs:registry-mirror
  Scenario: A pod's image under its upstream name comes from the registry
    Given an image that no node has is stored in the registry under an upstream name
    When a pod is created with that upstream name
    Then the pod runs with the digest that was pushed

  @req:REG-02.every-node @needs:registry-mirror @needs:multi-node
  Scenario: Every node pulls through it
    Given an image that no node has is stored in the registry under an upstream name
    When a pod is created with that upstream name on each node
    Then each pod runs with the digest that was pushed

  @req:REG-01.persistent @disruptive
  Scenario: Content survives a restart of the registry
    Given an artifact of 1 MiB was pushed, and another one that stays
    When the registry's pod is deleted and a new one is ready
    Then the artifact that stays is still pulled with its digest
