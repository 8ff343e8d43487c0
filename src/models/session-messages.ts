/** A float32 tensor: `data` holds the product of `dims` values, the last dimension varying fastest. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Tensors by the name of the model's input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Answered one by one, in order, each by one {@link FromWorker}; `close` is not answered, the thread ends. */
export type ToWorker =
  | { readonly kind: "open"; readonly model: Uint8Array; readonly threads: number }
  | { readonly kind: "run"; readonly feeds: Tensors };

export type FromWorker =
  | { readonly kind: "done"; readonly outputs: Tensors }
  | { readonly kind: "failed"; readonly because: string };
