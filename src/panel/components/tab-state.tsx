import { useEffect } from 'preact/hooks';
import { useClient, useProblems, useStore } from '../hooks.ts';
import { t } from '../lib/i18n.ts';

const ICONS = { good: './icon.svg', warn: './icon-warn.svg', bad: './icon-bad.svg' };

/** Shows the worst problem in the title and the icon of the tab, also while another page is open. */
export function TabState({ title }: { title: string }) {
  const { unreachableSince } = useClient();
  const isUnreachable = useStore(unreachableSince) !== null;
  const [worst] = useProblems();
  const problem = isUnreachable ? t('The service is not responding') : worst?.title;
  const tone = isUnreachable ? 'bad' : (worst?.tone ?? 'good');
  useEffect(() => {
    document.title = `${problem === undefined ? title : `⚠ ${problem}`} · Roundhouse`;
  }, [problem, title]);
  useEffect(() => {
    document.querySelector<HTMLLinkElement>('link[rel="icon"]')!.href = ICONS[tone];
  }, [tone]);
  return null;
}
