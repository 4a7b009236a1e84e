@layer:ethereum
Feature: The RPC endpoints answer

  @smoke @req:RPC-01.basics
  Scenario Outline: <method> answers with its type through the RPC service
    When an RPC client calls "<method>" through the service of every client
    Then the result is <type>

    Examples: Ethereum JSON-RPC specification
      | method                   | type                 |
      | web3_clientVersion       | a text               |
      | net_version              | a text               |
      | eth_chainId              | the chain's id       |
      | eth_blockNumber          | a quantity           |
      | eth_gasPrice             | a quantity           |
      | eth_syncing              | false                |

  @smoke @req:RPC-02.errors
  Scenario Outline: <input> is answered with error <code>
    When an RPC client sends <input> through the service of every client
    Then the answer is an error object with code <code>

    Examples: JSON-RPC 2.0, section 5.1
      | input             | code   |
      | invalid JSON      | -32700 |
      | an unknown method | -32601 |
      | wrong parameters  | -32602 |

  @req:RPC-02.subscriptions
  Scenario: A WebSocket subscriber receives each new head once and in order
    When an RPC client subscribes to new heads through the service of every client and receives 4 of them
    Then their numbers follow each other without a gap

  @req:SERVE-04.namespaces-closed
  Scenario Outline: <method> is not offered
    When an RPC client calls "<method>" through the service of every client
    Then the answer is an error object with code -32601

    Examples:
      | method                  |
      | admin_nodeInfo          |
      | debug_traceBlockByNumber |
      | personal_listAccounts   |
      | engine_exchangeCapabilities |
