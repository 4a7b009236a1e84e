@layer:ethereum @needs:fast-chain
Feature: A network of somebody else's is followed by its files alone

  Every network hands out the same things to those who want to join: genesis.json, config.yaml, the beacon state at genesis, and
  addresses of nodes. The network here is the layer's own, taken as a stranger gets it. A state is larger than a ConfigMap
  may be, so each pod fetches it, and nothing may be started from one that is not what the network's file promises.

  @req:NODE-08.custom-genesis
  Scenario: A node that knows a network by its files alone joins it and follows it
    Given the files that the operator of a network hands out, and a network file made of them
    When a node of that network joins with empty volumes
    Then it reaches the head, and has the same blocks as every other node at genesis, at its head and at a final height
    And it fetched the genesis state, and found it to be the promised one
    And both its clients are connected to nodes whose addresses were handed out
    And its probe says that it is ready

  @req:NODE-08.custom-genesis
  Scenario: A node starts nothing from a genesis state that is not the promised one
    Given the files that the operator of a network hands out, and a network file made of them
    When a node joins whose network file promises another genesis state at the same address
    Then its pod names both digests, and no client was started in it
