"""Careless edits of the charts, the values and the client files, each of which a static check must notice.

A *mutant* is the project with one text edit. It is rendered by helm, as it would be deployed, and judged by the rules
and by the other static checks; it is *caught* if the check that is there for it complains. The mutations of objects in
tests/charts try a rule alone, in all its branches; a mutant tries the whole way from a source to the complaint.

- `mutant`     the words
- `catalogue`  all mutants
- `trial`      renders and judges them

`python -m tests.mutants` prints which check caught which, and fails if one survives.
"""
