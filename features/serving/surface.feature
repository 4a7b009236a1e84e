@layer:ethereum
Feature: Serve nodes offer what the environment grants, and no more

  Whoever may call may call anything that is open, as often and as large as is let through. What administers a node, and what one
  request may cost it, are therefore closed at the node itself.

  @req:SERVE-04.namespaces-closed
  Scenario Outline: <method> is not offered to the clients of serve nodes
    When an RPC client in the cluster calls "<method>" through the Service of the serve nodes
    Then the answer is that there is no such method

    Examples:
      | method                      |
      | admin_nodeInfo              |
      | debug_traceBlockByNumber    |
      | personal_listAccounts       |
      | engine_exchangeCapabilities |
      | miner_setGasPrice           |

  @req:SERVE-04.size
  Scenario: Batches beyond the limit are refused, those within it are answered
    When an RPC client in the cluster sends as many requests in one batch as the limit, and one more in another
    Then the first batch is answered and the other one is refused

  @req:SERVE-04.size
  Scenario: Requests beyond the limit are refused, those within it are answered
    When an RPC client in the cluster sends a request as large as the limit, and one that is twice as large
    Then the first request is answered and the other one is refused

  @req:SERVE-04.size
  Scenario: A batch whose answers are larger than the limit is cut short
    When an RPC client in the cluster sends a batch whose answers are larger than the limit
    Then it has answers up to the limit, and errors for the rest

  @req:SERVE-04.websocket @req:RPC-02.subscriptions
  Scenario: A client of the serve nodes' Service for WebSocket receives each head once and in order
    When an RPC client in the cluster subscribes to new heads through the WebSocket Service of the serve nodes
    Then it is told of the next 3 heads, one after the other
