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
TEXT_CHARS = 1024 * 1024
HTML_CHARS = 1024 * 1024
# Browsers stop nesting at 512; real letters (tables in tables) stay below 100.
HTML_NESTING = 250
HTML_TAGS = 100_000
# All values of one address header together.
ADDRESSES_CHARS = 128 * 1024
NAME_CHARS = 150
SUBJECT_CHARS = 2_000
EMAIL_CHARS = 320
