@static
Feature: Every manifest is one that Kubernetes takes

  Charts break in what is off by default, because nobody ever renders it. So everything is rendered that can be asked for,
  and compared with what the newest Kubernetes and the oldest supported one serve.

  @req:SEC-02.switched-off @req:PLAT-02.same-charts
  Scenario: Whatever can be switched is rendered, and every two choices together
    Given everything that the charts can be asked for
    Then every choice of every dimension is rendered, and every two that go together
    And every environment is rendered from the same charts

  @req:SEC-02.schema
  Scenario: Manifests fit the schemas of the newest Kubernetes and of the oldest that is supported
    Given everything that the charts can be asked for
    Then no manifest has a field, a type or an API version that either of them lacks
