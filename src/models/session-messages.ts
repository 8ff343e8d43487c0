/** A float32 tensor: `data` holds the product of `dims` values, the last dimension varying fastest. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Tensors by the name of the model's input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a model is fed: float32, or whole numbers (int64), as token ids are. */
export interface Feed {
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}
export type Feeds = Readonly<Record<string, Feed>>;

/** An input of the model: fixed lengths, and the names of those that may vary. */
export interface Port {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** Answered one by one, in order, each by one {@link FromWorker}; `close` is not answered, the thread ends. */
export type ToWorker =
  | { readonly kind: "open"; readonly model: Uint8Array; readonly threads: number; readonly warm: Feeds | undefined }
  | { readonly kind: "run"; readonly feeds: Feeds };

export type FromWorker =
  | { readonly kind: "done"; readonly outputs: Tensors; readonly inputs: readonly Port[] }
  | { readonly kind: "failed"; readonly because: string };
