"""How the engine's own rows refer to others.

An import of 500,000 customers writes millions of these rows, each with what the program has
read or written in the same transaction. Where that is so, the database need not look once
more (PROTECT still keeps anybody from deleting what is referred to), and where nobody looks
for rows by what they refer to, it needs no index.
"""

UNCHECKED = {"db_constraint": False}
UNINDEXED = {"db_index": False}
PLAIN = {**UNCHECKED, **UNINDEXED}
