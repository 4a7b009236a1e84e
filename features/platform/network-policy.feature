@layer:ethereum @needs:network-policy
Feature: Who may reach whom

  Traffic is denied unless a policy admits it. A denied pair counts only when the target answers somebody else at that
  moment, and this very source as soon as a rule admits it: otherwise a dead target would look like a closed door.

  @smoke @req:PLAT-05.allowed
  Scenario Outline: <source> reaches <target> on port <port>
    Then <source> reaches <target> on port <port>

    Examples:
      | source                | target          | port  |
      | an RPC client         | a sync node     | 8545  |
      | an RPC client         | a sync node     | 8546  |
      | a peer                | a sync node     | 30303 |
      | a peer                | a sync node     | 13000 |
      | a registry client     | the registry    | 5000  |
      | a stranger            | the DNS service | 53    |

  @req:PLAT-05.denied
  Scenario Outline: <source> does not reach <target> on port <port>
    Then <source> does not reach <target> on port <port>, though <admitted> does and a rule would admit it

    Examples:
      | source                | target       | port  | admitted          |
      | a stranger            | a sync node  | 8545  | an RPC client     |
      | a stranger            | a sync node  | 30303 | a peer            |
      | a neighbour           | a sync node  | 8545  | an RPC client     |
      | an RPC client         | a sync node  | 30303 | a peer            |
      | a stranger            | the registry | 5000  | a registry client |
      | a neighbour           | the registry | 5000  | a registry client |

  @req:PLAT-05.default-deny
  Scenario Outline: A pod in <namespace> that no policy names is closed both ways
    Then pods that no policy names are kept apart in "<namespace>", though a rule would admit it

    Examples:
      | namespace      |
      | ethereum       |
      | local-registry |
