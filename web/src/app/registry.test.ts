import { describe, expect, it } from 'vitest';

import source from './router.svelte.ts?raw';
import { ROUTES, STATES } from './registry';
import { parse } from './router.svelte';

/** The names of the `Route` union, read from the router itself. */
const union = /export type Route =([\s\S]*?);\n\n/.exec(source)?.[1] ?? '';
const names = [...union.matchAll(/name: '(\w+)'/g)].map((match) => match[1]);

describe('the registry of routes and states', () => {
  it('holds every route of the router and no other', () => {
    expect(names.length).toBeGreaterThan(5);
    expect(Object.keys(ROUTES).sort()).toEqual([...names].sort());
  });

  it('gives an address that the router reads as that route', () => {
    for (const [name, path] of Object.entries(ROUTES)) {
      expect(parse(new URL(path, 'http://hub.test')).name, path).toBe(name);
    }
  });

  it('has a state for every route', () => {
    for (const name of names) expect(STATES.some((one) => one.route === name), name).toBe(true);
  });

  it('names each state once, in words', () => {
    expect(new Set(STATES.map((one) => one.id)).size).toBe(STATES.length);
    for (const one of STATES) {
      expect(one.id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(one.about).not.toBe('');
    }
  });
});
