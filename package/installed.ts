/** What Node calls `npm:@scope/name@1.2.3/part`: `path`, in the package `name`. */
export function installed(specifier: string): { name: string; version: string; path: string } {
  const [, name, version, part = ""] = specifier.match(/^npm:(@?[^@]+)@([^/]+)(\/.*)?$/)!;
  return { name, version, path: name + part };
}
