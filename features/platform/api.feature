@layer:local-registry
Feature: What is checked without a cluster is what the cluster says

  The static scenarios (features/static) compare manifests with documents that the toolchain keeps. Here those documents, and
  the manifests themselves, are held against a live API server.

  @req:SEC-02.live-schema
  Scenario: The API server speaks the document that manifests are checked against
    Given everything that the charts can be asked for
    Then the API server defines every kind that is rendered as the kept document does

  @req:SEC-02.live-schema
  Scenario: The API server would take every manifest
    Given everything that the charts can be asked for
    Then a server-side dry run takes every object whose kind the cluster serves
