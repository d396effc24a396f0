import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureFolder } from '../config/data-folder.ts';
import { RoundhouseError } from '../errors.ts';
import { type CustomVariant, defaultVariant, findProblem } from './custom-variant.ts';

/** Number of templates that can be stored. */
export const TEMPLATE_SLOTS = 10;

/** Settings under a name. */
export interface Template {
  name: string;
  config: CustomVariant;
}

interface Saved {
  config: CustomVariant;
  /** By slot, 1 to 10. */
  templates: Record<string, Template>;
  /** Slot of the template that was activated last, or null. */
  activeTemplate: number | null;
  /** When they were changed last, in milliseconds since the epoch; 0 for the defaults. */
  changedAt: number;
}

/**
 * The settings of engines and their templates, in the file `engine-settings.json` of the data folder. A change is in
 * effect once it is stored.
 */
export class CustomVariantStore {
  readonly #path: string;
  readonly #isValid: (value: unknown) => value is CustomVariant;
  #saved: Saved = { config: defaultVariant(), templates: {}, activeTemplate: null, changedAt: 0 };
  #writing: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<() => void>();

  /** @param isValid whether a value has the shape of settings; the file may have been edited */
  constructor(dataDir: string, isValid: (value: unknown) => value is CustomVariant) {
    this.#path = join(dataDir, 'engine-settings.json');
    this.#isValid = isValid;
  }

  /**
   * Reads the file, if there is one.
   * @throws Error if it cannot be read, or is not valid; the defaults are in effect then
   */
  async load(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      throw error;
    });
    if (text !== null) this.#saved = this.#parse(text);
  }

  /** When the settings were changed last, in milliseconds since the epoch; 0 if they are the defaults. */
  get changedAt(): number {
    return this.#saved.changedAt;
  }

  /** The settings and templates as JSON, for {@link adopt}. */
  encode(): string {
    return JSON.stringify(this.#saved);
  }

  /**
   * Puts the settings and templates of another orchestrator into effect if they were changed later than these. Of two
   * changes in the same millisecond, all orchestrators keep the same one.
   * @returns whether the text are these settings or later ones; false for a text that is not valid
   * @throws RoundhouseError `settings_not_stored`; they are in effect nevertheless
   */
  async adopt(encoded: string): Promise<boolean> {
    const adopting = this.#writing.then(async () => {
      const other = this.#tryParse(encoded);
      if (!other) return false;
      const own = this.encode();
      const order = other.changedAt - this.#saved.changedAt;
      if (order < 0 || (order === 0 && encoded <= own)) return encoded === own;
      this.#saved = other;
      await this.#write(other);
      return true;
    });
    this.#writing = adopting.then(
      () => {},
      () => {},
    );
    return await adopting;
  }

  /** Calls a function after each change, but not for {@link adopt}. @returns a function that ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The settings in effect. */
  get config(): CustomVariant {
    return structuredClone(this.#saved.config);
  }

  /** Slot of the template that was activated last, or null. */
  get activeTemplate(): number | null {
    return this.#saved.activeTemplate;
  }

  /** @throws RoundhouseError `invalid_settings`, or `settings_not_stored` */
  async setConfig(config: CustomVariant): Promise<void> {
    assertValid(config);
    await this.#change((saved) => ({ ...saved, config }));
  }

  /** A template, or undefined if the slot is empty. */
  template(slot: number): Template | undefined {
    const template = this.#saved.templates[slot];
    return template && structuredClone(template);
  }

  /** @throws RoundhouseError `template_not_found` */
  requireTemplate(slot: number): Template {
    const template = this.template(slot);
    if (template) return template;
    throw new RoundhouseError('template_not_found', `The slot ${slot} has no template`);
  }

  /** Stores a template. @throws RoundhouseError `invalid_settings`, or `settings_not_stored` */
  async setTemplate(slot: number, template: Template): Promise<void> {
    assertValid(template.config);
    await this.#change((saved) => ({ ...saved, templates: { ...saved.templates, [slot]: template } }));
  }

  /** @throws RoundhouseError `template_not_found`, `template_active`, or `settings_not_stored` */
  async deleteTemplate(slot: number): Promise<void> {
    this.requireTemplate(slot);
    if (slot === this.activeTemplate)
      throw new RoundhouseError(
        'template_active',
        'The active template cannot be deleted: activate another one first',
      );
    await this.#change((saved) => {
      const { [slot]: _deleted, ...templates } = saved.templates;
      return { ...saved, templates };
    });
  }

  /** Puts the settings of a template into effect. @throws RoundhouseError `template_not_found`, `settings_not_stored` */
  async activate(slot: number): Promise<void> {
    const { config } = this.requireTemplate(slot);
    await this.#change((saved) => ({ ...saved, config, activeTemplate: slot }));
  }

  async #change(change: (saved: Saved) => Saved): Promise<void> {
    const write = this.#writing.then(async () => {
      // Later than the settings that it changes, also if the clock of another orchestrator is ahead.
      const changedAt = Math.max(Date.now(), this.#saved.changedAt + 1);
      const saved = { ...change(this.#saved), changedAt };
      await this.#write(saved);
      this.#saved = saved;
      for (const listener of this.#listeners) listener();
    });
    this.#writing = write.catch(() => {});
    await write;
  }

  async #write(saved: Saved): Promise<void> {
    try {
      ensureFolder(dirname(this.#path));
      // Readable for the service only: settings may contain access tokens of engines.
      await writeFile(`${this.#path}.tmp`, JSON.stringify(saved), { mode: 0o600 });
      await rename(`${this.#path}.tmp`, this.#path);
    } catch (cause) {
      throw new RoundhouseError('settings_not_stored', 'The settings cannot be written to DATA_DIR', {
        cause,
      });
    }
  }

  #tryParse(text: string): Saved | null {
    try {
      return this.#parse(text);
    } catch {
      return null;
    }
  }

  #parse(text: string): Saved {
    const saved = JSON.parse(text) as Partial<Saved> | null;
    const isUsable = (config: unknown) => this.#isValid(config) && findProblem(config) === null;
    const templates = Object.entries(saved?.templates ?? {}).filter(
      ([slot, template]) =>
        isSlot(Number(slot)) && typeof template?.name === 'string' && isUsable(template.config),
    );
    if (!saved?.config || !isUsable(saved.config))
      throw new Error(`${this.#path} contains no valid settings`);
    const active = saved.activeTemplate ?? null;
    return {
      config: saved.config,
      templates: Object.fromEntries(templates),
      activeTemplate: active !== null && isSlot(active) ? active : null,
      // Files of earlier versions have no time.
      changedAt: Number.isSafeInteger(saved.changedAt) && saved.changedAt! > 0 ? saved.changedAt! : 1,
    };
  }
}

function isSlot(slot: number): boolean {
  return Number.isInteger(slot) && slot >= 1 && slot <= TEMPLATE_SLOTS;
}

function assertValid(config: CustomVariant): void {
  const problem = findProblem(config);
  if (problem !== null) throw new RoundhouseError('invalid_settings', problem);
}
