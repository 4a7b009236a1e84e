"""A node that can lie, to test the probe with. In the image, because scenarios run it as a pod in place of the clients.

- `lies`           which lies there are, and what a probe has to say about each
- `scripted_chain` the answers of both clients, honest and not
- `scripted_node`  the HTTP servers that give them, and the command line
"""
