import { FormatError } from "../../errors.ts";
import type { Budget } from "../../formats/limits.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import { Hdf5Bytes, OBJECT } from "./hdf5_bytes.ts";
import {
  type AttributeFields,
  MESSAGE,
  type Message,
  readAttributeFields,
  readLinks,
  readMessages,
  rootAddress,
} from "./hdf5_objects.ts";
import { readStorage } from "./hdf5_storage.ts";
import { readExtents, readFloatType, readStrings, sizeOf, toFloats } from "./hdf5_values.ts";

/** The maximum number of groups and datasets, and the maximum depth: more than any valid file of weights has. */
const MAX_OBJECTS = 100_000, MAX_DEPTH = 40;

/** A group or a dataset, read as far as somebody asked. */
interface Hdf5Object {
  readonly messages: readonly Message[];
  readonly isDataset: boolean;
  links?: ReadonlyMap<string, number | undefined>;
  attributes?: ReadonlyMap<string, AttributeFields>;
}

/**
 * An HDF5 file of tensors, as h5py and Keras write it: superblocks of version 0 to 3, groups by symbol tables or link
 * messages, datasets of floating point numbers, contiguous or in chunks with gzip, shuffle and checksums, and
 * attributes of strings.
 */
export class Hdf5File {
  readonly #what: string;
  readonly #file: Hdf5Bytes;
  readonly #root: number;
  readonly #objects = new Map<number, Hdf5Object>();
  readonly #heaps: Parameters<typeof readStrings>[2] = new Map();

  /**
   * @param what The name of the file in errors.
   * @throws {FormatError} When the bytes are not an HDF5 file.
   */
  constructor(what: string, bytes: Uint8Array, budget: Budget) {
    this.#what = what;
    this.#file = new Hdf5Bytes(what, bytes, budget);
    this.#root = rootAddress(this.#file);
    this.#object(this.#root);
  }

  /** The paths of all datasets, in the order of the file. */
  datasets(): string[] {
    const found: string[] = [];
    let count = 0;
    const walk = (group: Hdf5Object, path: string, depth: number): void => {
      for (const [name, address] of this.#links(group)) {
        const inner = `${path}${name}`;
        this.#file.budget.spend(inner.length);
        if (++count > MAX_OBJECTS || depth > MAX_DEPTH) {
          throw this.#refuse(inner, "there are too many groups, or they are nested too deeply");
        }
        if (address === undefined) throw this.#refuse(inner, "it is a link to another path or file");
        const child = this.#object(address);
        if (child.isDataset) found.push(inner);
        else walk(child, `${inner}/`, depth + 1);
      }
    };
    walk(this.#object(this.#root), "", 0);
    return found;
  }

  /**
   * An attribute of a group, a string or a list of strings; `""` is the root group. Undefined when the group or the
   * attribute does not exist, null when it has another type.
   */
  attribute(path: string, name: string): string | string[] | null | undefined {
    const object = path ? this.#find(path) : this.#object(this.#root);
    const fields = object && this.#attributes(object).get(name);
    return fields && readStrings(this.#file, fields, this.#heaps);
  }

  /**
   * A dataset of floating point numbers; undefined when it does not exist.
   *
   * @throws {FormatError} When the dataset has another type, or its storage is broken.
   */
  tensor(path: string): TensorCopy | undefined {
    const file = this.#file, object = this.#find(path);
    if (!object?.isDataset) return undefined;
    const [type, space] = [MESSAGE.datatype, MESSAGE.dataspace].map((wanted) => {
      const message = object.messages.find(({ type }) => type === wanted);
      if (!message || message.shared) throw this.#refuse(path, "it has no type or shape of its own");
      return message.at;
    });
    const float = readFloatType(file, type), shape = readExtents(file, space);
    if (!float || !shape) throw this.#refuse(path, "it must hold floating point numbers of IEEE 754");
    const size = sizeOf(shape);
    // Twice: elements of 2 bytes become 4.
    file.budget.spend(2 * size * float.size);
    const bytes = readStorage(file, object.messages, shape, float.size);
    return { shape, data: toFloats(bytes, float) };
  }

  #object(address: number): Hdf5Object {
    const known = this.#objects.get(address);
    if (known) return known;
    const messages = readMessages(this.#file, address);
    const object = { messages, isDataset: messages.some(({ type }) => type === MESSAGE.layout) };
    this.#objects.set(address, object);
    return object;
  }

  #links(group: Hdf5Object): ReadonlyMap<string, number | undefined> {
    return group.links ??= group.isDataset ? new Map() : readLinks(this.#file, group.messages);
  }

  #attributes(object: Hdf5Object): ReadonlyMap<string, AttributeFields> {
    const file = this.#file;
    return object.attributes ??= new Map(object.messages.flatMap((message) => {
      const { type, at } = message;
      if (type === MESSAGE.attributeInfo && file.address(at + 2 + (file.u8(at + 1) & 1 ? 2 : 0)) !== undefined) {
        throw file.unsupported("a dense list of attributes, as of h5py's libver latest,");
      }
      if (type !== MESSAGE.attribute || message.shared) return [];
      const fields = readAttributeFields(file, message);
      return [[fields.name, fields] as const];
    }));
  }

  #find(path: string): Hdf5Object | undefined {
    this.#file.budget.spend(OBJECT + 8 * path.length);
    return path.split("/").reduce<Hdf5Object | undefined>((group, name) => {
      const address = group && this.#links(group).get(name);
      return address === undefined ? undefined : this.#object(address);
    }, this.#object(this.#root));
  }

  #refuse(path: string, reason: string): FormatError {
    return new FormatError(`Cannot read ${JSON.stringify(path.slice(0, 200))} of ${this.#what}: ${reason}`);
  }
}
