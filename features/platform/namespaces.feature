@layer:ethereum
Feature: Namespaces and what may run in them

  @smoke @req:PLAT-03.namespaces
  Scenario: Every layer has its namespace, and workloads are nowhere else
    Then every deployed layer's namespace exists
    And the default namespace holds no workload

  @req:PLAT-03.restricted
  Scenario Outline: A privileged pod is refused in <namespace>
    When a privileged pod is created in "<namespace>"
    Then it is refused by Pod Security Admission

    Examples:
      | namespace      |
      | ethereum       |
      | local-registry |
