"""How much of anything is taken in; one place, so that each sentence about a limit names the same number."""

GIB = 2**30

FILES = 500_000  # in one source
DIRECTORY_BYTES = 128 * 2**20  # of a zip's table of contents, read at once: about 1,000,000 names
TOTAL_BYTES = 200 * GIB  # of all photos of one source, unpacked
PHOTO_BYTES = GIB  # of one photo's file

# Names inside a source. Every end of a path can name its photo in a table, so memory grows with length times depth.
PATH_LETTERS = 1_000
FOLDERS_DEEP = 40

# A CSV. A few kilobytes in a zip become hundreds of megabytes of text, and each cell of that an object of its own.
TABLE_BYTES = 256 * 2**20
TABLE_ROWS = 1_000_000
TABLE_COLUMNS = 4_000
TABLE_LINE_LETTERS = 2**20
TABLE_MEMORY_BYTES = 160 * 2**20  # of its cells, once they are read

# Photos hardly shrink in a zip (about 1:1); even blank bitmaps stay under 1,000:1 and are small. What unpacks to more
# than UNPACKED_FREE_BYTES may not be more than UNPACKED_RATIO times the archive.
UNPACKED_RATIO = 100
UNPACKED_FREE_BYTES = GIB

NAME_LETTERS = 80  # of a dataset's name
LABEL_LETTERS = 200
