import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['roundhouse:source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['roundhouse:source', 'node', 'import', 'default'] } },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/docker/**'] },
      },
    ],
  },
});
