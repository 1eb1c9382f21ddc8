"""How much of a letter is read. Each cut is reported as a problem; the raw letter stays stored."""

HEADER_BYTES = 64 * 1024
ALL_HEADERS_BYTES = 1024 * 1024
HEADER_COUNT = 2_000
RECIPIENTS = 1_000
# The root of a thread and its newest letters decide where a reply belongs.
REFERENCES = 100
ID_LENGTH = 998
PARTS = 500
NESTING = 30
# Letters passed on as files within each other that are opened to be shown.
PASSED_ON_NESTING = 3
TEXT_CHARS = 1024 * 1024
HTML_CHARS = 1024 * 1024
# Browsers stop nesting at 512; real letters (tables in tables) stay below 100.
HTML_NESTING = 250
HTML_TAGS = 60_000
# All values of one address header together.
ADDRESSES_CHARS = 128 * 1024
NAME_CHARS = 150
SUBJECT_CHARS = 2_000
EMAIL_CHARS = 320
# Bytes of parts that must be decoded to be opened, such as opaquely signed letters.
DECODED_BYTES = 64 * 1024 * 1024
# Bytes looked through for boundaries, over all levels of nesting.
SEARCHED_BYTES = 300 * 1024 * 1024
# Bytes of text that formatting tags may repeat when a browser mends badly nested ones.
HTML_REPEATED = 5_000_000
# Each `&` costs the cleaner more than the one before.
HTML_ENTITIES = 100_000
# Attributes of one tag, which parsers compare each with each.
HTML_ATTRIBUTES = 250
SAFE_HTML_CHARS = 4 * 1024 * 1024
# Files and bytes taken out of one winmail.dat, and letters in it within each other.
TNEF_FILES = 200
TNEF_NESTING = 4
RTF_BYTES = 2 * 1024 * 1024
TNEF_BYTES = 64 * 1024 * 1024
