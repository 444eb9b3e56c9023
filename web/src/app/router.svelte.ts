/** Addresses of the client and the way between them. History API, no hash but for secrets. */

export type SettingsTab = 'profile' | 'sessions' | 'tokens' | 'appearance' | 'calls' | 'calendar';
export type CalendarView = 'month' | 'week' | 'list';
export type AdminTab = 'people' | 'invitations' | 'numbers';

/** A file, perhaps one of its versions, perhaps beside another of them. */
export interface FilePlace {
  readonly attachment: string;
  readonly version: number | null;
  readonly beside: number | null;
}

export type Route =
  | { name: 'inbox' }
  | { name: 'room'; thread: string; document: string | null; message: number | null; file: FilePlace | null; call: boolean }
  | { name: 'search'; query: string }
  | { name: 'channels' }
  | { name: 'day' }
  | { name: 'calendar'; view: CalendarView | null; day: string | null }
  | { name: 'settings'; tab: SettingsTab }
  | { name: 'admin'; tab: AdminTab }
  | { name: 'welcome'; secret: string }
  | { name: 'signin' }
  | { name: 'not_found' };

const SETTINGS: readonly string[] = ['profile', 'sessions', 'tokens', 'appearance', 'calls', 'calendar'];
const CALENDAR: readonly string[] = ['month', 'week', 'list'];
const ADMIN: readonly string[] = ['people', 'invitations', 'numbers'];

/** A day that there is, from 1900 to 2999. */
function isDay(text: string): boolean {
  return /^(19|2\d)\d\d-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;
}

export function calendarPath({ view, day }: { view?: CalendarView | null; day?: string | null }): string {
  const query = [...(view ? [`view=${view}`] : []), ...(day ? [`day=${day}`] : [])].join('&');
  return `/calendar${query ? `?${query}` : ''}`;
}

/** What an address means. */
export function parse(url: URL): Route {
  const parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  const [first, second, third, fourth] = parts;
  if (first === undefined) return { name: 'inbox' };
  if (first === 't' && second !== undefined && (parts.length === 2 || ((third === 'd' || third === 'f') && parts.length === 4))) {
    const number = (name: string): number | null => Math.max(0, Math.trunc(Number(url.searchParams.get(name)))) || null;
    const file = third === 'f' && fourth !== undefined ? { attachment: fourth, version: number('v'), beside: number('beside') } : null;
    return { name: 'room', thread: second, document: third === 'd' ? (fourth ?? null) : null, message: number('m'), file, call: url.searchParams.has('call') };
  }
  if (first === 'search' && parts.length === 1) return { name: 'search', query: url.searchParams.get('q') ?? '' };
  if (first === 'day' && parts.length === 1) return { name: 'day' };
  if (first === 'calendar' && parts.length === 1) {
    const view = url.searchParams.get('view') ?? '';
    const day = url.searchParams.get('day') ?? '';
    return { name: 'calendar', view: CALENDAR.includes(view) ? (view as CalendarView) : null, day: isDay(day) ? day : null };
  }
  if (first === 'channels' && parts.length === 1) return { name: 'channels' };
  if (first === 'settings' && parts.length <= 2 && SETTINGS.includes(second ?? 'profile'))
    return { name: 'settings', tab: (second ?? 'profile') as SettingsTab };
  if (first === 'admin' && parts.length <= 2 && ADMIN.includes(second ?? 'people'))
    return { name: 'admin', tab: (second ?? 'people') as AdminTab };
  if (first === 'welcome' && parts.length === 1) return { name: 'welcome', secret: url.hash.slice(1) };
  if (first === 'signin' && parts.length === 1) return { name: 'signin' };
  return { name: 'not_found' };
}

/** The address of a thread, perhaps at one of its documents or messages. */
export function threadPath(thread: string, place: { document?: string | null; message?: number | null; file?: string | null; version?: number | null; beside?: number | null; call?: boolean } = {}): string {
  const base = `/t/${encodeURIComponent(thread)}`;
  if (place.file) {
    const query = [...(place.version ? [`v=${place.version}`] : []), ...(place.beside ? [`beside=${place.beside}`] : [])].join('&');
    return `${base}/f/${encodeURIComponent(place.file)}${query ? `?${query}` : ''}`;
  }
  if (place.call) return `${base}?call`;
  if (place.document) return `${base}/d/${encodeURIComponent(place.document)}`;
  return place.message ? `${base}?m=${place.message}` : base;
}

class Router {
  route: Route = $state.raw(parse(new URL(location.href)));

  constructor() {
    addEventListener('popstate', () => this.#read());
    addEventListener('hashchange', () => this.#read());
    document.addEventListener('click', (event) => this.#onClick(event));
  }

  go(path: string, options: { replace?: boolean } = {}): void {
    if (options.replace) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    this.#read();
  }

  #read(): void {
    this.route = parse(new URL(location.href));
  }

  /** Plain links work; those within the client do not load the page again. */
  #onClick(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/')) return;
    event.preventDefault();
    if (link.href !== location.href) this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();
