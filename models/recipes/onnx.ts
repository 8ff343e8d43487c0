/**
 * Writes the small part of ONNX (IR version 8) that the recipes need. Field numbers are those of `onnx.proto`:
 * https://github.com/onnx/onnx/blob/v1.16.0/onnx/onnx.proto. The same graph always gives the same bytes.
 */

/** The proto3 wire format, as far as ONNX uses it: varints, fixed 32 and length-delimited fields. */
class Message {
  readonly #parts: Uint8Array[] = [];

  int(field: number, value: number): this {
    this.#parts.push(varint(field * 8), varint(value));
    return this;
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#parts.push(varint(field * 8 + 5), bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#parts.push(varint(field * 8 + 2), varint(value.length), value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, "utf8"));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  encode(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`not an unsigned integer: ${value}`);
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

const FLOAT = 1;
const UINT8 = 2;
const INT64 = 7;

export type Attribute = { readonly float: number } | { readonly int: number } | { readonly ints: readonly number[] };

/** A dimension: a fixed length, or the name of one that may vary. */
export type Dimension = number | string;

/** One ONNX graph in the making. Every method that adds a node returns the name of its output. */
export class OnnxGraph {
  readonly #nodes: Message[] = [];
  readonly #initializers: Message[] = [];
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];

  input(name: string, shape: readonly Dimension[]): string {
    this.#inputs.push(valueInfo(name, FLOAT, shape));
    return name;
  }

  /** An input of whole numbers, as token ids are. */
  ids(name: string, shape: readonly Dimension[]): string {
    this.#inputs.push(valueInfo(name, INT64, shape));
    return name;
  }

  output(name: string, shape: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, FLOAT, shape));
  }

  floats(name: string, shape: readonly number[], values: readonly number[]): string {
    const raw = Buffer.alloc(values.length * 4);
    values.forEach((value, i) => {
      raw.writeFloatLE(value, i * 4);
    });
    return this.#initializer(name, FLOAT, shape, raw);
  }

  /** A list of whole numbers, such as a shape. */
  whole(name: string, values: readonly number[]): string {
    return this.#initializer(name, INT64, [values.length], Buffer.from(BigInt64Array.from(values, BigInt).buffer));
  }

  bytes(name: string, shape: readonly number[], values: Uint8Array): string {
    return this.#initializer(name, UINT8, shape, values);
  }

  node(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    node.text(2, output).text(3, output).text(4, operator);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    this.#nodes.push(node);
    return output;
  }

  /** @param about written into the file's metadata, for whoever finds it without its manifest. */
  encode(name: string, opset: number, about: Readonly<Record<string, string>>): Uint8Array {
    const graph = new Message();
    for (const node of this.#nodes) graph.message(1, node);
    graph.text(2, name);
    for (const tensor of this.#initializers) graph.message(5, tensor);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    const model = new Message().int(1, 8).text(2, "safelight").message(7, graph);
    model.message(8, new Message().text(1, "").int(2, opset));
    for (const [key, value] of Object.entries(about)) model.message(14, new Message().text(1, key).text(2, value));
    return model.encode();
  }

  #initializer(name: string, type: number, shape: readonly number[], raw: Uint8Array): string {
    const tensor = new Message();
    for (const length of shape) tensor.int(1, length);
    this.#initializers.push(tensor.int(2, type).text(8, name).bytes(9, raw));
    return name;
  }
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if ("float" in value) return message.float(2, value.float).int(20, 1);
  if ("int" in value) return message.int(3, value.int).int(20, 2);
  for (const item of value.ints) message.int(8, item);
  return message.int(20, 7);
}

function valueInfo(name: string, type: number, shape: readonly Dimension[]): Message {
  const dimensions = new Message();
  for (const length of shape) {
    dimensions.message(1, typeof length === "number" ? new Message().int(1, length) : new Message().text(2, length));
  }
  const tensor = new Message().int(1, type).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
