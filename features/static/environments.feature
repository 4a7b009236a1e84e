@static
Feature: Production is never laxer than staging, and staging never laxer than local

  The same charts run everywhere; environments differ by values alone, and these form an order, field by field
  (ethinfra/deploy/rules/order.py): replicas, disruption budgets, requests and limits, claims and what becomes of them,
  placement, pinning, RPC namespaces, TLS, time to stop, peers.

  @req:PLAT-02.replicas @req:PLAT-02.resources @req:PLAT-02.persistence @req:PLAT-02.pinning @req:PLAT-02.exposure
  Scenario Outline: <stricter> is never laxer than <laxer> in any field
    Given everything that the charts can be asked for
    Then <stricter> is never laxer than <laxer> in any field

    Examples:
      | stricter   | laxer   |
      | staging    | local   |
      | production | staging |
      | production | local   |

  @req:PLAT-01.manifests
  Scenario: Releases wait for what they use
    Then in every environment each release comes after those that make what it refers to
