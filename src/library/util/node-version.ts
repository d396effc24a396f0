/**
 * Imported before anything else by the entry points: on an older Node, undici fails while it is loaded, with an
 * error that does not mention the version.
 */
const REQUIRED = [22, 19] as const;

const current = process.versions.node.split('.').map(Number);
const [major, minor] = REQUIRED;
if (current[0]! < major || (current[0] === major && current[1]! < minor)) {
  throw new Error(
    `roundhouse needs Node.js ${major}.${minor} or later, and this is ${process.versions.node}`,
  );
}

export {};
