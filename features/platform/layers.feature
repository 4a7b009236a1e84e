@layer:ethereum
Feature: Layers come up in order and stay as they were declared

  An operator brings up a stack of layers with one command. What a layer needs must work before it starts, and running
  the command a second time must be safe: that is how a half-finished deployment is resumed and how drift is mended.

  @smoke @req:PLAT-01.one-helmfile @req:PLAT-01.order
  Scenario: Every layer is healthy, and none started before the layers that it needs
    Then every deployed layer passes its own health check
    And each layer was started only after the layers that it needs were healthy

  @req:PLAT-10.repeat @disruptive
  Scenario: Applying the layers again changes nothing
    When all layers are applied again
    Then no object of any layer has changed

  @req:PLAT-10.drift @disruptive
  Scenario: Drift of one object is found, named and mended
    Given no layer has drifted
    When somebody changes the termination grace period of the sync nodes by hand
    Then drift names the StatefulSet of the sync nodes and its termination grace period
    And no layer has drifted after the layers are applied again
