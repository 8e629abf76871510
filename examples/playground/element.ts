/** The page's element of an id and a class. @throws {Error} When the page has no such element */
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

/** Sets the text of an element. */
export function setText(id: string, text: string): void {
  element(id, HTMLElement).textContent = text;
}

/** Shows an error in its element. Without an error the element is hidden. */
export function showError(id: string, error?: unknown): void {
  setText(id, error === undefined ? "" : error instanceof Error ? error.message : String(error));
  element(id, HTMLElement).hidden = error === undefined;
}

/** The integer in a field. @throws {Error} When the field has no integer within its limits */
export function integer(id: string): number {
  const field = input(id);
  const value = Number(field.value);
  if (field.value && Number.isInteger(value) && field.validity.valid) return value;
  field.focus();
  const { min, max } = field;
  const name = field.labels?.[0]?.textContent?.trim();
  const range = max ? `from ${min} to ${max}` : `of at least ${min}`;
  throw new Error(`${name} must be an integer ${range}, not "${field.value}".`);
}

const NUMBERS = new Intl.NumberFormat("en");

/** 12345.6 as 12,346. */
export function formatInteger(value: number): string {
  return NUMBERS.format(Math.round(value));
}
