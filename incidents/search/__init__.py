"""The search of the desk: what is asked (questions), where it may stand (sources), what is found (finding), and
how it is shown (snippets). docs/search.md tells the whole of it."""
