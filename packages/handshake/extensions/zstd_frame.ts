/**
 * What of a zstd frame (RFC 8878) is looked at before a decoder sees it: everything but the content of its compressed blocks.
 *
 * @module
 */

const MAGIC = 0xfd2fb528;
/** RFC 8878 §3.1.1.2.4: a block has at most 128 KiB, and less only where the window is smaller. */
const BLOCK_LOG = 17;
/** RFC 8878 §3.1.1.2.2. */
const BlockType = { raw: 0, rle: 1, compressed: 2, reserved: 3 } as const;

/** Frame_Header (RFC 8878 section 3.1.1.1). */
interface FrameHeader {
  /** Bytes of magic number and header. */
  readonly end: number;
  /** Whether Window_Descriptor is left out: then the content size is the window. */
  readonly singleSegment: boolean;
  /** Frame_Content_Size; `null` if it is left out. */
  readonly contentSize: number | null;
  /** Whether a checksum of four bytes ends the frame. */
  readonly checksum: boolean;
}

/** The header; `null` if it is cut off, or has what may not be there or what we do not have: a dictionary. */
function readHeader(bytes: Uint8Array): FrameHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 6 || view.getUint32(0, true) !== MAGIC) return null;
  const descriptor = bytes[4];
  // §3.1.1.1.1.4: the reserved bit is zero, or else the frame is of a later version.
  if (descriptor & 0x08) return null;
  const singleSegment = (descriptor & 0x20) !== 0;
  const idLength = [0, 1, 2, 4][descriptor & 3];
  const sizeLength = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const idAt = 5 + (singleSegment ? 0 : 1);
  const end = idAt + idLength + sizeLength;
  if (bytes.length < end) return null;
  // §3.1.1.1.3: zero stands for no dictionary.
  if (bytes.subarray(idAt, idAt + idLength).some((byte) => byte !== 0)) return null;
  const contentSize = readContentSize(view, idAt + idLength, sizeLength);
  return { end, singleSegment, contentSize, checksum: (descriptor & 0x04) !== 0 };
}

function readContentSize(view: DataView, at: number, length: number): number | null {
  switch (length) {
    case 0:
      return null;
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256; // §3.1.1.1.4
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

/** Whether the blocks (RFC 8878 section 3.1.1.2) and the checksum end where the input ends, and make no more than `length` bytes. */
function blocksEndTheInput(bytes: Uint8Array, header: FrameHeader, length: number): boolean {
  let at = header.end;
  let atLeast = 0;
  for (let last = false; !last;) {
    if (at + 3 > bytes.length) return false;
    const block = bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16;
    last = (block & 1) === 1;
    const type = block >> 1 & 3;
    const size = block >> 3;
    if (type === BlockType.reserved || size > 1 << BLOCK_LOG) return false;
    if (type !== BlockType.compressed) atLeast += size;
    if (atLeast > length) return false;
    at += 3 + (type === BlockType.rle ? 1 : size);
  }
  return at + (header.checksum ? 4 : 0) === bytes.length;
}

/**
 * A zstd frame that is all of `bytes`, with a window that is not larger than `length` bytes need; `null` if it is cut off or
 * followed by anything, also by another frame, or says itself that its content has another length.
 */
export function limitZstdWindow(bytes: Uint8Array, length: number): Uint8Array | null {
  const header = readHeader(bytes);
  if (header === null) return null;
  const { contentSize, singleSegment } = header;
  if (contentSize !== null && contentSize !== length) return null;
  if (!blocksEndTheInput(bytes, header, length)) return null;
  if (singleSegment) return bytes;
  const needed = Math.max(BLOCK_LOG, Math.ceil(Math.log2(length)));
  if (10 + (bytes[5] >> 3) <= needed) return bytes;
  const limited = bytes.slice();
  limited[5] = (needed - 10) << 3;
  return limited;
}
