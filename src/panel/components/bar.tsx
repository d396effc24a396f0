/**
 * A bar for a part of `max`, hidden from screen readers: the text beside it has the value. An SVG, because browsers
 * style `meter` differently.
 */
export function Bar({ value, max, class: extra = '' }: { value: number; max: number; class?: string }) {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  return (
    <div class={`bar ${extra}`} aria-hidden="true">
      <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
        <rect width={share * 100} height="1" />
      </svg>
    </div>
  );
}
