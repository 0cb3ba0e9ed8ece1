/** Makes vectors of texts, where a server can search by text. */
export interface Embedder {
  /**
   * @param texts what to search by
   * @param target the collection, and its vector field, that the vectors are to be searched for in
   * @returns a vector for each text
   */
  embed(
    texts: readonly string[],
    target: { readonly collection: string; readonly field: string },
  ): Promise<readonly Float32Array[]>
}
