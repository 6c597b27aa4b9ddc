/**
 * The constants of the log's format. FORMAT.md is their specification. Writer and verifier share this room and nothing
 * else: an error in one of them must not be repeated by the other.
 */

/** Stands in the first record. A reader that does not know it refuses the log. */
export const FORMAT_NAME = 'portcullis-log-2'

/** The latest published head: a C2SP checkpoint with what cosignatures there are. */
export const CHECKPOINT_FILE = 'checkpoint'

/** The latest head that enough witnesses have cosigned. */
export const WITNESSED_FILE = 'witnessed'

/** The folder of the segments that hold what is durable and not yet in a full tile. */
export const JOURNAL_FOLDER = 'journal'

/** The folder of the hash tiles and, below `entries`, of the entry bundles (C2SP tlog-tiles). */
export const TILE_FOLDER = 'tile'

/** The file whose `flock` makes one process the writer. It says which, for people; the lock itself is the kernel's. */
export const LOCK_FILE = 'lock'

/** SHA-256 throughout. */
export const HASH_BYTES = 32

/** Ed25519 (RFC 8032). */
export const SIGNATURE_BYTES = 64

/** How many hashes a full tile holds, and entries a full bundle (C2SP tlog-tiles). */
export const TILE_WIDTH = 256

/** A decision with every reason of a bad file fits with room to spare; an entry of a bundle may have 65,535 bytes. */
export const RECORD_BYTES_MAX = 60 * 1024

/** Deeper than any document of ours. A bound keeps a hostile one from exhausting the stack. */
export const RECORD_DEPTH_MAX = 32

/** The largest bundle: as many of the largest records as it can hold, each behind its length. */
export const BUNDLE_BYTES_MAX = TILE_WIDTH * (2 + RECORD_BYTES_MAX)

/** How a frame of the journal begins: `PCF1`. */
export const FRAME_MAGIC = 0x50434631

/** Magic, bytes of the entries, their number, tree size, root, signature. */
export const FRAME_HEADER_BYTES = 4 + 4 + 2 + 8 + HASH_BYTES + SIGNATURE_BYTES

/** What one frame's entries hold at most, and so what a crash can leave half written. */
export const FRAME_ENTRIES_BYTES_MAX = 1024 * 1024

/** Longer than any checkpoint with the cosignatures of every witness that a site may name. */
export const CHECKPOINT_BYTES_MAX = 64 * 1024

/** What the machine key signs to make a log its own stands behind this line. */
export const GENESIS_HEADER = 'portcullis-log-genesis-v1'

/** The type byte of a log's Ed25519 key and of a witness's in a C2SP signed note. */
export const NOTE_KEY_TYPE = { log: 0x01, cosigner: 0x04 } as const
