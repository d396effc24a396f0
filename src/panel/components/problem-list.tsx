import { t } from '../lib/i18n.ts';
import type { Problem } from '../lib/problems.ts';
import { Since } from './time.tsx';

/** Problems with their cause, how long they have lasted and what to do. */
export function ProblemList({ problems }: { problems: readonly Problem[] }) {
  return (
    <ul class="problems" aria-label={t('Problems')}>
      {problems.map((problem) => (
        <li key={problem.id} class={`tone-${problem.tone}`}>
          <p class="problem-title">
            <span class="dot" />
            {problem.title}
          </p>
          <ProblemDetail problem={problem} />
        </li>
      ))}
    </ul>
  );
}

/** Everything about a problem but its title. */
export function ProblemDetail({ problem: { cause, since, advice, href } }: { problem: Problem }) {
  return (
    <p class="problem-detail">
      {cause !== '' && <span>{href === null ? cause : <a href={href}>{cause}</a>}</span>}
      {since !== null && (
        <span class="problem-since">
          {t('for')} <Since at={since} />
        </span>
      )}
      {advice !== '' && <span>{advice}</span>}
    </p>
  );
}
