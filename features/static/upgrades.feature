@static
Feature: An upgrade keeps what cannot be changed

  Selectors, claims and the names of volumes cannot be changed in place: an upgrade that tries is refused by the API server, in
  the middle. What a change does to each environment is written down beside it.

  @req:UPG-01.manifests
  Scenario: Nothing is changed that Kubernetes does not let change
    Given everything that the charts can be asked for
    Then nothing is changed that Kubernetes does not let change since the last release

  @req:UPG-01.manifests
  Scenario: Every environment renders what is written down
    Given everything that the charts can be asked for
    Then each environment renders what is written down
