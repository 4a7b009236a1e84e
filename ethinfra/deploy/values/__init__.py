"""What the values of a chart are, told in four places that must agree, and a fifth that follows from them.

- The *schema* (values.schema.json) says which keys there are and what they may hold (`schema`).
- The *manual* (values.yaml) gives each its default and says what it means (`manual`).
- The *templates* use them, those in the files of clients too (`template`, `usage`).
- The *table* (docs/values.md) is written from the first two (`table`).

A *key* is a path in the values. `*` stands for any name, or any place in a list. What one place says and another does
not is a sentence of `disagreements` (`agreement`). Values that a chart must refuse are made from its schema (`wrong`).
"""

from ethinfra.deploy.values.agreement import disagreements
from ethinfra.deploy.values.chart import CHARTS, Chart, read_chart
from ethinfra.deploy.values.schema import ANY, Key, dotted
from ethinfra.deploy.values.table import PAGE, written
from ethinfra.deploy.values.wrong import Wrong, ill_typed, misspelt

__all__ = [
    "ANY",
    "CHARTS",
    "PAGE",
    "Chart",
    "Key",
    "Wrong",
    "disagreements",
    "dotted",
    "ill_typed",
    "misspelt",
    "read_chart",
    "written",
]
