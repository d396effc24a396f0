import { canonical, checkProperties, sortedNames } from './canonical.ts';

/** The memo is emptied when it has more nodes: about 2 MB. */
const MAX_NODES = 10_000;
/** Longer inputs are not kept. Hashing them again costs less than the memory of many of them. */
const MAX_TOKENS = 64;
const MAX_CHARACTERS = 256;

/** Tokens that no argument can be. */
const OBJECT = Symbol('{');
const ARRAY = Symbol('[');
const END = Symbol('end');
const OTHER = Symbol('other');
const MINUS_ZERO = Symbol('-0');

/** A place in the memo, which one sequence of tokens leads to. */
export interface MemoNode {
  /** The key of the inputs that lead here. Set by the caller. */
  key: string | undefined;
  next: Map<unknown, MemoNode> | undefined;
}

/**
 * Remembers the keys of recent calls. A hit of a cached function would otherwise spend most of its time on the canonical
 * form of its arguments and on hashing it.
 *
 * It is a trie: the arguments are a sequence of tokens (primitives, property names, brackets), and each token leads from
 * one node to the next, without building a string. Two lists of arguments lead to the same node if and only if their
 * canonical forms are equal.
 */
export class KeyMemo {
  #root: MemoNode = { key: undefined, next: undefined };
  #nodes = 0;
  #tokens = 0;

  /**
   * Finds the node of a list of inputs.
   * @returns undefined if the list is too long to be kept
   * @throws UnserialisableError if an input has no canonical form
   */
  find(inputs: readonly unknown[]): MemoNode | undefined {
    if (this.#nodes > MAX_NODES) {
      this.#root = { key: undefined, next: undefined };
      this.#nodes = 0;
    }
    this.#tokens = 0;
    let node: MemoNode | undefined = this.#root;
    for (let index = 0; index < inputs.length && node !== undefined; index += 1) {
      node = this.#descend(node, inputs[index], undefined);
    }
    return node;
  }

  /** @param ancestors the objects that contain the value */
  #descend(node: MemoNode, value: unknown, ancestors: object[] | undefined): MemoNode | undefined {
    if (typeof value === 'object' && value !== null) return this.#descendObject(node, value, ancestors ?? []);
    if (typeof value === 'string') return value.length > MAX_CHARACTERS ? undefined : this.#step(node, value);
    // A Map does not distinguish -0 from 0.
    if (value === 0) return this.#step(node, Object.is(value, -0) ? MINUS_ZERO : 0);
    if (typeof value === 'function' || typeof value === 'symbol') canonical(value);
    return this.#step(node, value);
  }

  #descendObject(from: MemoNode, value: object, ancestors: object[]): MemoNode | undefined {
    const prototype = Object.getPrototypeOf(value);
    const isObject = prototype === Object.prototype;
    const isList = prototype === Array.prototype && isDense(value as unknown[]);
    // Throws for a cycle.
    if (!(isObject || isList) || ancestors.includes(value)) return this.#descendOther(from, value);
    ancestors.push(value);
    let node = this.#step(from, isObject ? OBJECT : ARRAY);
    if (isObject) {
      for (const name of sortedNames(value)) {
        if (node !== undefined) node = this.#step(node, name);
        if (node === undefined) break;
        node = this.#descend(node, (value as Record<string, unknown>)[name], ancestors);
      }
    } else {
      for (const child of value as unknown[]) {
        if (node === undefined) break;
        node = this.#descend(node, child, ancestors);
      }
    }
    ancestors.pop();
    return node && this.#step(node, END);
  }

  #descendOther(from: MemoNode, value: object): MemoNode | undefined {
    const text = canonical(value);
    if (text.length > MAX_CHARACTERS) return undefined;
    const node = this.#step(from, OTHER);
    return node && this.#step(node, text);
  }

  #step(node: MemoNode, token: unknown): MemoNode | undefined {
    this.#tokens += 1;
    if (this.#tokens > MAX_TOKENS) return undefined;
    node.next ??= new Map();
    const existing = node.next.get(token);
    if (existing !== undefined) return existing;
    const created: MemoNode = { key: undefined, next: undefined };
    node.next.set(token, created);
    this.#nodes += 1;
    return created;
  }
}

/** Whether an array has all of its elements and no other properties. */
function isDense(value: readonly unknown[]): boolean {
  if (value.length > MAX_TOKENS) return false;
  for (let index = 0; index < value.length; index += 1) if (!(index in value)) return false;
  checkProperties(value, value.length + 1);
  return true;
}
