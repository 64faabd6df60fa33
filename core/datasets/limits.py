"""How much of anything is taken in; one place, so that each sentence about a limit names the same number.

Together they hold the bound that tests/datasets/test_memory.py measures: no input of a few hundred kilobytes takes more
than 500 MB above what an ordinary import takes.
"""

GIB = 2**30

FILES = 500_000  # in one source
DIRECTORY_BYTES = 128 * 2**20  # of a zip's table of contents, read at once: about 1,000,000 names
TOTAL_BYTES = 200 * GIB  # of all photos of one source, unpacked
PHOTO_BYTES = GIB  # of one photo's file
PREVIEW_BYTES = 64 * 2**20  # of a photo's file that is shown before the import; of a larger one nothing is

# A decoded picture takes 4 bytes per pixel, so the largest takes 440 MB, and all that are
# decoded at once take no more than DECODING_BYTES. What takes more for its format (progressive JPEG, WebP, TIFF in one
# strip ...) must be a file with something in it.
MAX_PIXELS = 110_000_000  # above any camera that people own
DECODING_BYTES = 450_000_000
DECODING_RATIO = 700  # bytes of memory per byte of the file; photos take 5 to 100
ICON_PIXELS = 2_048 * 2_048

# Names inside a source. Every end of a path can name its photo in a table, so memory grows with length times depth.
PATH_LETTERS = 1_000
FOLDERS_DEEP = 40

# A CSV. A few kilobytes in a zip become hundreds of megabytes of text, and each cell of that an object of its own.
TABLE_BYTES = 256 * 2**20
TABLE_ROWS = 1_000_000
TABLE_COLUMNS = 4_000
TABLE_LINE_LETTERS = 2**20
TABLE_MEMORY_BYTES = 160 * 2**20  # of its cells, once they are read
JSON_BYTES = 8 * 2**20  # of a JSON file that is no JSON lines: Python holds it whole, up to thirty times as large

# Photos hardly shrink in a zip (about 1:1); even blank bitmaps stay under 1,000:1 and are small. What unpacks to more
# than UNPACKED_FREE_BYTES may not be more than UNPACKED_RATIO times the archive.
UNPACKED_RATIO = 100
UNPACKED_FREE_BYTES = GIB

NAME_LETTERS = 80  # of a dataset's name
LABEL_LETTERS = 200
