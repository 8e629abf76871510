/** ../RESULTS.md, of which each program writes its own section. Paths are from this folder, where all of them run. */
import os from "node:os";

const FILE = "../RESULTS.md";
const SECTIONS = ["rivals", "threads", "growth", "start"] as const;

/** Replace one section, and leave the others as they are. */
export async function writeSection(name: (typeof SECTIONS)[number], markdown: string): Promise<void> {
  const old = await Deno.readTextFile(FILE).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  const sections = SECTIONS.map((section) => {
    const text = section === name ? markdown : between(old, section) ?? "Not measured yet.";
    return `${mark(section)}\n\n${text.trim()}\n\n${mark(`end of ${section}`)}\n`;
  });
  await writeFormatted(FILE, `# Results\n\n${sections.join("\n")}`);
}

/** Write a file as `deno fmt` wants it. */
export async function writeFormatted(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  const args = ["fmt", "--quiet", "--config", "../../deno.json", path];
  const { success } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`Cannot format ${path}`);
}

function between(text: string, section: string): string | undefined {
  const [, rest] = text.split(mark(section));
  return rest?.split(mark(`end of ${section}`))[0].trim();
}

function mark(text: string): string {
  return `<!-- ${text} -->`;
}

/** Where and when: a line at the head of each section. */
export function circumstances(): string {
  const cpus = os.cpus(), date = new Date().toISOString().slice(0, 16).replace("T", " ");
  return `${cpus[0].model.trim()}, ${cpus.length} cores, ${os.arch()}, ${os.type()}; Deno ${Deno.version.deno}, V8 ` +
    `${Deno.version.v8}; ${date} UTC, load ${os.loadavg()[0].toFixed(1)}`;
}

/** A table: the first column is text, all others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => i ? "--:" : "---")), ...rows.map(line)].join("\n");
}
