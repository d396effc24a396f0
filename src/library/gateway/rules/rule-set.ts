import { DEFAULT_FORCED_TTL_S } from './lifetime.ts';
import { compilePattern, type Matcher } from './pattern.ts';
import type { CompiledRule, Rule } from './rule.ts';

/** The rules of a lane, compiled once. */
export class RuleSet {
  readonly #rules: readonly { readonly matches: Matcher; readonly rule: CompiledRule }[];
  readonly #excluded: readonly Matcher[];

  /** @throws RangeError for an invalid rule */
  constructor(rules: readonly (string | Rule)[]) {
    const all = rules.map((rule) => (typeof rule === 'string' ? { match: rule } : rule));
    for (const rule of all) validate(rule);
    const isExcluding = ({ match }: Rule) => match.startsWith('!');
    this.#excluded = all.filter(isExcluding).map(({ match }) => compilePattern(match.slice(1)));
    this.#rules = all
      .filter((rule) => !isExcluding(rule))
      .map((rule) => ({ matches: compilePattern(rule.match), rule: compile(rule) }));
  }

  /** The first rule that matches a URL, unless it is excluded. */
  find(url: string): CompiledRule | undefined {
    const found = this.#rules.find(({ matches }) => matches(url));
    return found && !this.excludes(url) ? found.rule : undefined;
  }

  /** Whether a rule with `!` matches a URL. */
  excludes(url: string): boolean {
    return this.#excluded.some((matches) => matches(url));
  }
}

function compile(rule: Rule): CompiledRule {
  const { force = false, ttlS, redact = [] } = rule;
  const effectiveTtlS = ttlS ?? (force ? DEFAULT_FORCED_TTL_S : undefined);
  return {
    ...rule,
    force,
    hasDefaultTtl: ttlS === undefined,
    redact: [...redact],
    ...(effectiveTtlS === undefined ? {} : { ttlS: effectiveTtlS }),
  };
}

function validate({ match, ttlS, maxTtlS, staleWhileRevalidateS, negativeTtlS, maxBytes }: Rule): void {
  if (match === '' || match === '!') throw new RangeError('a rule needs a pattern');
  for (const [name, value] of Object.entries({
    ttlS,
    maxTtlS,
    staleWhileRevalidateS,
    negativeTtlS,
    maxBytes,
  })) {
    if (value !== undefined && !(value >= 0)) {
      throw new RangeError(`${name} of the rule ${match} must be 0 or more, not ${value}`);
    }
  }
}
