import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const HUB = 'http://127.0.0.1:8480';
const TEXT = /\.(?:js|css|html|svg|json|webmanifest|txt|map)$/;
/** Below one packet, compression saves nothing. */
const MIN_BYTES = 1024;

/** Writes `.br` and `.gz` beside every text asset, so that the hub compresses nothing itself. */
function precompress(): Plugin {
  let out = '';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      out = join(config.root, config.build.outDir);
    },
    async writeBundle() {
      const names = (await readdir(out, { recursive: true })).filter((name) => TEXT.test(name));
      await Promise.all(names.map((name) => compress(join(out, name))));
    },
  };
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < MIN_BYTES) return;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }));
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}

/**
 * CodeMirror's style-mod puts a `<style>` into the page, which our Content Security Policy forbids,
 * although it can adopt a constructed style sheet as well; here it always does the latter.
 */
function adoptStyles(): Plugin {
  const condition = '!root.head && root.adoptedStyleSheets';
  return {
    name: 'adopt-styles',
    apply: 'build',
    transform(code, id) {
      if (!/\/style-mod\/.*style-mod\.js$/.test(id)) return null;
      if (!code.includes(condition)) this.error('style-mod has changed: look at adoptStyles again');
      return { code: code.replace(condition, 'root.adoptedStyleSheets'), map: null };
    },
  };
}

export default defineConfig({
  plugins: [svelte(), adoptStyles(), precompress()],
  // Under vitest, Svelte must be the browser's build, not the server's.
  ...(process.env['VITEST'] ? { resolve: { conditions: ['browser'] } } : {}),
  build: {
    outDir: '../hub/static',
    emptyOutDir: true,
    assetsDir: 'assets',
    target: 'es2022',
    // A data: address in a style sheet would need a hole in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      output: {
        // The first page knows the names of all files. 36 bits and more tell two contents of one name apart.
        entryFileNames: 'assets/[name]-[hash:7].js',
        chunkFileNames: 'assets/[name]-[hash:7].js',
        assetFileNames: 'assets/[name]-[hash:6][extname]',
        // One file for the parts that every page shares: a browser fetches six files at a time. A group takes
        // what its modules import, too: lib/code would bring the whole editor of code. What few pages use is not of it.
        codeSplitting: { groups: [{ name: 'ui', test: /\/src\/(?:ui|lib)\/(?!code\/|exif|undo|save-file|values|SecretOnce|PageTabs|RenameDialog|Splitter|ProgressBar|Select)|@lucide\/svelte/ }] },
      },
    },
  },
  server: {
    // A test reads what the documentation says.
    fs: { allow: ['.', '../docs'] },
    proxy: {
      '/api': HUB,
      '/files': HUB,
      '/live': { target: HUB, ws: true },
      '/yjs': { target: HUB, ws: true },
      '/healthz': HUB,
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    restoreMocks: true,
    testTimeout: 5_000,
  },
});
