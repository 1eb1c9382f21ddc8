"""A small IMAP4rev1 server for the demo: exact in what it speaks, silent about the rest."""
