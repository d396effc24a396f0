/** A part of a whole, beside the words that say it. Drawn, for browsers differ in how `meter` looks. */
export function Bar({ value, most, class: extra = '' }: { value: number; most: number; class?: string }) {
  const share = most > 0 ? Math.min(1, Math.max(0, value / most)) : 0;
  return (
    <div class={`bar ${extra}`} aria-hidden="true">
      <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
        <rect width={share * 100} height="1" />
      </svg>
    </div>
  );
}
