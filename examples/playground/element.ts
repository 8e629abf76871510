/** The element of the page with an id; it is of this class, or the page and its program do not fit. */
export function element<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} "${id}"`);
}

export function button(id: string): HTMLButtonElement {
  return element(id, HTMLButtonElement);
}

export function input(id: string): HTMLInputElement {
  return element(id, HTMLInputElement);
}

/** Say what went wrong in a place for it; nothing hides it. */
export function complain(id: string, error?: unknown): void {
  const place = element(id, HTMLElement);
  place.textContent = error === undefined ? "" : error instanceof Error ? error.message : String(error);
  place.hidden = error === undefined;
}

/** The integer in a field, which must be within its limits. */
export function integer(id: string): number {
  const field = input(id), { min, max } = field, value = Number(field.value);
  if (field.value && Number.isInteger(value) && field.validity.valid) return value;
  field.focus();
  const name = field.labels?.[0]?.textContent?.trim(), range = max ? `from ${min} to ${max}` : `of at least ${min}`;
  throw new Error(`${name} must be an integer ${range}, not "${field.value}".`);
}

const NUMBERS = new Intl.NumberFormat("en");

/** 12,345 */
export function counted(count: number): string {
  return NUMBERS.format(Math.round(count));
}
