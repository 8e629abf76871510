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

/**
 * The number in a field: an integer, unless its step is "any".
 *
 * @throws {Error} When the field is empty or beyond its limits
 */
export function number(id: string): number {
  const field = input(id);
  if (isValid(field)) return Number(field.value);
  field.focus();
  const name = field.labels?.[0]?.querySelector("span")?.textContent?.trim();
  throw new Error(`${name} must be ${expected(field)}, not "${field.value}".`);
}

/** Marks each field of a number while it has none, or one beyond its limits, and says below what is expected. */
export function markInvalidNumbers(): void {
  for (const field of document.querySelectorAll<HTMLInputElement>("[type=number]")) {
    const note = document.createElement("small");
    note.id = `${field.id}-note`;
    note.className = "invalid";
    note.textContent = expected(field);
    field.after(note);
    const mark = () => {
      const wrong = !field.disabled && !isValid(field);
      field.ariaInvalid = String(wrong);
      if (wrong) field.setAttribute("aria-describedby", note.id);
      else field.removeAttribute("aria-describedby");
      note.hidden = !wrong;
    };
    field.addEventListener("input", mark);
    mark();
  }
}

/** Sets the number in a field. */
export function setNumber(id: string, value: number): void {
  input(id).value = String(value);
  input(id).dispatchEvent(new Event("input"));
}

function isValid(field: HTMLInputElement): boolean {
  return field.value !== "" && field.validity.valid;
}

function expected({ min, max, step }: HTMLInputElement): string {
  return `${step === "any" ? "a number" : "an integer"} from ${min} to ${max}`;
}

const NUMBERS = new Intl.NumberFormat("en");

/** 12345.6 as 12,346. */
export function formatInteger(value: number): string {
  return NUMBERS.format(Math.round(value));
}
