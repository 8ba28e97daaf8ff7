"""An office's whole configuration as a folder of files: wiring for the command `gridpatrol config`.

Each part is read, checked and stored by the same code as its own import. All of them happen in one transaction, in an
order in which what is named is there before what names it: a folder is taken whole or not at all.
"""
