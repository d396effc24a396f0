import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A Python package, as a wheel and as an entry of Pyodide's lock file. */
export interface Wheel {
  readonly fileName: string;
  readonly bytes: Buffer;
  /** https://pyodide.org/en/stable/usage/working-with-bundlers.html names the fields `file_name` and `sha256`. */
  readonly lock: Readonly<Record<string, unknown>>;
}

/**
 * Makes a wheel of one module. https://packaging.python.org/en/latest/specifications/binary-distribution-format/
 * @param name of the package and its module
 */
export function makeWheel(name: string, source: string): Wheel {
  const version = '1.0.0';
  const info = `${name}-${version}.dist-info`;
  const bytes = zip({
    [`${name}.py`]: source,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: `${name}.py,,\n`,
  });
  const fileName = `${name}-${version}-py3-none-any.whl`;
  const lock = {
    ...{ name, version, file_name: fileName, sha256: createHash('sha256').update(bytes).digest('hex') },
    ...{
      depends: [],
      imports: [name],
      install_dir: 'site',
      package_type: 'package',
      unvendored_tests: false,
    },
  };
  return { fileName, bytes, lock };
}

/** A zip archive without compression. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const [name, content] = [Buffer.from(path), Buffer.from(text)];
    // From the version to the lengths of the name and of the extra field, which both headers have.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, content]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const made = Buffer.from([20, 0]);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), made, common, place, name]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06', 'latin1'), end]);
}
