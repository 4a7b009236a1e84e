@static
Feature: Nodes of a network have that network's parameters

  Clients know public networks by name, and everything else about them is in values/networks: chain id, genesis, forks, where a
  finalized state comes from. A node with a parameter of another network starts, and follows nothing or the wrong chain.

  @req:NODE-08.public-networks
  Scenario Outline: <network> is rendered with its own parameters
    Given everything that the charts can be asked for
    Then both clients of each node of <network> are told that network, and no other
    And its probe expects that network's chain id and genesis
    And it starts from a source of finality of that network, or from the one that it names itself

    Examples:
      | network |
      | mainnet |
      | sepolia |
      | hoodi   |

  @req:NODE-08.public-networks @req:NODE-08.custom-genesis
  Scenario: Every network that comes with the project is whole and agrees with itself
    Then no file of values/networks lacks or contradicts anything
