const PATHS = {
  sun: 'M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3.05 3.05l1.1 1.1M11.85 11.85l1.1 1.1M12.95 3.05l-1.1 1.1M4.15 11.85l-1.1 1.1M8 5a3 3 0 1 1 0 6a3 3 0 0 1 0-6',
  moon: 'M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7z',
  auto: 'M8 2a6 6 0 1 0 0 12a6 6 0 0 0 0-12M8 2v12M8 5.2h4.8M8 8h6M8 10.8h4.8',
  key: 'M9.2 6.8L14 2M11.6 4.4l1.8 1.8M9.9 9.2a3.4 3.4 0 1 1-6.2-.6a3.4 3.4 0 0 1 6.2.6z',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  down: 'M8 2.5v11M3.5 9L8 13.5L12.5 9',
  up: 'M8 13.5v-11M3.5 7L8 2.5L12.5 7',
  plus: 'M8 3v10M3 8h10',
  scale: 'M2 13.5h12M3.5 13.5V9.5M8 13.5V6M12.5 13.5v-11',
  trash: 'M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.7 6.5v4.5M9.3 6.5v4.5',
  stop: 'M4 4h8v8H4z',
  restart: 'M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3',
  back: 'M13 8H3M7 3.5L2.5 8L7 12.5',
  overview: 'M2.5 2.5h4.3v6H2.5zM9.2 2.5h4.3V6H9.2zM2.5 11h4.3v2.5H2.5zM9.2 8.5h4.3v5H9.2z',
  engines: 'M8 2a6 6 0 1 0 0 12a6 6 0 0 0 0-12M6.7 5.6v4.8L10.4 8z',
  nodes: 'M2.5 2.5h11V7h-11zM2.5 9h11v4.5h-11zM5 4.75h1M5 11.25h1',
  apps: 'M2 3h12v10H2zM2 6.2h12',
  events: 'M5.5 4h8M5.5 8h8M5.5 12h8M2.4 4h.2M2.4 8h.2M2.4 12h.2',
  cache: 'M3 4.2c0-2.4 10-2.4 10 0s-10 2.4-10 0v7.6c0 2.4 10 2.4 10 0V4.2M3 8c0 2.4 10 2.4 10 0',
  settings: 'M2 5h6M11.6 5H14M2 11h2.4M8 11h6M9.8 3.2v3.6M6.2 9.2v3.6',
} as const;

/** Name of an icon. */
export type IconName = keyof typeof PATHS;

/** An icon beside text or in a labelled button; hidden from screen readers. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
