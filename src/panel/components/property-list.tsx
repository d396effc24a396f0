import type { ComponentChildren } from 'preact';

/** A description list of names and values. */
export function PropertyList({ children }: { children: ComponentChildren }) {
  return <dl class="properties">{children}</dl>;
}

/** An entry of a {@link PropertyList}. */
export function Property({ name, children }: { name: ComponentChildren; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
