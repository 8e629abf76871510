import { type Hdf5Bytes, OBJECT, padded } from "./hdf5_bytes.ts";

/**
 * Groups and datasets of HDF5 (https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html): what is left out
 * is what h5py writes only when it is asked to, such as dense groups.
 */

/** Types of header messages. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** A header message: its place in the file. */
export interface Message {
  readonly type: number;
  readonly at: number;
  readonly length: number;
  /** Whether the message is elsewhere, as the type of several datasets can be. */
  readonly shared: boolean;
}

/** The address of the root group's header. Addresses and lengths must have 8 bytes. */
export function rootAddress(file: Hdf5Bytes): number {
  file.requireSignature(1, "HDF\r\n\x1a\n");
  const version = file.u8(8);
  if (version > 3) throw file.unsupported(`version ${version} of the superblock`);
  const sizes = version < 2 ? 13 : 9;
  if (file.u8(sizes) !== 8 || file.u8(sizes + 1) !== 8) throw file.unsupported("an address of other than 8 bytes");
  return file.u64(version < 2 ? 64 + 4 * version : 36);
}

/** The messages of an object's header, in order. */
export function readMessages(file: Hdf5Bytes, address: number): Message[] {
  const isOld = file.u8(address) === 1;
  const messages: Message[] = [];
  const blocks = [isOld ? oldBlock(file, address) : newBlock(file, address)];
  const seen = new Set<number>();
  for (const { at: start, end, head, ordered } of blocks) {
    if (seen.has(start)) throw file.broken(start, "a header contains itself");
    seen.add(start);
    file.take(start, Math.max(0, end - start));
    for (let at = start; at + head <= end;) {
      const type = isOld ? file.u16(at) : file.u8(at);
      const length = isOld ? file.u16(at + 2) : file.u16(at + 1);
      const flags = isOld ? file.u8(at + 4) : file.u8(at + 3);
      const data = at + head;
      if (data + length > end) throw file.broken(at, "a message is longer than its header");
      if (type === MESSAGE.continuation) {
        const next = file.u64(data), size = file.u64(data + 8);
        if (!isOld) file.requireSignature(next, "OCHK");
        blocks.push(
          isOld ? { at: next, end: next + size, head, ordered } : { at: next + 4, end: next + size - 4, head, ordered },
        );
      } else {
        file.budget.spend(OBJECT);
        messages.push({ type, at: data, length, shared: (flags & 2) !== 0 });
      }
      at = data + length;
    }
  }
  return messages;
}

/** A range of messages. */
interface Block {
  readonly at: number;
  readonly end: number;
  /** The bytes before the data of each message. */
  readonly head: number;
  /** Whether messages have the order of their creation. */
  readonly ordered: boolean;
}

function oldBlock(file: Hdf5Bytes, address: number): Block {
  return { at: address + 16, end: address + 16 + file.u32(address + 8), head: 8, ordered: false };
}

function newBlock(file: Hdf5Bytes, address: number): Block {
  file.requireSignature(address, "OHDR");
  const version = file.u8(address + 4), flags = file.u8(address + 5);
  if (version !== 2) throw file.unsupported(`version ${version} of an object header`);
  const at = address + 6 + (flags & 32 ? 16 : 0) + (flags & 16 ? 4 : 0), size = 1 << (flags & 3);
  const ordered = (flags & 4) !== 0;
  return { at: at + size, end: at + size + file.unsigned(at, size), head: ordered ? 6 : 4, ordered };
}

/** The links of a group: the address of each object by name, undefined for a link to another path or file. */
export function readLinks(file: Hdf5Bytes, messages: readonly Message[]): Map<string, number | undefined> {
  const links = new Map<string, number | undefined>();
  for (const { type, at } of messages) {
    if (type === MESSAGE.symbolTable) readSymbolTable(file, at, links);
    if (type === MESSAGE.link) readLink(file, at, links);
    if (type === MESSAGE.linkInfo && file.address(at + 2 + (file.u8(at + 1) & 1 ? 8 : 0)) !== undefined) {
      throw file.unsupported("a dense group, as of h5py's libver latest,");
    }
  }
  return links;
}

function readLink(file: Hdf5Bytes, message: number, links: Map<string, number | undefined>): void {
  const flags = file.u8(message + 1), size = 1 << (flags & 3);
  let at = message + 2;
  const kind = flags & 8 ? file.u8(at++) : 0;
  at += (flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0);
  const length = file.unsigned(at, size);
  const name = file.text(at + size, length);
  links.set(name, kind ? undefined : file.u64(at + size + length));
}

function readSymbolTable(file: Hdf5Bytes, message: number, links: Map<string, number | undefined>): void {
  const heap = file.u64(message + 8);
  file.requireSignature(heap, "HEAP");
  const names = file.u64(heap + 24);
  for (const { child } of treeLeaves(file, file.u64(message), 0, 8)) {
    file.requireSignature(child, "SNOD");
    const count = file.u16(child + 6);
    file.take(child, 8 + 40 * count);
    for (let at = child + 8; at < child + 8 + 40 * count; at += 40) {
      const isSoft = file.u32(at + 16) === 2;
      links.set(file.textUntilZero(names + file.u64(at)), isSoft ? undefined : file.u64(at + 8));
    }
  }
}

/** A leaf of a B-tree: the place of its key, and the address that it points to. */
export interface Leaf {
  readonly key: number;
  readonly child: number;
}

/**
 * The leaves of a B-tree of version 1.
 *
 * @param type 0 for groups, 1 for chunks.
 * @param keySize Bytes of a key.
 */
export function treeLeaves(file: Hdf5Bytes, root: number, type: number, keySize: number): Leaf[] {
  const leaves: Leaf[] = [], seen = new Set<number>();
  const walk = (node: number, above: number): void => {
    file.requireSignature(node, "TREE");
    const level = file.u8(node + 5), count = file.u16(node + 6);
    if (seen.has(node) || level >= above) throw file.broken(node, "a tree contains itself");
    if (file.u8(node + 4) !== type) throw file.broken(node, "a tree has the wrong kind of node");
    seen.add(node);
    file.take(node, 24 + count * (keySize + 8));
    for (let i = 0; i < count; i++) {
      const key = node + 24 + i * (keySize + 8), child = file.u64(key + keySize);
      if (level) walk(child, level);
      else leaves.push({ key, child });
    }
  };
  walk(root, 256);
  return leaves;
}

/** The fields of an attribute message: the places of its name, type, dataspace and data. */
export interface AttributeFields {
  readonly name: string;
  readonly type: number;
  readonly space: number;
  readonly data: number;
  /** Whether the type is elsewhere. */
  readonly shared: boolean;
}

export function readAttributeFields(file: Hdf5Bytes, { at: message }: Message): AttributeFields {
  const version = file.u8(message), round = version === 1 ? padded : (length: number) => length;
  if (version < 1 || version > 3) throw file.unsupported(`version ${version} of an attribute`);
  const [nameSize, typeSize, spaceSize] = [2, 4, 6].map((offset) => file.u16(message + offset));
  const at = message + (version === 3 ? 9 : 8);
  const type = at + round(nameSize), space = type + round(typeSize);
  const shared = version > 1 && (file.u8(message + 1) & 1) !== 0;
  return { name: file.text(at, nameSize), type, space, data: space + round(spaceSize), shared };
}
