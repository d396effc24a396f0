/** The parts of cacache that are used; its types package is for an older version. */
declare module 'cacache' {
  interface Options {
    algorithms?: string[];
    memoize?: boolean;
  }
  const cacache: {
    put(dir: string, key: string, data: Uint8Array, options?: Options): Promise<unknown>;
    get(dir: string, key: string, options?: Options): Promise<{ data: Buffer }>;
  };
  export default cacache;
}
