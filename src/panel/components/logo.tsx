/** The roundhouse: three stalls around a turntable. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M4.5 21a11.5 11.5 0 0 1 23 0" />
      <path d="M8.8 12.7l3 3.3M16 9.5v4.4M23.2 12.7l-3 3.3" />
      <circle cx="16" cy="21" r="3.6" />
    </svg>
  );
}
