import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin, Rollup } from 'vite';

/** What the page asks for early, by the name that `early.js` has for it: modules that are loaded later otherwise. */
const parts = {
  en: 'src/app/i18n/en-words.ts',
  zh: 'src/app/i18n/zh-words.ts',
  server: 'src/app/server-part.ts',
  chat: 'src/app/chat-part.ts',
} as const;

/**
 * Makes the page show something with its first bytes: `early.js` and the styles of the first look stand in it, where they keep
 * nobody waiting.
 */
export function pageHead(): Plugin {
  return {
    name: 'page-head',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const page = html.replace(/<link rel="stylesheet"[^>]* href="\/([^"]+)">/g, (_link, name: string) => {
          const sheet = bundle[name];
          if (sheet?.type !== 'asset') throw new Error(`${name} was not built`);
          delete bundle[name];
          // It is on the page: a part that is loaded later must not wait for it, and would in vain.
          for (const output of Object.values(bundle))
            if (output.type === 'chunk') output.viteMetadata?.importedCss.delete(name);
          return `<style>${String(sheet.source)}</style>`;
        });
        const early = readFileSync(join(import.meta.dirname, 'src/early.js'), 'utf8').replace(
          'FILES_OF_PARTS',
          // After the styles that are on the page have been taken out.
          JSON.stringify(filesOfParts(bundle)),
        );
        return page.replace('<!-- early.js -->', () => `<script>${withoutComments(early)}</script>`);
      },
    },
  };
}

/** @throws {Error} when a part is none any more. */
function filesOfParts(bundle: Rollup.OutputBundle): Record<keyof typeof parts, string[]> {
  const files = (module: string) => {
    const part = Object.values(bundle).find(
      (output) => output.type === 'chunk' && output.facadeModuleId?.endsWith(module),
    );
    if (part?.type !== 'chunk') throw new Error(`${module} is not a file of its own`);
    // What it shares with other parts would be asked for once it is here; the entry is on the page.
    const chunks = new Set([part]);
    for (const chunk of chunks)
      for (const name of chunk.imports) {
        const shared = bundle[name];
        if (shared?.type === 'chunk' && !shared.isEntry) chunks.add(shared);
      }
    const styles = [...chunks].flatMap((chunk) => [...(chunk.viteMetadata?.importedCss ?? [])]);
    return [...[...chunks].map((chunk) => chunk.fileName), ...styles].map((name) => `/${name}`);
  };
  return {
    en: files(parts.en),
    zh: files(parts.zh),
    server: files(parts.server),
    chat: files(parts.chat),
  };
}

const withoutComments = (script: string) => script.replace(/^\s*\/\/.*\n| \/\/ .*$/gm, '');
