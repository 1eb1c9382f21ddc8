"""Finding the pole and the base station that a letter is about.

The registry decides what is a code, not a pattern; the words around decide whether a bare number
is a station at all. What is typed for the eye (look-alike letters, any dash, invisible characters,
lower case, padding zeros, a code cut short, a label glued on) is read as what is meant.

Which part of the letter decides:

1. Subject and new text are read first, together. Quoted text is asked only if they name nothing,
   then attachments, then the rest of the thread. If the new text leaves a choice (a code cut short,
   a station on two poles), a later part may settle it, never overrule it.
2. A pole and a station named together must fit: one of the stations named must stand on that pole,
   else it is a conflict. Only a station named: its pole is taken, if it stands on one.
3. Subject and new text must agree. If the subject names one pole and the new text names several
   with it, the subject decides; if the new text names only others, that is a conflict.
4. Several poles named with nothing to choose between them is ambiguous. So is a beginning shared by
   several poles. Candidates are offered, none is chosen.
5. A pole's code that the registry does not have is another site: it never lets quoted text or a
   station decide silently. A station we do not have says nothing against a pole we have, but stops
   quoted text that does not mention it.
6. Phones, dates, sums, coordinates, addresses and numbers of contracts, invoices and requests are
   never evidence.

At most `MAX_CHARACTERS` of a letter are looked at; `Match.truncated` tells when there was more.
"""

from towers.matching.index import Index
from towers.matching.result import Evidence, Match, Part
from towers.matching.scan import MAX_CHARACTERS

__all__ = ["MAX_CHARACTERS", "Evidence", "Index", "Match", "Part"]
