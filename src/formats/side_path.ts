/**
 * The path of a file that another file names, without "./" in front; undefined when the path leaves the folder of the
 * other file, or may mean another host. Readers pass such paths to functions of the caller.
 */
export function sidePath(path: unknown): string | undefined {
  if (typeof path !== "string" || !/^[^\\:?#%\0]+$/.test(path)) return undefined;
  const parts = path.replace(/^(\.\/)+/, "").split("/");
  return parts.every((part) => part !== "" && part !== "." && part !== "..") ? parts.join("/") : undefined;
}
