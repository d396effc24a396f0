import { Card, EmptyState } from '../card.tsx';
import { Icon } from '../icon.tsx';

/** Shown in place of something that does not exist any more. */
export function NotFound({ heading, title, hint }: { heading: string; title: string; hint: string }) {
  return (
    <>
      <h1>{heading}</h1>
      <Card title={heading}>
        <EmptyState title={title}>
          <p>{hint}</p>
        </EmptyState>
      </Card>
    </>
  );
}

/** A link to the list that a page belongs to. */
export function Back({ href, text }: { href: string; text: string }) {
  return (
    <a class="back" href={href}>
      <Icon name="back" />
      {text}
    </a>
  );
}
